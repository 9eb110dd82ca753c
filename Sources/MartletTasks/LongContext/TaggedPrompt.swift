/// The frame of the Sparse Frontier's prompts; knows no task and nothing of what stands in the context.

/// A question before and after its context, with instructions and the form of the answer, as in the
/// appendix of 2504.17768. The wording is our own.
///
/// The question comes first so that a model can read the context for it, and again after the context
/// so that it is near the answer.
struct TaggedPrompt {
    /// Characters that a model may spend on its explanation; references spend fewer.
    static let explanationBound = 600

    /// What kind of text the context is.
    let introduction: String
    /// One question, or several numbered ones on lines of their own.
    let question: String
    /// Whether ``question`` is more than one.
    var isPlural = false
    /// What the explanation should say, as a sentence.
    let explanation: String
    /// The form of the answer, as it would stand between its tags.
    let answerForm: String
    /// What else must be kept, one sentence each.
    let important: [String]

    private var tag: String { isPlural ? "questions" : "question" }

    /// Everything before the context.
    var opening: String {
        """
        \(introduction) I will state the \(tag) before and after the context.

        <\(tag)>
        \(question)
        </\(tag)>

        <context>

        """
    }

    /// Everything after the context.
    var closing: String {
        """

        </context>

        <\(tag)_repeated>
        \(question)
        </\(tag)_repeated>

        Instructions:
        1. First explain in a few words how you found the answer. \(explanation)
        2. Then give the answer in exactly this form:

        <explanation>
        Your explanation
        </explanation>
        <answer>
        \(answerForm)
        </answer>

        Important:
        \(important.map { "- \($0)" }.joined(separator: "\n"))

        """
    }

    /// The characters of a prompt without its context.
    var length: Int { opening.utf8.count + closing.utf8.count }

    /// The prompt around a context of ASCII.
    func text(context: [UInt8]) -> String {
        var text = Array(opening.utf8)
        text.reserveCapacity(length + context.count)
        text += context
        text += Array(closing.utf8)
        return String(decoding: text, as: UTF8.self)
    }

    /// The most characters of a completion whose answer has at most `answer` characters.
    static func completionBound(answer: Int) -> Int {
        let frame = AnswerLayout.tags.completion(scratchPad: "", answer: "")
        return frame.utf8.count + explanationBound + answer
    }
}
