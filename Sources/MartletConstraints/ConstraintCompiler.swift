/// From constraints to expressions.

import MartletJSON

/// Makes expressions of constraints.
struct ConstraintCompiler {
    private let automaton: Automaton
    private var patterns: PatternCompiler
    private var parts: JSONParts?
    private var depth = 0
    private static let maximumDepth = 64

    static func compile(
        _ constraint: Constraint, in automaton: Automaton
    ) throws(ConstraintError) -> Expression {
        var compiler = ConstraintCompiler(
            automaton: automaton, patterns: PatternCompiler(automaton, .plain), parts: nil)
        return try compiler.expression(constraint)
    }

    /// The longest text of a constraint.
    private static let maximumBytes = 4 << 20

    private func check(_ count: Int, _ place: String) throws(ConstraintError) {
        guard count <= Self.maximumBytes else {
            throw ConstraintError(
                place: place,
                problem: "it has \(count) bytes, expected at most \(Self.maximumBytes)")
        }
    }

    private mutating func expression(
        _ constraint: Constraint
    ) throws(ConstraintError) -> Expression {
        switch constraint {
        case .jsonSchema(let text): return try json(text)
        case .jsonObject: return try json("{\"type\":\"object\"}")
        case .regex(let text):
            try check(text.utf8.count, "expression")
            let pattern = try PatternParser.parse(text, place: "expression")
            return try patterns.whole(pattern, place: "expression")
        case .choice(let texts):
            guard !texts.isEmpty, !texts.contains("") else {
                throw ConstraintError(
                    place: "choice", problem: "expected at least one text, and none that is empty")
            }
            try check(texts.reduce(0) { $0 + $1.utf8.count }, "choice")
            return automaton.literals(texts.map { Array($0.utf8) })
        case .grammar(let text):
            try check(text.utf8.count, "grammar")
            return try GrammarCompiler.compile(
                try BackusNaurParser.parse(text), start: "root", in: automaton)
        case .lark(let text):
            try check(text.utf8.count, "grammar")
            return try GrammarCompiler.compile(
                try LarkParser.parse(text), start: "start", in: automaton)
        case .outline(let outline): return try expression(outline)
        }
    }

    private mutating func json(_ schema: String) throws(ConstraintError) -> Expression {
        try check(schema.utf8.count, "#")
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(
                Array(schema.utf8), file: "schema", maximumValues: 1_000_000)
        } catch { throw ConstraintError(place: "#", problem: "\(error)") }
        if parts == nil { parts = try JSONParts(automaton) }
        guard let parts else { return .nothing }
        return try SchemaCompiler.compile(value, in: automaton, parts)
    }

    private mutating func expression(_ outline: Outline) throws(ConstraintError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw ConstraintError(
                place: "outline", problem: "parts nest deeper than \(Self.maximumDepth)")
        }
        switch outline {
        case .text(let text): return automaton.literal(text)
        case .special(let name): return special(name)
        case .until(let marker): return try until(marker, among: [marker])
        case .matching(let constraint): return try expression(constraint)
        case .choice(let parts): return automaton.choice(try expressions(parts))
        case .sequence(let parts): return automaton.sequence(try expressions(parts))
        case .repetition(let part, let least, let most, let separator):
            guard least >= 0, most ?? least >= least, most ?? 0 < Int(Automaton.endless) else {
                throw ConstraintError(
                    place: "outline", problem: "a repetition from \(least) to \(most ?? 0)")
            }
            let one = try expression(part)
            let more = automaton.sequence(automaton.literal(separator), one)
            let bound = most.map { Int32($0) } ?? Automaton.endless
            let some = automaton.sequence(
                one,
                automaton.repeated(
                    more, Int32(max(0, least - 1)),
                    bound == Automaton.endless ? bound : max(0, bound - 1)))
            if bound == 0 { return .empty }
            return least == 0 ? automaton.optional(some) : some
        case .triggered(let triggers, let isRequired):
            return try triggered(triggers, isRequired: isRequired)
        }
    }

    private mutating func expressions(_ parts: [Outline]) throws(ConstraintError) -> [Expression] {
        var result: [Expression] = []
        for part in parts { result.append(try expression(part)) }
        return result
    }

    private func special(_ name: String) -> Expression {
        automaton.literal(TokenVocabulary.bytes(ofSpecial: name))
    }

    private var anyText: Expression {
        mutating get { automaton.repeated(patterns.scalars(.all), 0) }
    }

    /// Any text up to a marker, and the marker. None of the markers stands earlier.
    private mutating func until(_ marker: String, among markers: [String]) throws(ConstraintError)
        -> Expression
    {
        guard !markers.contains("") else {
            throw ConstraintError(place: "outline", problem: "an empty marker; expected a text")
        }
        let any = anyText
        let later = automaton.sequence([
            any, automaton.choice(markers.map { automaton.literal($0) }),
            automaton.repeated(patterns.scalars(.all), 1),
        ])
        let text = automaton.both([
            automaton.sequence(any, automaton.literal(marker)), automaton.complement(later),
        ])
        return automaton.choice([text, automaton.sequence(try without(markers), special(marker))])
    }

    /// Any text without the markers.
    private mutating func without(_ markers: [String]) throws(ConstraintError) -> Expression {
        let any = anyText
        return automaton.both([
            any,
            automaton.complement(
                automaton.sequence([
                    any, automaton.choice(markers.map { automaton.literal($0) }), any,
                ])),
        ])
    }

    private mutating func triggered(
        _ triggers: [Outline.Trigger], isRequired: Bool
    ) throws(ConstraintError) -> Expression {
        guard !triggers.isEmpty else { return isRequired ? .nothing : anyText }
        let markers = triggers.map(\.text)
        let free = try without(markers)
        let again = automaton.declareRule(isNullable: true)
        var ways: [Expression] = []
        for trigger in triggers {
            let begun = try until(trigger.text, among: markers)
            ways.append(automaton.sequence([begun, try expression(trigger.body), again]))
        }
        let some = automaton.choice(ways)
        automaton.define(again, as: automaton.choice([free, some]))
        return isRequired ? some : again
    }
}
