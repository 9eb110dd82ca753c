/// Strings: lengths, patterns and formats, all at once.

import MartletJSON

extension SchemaCompiler {
    mutating func string(_ shape: SchemaShape) throws(ConstraintError) -> Expression {
        guard shape.types.contains(.string), shape.lengths.least <= shape.lengths.most else {
            return .nothing
        }
        var conditions: [Expression] = []
        for pattern in shape.patterns {
            let place = "\(shape.path)/pattern"
            conditions.append(
                try parts.patterns.anywhere(
                    try PatternParser.parse(pattern, place: place), place: place))
        }
        for format in shape.formats {
            let place = "\(shape.path)/format"
            guard let expression = StringFormats.expressions[format] else {
                throw ConstraintError(
                    place: place,
                    problem: "the format \(quoted(format)) is not supported, expected one of "
                        + StringFormats.expressions.keys.sorted().joined(separator: ", "))
            }
            conditions.append(
                try parts.patterns.whole(
                    try PatternParser.parse(expression, place: place), place: place))
            if let most = StringFormats.longest[format] {
                conditions.append(automaton.repeated(parts.plainCharacter, 0, most))
            }
        }
        if conditions.isEmpty {
            return excluding(shape, parts.string(shape.lengths.least, shape.lengths.most))
        }
        if shape.lengths.least > 0 || shape.lengths.most < Automaton.endless {
            conditions.append(
                automaton.repeated(parts.plainCharacter, shape.lengths.least, shape.lengths.most))
        }
        return excluding(shape, parts.quoted(automaton.both(conditions)))
    }

    private func excluding(_ shape: SchemaShape, _ strings: Expression) -> Expression {
        let texts = shape.excluded.compactMap(\.stringValue)
        guard !texts.isEmpty else { return strings }
        return automaton.both([
            strings,
            automaton.complement(
                parts.quoted(
                    automaton.choice(texts.map { JSONSpelling.everySpelling(of: $0, automaton) }))),
        ])
    }

    /// Whether a pattern matches somewhere in a text.
    mutating func matches(_ pattern: String, _ text: String, _ path: String) throws(ConstraintError)
        -> Bool
    {
        let key = "pattern " + pattern
        if matchers[key] == nil {
            var compiler = PatternCompiler(automaton, .plain)
            matchers[key] = try compiler.anywhere(
                try PatternParser.parse(pattern, place: path), place: path)
        }
        return automaton.matches(matchers[key] ?? .nothing, text.utf8)
    }

    /// Whether a text has a format. An unknown format is refused by name.
    mutating func hasFormat(_ format: String, _ text: String, _ path: String)
        throws(ConstraintError) -> Bool
    {
        guard let expression = StringFormats.expressions[format] else {
            throw ConstraintError(
                place: path, problem: "the format \(quoted(format)) is not supported")
        }
        guard text.unicodeScalars.count <= Int(StringFormats.longest[format] ?? Automaton.endless)
        else {
            return false
        }
        return try matches("^(?:\(expression))$", text, path)
    }
}

extension Automaton {
    /// Whether an expression without rules matches these bytes.
    func matches(_ expression: Expression, _ bytes: some Sequence<UInt8>) -> Bool {
        var state = expression
        for byte in bytes {
            guard state != .nothing else { return false }
            state = row(state)[Int(classes.ofByte[Int(byte)])]
        }
        return isNullable(state)
    }
}
