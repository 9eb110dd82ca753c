// Strings such as "2@1 4@3 2@1".
// This file knows layers and factors; it refuses to know what a layer is.

public import MartletTraining

/// How many layers run at which resolution: `N@f` is N layers on vectors of f characters each.
///
/// Factors rise from 1 to the middle, each dividing the next, and fall the same way (Nawrot et al. 2021,
/// Hierarchical Transformers Are More Efficient Language Models, arXiv 2110.13711, section 2).
public struct HierarchyPlan: Sendable, Hashable, CustomStringConvertible {
    /// Layers and total factor of each part, in the order in which they run.
    public struct Part: Sendable, Hashable {
        /// Layers.
        public let layers: Int
        /// Characters of one vector.
        public let factor: Int
    }

    /// The parts; the middle one is the shortest.
    public let parts: [Part]

    /// Factors above 1.
    public var levels: Int { parts.count / 2 }
    /// What lengths must be divisible by.
    public var deepestFactor: Int { parts[levels].factor }
    /// The factor from one level to the next.
    func step(_ level: Int) -> Int { parts[level + 1].factor / parts[level].factor }

    /// As it is read.
    public var description: String {
        parts.map { "\($0.layers)@\($0.factor)" }.joined(separator: " ")
    }

    /// The most layers of one part.
    static let largestPart = 256

    /// Reads parts separated by blanks.
    ///
    /// - Throws: ``TrainingError/invalid(subject:got:expected:)`` in one sentence.
    public init(_ text: String) throws(TrainingError) {
        func wrong(_ expected: String) -> TrainingError {
            .invalid(subject: "the hierarchy '\(text)'", got: "'\(text)'", expected: expected)
        }
        var parts: [Part] = []
        for word in text.split(separator: " ") {
            let numbers = word.split(separator: "@", omittingEmptySubsequences: false).map {
                Int($0)
            }
            guard numbers.count == 2, let layers = numbers[0], let factor = numbers[1],
                (0...Self.largestPart).contains(layers), (1...1024).contains(factor)
            else {
                throw .invalid(
                    subject: "the hierarchy '\(text)'", got: "the part '\(word)'",
                    expected:
                        "LAYERS@FACTOR with 0 to \(Self.largestPart) layers and a factor of 1 to 1024, "
                        + "as in '2@1 4@3 2@1'")
            }
            parts.append(Part(layers: layers, factor: factor))
        }
        guard parts.count % 2 == 1 else {
            throw wrong(
                "an odd number of parts, since each shortening is undone, as in '2@1 4@3 2@1'")
        }
        guard parts[0].factor == 1 else { throw wrong("factor 1 in the first part") }
        let middle = parts.count / 2
        guard parts[middle].layers > 0 else { throw wrong("at least one layer in the middle") }
        for level in 0..<middle {
            let (outer, inner) = (parts[level].factor, parts[level + 1].factor)
            guard parts[parts.count - 1 - level].factor == outer else {
                throw wrong("the same factors backwards as forwards")
            }
            guard inner > outer, inner % outer == 0 else {
                throw wrong(
                    "factors that rise to the middle, each dividing the next, not \(outer) "
                        + "then \(inner)")
            }
        }
        self.parts = parts
    }
}
