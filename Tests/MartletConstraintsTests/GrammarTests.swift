// Grammars in both notations, and outlines.

import MartletTestSupport
import Testing

@testable import MartletConstraints

@Suite struct GrammarTests {
    private func constraint(_ constraint: Constraint) throws -> TokenConstraint {
        try TokenConstraint(constraint, vocabulary: Texts.vocabulary)
    }

    @Test func arithmetic() throws {
        let grammar = try constraint(
            .grammar(
                """
                # Sums of products.
                root  ::= (expr "=" ws term "\\n")+
                expr  ::= term ([-+*/] term)*
                term  ::= ident | num |
                  "(" ws expr ")" ws
                ident ::= [a-z] [a-z0-9_]* ws
                num   ::= [0-9]+ ws
                ws    ::= [ \\t]*
                """))
        for text in ["x=y\n", "a+1*(b -2)= 12\nq=1\n", "((((1))))=a\n"] {
            #expect(grammar.matches(text.utf8), "\(text)")
        }
        for text in ["", "x=y", "(x=y\n", "x+=y\n", "1a=b\n", "x=y\n "] {
            #expect(!grammar.matches(text.utf8), "\(text)")
        }
        let deep =
            String(repeating: "(", count: 2000) + "1" + String(repeating: ")", count: 2000) + "=1\n"
        #expect(grammar.matches(deep.utf8))
    }

    @Test func notation() throws {
        let grammar = try constraint(
            .grammar(
                #"root ::= [^"\\\x7F-\uFFFF]{2,3} "é\"\x41\U0001F600"? . [a\]b-]{0,1} ("" | x-1)"#
                    + "\nx-1 ::= \"z\""))
        for text in ["abq", "abcé\"A😀q", "ab€]", "abq-z", "ab😀bz"] {
            #expect(grammar.matches(text.utf8), "\(text)")
        }
        for text in ["ab", "a\"q", "abcdqq", "abqyy"] {
            #expect(!grammar.matches(text.utf8), "\(text)")
        }
    }

    @Test(arguments: [
        ("root ::= root \"a\" | \"b\"", "left recursion"),
        ("root ::= a\na ::= b? c\nb ::= \"x\"\nc ::= a", "left recursion"),
        ("root ::= x", "no rule x"), ("a ::= \"x\"", "no rule root"),
        ("root ::= \"a", "closing quote"), ("root ::= [a", "without its ]"),
        ("root ::= (\"a\"", "without its )"), ("root ::= \"a\"{3,2}", "from 3 to 2"),
        ("root ::= <think>", "tokens in grammars"), ("root = \"a\"", "expected ::="),
        ("root ::= \"a\"\nroot ::= \"b\"", "twice"), ("root ::= \"\\q\"", "escape"),
        ("root ::= a\na ::= \"x\" a", "no text matches"),
        ("root ::= \"a\"{9999999}", "more than"),
        ("root ::= " + String(repeating: "(", count: 500), "nest deeper"),
    ]) func refusals(text: String, says: String) throws {
        let error = #expect(throws: ConstraintError.self) { try constraint(.grammar(text)) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test func lark() throws {
        let grammar = try constraint(
            .lark(
                """
                // Calls.
                ?start: call ("," call)* [";"]
                call: NAME "(" (value ("," value)~0..2)? ")" -> called
                value: NUMBER
                     | "yes"i
                     | call
                NAME.2: /[a-z_]\\w*/
                NUMBER: "0".."9" /[0-9]/~0..2
                """))
        for text in ["f()", "f(1,YeS),g_1(h(12));"] {
            #expect(grammar.matches(text.utf8), "\(text)")
        }
        for text in ["f", "f(1,)", "f(1234)", "f(1,2,3,4)", "1()"] {
            #expect(!grammar.matches(text.utf8), "\(text)")
        }
        let error = #expect(throws: ConstraintError.self) {
            try constraint(.lark("start: \"a\"\n%ignore /\\s/"))
        }
        #expect(error?.description.contains("%ignore") == true)
    }

    @Test func outlines() throws {
        let call = Outline.sequence([
            .text("\n{\"name\": "), .choice([.text("\"add\""), .text("\"sub\"")]),
            .text(", \"arguments\": "),
            .matching(
                .jsonSchema(
                    #"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}"#
                )),
            .text("}\n</tool_call>"),
        ])
        let outline = try constraint(
            .outline(.triggered([.init("<tool_call>", call)], isRequired: false)))
        let right = "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>"
        for text in ["", "hello <tool", "<<tool_call", "x\(right)", "\(right)y\(right)z"] {
            #expect(outline.matches(text.utf8), "\(text)")
        }
        for text in [
            "<tool_call>", "x<tool_call>y", "\(right)<tool_call>", right.dropLast().description,
        ] {
            #expect(!outline.matches(text.utf8), "\(text)")
        }
        let required = try constraint(
            .outline(.triggered([.init("<tool_call>", call)], isRequired: true)))
        #expect(!required.matches("hello".utf8) && required.matches(right.utf8))
        #expect(
            String(decoding: required.shortestCompletion(required.start), as: UTF8.self).hasPrefix(
                "<tool_call>"))
    }

    @Test func whatComesAfterThoughts() throws {
        let tokens = Texts.vocabulary
        let thinking = TokenVocabulary(
            tokens: (0..<Int32(256)).map { Array(tokens.bytes(of: $0)) } + [nil, nil],
            endTokens: [257], special: [256: "</think>"])
        let constraint = try TokenConstraint(
            .outline(.after("</think>", .matching(.jsonSchema(#"{"type":"integer"}"#)))),
            vocabulary: thinking)
        #expect(constraint.matches("a thought 1</think>\n12".utf8))
        #expect(!constraint.matches("12".utf8) && !constraint.matches("x</think>x</think>1".utf8))
        // The special token ends thoughts too, and may not come inside of the value.
        #expect(try constraint.tokens(after: constraint.start).contains(256))
        // What stands for it is not to be spelled by tokens of single bytes.
        #expect(try !constraint.tokens(after: constraint.start).contains(0xFF))
        let thought = try #require(constraint.state(constraint.start, afterBytes: "x 1".utf8))
        let answer = try #require(constraint.state(thought, after: 256))
        let set = try constraint.tokens(after: answer)
        #expect(set.contains(Int32(UInt8(ascii: "1"))) && !set.contains(Int32(UInt8(ascii: "x"))))
        #expect(!set.contains(256) && !set.contains(257))
    }

    @Test func repetitions() throws {
        let list = try constraint(
            .outline(.repetition(.matching(.regex("[ab]")), least: 2, most: 3, separator: ", ")))
        #expect(list.matches("a, b".utf8) && list.matches("a, b, a".utf8))
        #expect(
            !list.matches("a".utf8) && !list.matches("a, b, a, b".utf8) && !list.matches("a, ".utf8)
        )
        #expect(throws: ConstraintError.self) {
            try constraint(.outline(.repetition(.text("a"), least: 3, most: 2, separator: "")))
        }
    }

    /// A quote at the very end opens a text and closes none.
    @Test func textsEndInBothNotations() throws {
        for text in ["\"", "\"a", "\"a\\", "\"a\\\""] {
            #expect(throws: ConstraintError.self, "\(text)") {
                try BackusNaurParser.parse("root ::= \(text)")
            }
            #expect(throws: ConstraintError.self, "\(text)") {
                try LarkParser.parse("start: \(text)")
            }
        }
        let empty = try TokenConstraint(
            .grammar("root ::= \"\" \"a\" # comment"), vocabulary: Texts.vocabulary)
        #expect(empty.matches("a".utf8) && !empty.matches("".utf8))
    }
}
