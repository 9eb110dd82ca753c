/// Numbers of JSON text: exact integers, and the nearest double for everything else.

extension JSONParser {
    enum Number {
        /// Without fraction and exponent, within 64 bits.
        case integer(Int)
        /// Finite.
        case number(Double)
    }

    /// Longer numbers are refused: nobody writes them, and converting them is the one step that is
    /// not linear.
    private static let maximumNumberLength = 1024

    mutating func parseNumber(_ bytes: Span<UInt8>) throws(JSONError) -> Number {
        if let value = takeShortInteger(bytes) { return .integer(value) }
        let start = position
        let negative = take(bytes, UInt8(ascii: "-"))
        var mantissa: UInt64 = 0
        var overflow = false
        let integerDigits = skipDigits(bytes, into: &mantissa, overflow: &overflow)
        guard integerDigits > 0 else { throw error(bytes, expected: "a digit") }
        if integerDigits > 1, bytes[position - integerDigits] == UInt8(ascii: "0") {
            position -= integerDigits
            throw error(
                got: "a number with a leading zero", expected: "a number without leading zeros")
        }
        var exponent = 0
        var isInteger = true
        if take(bytes, UInt8(ascii: ".")) {
            isInteger = false
            let digits = skipDigits(bytes, into: &mantissa, overflow: &overflow)
            guard digits > 0 else { throw error(bytes, expected: "a digit") }
            exponent = -digits
        }
        if take(bytes, UInt8(ascii: "e")) || take(bytes, UInt8(ascii: "E")) {
            isInteger = false
            let down = take(bytes, UInt8(ascii: "-"))
            if !down { _ = take(bytes, UInt8(ascii: "+")) }
            var power: UInt64 = 0
            var hugePower = false
            guard skipDigits(bytes, into: &power, overflow: &hugePower) > 0 else {
                throw error(bytes, expected: "a digit")
            }
            // Beyond this the fast path below is not taken, so the exact value does not matter.
            let bounded = hugePower ? 1_000_000 : Int(min(power, 1_000_000))
            exponent += down ? -bounded : bounded
        }
        guard position - start <= JSONParser.maximumNumberLength else {
            position = start
            throw error(
                got: "a number of many digits",
                expected: "at most \(JSONParser.maximumNumberLength) characters")
        }
        if isInteger, !overflow, !(negative && mantissa == 0) {
            if !negative, let value = Int(exactly: mantissa) { return .integer(value) }
            if negative, mantissa <= UInt64(Int.max) { return .integer(-Int(mantissa)) }
            if negative, mantissa == UInt64(Int.max) + 1 { return .integer(Int.min) }
        }
        // Exact operands and one rounding give the nearest double (Clinger 1990); the rest goes to
        // the library.
        if !overflow, mantissa < 1 << 53, abs(exponent) <= 22 {
            let power = JSONParser.powersOfTen[abs(exponent)]
            let value = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return .number(negative ? -value : value)
        }
        let text = bytes.extracting(start..<position).withUnsafeBufferPointer {
            String(decoding: $0, as: UTF8.self)
        }
        guard let value = Double(text), value.isFinite else {
            position = start
            throw error(got: "a number out of range", expected: "a number of at most 1.8e308")
        }
        return .number(value)
    }

    /// Moves past up to 18 digits that are a whole number without a sign, as ids are; nil, and nothing moved, for
    /// what needs a closer look.
    private mutating func takeShortInteger(_ bytes: Span<UInt8>) -> Int? {
        var (end, value) = (position, 0)
        while end < bytes.count, end - position <= 18 {
            let digit = bytes[end] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = value &* 10 &+ Int(digit)
            end += 1
        }
        let count = end - position
        guard (1...18).contains(count), count == 1 || bytes[position] != UInt8(ascii: "0") else {
            return nil
        }
        if end < bytes.count {
            let next = bytes[end]
            let isLonger =
                next == UInt8(ascii: ".") || next == UInt8(ascii: "e") || next == UInt8(ascii: "E")
            guard !isLonger else { return nil }
        }
        position = end
        return value
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// Moves past decimal digits and appends them to `value`; returns how many there were.
    private mutating func skipDigits(
        _ bytes: Span<UInt8>, into value: inout UInt64, overflow: inout Bool
    ) -> Int {
        let start = position
        while position < bytes.count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            let (high, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = high.addingReportingOverflow(UInt64(digit))
            overflow = overflow || overflowed || carried
            value = sum
            position += 1
        }
        return position - start
    }
}
