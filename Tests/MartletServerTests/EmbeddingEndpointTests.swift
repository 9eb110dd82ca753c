/// Vectors and ranks, by an encoder of a few numbers.

import Foundation
import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct EmbeddingEndpointTests {
    /// A golden checkpoint of BERT with a tokenizer of words, in a folder of its own.
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appending(
            path: "martlet-server-\(UUID().uuidString)")

        init() throws {
            let golden = URL(filePath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent()
                .appending(path: "MartletModelsTests/EncoderGoldens/bert")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for name in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(
                    at: golden.appending(path: name), to: url.appending(path: name))
            }
            let words = ["[UNK]", "[CLS]", "[SEP]", "a", "bird", "bread", "is", "of", "sky"]
            let vocabulary = words.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
            let special = [1, 2].map {
                """
                {"id": \($0), "content": "\(words[$0])", "special": true, "single_word": false, "lstrip": false,
                 "rstrip": false, "normalized": false}
                """
            }
            let tokenizer = """
                {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "decoder": null,
                 "added_tokens": [\(special.joined(separator: ","))], "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "TemplateProcessing", "pair": [],
                   "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                              {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                   "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]},
                                      "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                   "max_input_chars_per_word": 100, "vocab": {\(vocabulary)}}}
                """
            try tokenizer.write(
                to: url.appending(path: "tokenizer.json"), atomically: true, encoding: .utf8)
        }

        deinit { try? FileManager.default.removeItem(at: url) }
    }

    private func server(_ folder: borrowing Folder) async throws -> TestServer {
        let configuration = ServerConfiguration()
        let service = Service(configuration)
        service.begin(
            with: try await ServedModel.load(
                folder.url.path(), options: ModelOptions(), configuration: configuration))
        return TestServer(serving: Server(service))
    }

    @Test func anEncoderHasNoCache() throws {
        let folder = try Folder()
        var options = ModelOptions()
        options.memoryBudget = 1 << 40
        let entry = ModelFleet.Entry(
            folder.url.path(), options: options, isKept: false,
            configuration: ServerConfiguration())
        let bytes = try #require(entry.estimatedBytes())
        #expect(bytes > 0 && bytes < 1 << 40)
        withExtendedLifetime(folder) {}
    }

    @Test func vectorsAreThoseOfTheLibrary() async throws {
        let folder = try Folder()
        let server = try await server(folder)
        let texts = ["a bird", "bread of sky", "bird bird"]
        let json = try await server.post(
            "/v1/embeddings", ["input": .array(texts.map { .string($0) })]
        ).json()
        let expected = try await EmbeddingModel.load(folder.url.path()).embed(texts)
        for (index, vector) in expected.vectors.enumerated() {
            let got = json["data.\(index).embedding"].arrayValue?.compactMap(\.doubleValue) ?? []
            #expect(got.map(Float.init) == vector)
        }
        let tokens = expected.tokenCounts.reduce(0, +)
        #expect(json["usage.prompt_tokens"].intValue == tokens)

        let base64 = try await server.post(
            "/embeddings", ["input": "a bird", "encoding_format": "base64"]
        ).json()
        let data = try #require(
            base64["data.0.embedding"].stringValue.flatMap { Data(base64Encoded: $0) })
        let floats = data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
        #expect(floats == expected.vectors[0])
        // The same text by its tokens, those around it included.
        let byTokens = try await server.post("/v1/embeddings", ["input": [1, 3, 4, 2]]).json()
        let got = byTokens["data.0.embedding"].arrayValue?.compactMap(\.doubleValue) ?? []
        #expect(got.map(Float.init) == expected.vectors[0])

        let wrapped = try await server.post(
            "/v1/embeddings",
            [
                "input": [
                    ["prompt_string": "a bird"],
                    [
                        "content": [
                            ["type": "text", "text": "a "], ["type": "text", "text": "bird"],
                        ]
                    ],
                ]
            ]
        ).json()
        for index in 0..<2 {
            #expect(wrapped["data.\(index).embedding"] == json["data.0.embedding"])
        }

        let ollama = try await server.post("/api/embed", ["input": ["a bird", "sky"]]).json()
        #expect(ollama["embeddings"].arrayValue?.count == 2)
        let older = try await server.post("/api/embeddings", ["prompt": "a bird"]).json()
        #expect(older["embedding"] == json["data.0.embedding"])
    }

    @Test func textsAreRankedByTheirCosines() async throws {
        let folder = try Folder()
        let server = try await server(folder)
        let documents = ["bread of sky", "a bird", "is"]
        let json = try await server.post(
            "/v1/rerank",
            [
                "query": "a bird", "documents": .array(documents.map { .string($0) }), "top_n": 2,
                "return_documents": true,
            ]
        ).json()
        #expect(json["results"].arrayValue?.count == 2)
        #expect(json["results.0.index"] == 1)
        #expect(json["results.0.document.text"] == "a bird")
        #expect(abs((json["results.0.relevance_score"].doubleValue ?? 0) - 1) < 1e-5)
        let bare = try await server.post(
            "/rerank", ["query": "a bird", "texts": .array(documents.map { .string($0) })]
        ).json()
        #expect(bare["0.index"] == 1)
    }

    @Test func whatIsWrongIsRefused() async throws {
        let folder = try Folder()
        let server = try await server(folder)
        let long = Array(repeating: "bird", count: 60).joined(separator: " ")
        let refused = await server.post("/v1/embeddings", ["input": .string(long)])
        #expect(refused.status == 400)
        #expect(try refused.json()["error.message"].stringValue?.contains("too large") == true)
        // Ollama's API cuts unless it is told not to.
        #expect(await server.post("/api/embed", ["input": .string(long)]).status == 200)
        #expect(
            await server.post("/api/embed", ["input": .string(long), "truncate": false]).status
                == 400)
        for (input, path) in [
            ([] as JSONValue, "input"), (3, "input"), (["a", [true]], "input.1.0"),
            ([[999]], "input.0.0"),
        ] {
            let answer = await server.post("/v1/embeddings", ["input": input])
            #expect(answer.status == 400)
            #expect(try answer.json()["error.param"].stringValue == path)
        }
        // It generates nothing, and says so.
        let chat = await server.post(
            "/v1/chat/completions", ["messages": [["role": "user", "content": "Hi"]]])
        #expect(chat.status == 501)
        #expect(await server.send("GET", "/v1/models").status == 200)
    }
}
