/// Decimal numbers as they are written, exactly.

import MartletJSON

/// A decimal number: digits × 10 to the power of the exponent.
struct Decimal: Hashable, Sendable {
    var isNegative = false
    /// Without zeros at either end; empty for 0.
    private(set) var digits: [UInt8] = []
    /// The power of ten of the last digit.
    private(set) var exponent = 0

    /// Reads a number as JSON or Swift writes it.
    init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "-") {
            isNegative = true
            bytes.removeFirst()
        }
        if let mark = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            guard let power = Int(String(decoding: bytes[(mark + 1)...], as: UTF8.self)),
                abs(power) < 1000
            else { return nil }
            exponent = power
            bytes = bytes[..<mark]
        }
        if let point = bytes.firstIndex(of: UInt8(ascii: ".")) {
            exponent -= bytes.endIndex - point - 1
            bytes.remove(at: point)
        }
        guard bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        digits = bytes.map { $0 - 0x30 }
        while digits.first == 0 { digits.removeFirst() }
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        if digits.isEmpty { (exponent, isNegative) = (0, false) }
    }

    init?(_ value: JSONValue) {
        switch value {
        case .integer(let value): self.init(String(value))
        case .number(let value): self.init(String(value))
        default: return nil
        }
    }

    var isZero: Bool { digits.isEmpty }

    var negated: Decimal {
        var result = self
        result.isNegative = !isNegative && !isZero
        return result
    }

    /// The digits before the point without leading zeros ("0" where there are none), and those after it.
    var parts: (whole: [UInt8], fraction: [UInt8]) {
        if exponent >= 0 {
            let whole = digits + Array(repeating: 0, count: isZero ? 0 : exponent)
            return (whole.isEmpty ? [0] : whole, [])
        }
        let count = digits.count + exponent
        guard count > 0 else {
            return ([0], Array(repeating: 0, count: -count) + digits)
        }
        return (Array(digits[..<count]), Array(digits[count...]))
    }

    /// Plain digits with a point where there is a fraction.
    var text: String {
        let (whole, fraction) = parts
        let all = whole + (fraction.isEmpty ? [] : [UInt8(ascii: ".") &- 0x30]) + fraction
        return (isNegative ? "-" : "") + String(decoding: all.map { $0 &+ 0x30 }, as: UTF8.self)
    }

    /// Whether it is below another one.
    static func < (left: Decimal, right: Decimal) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative
            ? right.magnitudePrecedes(left) : left.magnitudePrecedes(right)
    }

    private func magnitudePrecedes(_ other: Decimal) -> Bool {
        if isZero || other.isZero { return isZero && !other.isZero }
        let (order, otherOrder) = (digits.count + exponent, other.digits.count + other.exponent)
        if order != otherOrder { return order < otherOrder }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}
