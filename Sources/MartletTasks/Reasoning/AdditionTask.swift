/// Sums, worked out column by column; knows decimal addition only.

/// `A:4821+77=` is answered `1+7+0=08;2+7+0=09;…#4898`: per column, from the lowest, the digits of
/// all terms, the carry, and the sum as two digits, the first of which is the next carry.
///
/// All terms of a sample have the same number of digits, without leading zeros. One-digit sums are
/// refused: there are too few to hold any out.
struct AdditionTask: ProblemTask {
    static let family = "addition"

    let name: String
    let digits: TaskRange
    let terms: TaskRange

    var answerLengthBound: Int { digits.upper + (terms.upper > 1 ? 1 : 0) }
    var maximumCompletionLength: Int {
        digits.upper * Self.columnLength(terms: terms.upper) + 1 + answerLengthBound + 1
    }
    var maximumPromptLength: Int { 2 + terms.upper * (digits.upper + 1) }

    func draw(_ random: inout TaskRandom) -> [Int] {
        let digits = random.draw(digits)
        let terms = random.draw(terms)
        let lowest = DecimalText.power(digits - 1)
        return (0..<terms).map { _ in random.between(lowest, lowest * 10 - 1) }
    }

    func content(of problem: [Int]) -> String {
        problem.sorted().map { "\($0)" }.joined(separator: "+")
    }

    func write(_ problem: [Int], _ random: inout TaskRandom) -> ProblemText {
        let digits = DecimalText.width(problem[0])
        return ProblemText(
            prompt: "A:" + problem.map { "\($0)" }.joined(separator: "+") + "=",
            scratchPad: Self.columns(problem), answer: "\(problem.reduce(0, +))",
            difficulty: digits, parameters: ["digits": digits, "terms": problem.count])
    }

    /// `1+7+0=08;` per column. Shared with multiplication, so that a model learns it once.
    static func columns(_ terms: [Int]) -> String {
        let digits = terms.map(DecimalText.digits)
        var text = ""
        var carry = 0
        for column in 0..<(digits.map(\.count).max() ?? 0) {
            var sum = carry
            for term in digits {
                let digit = column < term.count ? term[column] : 0
                text += "\(digit)+"
                sum += digit
            }
            text += "\(carry)=\(DecimalText.pair(sum));"
            carry = sum / 10
        }
        return text
    }

    /// The length of one column: `d+` per term, then `c=ss;`.
    static func columnLength(terms: Int) -> Int { 2 * terms + 5 }
}
