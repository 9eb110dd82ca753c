// Published vectors: llama.cpp's, swift-transformers', and goldens made with the original libraries.

import Foundation
@testable import MartletTokenizers
import Testing

@Suite(.enabled(if: Fixtures.hasData)) struct VectorTests {
    @Test(arguments: [
        ("gpt2", "gpt2/ggml-vocab-gpt-2.gguf"), ("qwen2", "qwen2/ggml-vocab-qwen2.gguf"),
        ("llama2", "llama2/ggml-vocab-llama-spm.gguf"),
    ])
    func llamaCpp(name: String, file: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let input = String(
            decoding: try Fixtures.bytes("tokenizers/\(file).inp"), as: UTF8.self)
        let output = String(
            decoding: try Fixtures.bytes("tokenizers/\(file).out"), as: UTF8.self)
        let texts = input.components(separatedBy: "\n__ggml_vocab_test__\n")
        let expected = output.components(separatedBy: "\n")
        #expect(texts.count >= 40)
        try #require(expected.count >= texts.count)
        for (index, text) in texts.enumerated() {
            let ids = expected[index].split(separator: " ").compactMap { Int32($0) }
            #expect(tokenizer.encode(text, addSpecialTokens: false) == ids, "\(text)")
            #expect(try tokenizer.decode(ids) == decoded(text, name), "\(text)")
        }
    }

    /// Qwen2 composes text; everything else comes back as it was.
    private func decoded(_ text: String, _ name: String) -> String {
        name == "qwen2" ? text.canonicallyComposed : text
    }

    @Test(arguments: ["gpt2", "qwen2", "llama2"])
    func goldens(name: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let root = try #require(
            try Fixtures.json("tokenizers/goldens/goldens.json") as? [String: Any])
        let texts = try #require(root["texts"] as? [String])
        let ids = try #require((root["ids"] as? [String: [[Int32]]])?[name])
        for (text, expected) in zip(texts, ids) {
            #expect(tokenizer.encode(text, addSpecialTokens: false) == expected, "\(text)")
        }
    }

    @Test func mistralSentencePiece() throws {
        let tokenizer = try Tokenizer(
            sentencePieceModel: Fixtures.bytes(
                "tokenizers/mistral/mistral_instruct_tokenizer_240323.model.v3"))
        let root = try #require(
            try Fixtures.json("tokenizers/goldens/goldens.json") as? [String: Any])
        let texts = try #require(root["texts"] as? [String])
        let ids = try #require((root["ids"] as? [String: [[Int32]]])?["mistral_v3"])
        for (text, expected) in zip(texts, ids) {
            #expect(tokenizer.encode(text, addSpecialTokens: false) == expected, "\(text)")
        }
    }

    @Test func encodedFiles() throws {
        let gpt2 = try #require(
            try Fixtures.json("tokenizers/gpt2/gpt2_encoded_tokens.json") as? [String: Any])
        var text = try #require(gpt2["text"] as? String)
        var ids = try #require(gpt2["token_ids"] as? [Int32])
        var tokenizer = try Fixtures.tokenizer("gpt2")
        #expect(tokenizer.encode(text) == ids)
        #expect(try tokenizer.decode(ids) == gpt2["decoded_text"] as? String)
        let pieces = try #require(gpt2["bpe_tokens"] as? [String])
        #expect(pieces.map { tokenizer.id(of: $0) } == ids.map { Optional($0) })

        let llama = try #require(
            try Fixtures.json("tokenizers/llama2/llama_encoded.json") as? [String: Any])
        text = try #require(llama["text"] as? String)
        ids = try #require(llama["token_ids"] as? [Int32])
        tokenizer = try Fixtures.tokenizer("llama2")
        #expect(tokenizer.encode(text) == ids)
        #expect(try tokenizer.decode(ids) == llama["decoded_text"] as? String)
        #expect(try tokenizer.decode(ids, skipSpecialTokens: true) == text)
    }

    @Test(arguments: [
        ("gpt2", "distilgpt2"), ("llama2", "coreml-projects/Llama-2-7b-chat-coreml"),
    ])
    func swiftTransformers(name: String, key: String) throws {
        let tokenizer = try Fixtures.tokenizer(name)
        let root = try #require(
            try Fixtures.json("tokenizers/goldens-swift-transformers/tokenizer_tests.json")
                as? [String: Any])
        let cases = try #require(root[key] as? [[String: Any]])
        for item in cases {
            let text = try #require(item["input"] as? String)
            let ids = try #require((item["encoded"] as? [String: Any])?["input_ids"] as? [Int32])
            #expect(tokenizer.encode(text) == ids, "\(text)")
            #expect(try tokenizer.decode(ids, skipSpecialTokens: true) == text)
            if name == "llama2" {
                #expect(try tokenizer.decode(ids) == item["decoded_with_special"] as? String)
            }
        }
    }

    @Test(arguments: ["stories260K", "bytegpt-950K"])
    func modelDirectories(name: String) throws {
        let data = try #require(Fixtures.data)
        let tokenizer = try Tokenizer.load(
            directory: data.appendingPathComponent("models/\(name)").path)
        let goldens = try #require(
            try Fixtures.json("models/\(name)/golden.json") as? [[String: Any]])
        for golden in goldens {
            let prompt = try #require(golden["prompt"] as? String)
            #expect(tokenizer.encode(prompt) == golden["prompt_ids"] as? [Int32])
            let ids = try #require(golden["greedy_ids"] as? [Int32])
            let text = try #require(golden["greedy_text"] as? String)
            #expect(try tokenizer.decode(ids, skipSpecialTokens: true) == text)
            var stream = tokenizer.makeStreamDecoder()
            var streamed = ""
            for id in ids { streamed += stream.append(id) }
            #expect(streamed + stream.finish() == text)
        }
        #expect(tokenizer.vocabularySize == (name == "stories260K" ? 512 : 256))
        if name == "stories260K" {
            #expect(tokenizer.bosToken == 1)
            #expect(tokenizer.eosTokens == [2])
        }
    }

    @Test func longWordsAndBooksRoundTrip() throws {
        for name in ["gpt2", "qwen2", "llama2"] {
            let tokenizer = try Fixtures.tokenizer(name)
            let long = String(repeating: "a", count: 20_000)
            let ids = tokenizer.encode(long, addSpecialTokens: false)
            #expect(try tokenizer.decode(ids) == long)
            let text = String(
                decoding: try Fixtures.bytes("corpora/multilingual/vi_xquad_contexts.txt")
                    .prefix(60_000), as: UTF8.self)
            let book = tokenizer.encode(text, addSpecialTokens: false)
            #expect(try tokenizer.decode(book) == decoded(text, name))
            // The cache of the first encoding must not change the second.
            #expect(tokenizer.encode(text, addSpecialTokens: false) == book)
        }
    }
}
