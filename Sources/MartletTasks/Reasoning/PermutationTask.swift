/// Composition of permutations; knows one-line notation only.

/// `P:31254.21345.45123=` applies the permutations from left to right: after `p` and `q`, place `i`
/// holds `q[p[i]]`. The answer works out one permutation after the other: for each `x` of what was
/// reached, `x>q[x]`. So the first step here is `3>3,1>2,2>1,5>5,4>4=32154;`.
///
/// Permutations of three are refused: there are too few to hold any out.
struct PermutationTask: ProblemTask {
    static let family = "permutation"

    let name: String
    let size: TaskRange
    let count: TaskRange

    var answerLengthBound: Int { size.upper }
    var maximumCompletionLength: Int {
        let step = 4 * size.upper - 1
        return (count.upper - 1) * step + (count.upper - 2) * (size.upper + 2) + size.upper + 2
    }
    var maximumPromptLength: Int { 2 + count.upper * (size.upper + 1) }

    func draw(_ random: inout TaskRandom) -> [[Int]] {
        let size = random.draw(size)
        let count = random.draw(count)
        return (0..<count).map { _ in random.shuffled(Array(1...size)) }
    }

    func content(of problem: [[Int]]) -> String {
        problem.map(Self.text).joined(separator: ".")
    }

    func write(_ problem: [[Int]], _ random: inout TaskRandom) -> ProblemText {
        var reached = problem[0]
        var text = ""
        for (number, next) in problem.enumerated().dropFirst() {
            let images = reached.map { next[$0 - 1] }
            text += zip(reached, images).map { "\($0)>\($1)" }.joined(separator: ",")
            reached = images
            if number + 1 < problem.count { text += "=\(Self.text(reached));" }
        }
        return ProblemText(
            prompt: "P:\(content(of: problem))=", scratchPad: text, answer: Self.text(reached),
            difficulty: problem.count, parameters: ["size": reached.count, "count": problem.count])
    }

    private static func text(_ permutation: [Int]) -> String {
        permutation.map { "\($0)" }.joined()
    }
}
