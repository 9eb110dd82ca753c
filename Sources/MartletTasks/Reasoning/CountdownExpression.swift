/// Arithmetic expressions judged against a countdown problem; knows no reference answer.

/// Whether an expression solves a problem. Text comes from a model and may be anything.
///
/// Allowed are numbers in decimal digits, `+ - * /` with the usual precedence, brackets and blanks;
/// no signs. Division is exact: values are fractions, and steps may be negative. Every given number
/// must be used exactly once. An expression is not accepted when it divides by zero, is longer
/// than 4096 bytes, or has a fraction on its way that does not fit into 64-bit integers.
enum CountdownExpression {
    static let longest = 4096

    static func solves(_ text: String, target: Int, numbers: [Int]) -> Bool {
        guard text.utf8.count <= longest else { return false }
        var reader = Reader()
        for byte in text.utf8 {
            guard reader.take(byte) else { return false }
        }
        guard let value = reader.finish() else { return false }
        return reader.used.sorted() == numbers.sorted()
            && value.numerator == target && value.denominator == 1
    }
}

/// A fraction in lowest terms with a positive denominator.
private struct Fraction {
    let numerator: Int
    let denominator: Int

    init(_ value: Int) {
        numerator = value
        denominator = 1
    }

    private init?(_ numerator: Int, over denominator: Int) {
        // Int.min has no magnitude within Int, so it counts as an overflow too.
        guard denominator != 0, numerator != .min, denominator != .min else { return nil }
        var (a, b) = (abs(numerator), abs(denominator))
        while b != 0 { (a, b) = (b, a % b) }
        self.numerator = (denominator < 0 ? -numerator : numerator) / a
        self.denominator = abs(denominator) / a
    }

    /// Nil for division by zero and for overflow.
    static func apply(_ operation: UInt8, _ left: Fraction, _ right: Fraction) -> Fraction? {
        switch operation {
        case UInt8(ascii: "*"):
            guard let numerator = product(left.numerator, right.numerator),
                let denominator = product(left.denominator, right.denominator)
            else { return nil }
            return Fraction(numerator, over: denominator)
        case UInt8(ascii: "/"):
            guard let numerator = product(left.numerator, right.denominator),
                let denominator = product(left.denominator, right.numerator)
            else { return nil }
            return Fraction(numerator, over: denominator)
        default:
            guard let first = product(left.numerator, right.denominator),
                let second = product(right.numerator, left.denominator),
                let denominator = product(left.denominator, right.denominator)
            else { return nil }
            let (sum, overflow) =
                operation == UInt8(ascii: "+")
                ? first.addingReportingOverflow(second)
                : first.subtractingReportingOverflow(second)
            return overflow ? nil : Fraction(sum, over: denominator)
        }
    }

    private static func product(_ left: Int, _ right: Int) -> Int? {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? nil : product
    }
}

/// Two stacks instead of recursion: brackets may be nested as deep as the text is long.
private struct Reader {
    private var values: [Fraction] = []
    private var operations: [UInt8] = []
    private var number: Int?
    private var expectsOperand = true
    private(set) var used: [Int] = []

    /// False when the expression cannot go on like this.
    mutating func take(_ byte: UInt8) -> Bool {
        if (48...57).contains(byte) { return takeDigit(Int(byte - 48)) }
        guard endNumber() else { return false }
        switch byte {
        case UInt8(ascii: " "):
            return true
        case UInt8(ascii: "("):
            guard expectsOperand else { return false }
            operations.append(byte)
            return true
        case UInt8(ascii: ")"):
            guard !expectsOperand, reduce(above: 0) else { return false }
            return operations.popLast() == UInt8(ascii: "(")
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"):
            guard !expectsOperand, reduce(above: Self.rank(byte) - 1) else { return false }
            operations.append(byte)
            expectsOperand = true
            return true
        default:
            return false
        }
    }

    /// The value, or nil where something is missing.
    mutating func finish() -> Fraction? {
        guard endNumber(), !expectsOperand, reduce(above: 0), operations.isEmpty else { return nil }
        return values.count == 1 ? values[0] : nil
    }

    private mutating func takeDigit(_ digit: Int) -> Bool {
        guard expectsOperand else { return false }
        let (tens, high) = (number ?? 0).multipliedReportingOverflow(by: 10)
        let (sum, low) = tens.addingReportingOverflow(digit)
        number = sum
        return !high && !low
    }

    private mutating func endNumber() -> Bool {
        guard let value = number else { return true }
        number = nil
        values.append(Fraction(value))
        used.append(value)
        expectsOperand = false
        return true
    }

    /// Applies the operations on top of the stack whose rank is higher than `rank`.
    private mutating func reduce(above rank: Int) -> Bool {
        while let operation = operations.last, Self.rank(operation) > rank {
            operations.removeLast()
            guard let right = values.popLast(), let left = values.popLast(),
                let result = Fraction.apply(operation, left, right)
            else { return false }
            values.append(result)
        }
        return true
    }

    /// Brackets rank lowest, so that nothing is reduced past them.
    private static func rank(_ operation: UInt8) -> Int {
        switch operation {
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 1
        case UInt8(ascii: "*"), UInt8(ascii: "/"): 2
        default: 0
        }
    }
}
