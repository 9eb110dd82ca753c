/// One problem as text; knows nothing of how it was drawn or how it is scored.

/// A problem with its reference solution. The text of generated problems is ASCII, so characters are bytes.
public struct TaskSample: Sendable, Hashable {
    /// The problem. With a ``AnswerLayout/scratchPad`` it begins with a letter for the kind of task, ends with
    /// `=` or `?`, and has no line break.
    public let prompt: String
    /// The reference solution in the form of ``layout``, up to and with what ends it.
    public let completion: String
    /// The reference answer, as it stands in the completion.
    public let answer: String
    /// The canonical text of the task that made it; in a mixture, that of the component.
    public let task: String
    /// How hard it is within its task: digits, steps, hops, numbers, pairs or characters.
    public let difficulty: Int
    /// What was drawn for this sample, for reports: `["steps": 6, "modulus": 97]`.
    public let parameters: [String: Int]
    /// The hash of the problem's content, which decides its ``TaskSplit``.
    public let fingerprint: UInt64
    /// Where the answer stands and what ends a solution.
    public var layout = AnswerLayout.scratchPad
    /// The problem as somebody would be asked it, where that differs from ``prompt``, which a text goes on from.
    public var message: String?
    /// What its answers are: votes for the same answer are counted together.
    public var kind = AnswerKind.text
}
