/// One problem as text; knows nothing of how it was drawn or how it is scored.

/// A problem with its reference solution. All text is ASCII, so characters are bytes.
public struct TaskSample: Sendable, Hashable {
    /// The problem. Begins with a letter for the kind of task, ends with `=` or `?`, and has no
    /// line break.
    public let prompt: String
    /// The reference scratch-pad, then `#`, the answer and a line break. The break is the only
    /// one, so it can serve as the end of a generation.
    public let completion: String
    /// The reference answer, as it stands between `#` and the line break.
    public let answer: String
    /// The canonical text of the task that made it; in a mixture, that of the component.
    public let task: String
    /// How hard it is within its task: digits, steps, hops, numbers, pairs or characters.
    public let difficulty: Int
    /// What was drawn for this sample, for reports: `["steps": 6, "modulus": 97]`.
    public let parameters: [String: Int]
    /// The hash of the problem's content, which decides its ``TaskSplit``.
    public let fingerprint: UInt64
}
