/// Products of two numbers by partial products; knows decimal multiplication only.

/// `M:47*36=` is answered `6*7+0=42;6*4+4=28;282|3*7+0=21;3*4+2=14;1410|2+0+0=02;…#1692`: for each
/// digit of the second number, from the lowest, its partial product digit by digit with carries;
/// then the partial product is added to the total as in ``AdditionTask``.
///
/// The first number has at least two digits. One-digit products are refused: there are too few to
/// hold any out. With `by=1` the second number is at least 2.
struct MultiplicationTask: ProblemTask {
    static let family = "multiplication"

    let name: String
    let digits: TaskRange
    let by: TaskRange

    var answerLengthBound: Int { digits.upper + by.upper }
    var maximumCompletionLength: Int {
        var length = 0
        for place in 0..<by.upper {
            let width = digits.upper + place + 1
            length += digits.upper * 9
            if by.upper > 1 { length += width + 1 }
            guard place > 0 else { continue }
            length += width * AdditionTask.columnLength(terms: 2)
            if place + 1 < by.upper { length += width + 1 }
        }
        return length + 1 + answerLengthBound + 1
    }
    var maximumPromptLength: Int { 2 + digits.upper + 1 + by.upper + 1 }

    func draw(_ random: inout TaskRandom) -> (Int, Int) {
        func number(_ digits: Int) -> Int {
            let lowest = DecimalText.power(digits - 1)
            return random.between(max(2, lowest), lowest * 10 - 1)
        }
        return (number(random.draw(digits)), number(random.draw(by)))
    }

    func content(of problem: (Int, Int)) -> String {
        "\(min(problem.0, problem.1))*\(max(problem.0, problem.1))"
    }

    func write(_ problem: (Int, Int), _ random: inout TaskRandom) -> ProblemText {
        let (first, second) = problem
        let factors = DecimalText.digits(second)
        var text = ""
        var total = 0
        for (place, factor) in factors.enumerated() {
            text += Self.partialProduct(first, by: factor)
            let partial = first * factor * DecimalText.power(place)
            if factors.count > 1 { text += "\(partial)|" }
            if place > 0 {
                text += AdditionTask.columns([total, partial])
                if place + 1 < factors.count { text += "\(total + partial)|" }
            }
            total += partial
        }
        let digits = DecimalText.width(first)
        return ProblemText(
            prompt: "M:\(first)*\(second)=", scratchPad: text, answer: "\(total)",
            difficulty: digits * factors.count,
            parameters: ["digits": digits, "by": factors.count])
    }

    /// `6*7+0=42;6*4+4=28;` per digit of `number`, from the lowest: factor, digit, carry.
    private static func partialProduct(_ number: Int, by factor: Int) -> String {
        var text = ""
        var carry = 0
        for digit in DecimalText.digits(number) {
            let product = factor * digit + carry
            text += "\(factor)*\(digit)+\(carry)=\(DecimalText.pair(product));"
            carry = product / 10
        }
        return text
    }
}
