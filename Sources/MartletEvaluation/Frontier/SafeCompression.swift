/// The highest compression without a significant loss, for each method and each kind of problem.

package import MartletFormats

/// The highest compression of a method at which no length and width lost significantly against the dense cache (the 95 %
/// interval of the paired difference reaches 0): the Sparse Frontier's rule (arXiv 2504.17768).
///
/// With few problems only large losses are significant, so the rule is lenient where there are few.
public struct SafeCompression: Sendable, Hashable {
    /// The fewest problems of a kind that are judged by themselves.
    static let leastProblems = 10

    /// The method.
    public let method: String
    /// The part of the model's work that it thins out.
    public let phase: CompressionPhase
    /// Over all problems; nil where even the lowest compression loses.
    public let ratio: Double?
    /// For each kind of problem with enough of them, in the order in which they first come.
    public let perTask: [TaskRatio]

    /// The highest compression for a kind of problem.
    public struct TaskRatio: Sendable, Hashable {
        /// The kind.
        public let task: String
        /// Problems of it.
        public let problems: Int
        /// The highest compression; nil where even the lowest loses.
        public let ratio: Double?
    }

    /// Judges a method's points beside those of the dense cache, which have the same problems.
    init?(_ points: [FrontierPoint], beside dense: [FrontierPoint], seed: UInt64) {
        guard let first = points.first else { return nil }
        method = first.configuration.method
        phase = first.configuration.phase
        func highest(on problems: [Int]) -> Double? {
            let ratios = Set(points.map(\.configuration.ratio)).sorted(by: >)
            return ratios.first { ratio in
                points.filter { $0.configuration.ratio == ratio }.allSatisfy {
                    !Self.loses($0, beside: dense, on: problems, seed: seed)
                }
            }
        }
        ratio = highest(on: Array(first.scores.indices))
        var kinds: [String] = []
        for task in first.tasks where !kinds.contains(task) { kinds.append(task) }
        perTask = kinds.compactMap { kind in
            let problems = first.tasks.indices.filter { first.tasks[$0] == kind }
            guard problems.count >= Self.leastProblems else { return nil }
            return TaskRatio(task: kind, problems: problems.count, ratio: highest(on: problems))
        }
    }

    private static func loses(
        _ point: FrontierPoint, beside dense: [FrontierPoint], on problems: [Int], seed: UInt64
    ) -> Bool {
        let same = dense.first {
            $0.configuration.length == point.configuration.length
                && $0.configuration.width == point.configuration.width
        }
        guard let same,
            let difference = Bootstrap.difference(
                problems.map { point.scores[$0] }, problems.map { same.scores[$0] }, seed: seed)
        else { return false }
        return difference.upperBound < 0
    }

    /// For programs.
    package var json: JSONValue {
        func number(_ ratio: Double?) -> JSONValue { ratio.map { .number($0) } ?? .null }
        return [
            "method": .string(method), "phase": .string(phase.rawValue), "ratio": number(ratio),
            "perTask": .array(
                perTask.map {
                    [
                        "task": .string($0.task), "problems": .integer($0.problems),
                        "ratio": number($0.ratio),
                    ]
                }),
        ]
    }
}
