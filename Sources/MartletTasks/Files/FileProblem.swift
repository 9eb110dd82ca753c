/// A problem as a file says it, and the forms of files that are understood; opens no file.

import Foundation
import MartletJSON

/// A prompt, its answers, and how an answer is judged.
struct FileProblem: Sendable {
    var prompt: String
    /// Any of them is right.
    var answers: [String]
    var checker: AnswerChecker
    var layout: AnswerLayout
    /// The most tokens of a solution; nil for what is usual in the layout.
    var maximumTokens: Int?
    /// What the prompt asks about, where the file keeps it apart.
    var context: String?
    /// The prompt without it.
    var question: String?
    /// The problem as somebody would be asked it, where that is not the prompt.
    var message: String?
    /// Where several questions are asked at once, the number of the first; `answers` then has one for each.
    var firstQuestion: Int?
    /// Where it stands: a line, or a paragraph's number.
    var place: Int
}

extension FileProblem {
    /// What its answers are. Many at once are a text.
    var kind: AnswerKind { firstQuestion == nil ? checker.kind : .text }

    /// The problem, unless no answer could be right because the file's own is not of its kind.
    fileprivate func checked() throws(Refusal) -> FileProblem {
        guard let wrong = answers.first(where: { kind.key(of: $0) == nil }) else { return self }
        throw Refusal(
            got: "the answer \(TaskError.quoted(wrong))",
            expected: kind == .number ? "one number, written as 1,234.5" : "letters of choices")
    }
}

/// Why an entry was refused.
struct Refusal: Error {
    let got: String
    let expected: String
}

extension FileProblem {
    /// The problems of one line: Martlet's own form (`prompt`, `answer`, `checker`), that of GSM8K (`question`,
    /// `answer` with `####`), of L-Eval's multiple choice (`context`, `questions`, `answer`), or of LongGenBench
    /// (`prompt`, `questions`, `answers`; 2410.04199).
    static func problems(of line: JSONObject, place: Int) throws(Refusal) -> [FileProblem] {
        if line["prompt"] != nil, line["answers"] != nil { return [try many(line, place)] }
        if line["test"] != nil, line["answer"] == nil {
            throw Refusal(
                got: "a program with tests",
                expected: "programs:PATH as the task, which runs what the model writes")
        }
        if line["prompt"] != nil { return [try own(line, place)] }
        if line["context"] != nil, line["questions"] != nil { return try choices(line, place) }
        if line["question"] != nil { return [try worked(line, place)] }
        throw Refusal(
            got: "the keys \(line.keys.joined(separator: ", "))",
            expected: "prompt and answer, question and answer, or context, questions and answer")
    }

    private static func own(_ line: JSONObject, _ place: Int) throws(Refusal) -> FileProblem {
        let answers: [String]
        switch line["answer"] {
        case .string(let text)?: answers = [text]
        case .integer(let number)?: answers = ["\(number)"]
        case .array(let list)? where !list.isEmpty:
            answers = list.compactMap(\.stringValue)
            guard answers.count == list.count else {
                throw Refusal(got: "answers that are no texts", expected: "texts")
            }
        default: throw Refusal(got: "no answer", expected: "a text, or a list of texts")
        }
        let checker: AnswerChecker = try word(line, "checker", .exact)
        let layout = try AnswerLayout.named(try text(line, "layout", or: "line"))
        var limit: Int?
        if let value = line["maxTokens"] {
            guard let number = value.intValue, (1...16_777_216).contains(number) else {
                throw Refusal(got: "another maxTokens", expected: "a number from 1 to 16777216")
            }
            limit = number
        }
        return try FileProblem(
            prompt: try text(line, "prompt"), answers: answers, checker: checker, layout: layout,
            maximumTokens: limit, place: place
        ).checked()
    }

    private static func worked(_ line: JSONObject, _ place: Int) throws(Refusal) -> FileProblem {
        let question = try text(line, "question")
        let solution = try text(line, "answer")
        guard let mark = solution.range(of: "####", options: .backwards) else {
            throw Refusal(
                got: "an answer without ####", expected: "a worked solution, #### and a number")
        }
        return try FileProblem(
            prompt: "Question: \(question)\nAnswer:",
            answers: [
                solution[mark.upperBound...].trimmingCharacters(in: .whitespacesAndNewlines)
            ],
            checker: .number, layout: .lastNumber, message: question, place: place
        ).checked()
    }

    private static func choices(_ line: JSONObject, _ place: Int) throws(Refusal) -> [FileProblem] {
        let context = try text(line, "context")
        let questions = line["questions"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let answers = line["answer"]?.arrayValue?.compactMap(\.stringValue) ?? []
        guard !questions.isEmpty, questions.count == answers.count else {
            throw Refusal(
                got: "\(questions.count) questions and \(answers.count) answers",
                expected: "as many answers as questions")
        }
        var problems: [FileProblem] = []
        for (question, answer) in zip(questions, answers) {
            let problem = FileProblem(
                prompt: "\(context)\n\n\(question)\nAnswer:", answers: [answer], checker: .choice,
                layout: .line, context: context, question: question, place: place)
            problems.append(try problem.checked())
        }
        return problems
    }

    /// Many questions in one prompt, which ends with `Question_38` and the like.
    private static func many(_ line: JSONObject, _ place: Int) throws(Refusal) -> FileProblem {
        let prompt = try text(line, "prompt")
        let answers = (line["answers"]?.arrayValue ?? []).compactMap(\.stringValue)
        let last = prompt.matches(of: /Question_([0-9]{1,6})/).last.flatMap { Int($0.output.1) }
        guard !answers.isEmpty, let last, last >= answers.count else {
            throw Refusal(
                got: "\(answers.count) answers to questions up to \(last ?? 0)",
                expected: "an answer for each Question_N at the end of the prompt")
        }
        let worked = answers.map { $0.range(of: "####", options: .backwards)?.upperBound }
        let finals = zip(answers, worked).map { answer, mark in
            mark.map { answer[$0...].trimmingCharacters(in: .whitespacesAndNewlines) } ?? answer
        }
        return FileProblem(
            prompt: prompt, answers: finals, checker: worked.contains(nil) ? .choice : .number,
            layout: .text, maximumTokens: 200 * answers.count,
            firstQuestion: last - answers.count + 1, place: place)
    }

    /// The score of a solution, from 0 to 1.
    func score(_ text: String) -> Double {
        guard let firstQuestion else {
            return layout.answer(in: text).map { checker.score($0, answers) } ?? 0
        }
        let right = answers.enumerated().reduce(0.0) { sum, entry in
            guard let start = text.range(of: "Answer_\(firstQuestion + entry.offset):")?.upperBound
            else { return sum }
            let end = text[start...].range(of: "Answer_")?.lowerBound ?? text.endIndex
            let answer = AnswerExtraction.automatic.answer(in: String(text[start..<end]))
            return sum + (answer.map { checker.score($0, [entry.element]) } ?? 0)
        }
        return right / Double(answers.count)
    }

    /// The problems of a file in the layout of SQuAD: articles, paragraphs, questions with answers.
    static func problems(ofSQuAD root: JSONObject) throws(Refusal) -> [FileProblem] {
        var problems: [FileProblem] = []
        var paragraphs = 0
        for article in root["data"]?.arrayValue ?? [] {
            for paragraph in article.objectValue?["paragraphs"]?.arrayValue ?? [] {
                paragraphs += 1
                guard let object = paragraph.objectValue,
                    let context = object["context"]?.stringValue
                else {
                    throw Refusal(
                        got: "a paragraph \(paragraphs) without context", expected: "a text")
                }
                for entry in object["qas"]?.arrayValue ?? [] {
                    let answers = (entry.objectValue?["answers"]?.arrayValue ?? []).compactMap {
                        $0.objectValue?["text"]?.stringValue
                    }
                    // SQuAD 2 has questions that nothing answers.
                    guard let question = entry.objectValue?["question"]?.stringValue,
                        !answers.isEmpty
                    else { continue }
                    problems.append(
                        FileProblem(
                            prompt: "\(context)\n\nQuestion: \(question)\nAnswer:",
                            answers: answers, checker: .words, layout: .line, context: context,
                            question: question, place: paragraphs))
                }
            }
        }
        return problems
    }

    // MARK: Values

    static func text(
        _ line: JSONObject, _ key: String, or value: String? = nil
    ) throws(Refusal) -> String {
        guard let found = line[key] else {
            if let value { return value }
            throw Refusal(got: "no \(key)", expected: "a text")
        }
        guard let text = found.stringValue, !text.isEmpty else {
            throw Refusal(got: "a \(key) that is no text", expected: "a text")
        }
        return text
    }

    private static func word<Value: RawRepresentable & CaseIterable>(
        _ line: JSONObject, _ key: String, _ value: Value
    ) throws(Refusal) -> Value where Value.RawValue == String {
        let name = try text(line, key, or: value.rawValue)
        guard let found = Value(rawValue: name) else {
            throw Refusal(
                got: "\(key) \(TaskError.quoted(name))",
                expected: "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return found
    }
}

extension AnswerLayout {
    /// The layout that a file names.
    static func named(_ name: String) throws(Refusal) -> AnswerLayout {
        let known: [(name: String, layout: AnswerLayout)] = [
            ("line", .line), ("text", .text), ("number", .lastNumber), ("tags", .tags),
            ("scratch-pad", .scratchPad),
        ]
        guard let found = known.first(where: { $0.name == name }) else {
            throw Refusal(
                got: "layout \(TaskError.quoted(name))",
                expected: "one of \(known.map(\.name).joined(separator: ", "))")
        }
        return found.layout
    }

    /// Tokens in which a solution of a file's problem usually fits.
    var usualTokens: Int {
        switch self {
        case .line: 64
        case .scratchPad, .lastNumber: 512
        case .program: 512
        case .tags, .text: 1024
        }
    }
}
