/// RULER's metric and the form of its prompts; knows no task.

/// What RULER's tasks share (2404.06654): a task text, the context, and a question that ends with the
/// beginning of its answer, so that models without training in dialogue go on with it. The wording is our own.
enum RulerAnswer {
    /// Characters that a model may spend on words around the answer.
    private static let wordsBound = 100

    /// What stands between the answers of a reference.
    static let separator = ", "

    /// The prompt around a context of ASCII.
    static func prompt(_ task: String, context: [UInt8], question: String) -> String {
        var text = Array(task.utf8)
        text.reserveCapacity(frameLength(task, question: question) + context.count)
        text.append(UInt8(ascii: "\n"))
        text += context
        text.append(UInt8(ascii: "\n"))
        text += Array(question.utf8)
        return String(decoding: text, as: UTF8.self)
    }

    /// The characters of a prompt without its context.
    static func frameLength(_ task: String, question: String) -> Int {
        task.utf8.count + question.utf8.count + 2
    }

    /// The most characters of a completion whose answer has at most `answer` characters.
    static func completionBound(answer: Int) -> Int { answer + 2 + wordsBound }

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    /// The fraction of the expected answers that occur in the answer's line, ignoring case.
    static func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let answer = sample.layout.answer(in: text)?.lowercased() else { return 0 }
        let expected = sample.answer.lowercased().split(separator: separator)
        guard !expected.isEmpty else { return 0 }
        return Double(expected.count { answer.contains($0) }) / Double(expected.count)
    }
}
