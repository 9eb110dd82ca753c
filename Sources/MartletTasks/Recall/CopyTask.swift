/// A random string to be repeated; knows lower-case letters only.

/// `D:kqjzxw=` is answered `#kqjzxw`. `length` is that of the whole prompt.
struct CopyTask: ProblemTask {
    static let family = "copy"

    let name: String
    let length: TaskRange

    /// `D:` and `=`.
    private static let frameLength = 3

    var answerLengthBound: Int { length.upper - Self.frameLength }
    var maximumCompletionLength: Int { 1 + answerLengthBound + 1 }
    var maximumPromptLength: Int { length.upper }

    func draw(_ random: inout TaskRandom) -> String {
        let count = random.draw(length) - Self.frameLength
        let letters = (0..<count).map { _ in UInt8(ascii: "a") + UInt8(random.below(26)) }
        return String(decoding: letters, as: UTF8.self)
    }

    func content(of problem: String) -> String { problem }

    func write(_ problem: String, _ random: inout TaskRandom) -> ProblemText {
        let length = problem.utf8.count + Self.frameLength
        return ProblemText(
            prompt: "D:\(problem)=", scratchPad: "", answer: problem, difficulty: length,
            parameters: ["length": length])
    }

    /// The fraction of the characters that stand in their place; characters too many count as
    /// wrong ones.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let answer = AnswerText.answer(in: text) else { return 0 }
        let longest = max(answer.utf8.count, sample.answer.utf8.count)
        guard longest > 0 else { return 0 }
        let right = zip(answer.utf8, sample.answer.utf8).count { $0 == $1 }
        return Double(right) / Double(longest)
    }
}
