/// Reaching a target from given numbers; knows the problem and its text, not the search.

/// `N46:3 7 25?` is answered by a search, with its dead ends:
/// ```
/// 7+3=10[10 25]25+10=35,25-10=15,25*10=250[3 7 25]7*3=21[21 25]25+21=46#25+(7*3)
/// ```
/// ``CountdownSearch`` says how a trace is read.
///
/// Every number is used exactly once. Any expression that does so and has the target's value is
/// right; its steps are not judged. See ``CountdownExpression``. The split is decided by the numbers
/// without their order, and the target.
struct CountdownTask: ProblemTask {
    static let family = "countdown"

    let name: String
    let numbers: TaskRange
    /// The largest target.
    let maximum: Int
    /// The largest given number.
    let largest: Int
    /// The most characters that a trace spends on dead ends.
    let thought: Int

    struct Problem {
        let numbers: [Int]
        let target: Int
        /// The moves that the target was made by, which lead there from `numbers`.
        let solution: [CountdownState.Move]
    }

    /// Results above this are not tried.
    private var limit: Int { 10 * maximum }

    var answerLengthBound: Int {
        let count = numbers.upper
        return count * DecimalText.width(largest) + (count - 1) + 2 * (count - 2)
    }
    var maximumCompletionLength: Int {
        let count = numbers.upper
        let width = DecimalText.width(max(limit, largest))
        let state = count * (width + 1) + 1
        let path = state + (count - 2) * (3 * width + 2 + state) + 3 * width + 2
        return thought + path + 1 + answerLengthBound + 1
    }
    var maximumPromptLength: Int {
        1 + DecimalText.width(maximum) + 1 + numbers.upper * (DecimalText.width(largest) + 1)
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let count = random.draw(numbers)
        while true {
            let drawn = (0..<count).map { _ in random.between(1, largest) }
            var values = drawn
            var solution: [CountdownState.Move] = []
            while values.count > 1 {
                let moves = CountdownState.moves(values, limit: limit)
                let move = moves[random.below(moves.count)]
                solution.append(move)
                values = CountdownState.values(values, after: move)
            }
            let target = values[0]
            guard target <= maximum else { continue }
            return Problem(numbers: drawn, target: target, solution: solution)
        }
    }

    func content(of problem: Problem) -> String {
        "\(problem.target):" + problem.numbers.sorted().map { "\($0)" }.joined(separator: " ")
    }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let search = CountdownSearch(
            numbers: problem.numbers, target: problem.target, limit: limit, budget: thought)
        let (trace, expression) = search.trace(solution: problem.solution, &random)
        let numbers = problem.numbers.map { "\($0)" }.joined(separator: " ")
        return ProblemText(
            prompt: "N\(problem.target):\(numbers)?", scratchPad: trace, answer: expression,
            difficulty: problem.numbers.count,
            parameters: ["numbers": problem.numbers.count, "target": problem.target])
    }

    func score(_ text: String, _ sample: TaskSample) -> Double {
        isVerified(text, prompt: sample.prompt) == true ? 1 : 0
    }

    func isVerified(_ text: String, prompt: String) -> Bool? {
        guard let inside = AnswerText.inside(prompt, from: "N", to: "?"),
            let colon = inside.firstIndex(of: ":"),
            let target = AnswerText.number(inside[..<colon]),
            let numbers = AnswerText.numbers(inside[inside.index(after: colon)...])
        else { return nil }
        guard let answer = AnswerText.answer(in: text) else { return false }
        return CountdownExpression.solves(answer, target: target, numbers: numbers)
    }
}
