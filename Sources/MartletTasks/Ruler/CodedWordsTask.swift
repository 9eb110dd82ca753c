/// RULER's frequent words; knows how frequencies fall, not what words mean.

import Foundation

/// The task `fwe` of RULER (2404.06654): a coded text whose words have Zipf frequencies, the word of rank r
/// being as frequent as 1/r². Rank 1 are dots to be ignored; the three words of ranks 2 to 4 are asked for.
///
/// Every word occurs as often as its frequency says, rounded down, instead of being drawn: so the three
/// are always the most frequent ones, without ties. Dots fill what is left of the length.
///
/// The split is decided by the asked words.
struct CodedWordsTask: ProblemTask {
    static let family = "ruler-fwe"
    static let layout = AnswerLayout.line

    let name: String
    let length: TaskRange

    struct Problem {
        let length: Int
        /// By falling frequency.
        let asked: [String]
    }

    private static let askedCount = 3
    private static let wordLength = 6
    private static let dots = Array("...".utf8)

    /// From 73 on, the words of ranks 4 and 5 differ by one occurrence at least: N (1/16 - 1/25) ≥ ζ(2).
    private static let leastTotal = 100

    private static let task =
        "The following text is coded. Count how often every coded word occurs, "
        + "and ignore the dots."
    private static let question =
        "What are the three coded words that occur most often in the text? "
        + "Give no explanation. Answer: The three coded words that occur most often are:"

    /// The room for text in a prompt of `length` characters, a blank after every word.
    private static func room(length: Int) -> Int {
        // The last word has no blank after it.
        length - RulerAnswer.frameLength(task, question: question) + 1
    }

    var answerLengthBound: Int {
        Self.askedCount * (Self.wordLength + RulerAnswer.separator.utf8.count)
    }
    var maximumCompletionLength: Int { RulerAnswer.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt in which the asked words have no ties.
    static let leastLength = textLength(counts(total: leastTotal)) - room(length: 0)

    /// How often the words of ranks 1, 2, … occur in a text of about `total` words.
    private static func counts(total: Int) -> [Int] {
        let sum = Double.pi * Double.pi / 6
        var counts: [Int] = []
        while true {
            let rank = Double(counts.count + 1)
            let count = Int(Double(total) / (rank * rank * sum))
            guard count > 0 else { return counts }
            counts.append(count)
        }
    }

    private static func textLength(_ counts: [Int]) -> Int {
        guard let first = counts.first else { return 0 }
        return first * (dots.count + 1) + counts.dropFirst().reduce(0, +) * (wordLength + 1)
    }

    /// The counts of the longest text that fits.
    private static func counts(room: Int) -> [Int] {
        var (lower, upper) = (leastTotal, max(leastTotal, room) + 1)
        while upper - lower > 1 {
            let middle = (lower + upper) / 2
            if textLength(counts(total: middle)) <= room { lower = middle } else { upper = middle }
        }
        return counts(total: lower)
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let length = random.draw(length)
        var taken: Set<String> = []
        return Problem(
            length: length,
            asked: (0..<Self.askedCount).map { _ in Self.word(unlike: &taken, &random) })
    }

    func content(of problem: Problem) -> String {
        problem.asked.sorted().joined(separator: ",")
    }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let room = Self.room(length: problem.length)
        let counts = Self.counts(room: room)
        let spare = (room - Self.textLength(counts)) / (Self.dots.count + 1)
        var taken = Set(problem.asked)
        var words = [[UInt8]](repeating: Self.dots, count: counts[0] + spare)
        for (place, count) in counts.dropFirst().enumerated() {
            let word =
                place < problem.asked.count
                ? problem.asked[place] : Self.word(unlike: &taken, &random)
            words += [[UInt8]](repeating: Array(word.utf8), count: count)
        }
        random.shuffle(&words)
        return ProblemText(
            prompt: RulerAnswer.prompt(
                Self.task, context: ContextText.joined(words, by: " "), question: Self.question),
            scratchPad: "", answer: problem.asked.joined(separator: RulerAnswer.separator),
            difficulty: problem.length,
            parameters: ["length": problem.length, "coded": counts.count - 1, "words": words.count])
    }

    func score(_ text: String, _ sample: TaskSample) -> Double { RulerAnswer.score(text, sample) }

    private static func word(
        unlike taken: inout Set<String>, _ random: inout TaskRandom
    ) -> String {
        while true {
            let letters = (0..<wordLength).map { _ in UInt8(ascii: "a") + UInt8(random.below(26)) }
            let word = String(decoding: letters, as: UTF8.self)
            if taken.insert(word).inserted { return word }
        }
    }
}
