/// How values are written as JSON.

import MartletJSON

/// How values and characters are written where there is a choice.
enum JSONSpelling {
    /// What a JSON string holds as escapes only.
    static let escaped = ScalarSet([0...0x1F, 0x22...0x22, 0x5C...0x5C])

    private static let short: [UInt32: Character] = [
        8: "b", 9: "t", 10: "n", 12: "f", 13: "r", 0x22: "\"", 0x2F: "/", 0x5C: "\\",
    ]

    /// The escape of a character that must have one.
    static func escape(_ scalar: UInt32, _ automaton: Automaton) -> Expression {
        if let letter = short[scalar] { return automaton.literal("\\\(letter)") }
        return automaton.sequence(
            automaton.literal("\\u"),
            automaton.sequence((0..<4).map { digit(scalar >> UInt32(12 - 4 * $0) & 15, automaton) })
        )
    }

    /// A hexadecimal digit in either case.
    private static func digit(_ value: UInt32, _ automaton: Automaton) -> Expression {
        let text = String(value, radix: 16)
        return automaton.set(ByteSet(Array(text.utf8) + Array(text.uppercased().utf8)))
    }

    /// Every way to write a text as a JSON string without its quotes.
    static func everySpelling(of text: String, _ automaton: Automaton) -> Expression {
        automaton.sequence(
            text.unicodeScalars.map { scalar in
                var ways: [Expression] = []
                if !escaped.contains(scalar.value) {
                    ways.append(automaton.literal(String(Character(scalar))))
                }
                if let letter = short[scalar.value] {
                    ways.append(automaton.literal("\\\(letter)"))
                }
                ways.append(
                    automaton.sequence(
                        Array(String(Character(scalar)).utf16).map { unit in
                            automaton.sequence(
                                automaton.literal("\\u"),
                                automaton.sequence(
                                    (0..<4).map {
                                        digit(UInt32(unit) >> UInt32(12 - 4 * $0) & 15, automaton)
                                    }))
                        }))
                return automaton.choice(ways)
            })
    }

    /// A text as a JSON string, with escapes where there must be some.
    static func string(_ text: String) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for scalar in text.unicodeScalars {
            if let letter = short[scalar.value], scalar.value != 0x2F {
                result += "\\\(letter)".utf8
            } else if scalar.value < 0x20 {
                let digits = String(scalar.value, radix: 16)
                result += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            } else {
                result += String(Character(scalar)).utf8
            }
        }
        return result + [UInt8(ascii: "\"")]
    }

    /// A number as it is written: without a fraction where it has none.
    static func number(_ value: Double) -> [UInt8] {
        if value == 0 { return [UInt8(ascii: "0")] }
        if let whole = Int(exactly: value), abs(value) < 1e16 { return Array(String(whole).utf8) }
        var text = String(value)
        if text.contains("e"), let decimal = Decimal(text), abs(decimal.exponent) < 24 {
            text = decimal.text
        }
        return Array(text.replacing("e+", with: "e").utf8)
    }
}

extension ScalarSet {
    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }
}
