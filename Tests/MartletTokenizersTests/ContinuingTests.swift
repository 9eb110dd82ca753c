// A text that goes on has the tokens that it has when it is encoded from its beginning.

import Foundation
import MartletTestSupport
import Testing

@testable import MartletTokenizers

@Suite struct ContinuingTests {
    /// Tokenizers of the four kinds that cut at spaces, with merges across what awkward texts are made of.
    static let names = ["gpt2", "qwen2", "llama3", "smollm"]

    private static func tokenizer(
        _ name: String, added: [String]? = nil, normalizer: String? = nil,
        postProcessor: String = "null"
    ) throws -> Tokenizer {
        let merges = [
            ("a", "b"), ("Ġ", "a"), ("Ġ", "ab"), ("Ġ", "Ġ"), ("l", "l"), ("'", "ll"), ("e", "r"),
            ("1", "2"), ("12", "3"), ("Ġ", "l"), ("Ċ", "Ċ"), ("S", "t"), ("r", "e"), ("v", "e"),
        ]
        func split(_ expression: String) -> String {
            #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"#
                + Fixtures.quoted(expression)
                + #"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","#
                + #""add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}"#
        }
        let byteLevel =
            #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#
        let preTokenizer =
            switch name {
            case "qwen2": split(WordExpression.wordsText(#"\p{N}"#))
            case "llama3": split(WordExpression.wordsText(#"\p{N}{1,3}"#))
            case "smollm":
                #"{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},"#
                    + byteLevel + "]}"
            default: byteLevel
            }
        return try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(
                merges: merges, preTokenizer: preTokenizer,
                normalizer: normalizer ?? (name == "qwen2" ? #"{"type":"NFC"}"# : "null"),
                addedTokens: added ?? [
                    #"{"id":900,"content":"<|end|>","special":true}"#,
                    #"{"id":901,"content":"ab<","lstrip":true,"normalized":true}"#,
                    #"{"id":902,"content":"'","single_word":true}"#,
                ], postProcessor: postProcessor))
    }

    private static let pieces = ["<|end|>", "ab<", "'ll", "ab ", " 12", "a  b", "the ", "\n\n"]

    private static func text(_ random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            text += random.awkwardText(maximumLength: 6)
            text += pieces.randomElement(using: &random) ?? ""
        }
        return text
    }

    @Test(arguments: names) func tokensAreThoseOfTheWholeText(name: String) throws {
        let tokenizer = try Self.tokenizer(name)
        var random = SeededGenerator(seed: 5)
        var cuts = 0
        for _ in 0..<4000 {
            let first = Array(Self.text(&random).utf8)
            let whole = first + Array(Self.text(&random).utf8)
            let earlier = EncodedText(utf8: first, tokens: try tokenizer.encode(utf8: first))
            if tokenizer.lastFixedPlace(in: earlier) != nil { cuts += 1 }
            let continued = try tokenizer.encode(utf8: whole, continuing: earlier)
            let expected = try tokenizer.encode(utf8: whole)
            let second = String(decoding: whole[first.count...], as: UTF8.self)
            #expect(
                continued == expected,
                "\(String(decoding: first, as: UTF8.self).debugDescription), \(second.debugDescription)"
            )
        }
        // Or this would say nothing.
        #expect(cuts > 1000)
    }

    /// A long conversation is cut near its end, not at its beginning.
    @Test(arguments: names) func theLastWordsAreEncoded(name: String) throws {
        let tokenizer = try Self.tokenizer(name)
        let text = Array(String(repeating: "the table is set for 12 of us, ", count: 400).utf8)
        let earlier = EncodedText(utf8: text, tokens: try tokenizer.encode(utf8: text))
        let place = try #require(tokenizer.lastFixedPlace(in: earlier))
        #expect(text.count - place.byte == " us, ".utf8.count)
        #expect(
            try tokenizer.encode(utf8: Array(text[..<place.byte]))
                == Array(earlier.tokens[..<place.token]))
        // A line without a space is no place to look for one for long.
        let line = text + Array(String(repeating: "x", count: 9000).utf8)
        #expect(
            tokenizer.lastFixedPlace(
                in: EncodedText(utf8: line, tokens: try tokenizer.encode(utf8: line))) == nil)
    }

    @Test func aTextThatDoesNotGoOnIsEncoded() throws {
        let tokenizer = try Self.tokenizer("gpt2")
        let first = Array("ab ab ab".utf8)
        let earlier = EncodedText(utf8: first, tokens: try tokenizer.encode(utf8: first))
        for other in ["", "ab", "ba ab ab ab", "ab ab ab"] {
            let bytes = Array(other.utf8)
            #expect(
                try tokenizer.encode(utf8: bytes, continuing: earlier)
                    == (try tokenizer.encode(utf8: bytes)))
        }
        #expect(throws: TokenizerError.self) {
            try tokenizer.encode(utf8: first + [0xFF], continuing: earlier)
        }
    }

    /// Where a token may reach across a space, or spaces become something else, everything is encoded.
    @Test func othersHaveNoPlace() throws {
        let right = #"{"id":900,"content":"ab","rstrip":true}"#
        let spaced = #"{"id":900,"content":"b a"}"#
        let prepended = #"{"type":"Prepend","prepend":"a"}"#
        var tokenizers = [
            try Self.tokenizer("gpt2", added: [right]), try Self.tokenizer("gpt2", added: [spaced]),
            try Tokenizer(tokenizerJSON: Fixtures.fallbackJSON()),
        ]
        if let tokenizer = try? Self.tokenizer("gpt2", normalizer: prepended) {
            tokenizers.append(tokenizer)
        }
        let text = Array("ab ab b ab".utf8)
        for tokenizer in tokenizers {
            let earlier = EncodedText(utf8: text, tokens: try tokenizer.encode(utf8: text))
            #expect(tokenizer.lastFixedPlace(in: earlier) == nil)
            let whole = text + text
            #expect(
                try tokenizer.encode(utf8: whole, continuing: earlier)
                    == (try tokenizer.encode(utf8: whole)))
        }
    }

    @Test(.enabled(if: Fixtures.hasData), arguments: ["gpt2", "qwen2", "llama2"])
    func publishedTokenizersGoOn(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let root = try #require(
            try Fixtures.json("tokenizers/goldens/goldens.json") as? [String: Any])
        let texts = try #require(root["texts"] as? [String])
        for (first, second) in zip(texts, texts.dropFirst()) {
            let earlier = EncodedText(
                utf8: Array(first.utf8), tokens: try tokenizer.encode(utf8: Array(first.utf8)))
            let whole = Array((first + second).utf8)
            #expect(
                try tokenizer.encode(utf8: whole, continuing: earlier)
                    == (try tokenizer.encode(utf8: whole)))
        }
    }
}
