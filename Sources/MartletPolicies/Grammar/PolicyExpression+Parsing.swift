/// Text to `PolicyExpression`, with the column of the first thing that does not fit.

package import MartletCache

extension PolicyExpression {
    /// Parses a policy's text. Throws `malformedPolicy` with the column, counted from 1.
    package init(_ text: String) throws(CacheError) {
        var parser = PolicyParser(text)
        self = try parser.expression(depth: 0)
        try parser.expectEnd()
    }
}

/// A recursive descent over the characters of one policy text.
private struct PolicyParser {
    /// Deeper nesting than any policy needs; bounds the stack on hostile text.
    static let maximumDepth = 32

    let text: String
    let characters: [Character]
    var index = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    // MARK: Grammar

    mutating func expression(depth: Int) throws(CacheError) -> PolicyExpression {
        guard depth < Self.maximumDepth else {
            throw failure(at: index, "more nesting", "at most \(Self.maximumDepth) levels")
        }
        var terms = [try term(depth: depth)]
        while take("+") { terms.append(try term(depth: depth)) }
        return PolicyExpression(terms: terms)
    }

    mutating func term(depth: Int) throws(CacheError) -> PolicyTerm {
        let name = try name("a policy's name")
        guard take("(") else { return PolicyTerm(name: name) }
        var wrapped: PolicyExpression?
        var arguments: [PolicyArgument] = []
        while !take(")") {
            if wrapped != nil || !arguments.isEmpty {
                guard take(",") else { throw failure("\",\" or \")\"") }
            }
            skipSpaces()
            let argumentStart = index
            let word = try self.name("parameter=value")
            if take("=") {
                guard !arguments.contains(where: { $0.name == word }) else {
                    throw failure(at: argumentStart, "\(word) again", "each parameter once")
                }
                arguments.append(PolicyArgument(name: word, value: try value()))
            } else {
                index = argumentStart
                guard wrapped == nil, arguments.isEmpty else {
                    throw failure(
                        at: argumentStart, word,
                        "parameter=value (a policy can only be the first argument)")
                }
                wrapped = try expression(depth: depth + 1)
            }
        }
        return PolicyTerm(name: name, wrapped: wrapped, arguments: arguments)
    }

    mutating func value() throws(CacheError) -> PolicyValue {
        skipSpaces()
        guard let first = peek else { throw failure("a value") }
        if Self.isDigit(first) || first == "-" { return try number() }
        if first == "\"" { return .text(try quoted()) }
        if first == "/" || first == "." || first == "~" { return .text(path(from: index)) }
        let start = index
        let word = try name("a number, true, false, bytes, a name or a quoted text")
        // A word that goes on with a point or a slash is a file's path.
        if let next = peek, next == "." || next == "/" { return .text(path(from: start)) }
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: return .name(word)
        }
    }

    /// A path without blanks, commas and brackets, which needs no quotation marks.
    mutating func path(from start: Int) -> String {
        while let next = peek, !next.isWhitespace, !",()+\"=".contains(next) { index += 1 }
        return String(characters[start..<index])
    }

    mutating func quoted() throws(CacheError) -> String {
        index += 1
        let start = index
        while let next = peek, next != "\"" { index += 1 }
        guard peek != nil else { throw failure("a quotation mark that ends the text") }
        index += 1
        return String(characters[start..<index - 1])
    }

    /// An integer, a decimal, or bytes. Bytes are computed in whole numbers, so `1.5GB` is exact.
    mutating func number() throws(CacheError) -> PolicyValue {
        let start = index
        if peek == "-" { index += 1 }
        var digits = takeDigits()
        guard !digits.isEmpty else { throw failure("a digit") }
        var fraction = ""
        var exponent = ""
        if peek == "." {
            index += 1
            fraction = takeDigits()
            guard !fraction.isEmpty else { throw failure("a digit after the point") }
        }
        if peek == "e" || peek == "E" {
            exponent = "e"
            index += 1
            if let sign = peek, sign == "+" || sign == "-" {
                exponent.append(sign)
                index += 1
            }
            let power = takeDigits()
            guard !power.isEmpty else { throw failure("a digit of the exponent") }
            exponent += power
        }
        let literal = String(characters[start..<index])
        if exponent.isEmpty, let unit = takeUnit() {
            digits += fraction
            guard let bytes = Self.bytes(digits, fractionDigits: fraction.count, unit: unit.bytes),
                literal.first != "-"
            else {
                throw failure(at: start, literal + unit.name, "a whole number of bytes below 2^63")
            }
            return .bytes(bytes)
        }
        if fraction.isEmpty && exponent.isEmpty {
            guard let value = Int(literal) else {
                throw failure(at: start, literal, "an integer within 64 bits")
            }
            return .integer(value)
        }
        guard let value = Double(literal), value.isFinite else {
            throw failure(at: start, literal, "a finite number")
        }
        return .decimal(value)
    }

    mutating func expectEnd() throws(CacheError) {
        skipSpaces()
        guard index == characters.count else { throw failure("\"+\" or the end of the text") }
    }

    // MARK: Characters

    var peek: Character? { index < characters.count ? characters[index] : nil }

    mutating func skipSpaces() {
        while let next = peek, next.isWhitespace { index += 1 }
    }

    mutating func take(_ expected: Character) -> Bool {
        skipSpaces()
        guard peek == expected else { return false }
        index += 1
        return true
    }

    mutating func name(_ expected: String) throws(CacheError) -> String {
        skipSpaces()
        let start = index
        guard let first = peek, Self.isLetter(first) else { throw failure(expected) }
        while let next = peek, Self.isLetter(next) || Self.isDigit(next) || "_-".contains(next) {
            index += 1
        }
        return String(characters[start..<index])
    }

    mutating func takeDigits() -> String {
        let start = index
        while let next = peek, Self.isDigit(next) { index += 1 }
        return String(characters[start..<index])
    }

    mutating func takeUnit() -> (name: String, bytes: Int)? {
        var end = index
        while end < characters.count, Self.isLetter(characters[end]) { end += 1 }
        let word = String(characters[index..<end])
        guard
            let unit = PolicyValue.units.first(where: { $0.name.lowercased() == word.lowercased() })
        else { return nil }
        index = end
        return unit
    }

    /// `digits * unit / 10^fractionDigits`, if that is a whole number that fits.
    static func bytes(_ digits: String, fractionDigits: Int, unit: Int) -> Int? {
        guard let mantissa = Int(digits) else { return nil }
        let product = mantissa.multipliedReportingOverflow(by: unit)
        guard !product.overflow else { return nil }
        var value = product.partialValue
        for _ in 0..<fractionDigits {
            guard value % 10 == 0 else { return nil }
            value /= 10
        }
        return value
    }

    // ASCII only: a digit with a combining mark compares between "0" and "9" too.
    static func isDigit(_ character: Character) -> Bool {
        character.isASCII && character.isWholeNumber
    }
    static func isLetter(_ character: Character) -> Bool {
        character.isASCII && character.isLetter
    }

    // MARK: Errors

    func failure(_ expected: String) -> CacheError {
        failure(at: index, peek.map { "\"\($0)\"" } ?? "the end of the text", expected)
    }

    func failure(at index: Int, _ got: String, _ expected: String) -> CacheError {
        .malformedPolicy(text: text, column: index + 1, got: got, expected: expected)
    }
}
