/// The parts that every JSON text is made of.

import MartletJSON

/// Expressions of JSON's own syntax.
struct JSONParts {
    let automaton: Automaton
    /// A space, or a line break with up to 20 blanks, or nothing. Longer space lets models go on for ever.
    let space: Expression
    /// A character of a string, written in any way.
    let character: Expression
    /// A character of a string, written as itself unless it must be escaped.
    let plainCharacter: Expression
    let colon: Expression
    let objectMarks: Punctuation
    let arrayMarks: Punctuation
    /// Any value.
    let anything: Expression
    var patterns: PatternCompiler

    init(_ automaton: Automaton) throws(ConstraintError) {
        self.automaton = automaton
        let blanks = automaton.repeated(automaton.set(ByteSet(" \t".utf8)), 0, 20)
        let space = automaton.choice([
            .empty, automaton.literal(" "), automaton.sequence(automaton.literal("\n"), blanks),
        ])
        self.space = space
        patterns = PatternCompiler(automaton, .json)
        plainCharacter = patterns.scalars(.all)
        character = Self.everyCharacter(automaton, &patterns)
        colon = automaton.sequence(automaton.literal(":"), space)
        func marks(_ closing: String) -> Punctuation {
            Punctuation(
                first: space, separator: automaton.sequence(automaton.literal(","), space),
                closing: automaton.literal(closing),
                spacedClosing: automaton.sequence(space, automaton.literal(closing)))
        }
        objectMarks = marks("}")
        arrayMarks = marks("]")
        anything = automaton.declareRule(isNullable: false)
        let quote = automaton.literal("\"")
        let string = automaton.sequence([quote, automaton.repeated(character, 0), quote])
        let array = automaton.array(
            ArrayLayout(
                first: [], rest: anything, least: 0, most: Automaton.endless,
                punctuation: arrayMarks))
        let object = automaton.object(
            ObjectLayout(
                entries: [], additional: automaton.sequence([string, colon, anything]), least: 0,
                most: Automaton.endless, punctuation: objectMarks))
        automaton.define(
            anything,
            as: automaton.choice([
                string, array, object, automaton.literal("true"), automaton.literal("false"),
                automaton.literal("null"), try NumberLanguage(automaton).numbers(SchemaShape()),
            ]))
    }

    private static func everyCharacter(_ automaton: Automaton, _ patterns: inout PatternCompiler)
        -> Expression
    {
        func hexadecimal(_ text: String) -> Expression {
            automaton.set(ByteSet(text.utf8))
        }
        let any = hexadecimal("0123456789abcdefABCDEF")
        let letter = automaton.literal("u")
        let plain = automaton.choice([
            automaton.sequence([hexadecimal("0123456789abcefABCEF"), any, any, any]),
            automaton.sequence([hexadecimal("dD"), hexadecimal("01234567"), any, any]),
        ])
        let pair = automaton.sequence([
            hexadecimal("dD"), hexadecimal("89abAB"), any, any, automaton.literal("\\u"),
            hexadecimal("dD"), hexadecimal("cdefCDEF"), any, any,
        ])
        let escape = automaton.sequence(
            automaton.literal("\\"),
            automaton.choice([
                automaton.set(ByteSet("\"\\/bfnrt".utf8)),
                automaton.sequence(letter, automaton.choice([plain, pair])),
            ]))
        return automaton.choice([patterns.scalars(JSONSpelling.escaped.inverted), escape])
    }

    /// A string of so many characters.
    func string(_ least: Int32, _ most: Int32) -> Expression {
        quoted(automaton.repeated(character, least, most))
    }

    /// A text between quotes.
    func quoted(_ content: Expression) -> Expression {
        let quote = automaton.literal("\"")
        return automaton.sequence([quote, content, quote])
    }

    /// One value, in any of its usual layouts.
    func constant(_ value: JSONValue) -> Expression {
        switch value {
        case .array(let elements):
            return list("[", elements.map { constant($0) }, arrayMarks)
        case .object(let object):
            return list(
                "{",
                object.members.map {
                    automaton.sequence([
                        automaton.literal(JSONSpelling.string($0.key)), colon, constant($0.value),
                    ])
                }, objectMarks)
        default: return automaton.literal(JSONSpelling.scalar(value))
        }
    }

    private func list(_ opening: String, _ parts: [Expression], _ marks: Punctuation) -> Expression
    {
        var all = [automaton.literal(opening), marks.first]
        for (index, part) in parts.enumerated() {
            if index > 0 { all.append(marks.separator) }
            all.append(part)
        }
        all.append(parts.isEmpty ? marks.closing : marks.spacedClosing)
        return automaton.sequence(all)
    }

    /// Any of the values.
    func constants(_ values: [JSONValue]) -> Expression {
        var scalars: [[UInt8]] = []
        var others: [Expression] = []
        for value in values {
            switch value {
            case .array, .object: others.append(constant(value))
            default: scalars.append(JSONSpelling.scalar(value))
            }
        }
        return automaton.choice(others + [automaton.literals(scalars)])
    }
}

extension JSONSpelling {
    /// A value that is no array and no object, as it is written.
    static func scalar(_ value: JSONValue) -> [UInt8] {
        switch value {
        case .string(let text): string(text)
        case .number(let value): number(value)
        default: value.serialized()
        }
    }
}

extension Automaton {
    /// An object with its opening bracket.
    func object(_ layout: ObjectLayout) -> Expression {
        objects.append(layout)
        return sequence(literal("{"), members(of: Int32(objects.count - 1)))
    }

    /// An array with its opening bracket.
    func array(_ layout: ArrayLayout) -> Expression {
        arrays.append(layout)
        return sequence(literal("["), items(of: Int32(arrays.count - 1)))
    }
}
