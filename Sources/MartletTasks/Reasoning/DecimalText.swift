/// Decimal digits and letter names; knows how they are written, nothing of tasks.

enum DecimalText {
    /// How many digits a number of at least zero has.
    static func width(_ value: Int) -> Int {
        var width = 1
        var rest = value / 10
        while rest > 0 {
            width += 1
            rest /= 10
        }
        return width
    }

    /// Ten to the power of `exponent`, at most 18.
    static func power(_ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    /// Digits from the lowest up.
    static func digits(_ value: Int) -> [Int] {
        var digits: [Int] = []
        var rest = value
        repeat {
            digits.append(rest % 10)
            rest /= 10
        } while rest > 0
        return digits
    }

    /// A number of 0 to 99 as two digits.
    static func pair(_ value: Int) -> String { "\(value / 10)\(value % 10)" }
}

enum LetterName {
    /// How many names of `width` letters there are.
    static func count(width: Int) -> Int { (0..<width).reduce(1) { count, _ in count * 26 } }

    /// The name with this number: a, b, … or aa, ab, …
    static func name(_ number: Int, width: Int) -> String {
        var letters = [UInt8](repeating: 0, count: width)
        var rest = number
        for place in letters.indices.reversed() {
            letters[place] = UInt8(ascii: "a") + UInt8(rest % 26)
            rest /= 26
        }
        return String(decoding: letters, as: UTF8.self)
    }
}
