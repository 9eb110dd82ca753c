/// A number that an answer writes: its spelling, and one text for all spellings of its value.

/// A number as it was read.
struct AnswerNumber: Hashable {
    /// The number without separators, currency and plus: `-1024.50`, `1/2`, `1e5`.
    let text: String
    /// The same for all spellings of a value, exact at any length: `18` for `18`, `18.00`, `$18` and `36/2`.
    let value: String

    /// Digits before and after the point, and a power of ten; nil for a power that nobody writes.
    init?(isNegative: Bool, whole: String, fraction: String, exponent: String?) {
        var power = 0
        if let exponent {
            guard exponent.utf8.count <= 7, let number = Int(exponent) else { return nil }
            power = number
        }
        let digits = whole + fraction
        text =
            (isNegative ? "-" : "") + (whole.isEmpty ? "0" : whole)
            + (fraction.isEmpty ? "" : ".\(fraction)") + (exponent.map { "e\($0)" } ?? "")
        value = Self.value(isNegative, digits, power - fraction.utf8.count)
    }

    /// A whole number and a fraction; nil where it divides by zero or does not fit into 64 bits.
    init?(isNegative: Bool, whole: String?, numerator: String, denominator: String) {
        guard let below = Int(denominator), below > 0, var above = Int(numerator) else {
            return nil
        }
        if let whole {
            guard let number = Int(whole) else { return nil }
            let (product, high) = number.multipliedReportingOverflow(by: below)
            let (sum, low) = product.addingReportingOverflow(above)
            guard !high, !low else { return nil }
            above = sum
        }
        let sign = isNegative ? "-" : ""
        text = sign + (whole.map { "\($0) " } ?? "") + "\(numerator)/\(denominator)"
        var (a, b) = (above, below)
        while b != 0 { (a, b) = (b, a % b) }
        let (top, bottom) = (above / a, below / a)
        // A denominator of twos and fives is a decimal: 1/2 is 0.5.
        var (rest, power, scaled) = (bottom, 0, top)
        while rest > 1 {
            let factor = rest % 10 == 0 ? 10 : rest % 2 == 0 ? 2 : rest % 5 == 0 ? 5 : 0
            guard factor > 0 else {
                value = top == 0 ? "0" : "\(sign)\(top)/\(bottom)"
                return
            }
            let (product, overflow) = scaled.multipliedReportingOverflow(by: 10 / factor)
            guard !overflow else { return nil }
            (rest, power, scaled) = (rest / factor, power - 1, product)
        }
        value = Self.value(isNegative, "\(scaled)", power)
    }

    /// Digits without zeros at their ends, and the power of ten that they are taken by.
    private static func value(_ isNegative: Bool, _ digits: String, _ power: Int) -> String {
        let zero = UInt8(ascii: "0")
        var kept = Array(digits.utf8)[...]
        kept = kept.drop { $0 == zero }
        var power = power
        while kept.last == zero {
            kept.removeLast()
            power += 1
        }
        guard !kept.isEmpty else { return "0" }
        return (isNegative ? "-" : "") + String(decoding: kept, as: UTF8.self)
            + (power == 0 ? "" : "e\(power)")
    }

    // MARK: Reading

    /// The number that a text answers with: the one after the last `####`, otherwise the last one; as GSM8K's authors and
    /// lm-evaluation-harness read it. Nil without one, and where it is dressed in a way that could be read as another.
    static func answer(in text: String) -> AnswerNumber? { find(in: text)?.number }

    /// The number that a text answers with, and where it ends when the text said that it is the answer.
    static func find(in text: String) -> (number: AnswerNumber, saidUntil: String.Index?)? {
        let scan = NumberScan(text)
        if let found = scan.marked(after: "####") {
            return found.number.map { ($0, scan.index(found.range.upperBound)) }
        }
        return scan.numbers.last?.number.map { ($0, nil) }
    }

    /// Where the last number stands as it was written; nil without one that can be read.
    static func last(in text: String) -> Range<String.Index>? {
        let scan = NumberScan(text)
        guard let last = scan.numbers.last, last.number != nil else { return nil }
        return scan.index(last.range.lowerBound)..<scan.index(last.range.upperBound)
    }
}
