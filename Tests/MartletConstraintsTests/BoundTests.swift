// Constraints that are made to cost much: they are enforced or refused within bounds.

import MartletJSON
import MartletTestSupport
import Testing

@testable import MartletConstraints

@Suite struct BoundTests {
    /// Follows a constraint for a while. Returns whether it was taken.
    private func walk(_ constraint: Constraint, steps: Int = 12) throws -> Bool {
        let made: TokenConstraint
        do { made = try TokenConstraint(constraint, vocabulary: Texts.vocabulary) } catch {
            #expect(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 })
            #expect(error.description.utf8.count < 2000)
            return false
        }
        var random = SeededGenerator(seed: 3)
        var state = made.start
        for _ in 0..<steps {
            let set = try made.tokens(after: state)
            let allowed = (0..<Int32(made.vocabulary.count)).filter {
                set.contains($0) && !made.vocabulary.endTokens.contains($0)
            }
            guard !allowed.isEmpty else { break }
            state = try #require(made.state(state, after: allowed[random.below(allowed.count)]))
        }
        return true
    }

    @Test func expressionsThatExplode() throws {
        #expect(try walk(.regex("(a|aa)+$")))
        #expect(try walk(.regex("(a*)*b")))
        #expect(try walk(.regex("(?:(?:a{0,100}){0,100}){0,100}b")))
        #expect(try walk(.regex("(.*)(.*)(.*)(.*)(.*)[^a]*x")))
        #expect(try walk(.regex("[ab]*a[ab]{20}")))
        #expect(try walk(.regex(".{1000000}")))
        #expect(try walk(.regex("\\p{L}{3,200}")))
        #expect(
            try !walk(
                .regex(String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000))))
        #expect(try !walk(.regex("a{1000001}")))
        #expect(try !walk(.regex("a{3,2}")))
    }

    /// A completion is looked for at every token: one that nobody could have is not made.
    @Test func completionsAreBounded() throws {
        func constraint(items: Int) throws -> TokenConstraint {
            try Texts.constraint(
                #"{"type":"array","minItems":\#(items),"items":{"type":"string","minLength":300}}"#)
        }
        let long = try constraint(items: 1000)
        #expect(long.shortestLength(long.start) > 300_000)
        #expect(long.completionTokens(long.start) == [])
        let two = try constraint(items: 2)
        for text in ["", "[\"ab", "[\"a\\n"] {
            let state = try #require(two.state(two.start, afterBytes: text.utf8))
            for _ in 0..<2 {
                let rest = two.completionTokens(state).flatMap { two.vocabulary.bytes(of: $0) }
                #expect(rest.count == two.shortestLength(state))
                #expect(two.matches(Array(text.utf8) + rest))
            }
        }
    }

    /// The loops of a compilation look whether it may go on: hardly anything is made when it may not.
    @Test func aCompilationEndsInTheMiddle() throws {
        let slow = Constraint.regex(String(repeating: "a?", count: 400) + "z")
        func made(_ limit: CompileLimit?) throws -> Automaton {
            let automaton = Automaton(limit)
            _ = automaton.liveRow(try ConstraintCompiler.compile(slow, in: automaton))
            return automaton
        }
        let late = try made(CompileLimit(time: .zero))
        #expect(late.failure?.problem.contains("not done after") == true)
        let lonely = try made(CompileLimit(time: .seconds(3600)) { true })
        #expect(lonely.failure?.problem.contains("nobody waits") == true)
        let whole = try made(nil)
        #expect(whole.failure == nil)
        #expect(max(late.children.count, lonely.children.count) * 4 < whole.children.count)
    }

    @Test func schemasThatExplode() throws {
        func object(_ count: Int) -> String {
            "{"
                + (0..<count).map { "\"property \($0)\":{\"type\":\"integer\"}" }.joined(
                    separator: ",") + "}"
        }
        let texts = (0..<5000).map { "\"value \($0 * 7919 % 5000)\"" }.joined(separator: ",")
        #expect(try walk(.jsonSchema("{\"enum\":[\(texts)]}")))
        #expect(try walk(.jsonSchema("{\"type\":\"object\",\"properties\":\(object(300))}")))
        #expect(
            try walk(
                .jsonSchema(
                    #"{"type":"array","maxItems":1000000,"minItems":1000,"items":{"type":"integer"}}"#
                )))
        #expect(try walk(.jsonSchema(#"{"type":"string","maxLength":1000000,"minLength":999999}"#)))
        #expect(
            try walk(.jsonSchema(#"{"type":"string","pattern":"^(a|aa)+$","maxLength":1000000}"#)))
        let anyOf = (0..<300).map {
            "{\"properties\":{\"k\":{\"const\":\($0)}},\"required\":[\"k\"],\"type\":\"object\"}"
        }
        #expect(try walk(.jsonSchema("{\"anyOf\":[\(anyOf.joined(separator: ","))]}")))
        let pair = #"{"anyOf":[{"minimum":1},{"maximum":5}]}"#
        let many = Array(repeating: pair, count: 20).joined(separator: ",")
        #expect(try !walk(.jsonSchema("{\"allOf\":[\(many)]}")))
        var deep = "{\"type\":\"integer\"}"
        for _ in 0..<50 { deep = "{\"type\":\"array\",\"items\":\(deep)}" }
        #expect(try walk(.jsonSchema(deep)))
        for _ in 0..<200 { deep = "{\"items\":\(deep)}" }
        #expect(try !walk(.jsonSchema(deep)))
    }

    /// What is damaged is read or refused, and never ends the process.
    @Test func damagedConstraints() throws {
        let schemas = SemanticsTests.cases.map { Array($0.schema.utf8) }
        var random = SeededGenerator(seed: 21)
        for round in 0..<300 {
            var bytes = schemas[round % schemas.count]
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(32 + random.below(95))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8(ascii: "9"), at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(12), at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try walk(.jsonSchema(text), steps: 2)
            if round.isMultiple(of: 3) {
                _ = try walk(.regex(text), steps: 2)
                _ = try walk(.grammar("root ::= " + text), steps: 2)
                _ = try walk(.lark("start: " + text), steps: 2)
            }
        }
    }
}
