/// The grammar: trees, canonical text, columns of errors, and random text.

import MartletKernels
import Testing

@testable import MartletCache
@testable import MartletPolicies

@Suite struct PolicyExpressionTests {
    /// A path needs quotation marks only where it has blanks or signs; printed it always has them.
    @Test(arguments: [
        ("duo(gates=/a/b-c.tsv)", "/a/b-c.tsv"), ("duo(gates=file.tsv, sinks=3)", "file.tsv"),
        ("duo(gates=../x/y)", "../x/y"), ("duo(gates=dir/file)", "dir/file"),
        ("duo(gates=\"a b, (c).tsv\")", "a b, (c).tsv"), ("duo(gates = ~/g.tsv )", "~/g.tsv"),
    ]) func pathsAreTexts(text: String, path: String) throws {
        let expression = try PolicyExpression(text)
        #expect(expression.terms[0].arguments[0].value == .text(path))
        #expect(try PolicyExpression(expression.description) == expression)
    }

    @Test func quotationMarksMustEnd() {
        #expect(throws: CacheError.self) { try PolicyExpression("duo(gates=\"abc)") }
    }

    @Test func parsesTheShapesOfTheGrammar() throws {
        let expression = try PolicyExpression(
            "quest(budget=1024, page=16) + kv(q8)+ada( snapkv(share=0.2,fast=true), limit=1.5GB )")
        #expect(expression.terms.map(\.name) == ["quest", "kv", "ada"])
        #expect(
            expression.terms[0].arguments[1] == PolicyArgument(name: "page", value: .integer(16)))
        #expect(expression.terms[1].wrapped?.terms[0].name == "q8")
        let ada = expression.terms[2]
        #expect(ada.wrapped?.terms[0].arguments.map(\.value) == [.decimal(0.2), .boolean(true)])
        #expect(ada.arguments[0].value == .bytes(1_500_000_000))
        #expect(
            expression.description
                == "quest(budget=1024, page=16) + kv(q8) + "
                + "ada(snapkv(share=0.2, fast=true), limit=1500MB)")
        let wrapped = try PolicyExpression("late(a + b(c=1), d=lm-infinite)")
        #expect(wrapped.terms[0].wrapped?.terms.count == 2)
        #expect(wrapped.terms[0].arguments[0].value == .name("lm-infinite"))
    }

    @Test(arguments: [
        ("0", PolicyValue.integer(0)), ("-12", .integer(-12)), ("1e3", .decimal(1000)),
        ("-2.5E-2", .decimal(-0.025)), ("64MB", .bytes(64_000_000)), ("64mib", .bytes(64 << 20)),
        ("0.5KiB", .bytes(512)), ("7B", .bytes(7)), ("0GB", .bytes(0)), ("word", .name("word")),
        ("false", .boolean(false)), ("1000kb", .bytes(1_000_000)),
    ]) func parsesValues(_ text: String, _ value: PolicyValue) throws {
        let expression = try PolicyExpression("p(x=\(text))")
        #expect(expression.terms[0].arguments[0].value == value)
        #expect(try PolicyExpression(expression.description) == expression)
    }

    @Test(arguments: [
        ("", 1), ("  ", 3), ("4", 1), ("a b", 3), ("a(", 3), ("a(x=", 5), ("a(x=)", 5),
        ("a(x=1", 6), ("a(x=1 y=2)", 7), ("a(x=1,)", 7), ("a(x=1,x=2)", 7), ("a(x=1, b)", 8),
        ("a(b, c)", 6), ("a +", 4), ("a + + b", 5), ("a(x=1.)", 7), ("a(x=1e)", 7), ("a(x=-)", 6),
        ("a(x=1.5B)", 5), ("a(x=-1MB)", 5), ("a(x=99999999999999999999)", 5), ("a(x=1e999)", 5),
        ("a(x=9999999TiB)", 5), ("a(x=12parsecs)", 7), ("a)", 2), ("é", 1), ("a(x=5\u{301})", 5),
        ("window(recent≥4)", 14),
    ]) func errorsCarryTheColumn(_ text: String, _ column: Int) {
        #expect {
            try PolicyExpression(text)
        } throws: { error in
            guard case .malformedPolicy(_, let found, _, _)? = error as? CacheError else {
                return false
            }
            return found == column
        }
    }

    @Test func nestingIsBounded() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "a(", count: depth) + "b" + String(repeating: ")", count: depth)
        }
        _ = try PolicyExpression(nested(31))
        #expect(throws: CacheError.self) { try PolicyExpression(nested(32)) }
        #expect(throws: CacheError.self) { try PolicyExpression(nested(200_000)) }
    }

    @Test func canonicalTextParsesBack() throws {
        var generator = CounterRandom(seed: 11)
        for _ in 0..<2000 {
            let expression = randomExpression(&generator, depth: 0)
            let text = expression.description
            let parsed = try PolicyExpression(text)
            #expect(parsed == expression)
            #expect(parsed.description == text)
        }
    }

    @Test func randomTextNeverCrashes() {
        var generator = CounterRandom(seed: 12)
        let alphabet = Array("ab1.9-+=(),eE MBki_\n\u{301}é\u{1F9E0}\"")
        var accepted = 0
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<generator.below(14) {
                text.append(alphabet[generator.below(alphabet.count)])
            }
            guard let expression = try? PolicyExpression(text) else { continue }
            accepted += 1
            #expect((try? PolicyExpression(expression.description)) == expression)
            _ = try? CachePolicy(text)
        }
        #expect(accepted > 100)
    }

    private func randomExpression(
        _ generator: inout CounterRandom, depth: Int
    ) -> PolicyExpression {
        PolicyExpression(
            terms: (0...generator.below(2)).map { _ in
                let isWrapper = depth < 4 && generator.below(3) == 0
                return PolicyTerm(
                    name: randomName(&generator),
                    wrapped: isWrapper ? randomExpression(&generator, depth: depth + 1) : nil,
                    arguments: (0..<generator.below(4)).map { index in
                        PolicyArgument(
                            name: "\(randomName(&generator))\(index)",
                            value: randomValue(&generator))
                    })
            })
    }

    private func randomName(_ generator: inout CounterRandom) -> String {
        let tail = Array("abcXYZ019_-")
        return "n" + String((0..<generator.below(6)).map { _ in tail[generator.below(tail.count)] })
    }

    private func randomValue(_ generator: inout CounterRandom) -> PolicyValue {
        switch generator.below(5) {
        case 0: return .integer(Int(truncatingIfNeeded: generator.next() >> generator.next() % 64))
        case 1:
            let value = Double(bitPattern: generator.next())
            return .decimal(value.isFinite ? value : 0.5)
        case 2: return .boolean(generator.below(2) == 0)
        case 3:
            let unit = PolicyValue.units[generator.below(PolicyValue.units.count)]
            return .bytes(generator.below(2000) * unit.bytes)
        default: return .name(randomName(&generator))
        }
    }
}
