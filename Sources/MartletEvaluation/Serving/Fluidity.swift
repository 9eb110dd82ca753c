/// Whether an answer keeps coming: the fluidity index.

import Foundation

/// What a reader expects of an answer, in seconds.
public struct FluidityTarget: Sendable, Hashable {
    /// The first token after the arrival, beyond what the prompt takes on an idle machine.
    public var first: Double
    /// Each token after the one before.
    public var gap: Double

    /// Describes a target.
    public init(first: Double, gap: Double) {
        self.first = first
        self.gap = gap
    }
}

/// The fluidity index of an answer (Etalon, arXiv 2407.07000, in its later, algorithmic form): the share of deadlines
/// that are met, where a token that comes early leaves its time to those after it, and a stall counts as many misses as
/// deadlines pass in it.
public enum Fluidity {
    /// From 0 to 1; 1 for an answer without tokens.
    ///
    /// - Parameters:
    ///   - gaps: seconds from the arrival to the first token, then between tokens.
    ///   - first: the deadline of the first token: what its prompt takes on an idle machine, and what is granted beyond.
    ///   - gap: the deadline of each token after it.
    public static func index(gaps: [Double], first: Double, gap: Double) -> Double {
        var (slack, missed, total) = (0.0, 0.0, 0.0)
        for (index, seconds) in gaps.enumerated() {
            let deadline = index == 0 ? first : gap
            if seconds <= deadline + slack {
                slack += deadline - seconds
                total += 1
            } else {
                let misses = ((seconds - slack - deadline) / gap).rounded(.down) + 1
                missed += misses
                total += misses
                slack = 0
            }
        }
        return total > 0 ? 1 - missed / total : 1
    }
}
