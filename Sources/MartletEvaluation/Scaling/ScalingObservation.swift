/// What a law of accuracy is fitted to: one measured cell of sizes, lengths and compressions.

/// How many problems a model of one size got right, at one length and one compression.
public struct ScalingObservation: Sendable, Hashable {
    /// The task, which has an offset of its own.
    public let task: String
    /// Weights of the model.
    public let size: Double
    /// Tokens of a prompt.
    public let length: Double
    /// Tokens over tokens held or read, as measured; 1 for a dense cache.
    public let compression: Double
    /// The sum of the problems' scores, each from 0 to 1.
    public let right: Double
    /// Problems.
    public let problems: Int

    /// Describes a cell. Size, length and compression must be above 0, and there must be problems.
    public init(
        task: String, size: Double, length: Double, compression: Double, right: Double,
        problems: Int
    ) {
        precondition(
            size > 0 && length > 0 && compression > 0 && problems > 0,
            "ScalingObservation: got a size, length, compression or number of problems of 0")
        self.task = task
        self.size = size
        self.length = length
        self.compression = compression
        self.right = min(max(right, 0), Double(problems))
        self.problems = problems
    }

    /// The share of problems that are right.
    public var accuracy: Double { right / Double(problems) }

    /// The logarithm of right over wrong, with half a problem added to each so that none and all are finite.
    var logit: Double { ((right + 0.5) / (Double(problems) - right + 0.5)).logarithm }
}

/// What a law of accuracy depends on.
public enum ScalingAxis: String, Sendable, CaseIterable, Hashable {
    /// Weights of the model.
    case size
    /// Tokens of a prompt.
    case length
    /// Tokens over tokens held or read.
    case compression

    /// An observation's natural logarithm on this axis.
    func logarithm(_ observation: ScalingObservation) -> Double {
        switch self {
        case .size: observation.size.logarithm
        case .length: observation.length.logarithm
        case .compression: observation.compression.logarithm
        }
    }
}
