/// The frequent words of a list; knows frequencies, not how words are spelt or lists are written.

/// The Sparse Frontier's "Ruler CWE" (2504.17768): a shuffled numbered list in which a few words occur often
/// and all others rarely; the frequent ones are asked for. The pool of words is our own, of coined words.
///
/// The split is decided by the common words.
struct CommonWordsTask: ProblemTask {
    static let family = "common-words"
    static let layout = AnswerLayout.tags

    let name: String
    let length: TaskRange
    let common: TaskRange
    let frequency: TaskRange
    let rareFrequency: TaskRange

    var answerLengthBound: Int { common.upper * (CoinedWord.length + 6) }
    var maximumCompletionLength: Int { TaggedPrompt.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that holds a list with a rare word and fills at least 90 % of its length.
    static func leastLength(_ shape: WordListShape) -> Int {
        max(prompt(shape).length + shape.leastLength, 10 * shape.unit)
    }

    /// The rare words in a prompt of `length` characters.
    static func rareCount(_ shape: WordListShape, length: Int) -> Int {
        // The last entry has no separator after it.
        shape.rareCount(room: length - prompt(shape).length + 1)
    }

    func draw(_ random: inout TaskRandom) -> WordListProblem {
        WordListProblem(
            length: length, common: common, frequency: frequency, rareFrequency: rareFrequency,
            &random)
    }

    func content(of problem: WordListProblem) -> String { problem.content }

    func write(_ problem: WordListProblem, _ random: inout TaskRandom) -> ProblemText {
        let frame = Self.prompt(problem.shape)
        let rare = Self.rareCount(problem.shape, length: problem.length)
        let list = WordList.text(
            common: problem.words, shape: problem.shape, rare: rare, separator: "\n", &random)
        let frequency = problem.shape.frequency
        return ProblemText(
            prompt: frame.text(context: list.text),
            scratchPad: "I counted every word; these occur \(frequency) times.",
            answer: NumberedLines.text(list.common.map(CoinedWord.text)),
            difficulty: problem.length,
            parameters: [
                "length": problem.length, "common": problem.shape.common, "frequency": frequency,
                "rare-frequency": problem.shape.rareFrequency, "rare": rare,
            ])
    }

    /// Intersection over union of the words, ignoring order and case.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let answer = sample.layout.answer(in: text) else { return 0 }
        return SetOverlap.score(
            SetOverlap.words(answer.lowercased()), SetOverlap.words(sample.answer))
    }

    private static func prompt(_ shape: WordListShape) -> TaggedPrompt {
        let words = shape.common == 1 ? "word" : "\(shape.common) words"
        return TaggedPrompt(
            introduction: "Below is a numbered list of words. A few of them occur much more often "
                + "than all others.",
            question: "Which \(words) of the list occur \(shape.frequency) times?",
            explanation: "Say how you told them from the others.",
            answerForm: "1. <word 1>\n2. <word 2>\nand so on.",
            important: [
                "Give exactly \(words), each once.",
                "All other words occur less often. Do not give any of them.",
                "Write nothing but the numbered words into the answer.",
            ])
    }
}
