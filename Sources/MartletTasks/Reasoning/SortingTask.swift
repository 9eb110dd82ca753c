/// Sorting by selection; knows two-digit numbers only.

/// `S:45 12 99 38=` is answered `12<45 99 38,38<45 99,45<99,99#12 38 45 99`: each step takes the
/// smallest of the rest and writes what is left, in its old order.
///
/// The numbers of a sample are different. The split is decided by the set of numbers: all its
/// orders are on one side.
struct SortingTask: ProblemTask {
    static let family = "sorting"

    let name: String
    let count: TaskRange

    var answerLengthBound: Int { 3 * count.upper - 1 }
    var maximumCompletionLength: Int {
        3 * count.upper * (count.upper + 1) / 2 + answerLengthBound + 1
    }
    var maximumPromptLength: Int { 2 + 3 * count.upper }

    func draw(_ random: inout TaskRandom) -> [Int] {
        random.distinct(random.draw(count), below: 90).map { $0 + 10 }
    }

    func content(of problem: [Int]) -> String { Self.text(problem.sorted()) }

    func write(_ problem: [Int], _ random: inout TaskRandom) -> ProblemText {
        let sorted = problem.sorted()
        var rest = problem
        let steps = sorted.map { smallest in
            rest.removeAll { $0 == smallest }
            return rest.isEmpty ? "\(smallest)" : "\(smallest)<\(Self.text(rest))"
        }
        return ProblemText(
            prompt: "S:\(Self.text(problem))=", scratchPad: steps.joined(separator: ","),
            answer: Self.text(sorted), difficulty: problem.count,
            parameters: ["count": problem.count])
    }

    func isVerified(_ text: String, prompt: String) -> Bool? {
        guard let inside = AnswerText.inside(prompt, from: "S:", to: "="),
            let numbers = AnswerText.numbers(inside)
        else { return nil }
        return AnswerText.answer(in: text) == Self.text(numbers.sorted())
    }

    private static func text(_ numbers: [Int]) -> String {
        numbers.map { "\($0)" }.joined(separator: " ")
    }
}
