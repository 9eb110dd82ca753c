/// How a budget is spent: arithmetic on what chains cost, with no model in it.

import Foundation

/// Chooses width and length under a budget.
///
/// Length comes before width, since a chain that is cut off has no answer; among equals the configuration that
/// changes less of the model's results wins, which is the one named first.
struct SolvePlanner {
    /// One way to run: a model under a policy.
    struct Candidate {
        /// Its place among the models that were loaded.
        let index: Int
        /// Bytes of cache that chains are expected to need: width, length.
        let bytes: (Int, Int) -> Int
        /// Seconds that they are expected to take, prompt included: width, length. Nil where no cost is known.
        let seconds: ((Int, Int) -> Double)?
        /// The most tokens that may follow the prompt.
        let longest: Int
        /// The tokens that a chain may need; more are planned only when asked for.
        var usual = 1024
    }

    /// What was chosen.
    struct Choice: Equatable {
        let index: Int
        let width: Int
        let length: Int
        let bytes: Int
        let seconds: Double?
    }

    /// Width where the budget leaves it open: further chains gain little.
    static let mostWidth = 16
    /// Fewer tokens hold no answer.
    static let leastLength = 16
    /// Part of the deadline that a plan may fill: steps differ, and the answer must be printed.
    static let deadlineShare = 0.85

    let memory: Int?
    let deadline: Double?
    let width: Int?
    let length: Int?

    /// The best choice, or nil when nothing fits.
    func choose(_ candidates: [Candidate]) -> Choice? {
        var best: Choice?
        for candidate in candidates {
            guard let choice = choose(candidate) else { continue }
            if let best, (choice.length, choice.width) <= (best.length, best.width) { continue }
            best = choice
        }
        return best
    }

    private func choose(_ candidate: Candidate) -> Choice? {
        for length in lengths(candidate) {
            for width in widths {
                let bytes = candidate.bytes(width, length)
                let seconds = candidate.seconds?(width, length)
                // What the caller fixed is tried even when it is expected not to fit: chains then wait for each
                // other's pages, and the deadline ends those that are late.
                let isFixed = self.width != nil && self.length != nil
                let fitsMemory = memory.map { bytes <= $0 } ?? true
                let fitsTime = deadline.map { limit in
                    seconds.map { $0 <= limit * Self.deadlineShare } ?? true
                }
                guard isFixed || (fitsMemory && fitsTime ?? true) else { continue }
                return Choice(
                    index: candidate.index, width: width, length: length, bytes: bytes,
                    seconds: seconds)
            }
        }
        return nil
    }

    private var widths: [Int] {
        if let width { return [width] }
        return [Self.mostWidth, 12, 8, 6, 4, 3, 2, 1]
    }

    private func lengths(_ candidate: Candidate) -> [Int] {
        if let length { return length <= candidate.longest ? [length] : [] }
        let most = min(candidate.usual, candidate.longest)
        var lengths: [Int] = []
        var next = Double(most)
        while Int(next) > Self.leastLength {
            lengths.append(Int(next))
            next *= 0.75
        }
        return lengths + [min(most, Self.leastLength)]
    }
}
