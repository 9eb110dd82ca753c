/// A question about one document among others of the same file; knows nothing of the file's form.

import Foundation

/// The Sparse Frontier's question answering (2504.17768): the document that a question is about stands among other
/// documents of the same file, as many as fill the prompt, in random order.
///
/// Documents are taken in shuffled order while they fit, and the beginning of one more fills what is left. Questions
/// whose own document leaves no room are not asked. SQuAD's answers score by words, multiple choice by letters; the
/// question about document `j` is in the frame of the study's other tasks (``TaggedPrompt``).
struct DocumentsTask: EvaluationTask {
    static let family = "qa"
    /// Characters of a prompt where none are given: some 8,000 tokens, the study's own default.
    static let standardLength = 32_000
    /// A shorter beginning of a document says nothing.
    private static let leastPart = 40

    let name: String
    private let length: Int
    private let problems: [FileProblem]
    /// The file's documents, each once.
    private let documents: [String]

    /// Takes the questions of a file. Throws ``TaskError`` when they have no documents, or these do not fill a prompt.
    init(_ problems: [FileProblem], path: String, length: Int) throws(TaskError) {
        name = "\(Self.family)(length=\(length)):\(path)"
        self.length = length
        var seen: Set<String> = []
        documents = problems.compactMap(\.context).filter { seen.insert($0).inserted }
        self.problems = problems.filter { problem in
            guard let context = problem.context, let question = problem.question else {
                return false
            }
            return Self.frame(question, document: 9999, checker: problem.checker).length
                + Self.headed(9999, context).utf8.count + 2 <= length
        }
        func bad(_ got: String, _ expected: String) -> TaskError {
            .badFile(path: path, line: nil, got: got, expected: expected)
        }
        guard !documents.isEmpty else {
            throw bad(
                "no documents", "questions about texts, as in SQuAD or with context and questions")
        }
        guard !self.problems.isEmpty else {
            throw bad(
                "no document that fits into \(length) characters with its question",
                "a larger length")
        }
        let most = documents.reduce(0) { $0 + $1.utf8.count }
        guard most >= length else {
            throw bad("documents of \(most) characters in all", "at least the length, \(length)")
        }
    }

    var problemCount: Int? { problems.count }
    var answerLengthBound: Int { problems.flatMap(\.answers).map(\.utf8.count).max() ?? 0 }
    var maximumCompletionLength: Int { TaggedPrompt.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length }

    func sample(seed: UInt64, index: Int, split: TaskSplit) -> TaskSample {
        let place = TaskLocator.place(index, of: problems.count)
        let problem = problems[place]
        let (own, question) = (problem.context ?? "", problem.question ?? "")
        var random = TaskRandom(seed: seed, stream: UInt64(bitPattern: Int64(index)))
        let frame = Self.frame(question, document: 9999, checker: problem.checker).length
        var room = length - frame - Self.headed(9999, own).utf8.count
        var chosen = [own]
        for other in random.shuffled(documents) where other != own {
            let whole = Self.headed(9999, other).utf8.count + 2
            if whole <= room {
                chosen.append(other)
                room -= whole
            }
        }
        // What did not fit as a whole gives its beginning.
        let unused = Set(documents).subtracting(chosen)
        let left = room - Self.headed(9999, "").utf8.count - 2
        if left >= Self.leastPart, let part = documents.first(where: unused.contains) {
            chosen.append(Self.beginning(of: part, bytes: left))
        }
        random.shuffle(&chosen)
        let number = (chosen.firstIndex(of: own) ?? 0) + 1
        let context = chosen.enumerated().map { Self.headed($0.offset + 1, $0.element) }
        let answer = problem.answers.first ?? ""
        let prompt = Self.frame(question, document: number, checker: problem.checker).text(
            context: Array(context.joined(separator: "\n\n").utf8))
        return TaskSample(
            prompt: prompt,
            completion: AnswerLayout.tags.completion(
                scratchPad: "Document \(number) says so.", answer: answer),
            answer: answer, task: name, difficulty: length,
            parameters: ["problem": place, "document": number, "documents": chosen.count],
            fingerprint: TaskSplit.fingerprint(family: Self.family, content: own + question),
            layout: .tags, kind: problem.kind)
    }

    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let place = sample.parameters["problem"], problems.indices.contains(place),
            let answer = AnswerLayout.tags.answer(in: text)
        else { return 0 }
        return problems[place].checker.score(answer, problems[place].answers)
    }

    private static func headed(_ number: Int, _ text: String) -> String {
        "Document \(number):\n\(text)"
    }

    /// As much of a text as fits, cut between characters.
    private static func beginning(of text: String, bytes: Int) -> String {
        var part = String(text.prefix(bytes))
        while part.utf8.count > bytes { part.removeLast(max(1, (part.utf8.count - bytes) / 4)) }
        return part
    }

    private static func frame(
        _ question: String, document: Int, checker: AnswerChecker
    ) -> TaggedPrompt {
        let isChoice = checker == .choice
        return TaggedPrompt(
            introduction:
                "Several documents follow, one after the other, and a question about one of them.",
            question: "Question about document \(document): \(question)",
            explanation: "Name the passage of the document that decides.",
            answerForm: isChoice ? "The letter of the right option" : "The answer",
            important: [
                "Only document \(document) counts; the others are there to be passed over.",
                isChoice
                    ? "Answer with letters alone, without the options' texts."
                    : "Answer with as few words as possible, taken from the document.",
            ])
    }
}
