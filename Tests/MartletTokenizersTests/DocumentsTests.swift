// Metadata as files of a directory, and files as metadata: the same tokenizer both ways.

import Foundation
import MartletJSON
import MartletTestSupport
@testable import MartletTokenizers
import Testing

@Suite struct DocumentsTests {
    /// The tokenizer of the files that are written for metadata.
    private static func written(_ metadata: TokenizerMetadata) throws -> TokenizerFiles {
        let documents = try TokenizerDocuments(metadata, maximumTokens: 512)
        return TokenizerFiles(
            source: "written",
            files: [
                "tokenizer.json": documents.tokenizer.serialized(),
                "tokenizer_config.json": JSONValue.object(documents.configuration).serialized(),
            ])
    }

    private static func metadata(
        kind: String, _ tokens: [String], types: [Int32], merges: [String] = [],
        scores: [Float] = []
    ) -> TokenizerMetadata {
        var metadata = TokenizerMetadata(
            source: "model.gguf", kind: kind, tokens: tokens.map { Array($0.utf8)[...] })
        metadata.types = types
        metadata.merges = merges.map { Array($0.utf8)[...] }
        metadata.scores = scores
        return metadata
    }

    /// Texts of letters, spaces, digits and marks in any order.
    private static func texts(_ letters: String, seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        return (0..<200).map { _ in
            String(
                (0..<Int.random(in: 0...24, using: &random)).map { _ in
                    letters.randomElement(using: &random) ?? "a"
                })
        }
    }

    private static func expectSame(
        _ first: Tokenizer, _ second: Tokenizer, _ texts: [String], _ name: String
    ) throws {
        for text in texts {
            let ids = first.encode(text)
            #expect(second.encode(text) == ids, "\(name): \(text.debugDescription)")
            #expect(try second.decode(ids) == first.decode(ids), "\(name)")
        }
    }

    /// Both ways: metadata to files, and those files to metadata again.
    private static func expectRoundTrip(
        _ metadata: TokenizerMetadata, _ texts: [String], _ name: String
    ) throws {
        let files = try written(metadata)
        let (first, second) = (try Tokenizer(metadata: metadata), try Tokenizer.load(files))
        try expectSame(first, second, texts, name)
        let back = try TokenizerMetadata(of: files)
        try expectSame(first, try Tokenizer(metadata: back), texts, name + " back")
        #expect(back.notes.isEmpty, "\(back.notes)")
    }

    @Test(arguments: MetadataTests.vocabularies) func publishedVocabularies(path: String) throws {
        let metadata = try MetadataFixture.read(path)
        guard metadata.kind != "t5", let input = FileManager.default.contents(atPath: path + ".inp")
        else { return }
        let texts = String(decoding: input, as: UTF8.self)
            .components(separatedBy: "\n__ggml_vocab_test__\n")
        try Self.expectRoundTrip(
            metadata, texts + ["aaaaaaaa ======= \n\n\n\n x", "<s>[INST] a</s>"], path)
    }

    /// Every expression that cuts words has a text, which is read as the same expression.
    @Test func expressionsAreWrittenAsTheyAreRead() throws {
        for entry in PreTokenizerNames.all {
            for step in entry.steps {
                guard case .split(let expression, _, _) = step else { continue }
                let text = try #require(expression.text, "\(entry.names)")
                #expect(WordExpression(text) == expression, "\(text)")
            }
        }
        for text in [#"[^\n\]\-a-c]{2,5}|\s?\p{Nd}{3}"#, #"[^\s\p{L}\p{Ll}]{2,}"#, #"\^?\&+"#] {
            let runs = try #require(CharacterRuns(expression: text))
            #expect(CharacterRuns(expression: try #require(runs.text)) == runs, "\(text)")
        }
        // What only a named pre-tokenizer finds has no name in expressions.
        #expect(CharacterRuns.one(CharacterClass.isolated).text == nil)
    }

    @Test func bytePairsWithSpecialTokens() throws {
        let alphabet = (0...255).map { String(decoding: ByteAlphabet.spell([$0]), as: UTF8.self) }
        let texts = Self.texts("abc 1\né", seed: 1) + ["ab<|end|>a", "<x>b", "[PAD259]"]
        for (name, prefixes) in [("gpt-2", false), ("smollm", true), ("llama-bpe", false)] {
            var base = Self.metadata(
                kind: "gpt2", alphabet + ["ab", "Ġa", "<|end|>", "[PAD259]", "<x>", "abb"],
                types: [Int32](repeating: 1, count: 258) + [3, 5, 4, 1],
                merges: ["a b", "Ġ a", "ab b"])
            base.preTokenizer = name
            base.prefixesSpace = prefixes
            (base.bos, base.eos, base.addsEos) = (258, 258, true)
            try Self.expectRoundTrip(base, texts, name)
            let documents = try TokenizerDocuments(base, maximumTokens: 99)
            #expect(documents.ends == [258])
            #expect(documents.configuration["eos_token"]?.stringValue == "<|end|>")
            #expect(documents.configuration["model_max_length"]?.intValue == 99)
        }
    }

    /// A vocabulary of bytes alone: words may be cut in any way, so the first name stands for no rule at all.
    @Test func bytesAlone() throws {
        let json = Fixtures.byteLevelJSON(
            merges: [],
            preTokenizer:
                #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}"#
        )
        let files = TokenizerFiles(source: "bytes", files: ["tokenizer.json": json])
        let metadata = try TokenizerMetadata(of: files)
        #expect(metadata.preTokenizer == "gpt-2" && metadata.merges.isEmpty)
        try Self.expectSame(
            try Tokenizer.load(files), try Tokenizer(metadata: metadata),
            Self.texts("abc 1\né", seed: 2), "bytes")
    }

    @Test func piecesWithScores() throws {
        let bytes = (0...255).map { String(decoding: BPEModel.byteToken($0), as: UTF8.self) }
        let pieces = ["▁", "a", "b", "aa", "ab", "▁a", "aab", "▁ab", "aaaa", "ba"]
        var base = Self.metadata(
            kind: "llama", ["<unk>", "<s>", "</s>"] + bytes + pieces + ["  "],
            types: [2, 3, 3] + [Int32](repeating: 6, count: 256)
                + [Int32](repeating: 1, count: pieces.count) + [4],
            scores: [Float](repeating: 0, count: 259)
                + [-10, -10, -10, -1, -2, -3, -4, -5, -6, -7] + [0])
        let texts = Self.texts("aab é\n", seed: 3) + ["aaaaaaaaa", "ab</s>ab"]
        for prefixes in [true, false] {
            base.prefixesSpace = prefixes
            try Self.expectRoundTrip(base, texts, "prefix \(prefixes)")
        }
    }

    @Test func wordPieces() throws {
        let tokens = [
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁[unused0]", "▁ab", "c", "▁!", "▁▁",
        ]
        for (lowercases, strips) in [(true, true), (false, true), (true, false)] {
            var base = Self.metadata(
                kind: "bert", tokens, types: [3, 3, 3, 3, 3, 1, 1, 1, 1, 1])
            (base.unknown, base.classification, base.separator) = (1, 2, 3)
            (base.padding, base.mask) = (0, 4)
            (base.lowercases, base.stripsAccents) = (lowercases, strips)
            try Self.expectRoundTrip(
                base, Self.texts("abcABC! äç", seed: 4) + ["abc[MASK]!"], "\(lowercases)")
            let back = try TokenizerMetadata(of: Self.written(base))
            #expect(back.tokens == base.tokens && back.types == base.types)
            #expect(back.lowercases == lowercases && back.stripsAccents == strips)
            #expect((back.padding, back.mask) == (0, 4))
        }
    }

    private static func message(_ work: () throws(TokenizerError) -> Void) -> String {
        do throws(TokenizerError) {
            try work()
            return "no error"
        } catch { return error.description }
    }

    @Test func whatHasNoWordsIsSaid() throws {
        func metadata(_ json: [UInt8]) throws(TokenizerError) -> TokenizerMetadata {
            try TokenizerMetadata(
                of: TokenizerFiles(source: "files", files: ["tokenizer.json": json]))
        }
        let composed = Fixtures.byteLevelJSON(normalizer: #"{"type":"NFC"}"#)
        #expect(try metadata(composed).notes.count == 1)
        let lowercase = Fixtures.byteLevelJSON(normalizer: #"{"type":"Lowercase"}"#)
        #expect(
            Self.message { () throws(TokenizerError) in _ = try metadata(lowercase) }
                .contains("normalisation"))
        let uncut = Fixtures.byteLevelJSON(
            preTokenizer:
                #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}"#
        )
        #expect(
            Self.message { () throws(TokenizerError) in _ = try metadata(uncut) }
                .contains("cuts no words"))
        var unigram = Self.metadata(
            kind: "t5", ["<pad>", "</s>", "<unk>", "a"], types: [3, 3, 2, 1])
        unigram.scores = [0, 0, 0, -1]
        #expect(
            Self.message { () throws(TokenizerError) in
                _ = try TokenizerDocuments(unigram, maximumTokens: 1)
            }.contains("Unigram"))
    }

    /// Merges in an order that no score of what they make has.
    @Test func mergesThatAreNoScores() throws {
        func json(_ merges: String) -> [UInt8] {
            let bytes = (UInt8(0)...255).map {
                "\"\(String(decoding: BPEModel.byteToken($0), as: UTF8.self))\":\($0)"
            }.joined(separator: ",")
            return Array(
                ("{\"added_tokens\":[],\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},"
                    + "\"content\":\"▁\"},\"model\":{\"type\":\"BPE\",\"byte_fallback\":true,"
                    + "\"vocab\":{\(bytes),\"a\":256,\"b\":257,\"aa\":258,\"ab\":259,\"aab\":260},"
                    + "\"merges\":[\(merges)]}}").utf8)
        }
        func files(_ merges: String) -> TokenizerFiles {
            TokenizerFiles(source: "files", files: ["tokenizer.json": json(merges)])
        }
        let good = files("\"a a\",\"a b\",\"a ab\",\"aa b\"")
        try Self.expectSame(
            try Tokenizer.load(good), try Tokenizer(metadata: TokenizerMetadata(of: good)),
            Self.texts("aab", seed: 5), "scores")
        for bad in ["\"a a\",\"a b\",\"aa b\"", "\"a ab\",\"a a\",\"a b\",\"aa b\""] {
            #expect(
                Self.message { () throws(TokenizerError) in
                    _ = try TokenizerMetadata(of: files(bad))
                }
                .contains("no scores"), "\(bad)")
        }
    }
}
