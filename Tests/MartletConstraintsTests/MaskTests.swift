// Every bit of every mask, against one byte at a time; and what masks lead to, against a plain validator.

import MartletJSON
import MartletTestSupport
import Testing

@testable import MartletConstraints

@Suite struct MaskTests {
    private static let fixed = [
        #"{"type":"string"}"#, #"{"type":"string","maxLength":9}"#,
        #"{"type":"string","pattern":"^[a-z]{3,40}$"}"#,
        #"{"type":"string","maxLength":40,"minLength":3}"#,
        #"{"type":"object","properties":{"name":{"type":"string"},"value":{"type":"number"}}}"#,
        "true",
        #"{"type":"string","format":"date-time"}"#,
        #"{"enum":["ab","abc","a longer text without any quotes"]}"#,
        #"{"type":"string","pattern":"^(?:ab*|[^a]{1,35})$"}"#,
        #"{"type":"string","not":{"enum":["name","value","ab"]}}"#,
    ]

    /// Walks tokens that masks allow, and looks at every bit on the way.
    private func walk(_ constraint: TokenConstraint, _ random: inout SeededGenerator, steps: Int)
        throws -> [UInt8]
    {
        let vocabulary = constraint.vocabulary
        var state = constraint.start
        var text: [UInt8] = []
        for _ in 0..<steps {
            let set = try constraint.tokens(after: state)
            var allowed: [Int32] = []
            for token in 0..<Int32(vocabulary.count) {
                let isEnd = vocabulary.endTokens.contains(token)
                let next = constraint.state(state, after: token)
                let expected = isEnd ? constraint.isComplete(state) : next != nil
                if set.contains(token) != expected {
                    Issue.record(
                        "token \(token) after \(String(decoding: text, as: UTF8.self)): \(set.contains(token))"
                    )
                }
                if next != nil { allowed.append(token) }
            }
            #expect(
                set.count == allowed.count
                    + (constraint.isComplete(state) ? vocabulary.endTokens.count : 0))
            #expect(set.count > 0)
            guard !allowed.isEmpty else { break }
            let token = allowed[random.below(allowed.count)]
            text += vocabulary.bytes(of: token)
            state = try #require(constraint.state(state, after: token))
        }
        let rest = constraint.shortestCompletion(state)
        #expect(rest.count == constraint.shortestLength(state))
        let end = try #require(constraint.state(state, afterBytes: rest))
        #expect(constraint.isComplete(end))
        return text + rest
    }

    @Test(arguments: fixed) func everyBit(schema: String) throws {
        var random = SeededGenerator(seed: 7)
        let constraint = try Texts.constraint(schema)
        let validator = try PlainValidator(schema)
        for _ in 0..<2 {
            let text = try walk(constraint, &random, steps: 14)
            let value = try Texts.parse(String(decoding: text, as: UTF8.self))
            #expect(validator.isValid(value), "\(String(decoding: text, as: UTF8.self))")
        }
    }

    /// Schemas of all kinds: what masks lead to is valid, and what is valid is accepted.
    @Test func randomSchemas() throws {
        var random = SeededGenerator(seed: 11)
        var (accepted, invalid, refused) = (0, 0, 0)
        for index in 0..<60 {
            var maker = SchemaMaker(seed: UInt64(index))
            let schema = maker.schema(depth: 2)
            let text = String(decoding: schema.serialized(), as: UTF8.self)
            guard let constraint = try? Texts.constraint(text) else {
                refused += 1
                continue
            }
            let validator = PlainValidator(schema)
            let walked = try walk(constraint, &random, steps: 6)
            let value = try Texts.parse(String(decoding: walked, as: UTF8.self))
            #expect(
                validator.isValid(value),
                "\(text) allowed \(String(decoding: walked, as: UTF8.self))")
            for _ in 0..<20 {
                let instance = maker.instance(of: schema, depth: 3)
                let isValid = validator.isValid(instance)
                if Texts.orders(instance).count > 200 { continue }
                if isValid { accepted += 1 } else { invalid += 1 }
                #expect(
                    Texts.accepts(constraint, instance) == isValid,
                    "\(text) and \(String(decoding: Texts.spelled(instance), as: UTF8.self)): \(isValid)"
                )
            }
        }
        // The cases are no use unless all kinds of them come up.
        #expect(
            accepted > 150 && invalid > 150 && refused < 25, "\(accepted) \(invalid) \(refused)")
    }
}
