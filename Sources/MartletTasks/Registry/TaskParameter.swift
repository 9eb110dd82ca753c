/// A parameter as the registry describes it; knows its limits, not what it does.

/// A whole number, or a range of them, that a task takes.
public struct TaskParameter: Sendable, Hashable {
    /// The name in a task's text.
    public let name: String
    /// What it means, with its unit.
    public let summary: String
    /// The value when it is not given, as text; nil when the parameter is then off.
    public var defaultText: String? { defaultValue?.description }
    /// The smallest and the largest value that it takes.
    public let limits: ClosedRange<Int>
    /// Whether `a..b` may be given, from which every sample draws its own value.
    public let takesRange: Bool
    /// The parameter that this one takes the place of; both cannot be given.
    public let replaces: String?

    let defaultValue: TaskRange?

    init(
        _ name: String, _ summary: String, default defaultValue: TaskRange?,
        limits: ClosedRange<Int>, takesRange: Bool = true, replaces: String? = nil
    ) {
        self.name = name
        self.summary = summary
        self.defaultValue = defaultValue
        self.limits = limits
        self.takesRange = takesRange
        self.replaces = replaces
    }

    /// Throws ``TaskError/badParameter(task:parameter:got:expected:)`` outside the limits.
    func check(_ value: TaskRange, task: String) throws(TaskError) {
        guard takesRange || value.isSingle else {
            throw .badParameter(
                task: task, parameter: name, got: value.description,
                expected: "one integer from \(limits.lowerBound) to \(limits.upperBound)")
        }
        guard limits.contains(value.lower), limits.contains(value.upper) else {
            throw .badParameter(
                task: task, parameter: name, got: value.description,
                expected: (takesRange ? "an integer or a range" : "an integer")
                    + " from \(limits.lowerBound) to \(limits.upperBound)")
        }
    }
}
