/// Several values looked up among many keys; knows keys and values, not how prompts are framed.

import Foundation

/// The Sparse Frontier's "Ruler NIAH" (2504.17768): sentences `The value for key K is: V.` fill the whole
/// context, and the values of a few keys are asked for, in order. There is no other filler: every sentence
/// looks like the ones that are asked about.
///
/// The split is decided by the asked keys with their values.
struct KeyRetrievalTask: ProblemTask {
    static let family = "niah"
    static let layout = AnswerLayout.tags

    let name: String
    let length: TaskRange
    let queries: TaskRange

    struct Problem {
        let length: Int
        let asked: [(key: String, value: String)]
    }

    private static let identifier = Identifier.groups
    /// The characters of a sentence with its separator.
    private static let unit = needle("", "").count + 2 * identifier.length + 1

    var answerLengthBound: Int {
        queries.upper * (Self.answer("", "").utf8.count + 2 * Self.identifier.length + 5)
    }
    var maximumCompletionLength: Int { TaggedPrompt.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that holds the asked keys and fills at least 90 % of its length.
    static func leastLength(queries: Int) -> Int {
        let key = String(repeating: "k", count: identifier.length)
        let frame = prompt([String](repeating: key, count: queries)).length
        return max(frame + queries * unit, 10 * unit)
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let length = random.draw(length)
        let queries = random.draw(queries)
        var taken: Set<String> = []
        let asked = (0..<queries).map { _ in
            (
                key: Self.identifier.draw(unlike: &taken, &random),
                value: Self.identifier.draw(unlike: &taken, &random)
            )
        }
        return Problem(length: length, asked: asked)
    }

    func content(of problem: Problem) -> String {
        problem.asked.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let frame = Self.prompt(problem.asked.map(\.key))
        let count = (problem.length - frame.length + 1) / Self.unit
        var taken = Set(problem.asked.flatMap { [$0.key, $0.value] })
        var needles = problem.asked.map { Self.needle($0.key, $0.value) }
        needles.reserveCapacity(count)
        while needles.count < count {
            needles.append(
                Self.needle(
                    Self.identifier.draw(unlike: &taken, &random),
                    Self.identifier.draw(unlike: &taken, &random)))
        }
        random.shuffle(&needles)
        return ProblemText(
            prompt: frame.text(context: ContextText.joined(needles, by: " ")),
            scratchPad: "Each value stands in the sentence that names its key.",
            answer: NumberedLines.text(problem.asked.map { Self.answer($0.key, $0.value) }),
            difficulty: problem.length,
            parameters: [
                "length": problem.length, "queries": problem.asked.count, "needles": count,
            ])
    }

    /// The fraction of the numbered lines whose index, key and value are right. Of a line's words only those
    /// with a hyphen are compared, so that `1. K: V` is as good as the form asked for.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        NumberedLines.score(sample.layout.answer(in: text), expected: sample.answer) {
            Self.identifiers($0) == Self.identifiers($1)
        }
    }

    private static func identifiers(_ line: String) -> [Substring] {
        line.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")) }
            .filter { $0.contains("-") }
    }

    private static func needle(_ key: String, _ value: String) -> [UInt8] {
        Array("The value for key \(key) is: \(value).".utf8)
    }

    private static func answer(_ key: String, _ value: String) -> String {
        "The value for key \(key) is \(value)."
    }

    private static func prompt(_ keys: [String]) -> TaggedPrompt {
        TaggedPrompt(
            introduction: "Below is a text of many sentences. Each gives the value of one key.",
            question: "What are the values of these keys?\n" + NumberedLines.text(keys),
            explanation: "Say where the values stand.",
            answerForm: "1. The value for key <key 1> is <value 1>.\n"
                + "2. The value for key <key 2> is <value 2>.\nand so on.",
            important: [
                "Give one line for each key, in the order asked.",
                "Copy keys and values exactly as they are written.",
                "Write nothing after the answer.",
            ])
    }
}
