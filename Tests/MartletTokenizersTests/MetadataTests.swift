// Tokenizers made of metadata: llama.cpp's vectors, and what is refused.

import Foundation
@testable import MartletTokenizers
import Testing

@Suite struct MetadataTests {
    /// Vocabularies with texts and their tokens: the shared ones, and those of a folder that the environment names.
    static let vocabularies: [String] = {
        var found: [String] = []
        if let data = Fixtures.data {
            found = ["gpt2/ggml-vocab-gpt-2", "llama2/ggml-vocab-llama-spm"].map {
                data.appendingPathComponent("tokenizers/\($0).gguf").path
            }
        }
        if let folder = ProcessInfo.processInfo.environment["MARTLET_VOCABULARIES"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            found += names.filter { $0.hasSuffix(".gguf") }.sorted().map { folder + "/" + $0 }
        }
        return found
    }()

    @Test(arguments: vocabularies) func vectors(path: String) throws {
        let tokenizer = try Tokenizer(metadata: try MetadataFixture.read(path))
        guard let input = FileManager.default.contents(atPath: path + ".inp"),
            let output = FileManager.default.contents(atPath: path + ".out")
        else { return }
        let texts = String(decoding: input, as: UTF8.self)
            .components(separatedBy: "\n__ggml_vocab_test__\n")
        let expected = String(decoding: output, as: UTF8.self).components(separatedBy: "\n")
        #expect(texts.count >= 40)
        try #require(expected.count >= texts.count)
        for (text, line) in zip(texts, expected) {
            let ids = line.split(separator: " ").compactMap { Int32($0) }
            #expect(
                tokenizer.encode(text, addSpecialTokens: false) == ids, "\(text.debugDescription)")
        }
    }

    private func metadata(
        kind: String, _ tokens: [String], merges: [String] = [], types: [Int32] = []
    ) -> TokenizerMetadata {
        var metadata = TokenizerMetadata(
            source: "model.gguf", kind: kind, tokens: tokens.map { Array($0.utf8)[...] })
        metadata.merges = merges.map { Array($0.utf8)[...] }
        metadata.types = types
        return metadata
    }

    private func message(_ metadata: TokenizerMetadata) -> String {
        do throws(TokenizerError) {
            _ = try Tokenizer(metadata: metadata)
            return "no error"
        } catch { return error.description }
    }

    @Test func namesOfPreTokenizers() {
        var base = metadata(kind: "gpt2", ["a", "b", "ab"], merges: ["a b"])
        #expect(message(base).contains("tokenizer.ggml.pre"))
        base.preTokenizer = "lama-bpe"
        #expect(message(base).contains("'llama-bpe'"))
        base.preTokenizer = "afmoe"
        #expect(message(base).contains("'afmoe', which has rules of its own"))
        for entry in PreTokenizerNames.all {
            #expect(!entry.steps.isEmpty, "\(entry.names)")
            for name in entry.names {
                base.preTokenizer = name
                #expect(message(base) == "no error", "\(name)")
            }
        }
        let names = PreTokenizerNames.all.flatMap(\.names) + PreTokenizerNames.refused
        #expect(Set(names).count == names.count)
        // Every step of the table has been read from its expression.
        #expect(PreTokenizerNames.entry("deepseek-llm")?.steps.count == 6)
        #expect(PreTokenizerNames.entry("deepseek-coder")?.steps.count == 5)
        #expect(PreTokenizerNames.entry("falcon")?.steps.count == 3)
        #expect(PreTokenizerNames.entry("default")?.steps.count == 4)
        #expect(PreTokenizerNames.entry("deepseek-v3")?.steps.count == 3)
        #expect(PreTokenizerNames.entry("viking")?.steps.count == 2)
    }

    @Test func whatDoesNotFitIsRefused() {
        #expect(message(metadata(kind: "rwkv", ["a"])).contains("'rwkv'"))
        #expect(message(metadata(kind: "gpt2", [])).contains("0 tokens"))
        #expect(message(metadata(kind: "gpt2", ["a", "b"], types: [1])).contains("1 types"))
        #expect(message(metadata(kind: "llama", ["a", "b"])).contains("no scores"))
        var pairs = metadata(kind: "gpt2", ["a", "b", "ab"], merges: ["ab"])
        pairs.preTokenizer = "gpt-2"
        #expect(message(pairs).contains("merge 0"))
        pairs.merges = [Array("a b".utf8)[...]]
        pairs.bos = 3
        #expect(message(pairs).contains("bos_token_id is 3"))
        pairs.bos = -1
        #expect(message(pairs).contains("bos_token_id is -1"))
        pairs.bos = nil
        pairs.merges = []
        #expect(message(pairs).contains("no merges"))
    }

    @Test func endsAreFoundByTheirTexts() throws {
        var base = metadata(
            kind: "gpt2", ["a", "b", "ab", "<|im_end|>", "<|end|>", "<|return|>"],
            merges: ["a b"], types: [1, 1, 1, 3, 3, 3])
        base.preTokenizer = "qwen2"
        base.eos = 5
        #expect(try Tokenizer(metadata: base).eosTokens == [5, 3, 4])
        base.tokens.append(Array("<|call|>".utf8)[...])
        base.types.append(3)
        #expect(try Tokenizer(metadata: base).eosTokens == [5, 3, 6])
        // Whichever key names it.
        base.endOfTurn = 4
        #expect(try Tokenizer(metadata: base).eosTokens == [5, 3, 6])
        #expect(try Tokenizer(metadata: base).encode("ab<|im_end|>") == [2, 3])
    }

    @Test func scoresSayWhatMergesFirst() throws {
        var base = metadata(
            kind: "llama", ["<unk>", "<s>", "</s>", "a", "b", "ab", "▁", "ba", "<0xC3>", "<0xA9>"],
            types: [2, 3, 3, 1, 1, 1, 1, 1, 6, 6])
        base.scores = [0, 0, 0, -10, -10, -2, -5, -1, 0, 0]
        let tokenizer = try Tokenizer(metadata: base)
        #expect(tokenizer.encode("abab") == [1, 6, 3, 7, 4])
        #expect(tokenizer.encode("é", addSpecialTokens: false) == [6, 8, 9])
        #expect(try tokenizer.decode([6, 8, 9]) == "é")
        base.prefixesSpace = false
        base.addsBos = false
        #expect(try Tokenizer(metadata: base).encode("ab") == [5])
    }

    @Test func wordPiecesBeginWithMarks() throws {
        var base = metadata(
            kind: "bert", ["[UNK]", "[CLS]", "[SEP]", "▁ab", "c", "▁!"],
            types: [2, 3, 3, 1, 1, 1])
        base.unknown = 0
        base.classification = 1
        base.separator = 2
        let tokenizer = try Tokenizer(metadata: base)
        #expect(tokenizer.encode("ABC! x") == [1, 3, 4, 5, 0, 2])
        #expect(try tokenizer.decode([3, 4, 5]) == "abc !")
    }

    @Test func unigramTakesTheBestSum() throws {
        var base = metadata(
            kind: "t5", ["<pad>", "</s>", "<unk>", "▁a", "b", "▁ab", "c", "bc"],
            types: [3, 3, 2, 1, 1, 1, 1, 1])
        base.scores = [0, 0, 0, -1, -5, -3, -4, -1.5]
        let tokenizer = try Tokenizer(metadata: base)
        #expect(tokenizer.encode("abc") == [3, 7, 1])
        #expect(tokenizer.encode("axyb", addSpecialTokens: false) == [3, 2, 4])
    }
}
