// Vectors of texts through the front door: what a model's files say, options, and what is refused.

import Foundation
import MartletFormats
import MartletModels
import Testing

@testable import Martlet

@Suite struct EmbeddingModelTests {
    private static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("MartletModelsTests/EncoderGoldens")

    /// A copy of a golden checkpoint with a tokenizer of words and files of its own.
    private struct Folder: ~Copyable {
        let url: URL
        var path: String { url.path }

        init(_ golden: String, files: [String: String] = [:]) throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent(
                "martlet-embedding-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for name in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(
                    at: EmbeddingModelTests.goldens.appendingPathComponent("\(golden)/\(name)"),
                    to: url.appendingPathComponent(name))
            }
            var files = files
            files["tokenizer.json"] = EmbeddingModelTests.tokenizer
            for (name, text) in files {
                let file = url.appendingPathComponent(name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try text.write(to: file, atomically: true, encoding: .utf8)
            }
        }

        deinit { try? FileManager.default.removeItem(at: url) }
    }

    /// A copy has the modules and prompts of the first, and gives the same vectors; `inspect` shows them.
    @Test func conversionKeepsPooling() async throws {
        let folder = try Folder(
            "bert",
            files: [
                "modules.json":
                    #"[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},"#
                    + #"{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},"#
                    + #"{"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]"#,
                "1_Pooling/config.json": #"{"pooling_mode_cls_token":true}"#,
                "config_sentence_transformers.json":
                    #"{"prompts":{"query":"q: "},"default_prompt_name":"query"}"#,
            ])
        let copy = folder.path + "/copy"
        #expect(try ModelConversion(folder.path).write(to: copy, as: .directory(.f32)).isEmpty)
        let models = [
            try await EmbeddingModel.load(folder.path), try await EmbeddingModel.load(copy),
        ]
        let vectors = [
            try await models[0].embed(["bird bread"]), try await models[1].embed(["bird bread"]),
        ]
        #expect(vectors[0] == vectors[1])
        #expect(models[1].poolings == [.cls] && models[1].prompts == ["query": "q: "])
        let report = try #require(try EncoderReport(copy))
        #expect(report.pooling.poolings == ["cls"] && report.pooling.normalizes)
        #expect(report.pooling.prompts.map(\.text) == ["q: "])
        #expect(report.family == models[1].family)
        #expect(try EncoderReport("builtin") == nil)
        let listing = try FileListing(copy)
        #expect(
            listing.keys.map(\.name) == [
                "config.json", "modules.json", "config_sentence_transformers.json",
                "1_Pooling/config.json",
            ])
        // Its words are no vocabulary of GGUF's.
        let error = #expect(throws: MartletError.self) {
            try ModelConversion(folder.path).write(to: copy + "/x.gguf", as: .file(.f32))
        }
        #expect(error?.message.contains("WordPiece") == true)
    }

    /// Products after pooling, as EmbeddingGemma has them, are tensors of a file and modules of a directory.
    @Test func productsAfterPoolingAreKept() async throws {
        let module = { (number: Int, name: String) in
            let path = number == 0 ? "" : "\(number)_\(name)"
            return #"{"idx":\#(number),"name":"\#(number)","path":"\#(path)","#
                + #""type":"sentence_transformers.models.\#(name)"}"#
        }
        let names = ["Transformer", "Pooling", "Dense", "Dense", "Normalize"]
        let dense = { (inputs: Int, outputs: Int) in
            #"{"in_features":\#(inputs),"out_features":\#(outputs),"bias":false,"#
                + #""activation_function":"torch.nn.modules.linear.Identity"}"#
        }
        let folder = try Folder(
            "gemma3-bidirectional",
            files: [
                "modules.json":
                    "[" + names.enumerated().map { module($0, $1) }.joined(separator: ",") + "]",
                "1_Pooling/config.json": #"{"pooling_mode_mean_tokens":true}"#,
                "2_Dense/config.json": dense(20, 12), "3_Dense/config.json": dense(12, 20),
            ])
        for (number, shape) in [(2, [12, 20]), (3, [20, 12])] {
            let floats = (0..<240).map { Float(($0 * 37 + number) % 19) / 19 - 0.5 }
            try SafetensorsWriter.write(
                [TensorToWrite(name: "linear.weight", shape: shape, floats: floats)],
                to: folder.path + "/\(number)_Dense/model.safetensors")
        }
        let checkpoint = try Checkpoint(directory: folder.path)
        let recipe = try #require(try EmbeddingRecipe.read(checkpoint))
        #expect(recipe.projections.map(\.outputs) == [12, 20])
        let file = folder.path + "/model.gguf"
        let export = try GGUFExport(
            encoder: checkpoint, name: "x", mix: .f32, pooling: recipe.poolingType,
            dense: recipe.denseTensors())
        try GGUFWriter.write(export.tensors, metadata: export.metadata, to: file)
        let tokens: [[Int32]] = [[3, 4, 5], [9]]
        let expected = try await EmbeddingModel.load(folder.path).embed(tokens: tokens)
        #expect(expected.vectors[0].count == 20)
        #expect(try await EmbeddingModel.load(file).embed(tokens: tokens) == expected)
        let back = folder.path + "/back"
        try ModelConversion(file).write(to: back, as: .directory(.f32))
        #expect(try await EmbeddingModel.load(back).embed(tokens: tokens) == expected)
    }

    private static let words =
        ["[PAD]", "[CLS]", "[SEP]", "[UNK]"] + "abcdefghij".map { String($0) }

    private static let tokenizer: String = {
        let vocabulary = words.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        return """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [
              {"id": 1, "content": "[CLS]", "special": true, "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false},
              {"id": 2, "content": "[SEP]", "special": true, "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false}],
             "normalizer": null, "pre_tokenizer": {"type": "BertPreTokenizer"},
             "post_processor": {"type": "TemplateProcessing",
               "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                          {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
               "pair": [], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]},
                                              "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
             "decoder": null, "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
               "max_input_chars_per_word": 100, "vocab": {\(vocabulary)}}}
            """
    }()

    private static func modules(_ pooling: String, normalizes: Bool = true) -> [String: String] {
        let normalize =
            normalizes
            ? #", {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}"# : ""
        return [
            "modules.json": """
            [{"path": "", "type": "sentence_transformers.models.Transformer"},
             {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}\(normalize)]
            """,
            "1_Pooling/config.json": pooling,
        ]
    }

    /// The vectors of all tokens of one text, by the golden's own test.
    private func tokenVectors(_ model: EmbeddingModel, _ tokens: [Int32]) throws -> [[Float]] {
        guard case .encoder(let encoder) = model.form else { return [] }
        var rows: [[Float]] = []
        let width = encoder.plan.hiddenSize
        try encoder.encode([tokens]) { _, vectors in
            for row in 0..<tokens.count {
                rows.append(Array(vectors[row * width..<(row + 1) * width]))
            }
        }
        return rows
    }

    @Test func poolsAsFilesSay() async throws {
        let modes: [(String, ([[Float]], Int) -> Float)] = [
            ("mean", { rows, i in rows.reduce(0) { $0 + $1[i] } / Float(rows.count) }),
            ("cls", { rows, i in rows[0][i] }),
            ("lasttoken", { rows, i in rows[rows.count - 1][i] }),
            ("max", { rows, i in rows.map { $0[i] }.max() ?? 0 }),
            (
                "mean_sqrt_len_tokens",
                { rows, i in
                    rows.reduce(0) { $0 + $1[i] } / Float(rows.count).squareRoot()
                }
            ),
            (
                "weightedmean",
                { rows, i in
                    let total = Float(rows.count * (rows.count + 1) / 2)
                    return zip(1..., rows).reduce(0) { $0 + Float($1.0) * $1.1[i] } / total
                }
            ),
        ]
        for (mode, expected) in modes {
            let folder = try Folder(
                "bert", files: Self.modules("{\"pooling_mode\": \"\(mode)\"}", normalizes: false))
            let model = try EmbeddingModel(folder.path, options: ModelOptions())
            #expect(model.poolingSource == "1_Pooling/config.json" && !model.normalizes)
            let rows = try tokenVectors(model, [1, 4, 5, 6, 2])
            let result = try await model.embed(["a b c"])
            #expect(result.tokenCounts == [5])
            for (index, got) in result.vectors[0].enumerated() {
                #expect(abs(got - expected(rows, index)) < 1e-5, "\(mode) \(index)")
            }
        }
    }

    @Test func severalPoolingsFollowOneAnother() async throws {
        let folder = try Folder(
            "bert",
            files: Self.modules(
                #"{"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": false}"#,
                normalizes: false))
        let model = try EmbeddingModel(folder.path, options: ModelOptions())
        #expect(model.poolings == [.cls, .max] && model.dimensions == 36)
        #expect(try await model.embed(["a"]).vectors[0].count == 36)
    }

    @Test func normalisesAndShortens() async throws {
        let folder = try Folder("bert", files: Self.modules(#"{"pooling_mode_mean_tokens": true}"#))
        let model = try EmbeddingModel(folder.path, options: ModelOptions())
        var options = EmbeddingOptions()
        let whole = try await model.embed(["a b"]).vectors[0]
        #expect(abs(cosineSimilarity(whole, whole) - 1) < 1e-6)
        #expect(abs(whole.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        options.dimensions = 7
        let short = try await model.embed(["a b"], options: options).vectors[0]
        #expect(short.count == 7 && abs(short.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        #expect(cosineSimilarity(short, Array(whole[..<7])) > 0.99999)
        options.normalizes = false
        let raw = try await model.embed(["a b"], options: options).vectors[0]
        #expect(abs(raw.reduce(0) { $0 + $1 * $1 } - 1) > 1e-3)
        for wrong in [0, 19] {
            options.dimensions = wrong
            await #expect(throws: MartletError.self) {
                try await model.embed(["a"], options: options)
            }
        }
    }

    @Test func longTextsAreCutOrRefused() async throws {
        var files = Self.modules(#"{"pooling_mode_mean_tokens": true}"#)
        files["sentence_bert_config.json"] = #"{"max_seq_length": 5, "do_lower_case": true}"#
        let folder = try Folder("bert", files: files)
        let model = try EmbeddingModel(folder.path, options: ModelOptions())
        #expect(model.maximumTokens == 5)
        let result = try await model.embed(["a b c d e", "A B C", ""])
        // Cut before what ends a text; written small.
        #expect(result.truncated == [0] && result.tokenCounts == [5, 5, 2])
        #expect(result.vectors[0] == result.vectors[1])
        var options = EmbeddingOptions()
        options.longTexts = .refuse
        let error = await #expect(throws: MartletError.self) {
            try await model.embed(["a", "a b c d"], options: options)
        }
        #expect(error?.code == .promptTooLong && error?.subject == "text 1")
        await #expect(throws: MartletError.self) {
            try await model.embed(tokens: [[1, 4, 4, 4, 4, 2]])
        }
        #expect(try await model.embed(tokens: [[1, 4, 5, 6, 2]]).vectors[0] == result.vectors[1])
    }

    @Test func promptsComeFirstAndMayStayOutOfTheMean() async throws {
        var files = Self.modules(#"{"pooling_mode": "mean", "include_prompt": false}"#)
        files["config_sentence_transformers.json"] =
            #"{"prompts": {"query": "a b ", "document": ""}, "default_prompt_name": "query"}"#
        let folder = try Folder("bert", files: files)
        let model = try EmbeddingModel(folder.path, options: ModelOptions())
        #expect(model.prompts["query"] == "a b " && model.defaultPrompt == "a b ")
        var options = EmbeddingOptions()
        options.prompt = model.defaultPrompt
        options.normalizes = false
        let got = try await model.embed(["c"], options: options).vectors[0]
        let rows = try tokenVectors(model, [1, 4, 5, 6, 2])
        for (index, value) in got.enumerated() {
            #expect(abs(value - (rows[3][index] + rows[4][index]) / 2) < 1e-5)
        }
    }

    @Test func aDenseModuleProjects() async throws {
        var files = Self.modules(#"{"pooling_mode": "cls"}"#, normalizes: false)
        files["modules.json"] = """
            [{"path": "", "type": "sentence_transformers.models.Transformer"},
             {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
             {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]
            """
        files["2_Dense/config.json"] =
            #"{"in_features": 18, "out_features": 2, "bias": true, "activation_function": "torch.nn.modules.activation.Tanh"}"#
        let folder = try Folder("bert", files: files)
        let weights = (0..<36).map { Float($0 % 5) * 0.1 }
        let path = folder.path + "/2_Dense/model.safetensors"
        try Self.write(
            ["linear.weight": ([2, 18], weights), "linear.bias": ([2], [0.5, -0.5])], to: path)
        let model = try EmbeddingModel(folder.path, options: ModelOptions())
        #expect(model.dimensions == 2)
        let row = try tokenVectors(model, [1, 4, 2])[0]
        let got = try await model.embed(["a"]).vectors[0]
        for output in 0..<2 {
            let sum = (0..<18).reduce([Float(0.5), -0.5][output]) {
                $0 + weights[output * 18 + $1] * row[$1]
            }
            #expect(abs(got[output] - tanh(sum)) < 1e-5)
        }
    }

    private static func write(_ tensors: [String: ([Int], [Float])], to path: String) throws {
        var header: [String] = []
        var bytes: [UInt8] = []
        for (name, (shape, values)) in tensors.sorted(by: { $0.key < $1.key }) {
            let start = bytes.count
            for value in values { withUnsafeBytes(of: value) { bytes += $0 } }
            header.append(
                "\"\(name)\": {\"dtype\": \"F32\", \"shape\": \(shape), \"data_offsets\": [\(start), \(bytes.count)]}"
            )
        }
        let text = Array(("{" + header.joined(separator: ", ") + "}").utf8)
        var file = withUnsafeBytes(of: UInt64(text.count)) { Array($0) }
        file += text + bytes
        try Data(file).write(to: URL(fileURLWithPath: path))
    }

    /// A decoder without a head: the vectors of all tokens, and the last one, in steps of any length.
    @Test func aDecoderEmbedsByItsLastToken() async throws {
        let folder = try Folder("qwen3", files: Self.modules(#"{"pooling_mode_lasttoken": true}"#))
        let file = try SafetensorsFile(
            path: Self.goldens.appendingPathComponent("qwen3/golden.safetensors").path)
        let tokens = Array(try #require(file["tokens"]).bytes.bindMemory(to: Int32.self))
        let lengths = Array(try #require(file["lengths"]).bytes.bindMemory(to: Int32.self))
        let states = try #require(file["hidden"]).floats()
        var texts: [[Int32]] = []
        for length in lengths {
            let first = texts.reduce(0) { $0 + $1.count }
            texts.append(Array(tokens[first..<first + Int(length)]))
        }
        var all: [[[Float]]] = []
        for rows in [512, 9, 1] {
            var options = ModelOptions()
            options.maximumBatchTokens = rows
            options.threads = rows == 512 ? 2 : 1
            let last = try EmbeddingModel(folder.path, options: options)
            #expect(last.poolings == [.last] && last.dimensions == 20)
            all.append(try await last.embed(tokens: texts).vectors)
            let mean = try EmbeddingModel(folder.path, options: options, pooling: .mean)
            all.append(try await mean.embed(tokens: texts).vectors)
        }
        #expect(all[0] == all[2] && all[0] == all[4] && all[1] == all[3] && all[1] == all[5])
        var first = 0
        for (index, text) in texts.enumerated() {
            let rows = (first..<first + text.count).map { Array(states[$0 * 20..<($0 + 1) * 20]) }
            first += text.count
            #expect(cosineSimilarity(all[0][index], rows[text.count - 1]) > 0.999999)
            let mean = (0..<20).map { channel in rows.reduce(0) { $0 + $1[channel] } }
            #expect(cosineSimilarity(all[1][index], mean) > 0.999999)
        }
    }

    @Test func eachKindOfModelIsRefusedWhereTheOtherIsWanted() async throws {
        let encoder = try Folder("nomic-bert")
        #expect(
            try EmbeddingModel(encoder.path, options: ModelOptions()).poolingSource
                == "usual for nomic_bert")
        let generating = #expect(throws: MartletError.self) {
            try LoadedModel(encoder.path, options: ModelOptions())
        }
        #expect(generating?.message.contains("martlet embed") == true)
        let decoder = try Folder("qwen3")
        let embedding = #expect(throws: MartletError.self) {
            try EmbeddingModel(decoder.path, options: ModelOptions())
        }
        #expect(embedding?.message.contains("martlet generate") == true)
        let unknown = try Folder(
            "bert",
            files: [
                "modules.json": #"[{"path": "", "type": "sentence_transformers.models.CLIPModel"}]"#
            ])
        #expect(throws: MartletError.self) {
            try EmbeddingModel(unknown.path, options: ModelOptions())
        }
    }

    @Test func cancellingEnds() async throws {
        let folder = try Folder("bert")
        let model = try EmbeddingModel(folder.path, options: ModelOptions())
        let task = Task { try await model.embed([String](repeating: "a b c d e f g", count: 600)) }
        task.cancel()
        let error = await #expect(throws: MartletError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }
}
