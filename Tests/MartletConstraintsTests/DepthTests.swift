// Small constraints that would nest deep or multiply: neither a thread's stack nor its time ends.

import Foundation
import MartletTestSupport
import Testing

@testable import MartletConstraints

@Suite struct DepthTests {
    /// What compiling a constraint and asking for its first tokens says, on a thread with a small stack; nil where
    /// nothing is wrong.
    private func refusal(_ constraint: Constraint) async -> String? {
        let vocabulary = Texts.vocabulary
        return await withCheckedContinuation { continuation in
            let thread = Thread {
                do throws(ConstraintError) {
                    let made = try TokenConstraint(constraint, vocabulary: vocabulary)
                    let set = try made.tokens(after: made.start)
                    continuation.resume(returning: set.count > 0 ? nil : "no token")
                } catch { continuation.resume(returning: error.description) }
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
    }

    private func made(_ constraint: Constraint) throws -> TokenConstraint {
        try TokenConstraint(constraint, vocabulary: Texts.vocabulary)
    }

    private func times(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    @Test func repetitionsOfRepetitions() async throws {
        #expect(await refusal(.grammar("root ::= \"a\" \"b\"" + times("?*+", 10_000))) == nil)
        #expect(
            await refusal(.grammar("root ::= \"a\"" + times("{2}", 20_000)))?.contains("repeated")
                == true)
        let nested = times("(", 90) + "\"a\"" + times("{1,2}{1,3})", 90)
        _ = await refusal(.grammar("root ::= \"b\" | \(nested)"))
        let grammar = try made(.grammar("root ::= \"a\"?+ \"b\"{2}{2} \"c\"+? \"d\"?? \"e\"++"))
        for text in ["bbbbe", "aabbbbccdee"] { #expect(grammar.matches(text.utf8), "\(text)") }
        for text in ["bbbe", "bbbbb", "bbbbdde", "bbbb"] {
            #expect(!grammar.matches(text.utf8), "\(text)")
        }
    }

    @Test func longParts() async throws {
        let name = times("k", 30_000)
        #expect(
            await refusal(.jsonSchema("{\"type\":\"object\",\"properties\":{\"\(name)\":{}}}"))
                == nil)
        #expect(
            await refusal(.grammar("root ::= (" + times("[ab]", 30_000) + ") \"c\"")) == nil)
        // Of such an intersection the bounds may be reached, but not those of the stack.
        let pattern = times("a[bc]", 2000)
        _ = await refusal(
            .jsonSchema("{\"type\":\"string\",\"minLength\":1,\"pattern\":\"^\(pattern)$\"}"))
    }

    @Test func partsThatMayBeLeftOut() async throws {
        #expect(await refusal(.regex(times("a?", 1000) + "z")) == nil)
        let parts = times("\"a\"? \"b\"? \"c\"? ", 7000)
        #expect(await refusal(.grammar("root ::= \(parts)"))?.contains("parts") == true)
        let letters = (0..<20).map { "\(UnicodeScalar(UInt8(97 + $0)))?" }.joined()
        let constraint = try made(.regex(letters))
        #expect(constraint.matches("acet".utf8) && !constraint.matches("ca".utf8))
    }

    @Test func chainsOfRules() async throws {
        let chain = (0..<9000).map { "r\($0) ::= r\($0 + 1)" }.joined(separator: "\n")
        #expect(
            await refusal(.grammar("root ::= r0\n\(chain)\nr9000 ::= \"a\" | \"\""))?
                .contains("begin with each other") == true)
    }

    @Test func alternativesThatMultiply() async throws {
        let many = Array(repeating: "true", count: 30_000).joined(separator: ",")
        let ways = "combine in more than 512 ways"
        for schema in [
            "{\"oneOf\":[\(many)]}", "{\"anyOf\":[\(many)],\"oneOf\":[true,true]}",
        ] {
            #expect(await refusal(.jsonSchema(schema))?.contains(ways) == true)
        }
        let constants = (0..<400).map { "{\"const\":\($0)}" }.joined(separator: ",")
        #expect(
            await refusal(.jsonSchema("{\"oneOf\":[\(constants)]}"))?.contains("79800 pairs")
                == true)
    }

    @Test func constantsBesideLists() throws {
        let both = try Texts.constraint(#"{"enum":[1,2,3],"const":2}"#)
        #expect(both.matches("2".utf8) && !both.matches("1".utf8))
        let keys = try Texts.constraint(
            #"{"type":"object","propertyNames":{"enum":["a","b"],"const":"b"},"minProperties":1}"#)
        #expect(keys.matches(#"{"b":1}"#.utf8) && !keys.matches(#"{"a":1}"#.utf8))
        #expect(throws: ConstraintError.self) {
            try Texts.constraint(#"{"enum":[[1,2,3]],"minItems":3,"maxItems":1}"#)
        }
    }

    /// What completions take is not taken from the tokens after them.
    @Test func completionsHaveTheirOwnAllowance() throws {
        let constraint = try made(.regex("(?:[ab]cde){120000}"))
        _ = try constraint.tokens(after: constraint.start)
        let before = constraint.stateCount
        #expect(
            constraint.shortestCompletion(constraint.start, limit: 1 << 20).count == 480_000)
        #expect(constraint.stateCount - before > Automaton.nodesOfAToken)
        #expect(!constraint.hasFailed)
    }
}
