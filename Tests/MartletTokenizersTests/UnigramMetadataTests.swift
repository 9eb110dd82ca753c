// Unigram vocabularies as metadata: the same tokens, or a sentence that says what has no words there.

import Foundation
import MartletJSON
import MartletTestSupport
@testable import MartletTokenizers
import Testing

@Suite struct UnigramMetadataTests {
    private static func metadata(_ json: [UInt8], _ others: [String: [UInt8]] = [:])
        throws(TokenizerError) -> TokenizerMetadata
    {
        try TokenizerMetadata(
            of: TokenizerFiles(
                source: "files", files: others.merging(["tokenizer.json": json]) { $1 }))
    }

    private static func message(_ work: () throws(TokenizerError) -> Void) -> String {
        do throws(TokenizerError) {
            try work()
            return "no error"
        } catch { return error.description }
    }

    /// A vocabulary with a normaliser and rules for spaces.
    private static func json(
        _ pieces: [(String, Double)] = pieces, normalizer: String = "null",
        spaces: String = metaspace, unknown: String = "2", bytes: Bool = false
    ) -> [UInt8] {
        let vocabulary = pieces.map { "[\(Fixtures.quoted($0.0)),\($0.1)]" }.joined(separator: ",")
        let special = ["<pad>", "</s>", "<unk>"].enumerated().map {
            #"{"id":\#($0.offset),"content":"\#($0.element)","single_word":false,"lstrip":false,"#
                + #""rstrip":false,"normalized":false,"special":true}"#
        }
        return Array(
            """
            {"version":"1.0","added_tokens":[\(special.joined(separator: ","))],"normalizer":\(normalizer),
            "pre_tokenizer":\(spaces),"post_processor":{"type":"TemplateProcessing",
            "single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],"pair":[],
            "special_tokens":{"</s>":{"id":"</s>","ids":[1],"tokens":["</s>"]}}},
            "decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},
            "model":{"type":"Unigram","unk_id":\(unknown),"vocab":[\(vocabulary)],"byte_fallback":\(bytes)}}
            """.utf8)
    }

    private static let metaspace =
        #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#
    private static let split =
        #"{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},\#(metaspace)]}"#
    private static let pieces: [(String, Double)] = [
        ("<pad>", 0), ("</s>", 0), ("<unk>", 0), ("▁", -3), ("a", -4), ("b", -4.5), ("▁a", -2),
        ("ab", -3.5), ("▁ab", -3), ("ba", -4), ("é", -6), ("▁ba", -5), ("aab", -5.5),
    ]

    private static func texts(seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        return (0..<300).map { _ in
            String(
                (0..<Int.random(in: 0...16, using: &random)).map { _ in
                    "aaabbb  éx".randomElement(using: &random) ?? "a"
                })
        }
    }

    /// Of words without the spaces around them, and of texts whose spaces count.
    @Test(arguments: [(split, true), (metaspace, false)]) func spacesAreKept(
        spaces: String, merges: Bool
    ) throws {
        let json = Self.json(spaces: spaces)
        let config: [String: [UInt8]] = [
            "tokenizer_config.json": Array(#"{"eos_token": "</s>"}"#.utf8)
        ]
        let metadata = try Self.metadata(json, config)
        #expect(metadata.kind == "t5" && metadata.unknown == 2)
        #expect(metadata.removesExtraWhitespace == merges && metadata.prefixesSpace == true)
        #expect(metadata.addsEos == true && metadata.addsBos == false && metadata.eos == 1)
        #expect(metadata.notes.contains { $0.contains("begins with one") } != merges)
        let (first, second) = (
            try Tokenizer(tokenizerJSON: json), try Tokenizer(metadata: metadata)
        )
        for text in Self.texts(seed: 5) + ["a</s>b", " ab", "ab "] {
            // A text of nothing is a mark in one program, nothing in the other.
            guard !text.isEmpty, !(text.allSatisfy { $0 == " " }) else { continue }
            // One mark more, as is said.
            if !merges, text.hasPrefix(" ") { continue }
            #expect(second.encode(text) == first.encode(text), "\(text.debugDescription)")
        }
    }

    /// What is asked of readers is what the trained tokenizers of this package need.
    @Test func whatIsTrainedHereIsWritten() throws {
        var training = TokenizerTraining(kind: .unigram, vocabularySize: 60)
        let text = "kalo miren aaa kalo bomiren aakalo lomi renka bobo mika"
        try training.add(Array(text.utf8))
        let json = training.tokenizerJSON()
        let (first, second) = (
            try Tokenizer(tokenizerJSON: json), try Tokenizer(metadata: Self.metadata(json))
        )
        for text in [text, "kalomi  aa", "miren"] {
            #expect(second.encode(text) == first.encode(text), "\(text)")
        }
    }

    /// T5's own vocabulary: from SentencePiece's file all tokens are the same, from its JSON but for rare characters.
    @Test(.enabled(if: Fixtures.hasData)) func publishedVocabularies() throws {
        let model = try Fixtures.bytes("tokenizers/t5/sentencepiece.model")
        let written = try TokenizerMetadata(
            of: TokenizerFiles(source: "files", files: ["tokenizer.model": model]))
        #expect(!written.charsmap.isEmpty && written.removesExtraWhitespace == true)
        let json = try Self.metadata(Fixtures.bytes("tokenizers/t5/tokenizer.json"))
        #expect(json.charsmap == written.charsmap)
        #expect(json.notes.contains { $0.contains("table of characters") })
        let tokenizers = [
            try Tokenizer(sentencePieceModel: model), try Tokenizer(metadata: written),
            try Tokenizer(metadata: json),
        ]
        let file = try #require(
            try Fixtures.json("tokenizers/t5/t5_base_encoded.json") as? [String: Any])
        let text = (file["text"] as? String) ?? "Translate this, ﬁrst:  a ½ of ﾊﾝ and naïve text."
        for line in text.split(separator: "\n").map(String.init).prefix(200) where !line.isEmpty {
            let ids = tokenizers.map { $0.encode(line, addSpecialTokens: false) }
            #expect(ids[1] == ids[0], "\(line)")
            #expect(ids[2] == ids[0], "\(line)")
        }
    }

    @Test func whatHasNoWordsIsSaid() throws {
        func refusal(_ json: [UInt8]) -> String {
            Self.message { () throws(TokenizerError) in _ = try Self.metadata(json) }
        }
        #expect(refusal(Self.json(unknown: "null")).contains("unknown characters"))
        #expect(
            refusal(Self.json(normalizer: #"{"type":"Lowercase"}"#)).contains("rules of its own"))
        #expect(refusal(Self.json(spaces: #"{"type":"WhitespaceSplit"}"#)).contains("rules of"))
        #expect(refusal(Self.json(Self.pieces + [("a▁b", -2)])).contains("'a▁b'"))
        let ends =
            #"{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}"#
        #expect(
            try Self.metadata(Self.json(normalizer: ends)).notes.contains {
                $0.contains("at the ends")
            })
        let first = Self.metaspace.replacing("always", with: "first")
        #expect(
            try Self.metadata(Self.json(spaces: first)).notes.contains {
                $0.contains("special token")
            })
    }

    /// Without merges, longer tokens than bytes would be a file that nothing reads.
    @Test func longTokensWithoutMergesAreRefused() throws {
        let alone = Fixtures.byteLevelJSON(merges: [])
        #expect(try Self.metadata(alone).preTokenizer == "gpt-2")
        let text = String(decoding: alone, as: UTF8.self)
        let longer = text.replacing(#""Ā":"#, with: #""ab":256,"Ā":"#)
        #expect(longer != text)
        #expect(
            Self.message { () throws(TokenizerError) in
                _ = try Self.metadata(Array(longer.utf8))
            }.contains("without merges"))
    }

    /// A file may name ends that no token is.
    @Test func endsBeyondTheVocabularyAreLeftOut() throws {
        let json = Fixtures.byteLevelJSON()
        func ends(_ generation: String) throws -> (Int?, Int?) {
            let metadata = try Self.metadata(
                json, ["generation_config.json": Array(generation.utf8)])
            return (metadata.eos, metadata.endOfTurn)
        }
        #expect(try ends(#"{"eos_token_id": [7, 100000]}"#) == (7, nil))
        #expect(try ends(#"{"eos_token_id": [100000, 7]}"#) == (7, nil))
        #expect(try ends(#"{"eos_token_id": 100000}"#) == (nil, nil))
        #expect(try ends(#"{"eos_token_id": [7, 8]}"#) == (7, 8))
    }
}
