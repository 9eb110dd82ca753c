/// RULER's common words; knows frequencies, not how words are spelt or lists are written.

/// The task `cwe` of RULER (2404.06654): a numbered list in which a few words are common and all others are
/// not. The pool of words is our own, of coined words, and prompts have no worked example.
///
/// The split is decided by the common words.
struct RulerWordsTask: ProblemTask {
    static let family = "ruler-cwe"
    static let layout = AnswerLayout.line

    let name: String
    let length: TaskRange
    let common: TaskRange
    let frequency: TaskRange
    let rareFrequency: TaskRange

    private static let task =
        "Below is a numbered list of words. Some of them occur more often than "
        + "the others. Remember the ones that occur most often."

    var answerLengthBound: Int {
        common.upper * (CoinedWord.length + RulerAnswer.separator.utf8.count)
    }
    var maximumCompletionLength: Int { RulerAnswer.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    private static func frameLength(_ shape: WordListShape) -> Int {
        RulerAnswer.frameLength(task, question: question(shape.common))
    }

    /// The shortest prompt that holds a list with a rare word and fills at least 90 % of its length.
    static func leastLength(_ shape: WordListShape) -> Int {
        max(frameLength(shape) + shape.leastLength, 10 * shape.unit)
    }

    /// The rare words in a prompt of `length` characters.
    static func rareCount(_ shape: WordListShape, length: Int) -> Int {
        // The last entry has no separator after it.
        shape.rareCount(room: length - frameLength(shape) + 1)
    }

    func draw(_ random: inout TaskRandom) -> WordListProblem {
        WordListProblem(
            length: length, common: common, frequency: frequency, rareFrequency: rareFrequency,
            &random)
    }

    func content(of problem: WordListProblem) -> String { problem.content }

    func write(_ problem: WordListProblem, _ random: inout TaskRandom) -> ProblemText {
        let rare = Self.rareCount(problem.shape, length: problem.length)
        let list = WordList.text(
            common: problem.words, shape: problem.shape, rare: rare, separator: " ", &random)
        return ProblemText(
            prompt: RulerAnswer.prompt(
                Self.task, context: list.text, question: Self.question(problem.shape.common)),
            scratchPad: "",
            answer: list.common.map(CoinedWord.text).joined(separator: RulerAnswer.separator),
            difficulty: problem.length,
            parameters: [
                "length": problem.length, "common": problem.shape.common,
                "frequency": problem.shape.frequency,
                "rare-frequency": problem.shape.rareFrequency, "rare": rare,
            ])
    }

    func score(_ text: String, _ sample: TaskSample) -> Double { RulerAnswer.score(text, sample) }

    private static func question(_ common: Int) -> String {
        let (words, verb) = common == 1 ? ("word", "is") : ("\(common) words", "are")
        return "Which \(words) of the list \(common == 1 ? "occurs" : "occur") most often? "
            + "Answer: The \(words) that \(common == 1 ? "occurs" : "occur") most often \(verb):"
    }
}
