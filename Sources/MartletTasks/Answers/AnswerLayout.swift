/// Where a solution's answer stands, and where the solution ends; knows no task.

/// The form of a task's solutions.
public enum AnswerLayout: Sendable, Hashable {
    /// A scratch-pad on one line, `#` and the answer: `b=8*9=72,#72`.
    case scratchPad
    /// `<explanation>…</explanation>` and then `<answer>…</answer>`, in which lines may break: the form of the
    /// Sparse Frontier's tasks (2504.17768, Appendix).
    case tags
    /// The first line that says anything.
    case line
    /// Everything, up to the model's end token.
    case text
    /// Words and, after `####` or as the last number, the answer, up to another question: the form of GSM8K.
    case lastNumber
    /// A program that goes on from the prompt, up to the first line that begins something else at its left edge: what
    /// HumanEval stops at (2107.03374).
    case program

    /// What ends a generation; it is not part of the text.
    public var stop: [String] {
        switch self {
        case .scratchPad: ["\n"]
        case .tags: ["</answer>"]
        case .line: ["\n"]
        case .text: []
        case .lastNumber: ["Question:"]
        case .program: ["\nclass", "\ndef", "\n#", "\nif", "\nprint"]
        }
    }

    /// Whether blank lines may come before the text, so that the line break that ends it is none of theirs.
    package var stopsAfterText: Bool { self == .line }

    /// The answer in a generated text, or nil without one.
    ///
    /// Of a scratch-pad only the first line counts, from its first `#`: a generation that runs on into another
    /// problem, or that lists several answers in the hope that one fits, gains nothing. Likewise the first
    /// `<answer>` counts, whether it was closed or not.
    public func answer(in text: String) -> String? {
        switch self {
        case .scratchPad: AnswerText.answer(in: text)
        case .tags: AnswerText.tagged(text)
        case .line: AnswerText.firstLine(text)
        case .text: text
        case .lastNumber: AnswerExtraction.number.answer(in: text)
        case .program: AnswerText.before(stop, in: text)
        }
    }

    /// How a search finds the answer in what a chain wrote: as an evaluation does.
    public var extraction: AnswerExtraction { .layout(self) }

    /// An answer alone as a text that a task can score.
    public func framed(_ answer: String) -> String {
        switch self {
        case .scratchPad: "#\(answer)"
        case .tags: "<answer>\(answer)</answer>"
        case .line, .text, .lastNumber, .program: answer
        }
    }

    /// A whole solution, what ends it included.
    func completion(scratchPad: String, answer: String) -> String {
        switch self {
        case .scratchPad: "\(scratchPad)#\(answer)\n"
        case .tags: "<explanation>\(scratchPad)</explanation>\n<answer>\(answer)</answer>"
        case .line: " \(answer)\n"
        case .text, .program: answer
        case .lastNumber: " \(scratchPad)\n#### \(answer)\n\nQuestion:"
        }
    }
}
