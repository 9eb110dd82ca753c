/// Modular arithmetic along a chain of variables; knows no shortcuts.

/// `C97:a=35,b=a*7+12,c=b-44,c?` is answered `b=35*7=245+12=257-194=63,c=63-44=19,#19`: each
/// variable from the one before, one operation after the other. What leaves 0 ..< modulus is
/// brought back by a multiple of the modulus; what does not is left alone.
struct ChainTask: ProblemTask {
    static let family = "chain"

    let name: String
    let steps: TaskRange
    let modulus: TaskRange

    /// What is done to the variable before: `*7`, `+12` or `-44`, or `*7+12`.
    struct Step {
        var factor: Int?
        var addend: Int?
    }

    struct Problem {
        let modulus: Int
        let start: Int
        let steps: [Step]
    }

    var answerLengthBound: Int { DecimalText.width(modulus.upper - 1) }
    var maximumCompletionLength: Int {
        let width = answerLengthBound
        let product = DecimalText.width(9 * (modulus.upper - 1))
        let sum = DecimalText.width(10 * (modulus.upper - 1))
        // b=35 *7 =245 +12 =257 -194 =63 ,
        let step =
            2 + width + 2 + (1 + product) + (1 + width) + (1 + sum) + (1 + sum) + (1 + width) + 1
        return steps.upper * step + 1 + width + 1
    }
    var maximumPromptLength: Int {
        let width = answerLengthBound
        return 1 + DecimalText.width(modulus.upper) + 1 + (3 + width)
            + steps.upper * (7 + width) + 2
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let modulus = random.draw(modulus)
        let start = random.below(modulus)
        let steps = (0..<random.draw(steps)).map { _ in
            let kind = random.below(4)
            var step = Step()
            if kind < 2 { step.factor = random.between(2, 9) }
            if kind > 0 { step.addend = random.between(1, modulus - 1) }
            if kind == 3 { step.addend?.negate() }
            return step
        }
        return Problem(modulus: modulus, start: start, steps: steps)
    }

    func content(of problem: Problem) -> String { prompt(problem) }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let modulus = problem.modulus
        var text = ""
        var value = problem.start
        for (number, step) in problem.steps.enumerated() {
            text += "\(LetterName.name(number + 1, width: 1))=\(value)"
            if let factor = step.factor {
                value *= factor
                text += "*\(factor)=\(value)"
            }
            if let addend = step.addend {
                value += addend
                text += "\(Self.signed(addend))=\(value)"
            }
            if value >= modulus {
                let excess = value / modulus * modulus
                value -= excess
                text += "-\(excess)=\(value)"
            } else if value < 0 {
                // One modulus is enough: an addend's magnitude is below it.
                value += modulus
                text += "+\(modulus)=\(value)"
            }
            text += ","
        }
        return ProblemText(
            prompt: prompt(problem), scratchPad: text, answer: "\(value)",
            difficulty: problem.steps.count,
            parameters: ["steps": problem.steps.count, "modulus": modulus])
    }

    private func prompt(_ problem: Problem) -> String {
        var text = "C\(problem.modulus):a=\(problem.start),"
        var previous = "a"
        for (number, step) in problem.steps.enumerated() {
            let name = LetterName.name(number + 1, width: 1)
            text += "\(name)=\(previous)"
            if let factor = step.factor { text += "*\(factor)" }
            if let addend = step.addend { text += Self.signed(addend) }
            text += ","
            previous = name
        }
        return text + previous + "?"
    }

    private static func signed(_ value: Int) -> String { value < 0 ? "\(value)" : "+\(value)" }
}
