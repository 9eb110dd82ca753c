/// What a GGUF file keeps of how vectors are made of texts, and what it says that it cannot.

import Foundation
import MartletFormats
import MartletKernels
import MartletModels
import Testing

@testable import Martlet

@Suite struct EmbeddingConversionTests {
    private static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "MartletModelsTests/EncoderGoldens").path

    private final class Folder {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-embedding-\(UUID())"

        init() throws {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        }

        /// A golden in it, with files of its own.
        init(_ golden: String, _ files: [String: String]) throws {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            for name in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(
                    atPath: EmbeddingConversionTests.goldens + "/\(golden)/\(name)",
                    toPath: path + "/" + name)
            }
            for (name, text) in files { try write(name, text) }
        }

        func write(_ name: String, _ text: String) throws {
            let url = URL(filePath: path + "/" + name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static func product(_ name: String, _ shape: [Int]) -> GGUFTensorToWrite {
        let floats = (0..<shape[0] * shape[1]).map { Float(($0 * 37 + shape[0]) % 19) / 19 - 0.5 }
        return GGUFTensorToWrite(name: name, type: .plain(.f32), shape: shape) { sink in
            try floats.withUnsafeBytes(sink)
        }
    }

    /// EmbeddingGemma's kind of file, its products in the second of two where it is split.
    private static func write(
        to folder: Folder, pooling: Int?, hasProducts: Bool = true, isSplit: Bool = false
    ) throws -> String {
        let dense =
            hasProducts
            ? [product("dense_2.weight", [12, 20]), product("dense_3.weight", [20, 12])] : []
        let export = try GGUFExport(
            encoder: Checkpoint(directory: goldens + "/gemma3-bidirectional"), name: "x",
            mix: .f32, pooling: pooling, dense: dense)
        let stem = folder.path + "/\(UUID())"
        guard isSplit else {
            try GGUFWriter.write(export.tensors, metadata: export.metadata, to: stem + ".gguf")
            return stem + ".gguf"
        }
        for part in 0..<2 {
            let tensors = export.tensors.filter { $0.name.hasPrefix("dense_") == (part == 1) }
            try GGUFWriter.write(
                tensors,
                metadata: (part == 0 ? export.metadata : []) + [
                    ("split.no", .uint32(UInt32(part))), ("split.count", .uint32(2)),
                    ("split.tensors.count", .int32(Int32(export.tensors.count))),
                ], to: stem + "-0000\(part + 1)-of-00002.gguf")
        }
        return stem + "-00001-of-00002.gguf"
    }

    private static let tokens: [[Int32]] = [[3, 4, 5], [9]]

    private static func vectors(_ path: String) async throws -> [[Float]] {
        try await EmbeddingModel.load(path).embed(tokens: tokens).vectors
    }

    /// Products count whether or not the file names its pooling, and in whichever of its parts they are.
    @Test func productsAreFoundWhereverTheyAre() async throws {
        let folder = try Folder()
        let expected = try await Self.vectors(Self.write(to: folder, pooling: 1))
        let without = try await Self.vectors(
            Self.write(to: folder, pooling: 1, hasProducts: false))
        #expect(expected != without)
        for pooling in [nil, 0, 1] {
            for isSplit in [false, true] {
                let path = try Self.write(to: folder, pooling: pooling, isSplit: isSplit)
                #expect(try await Self.vectors(path) == expected, "\(pooling ?? -1) \(isSplit)")
                let report = try #require(try EncoderReport(path))
                #expect(report.pooling.projections.map(\.outputs) == [12, 20])
                let back = folder.path + "/\(UUID())"
                try ModelConversion(path).write(to: back, as: .directory(.f32))
                #expect(try await Self.vectors(back) == expected)
                let file = folder.path + "/\(UUID()).gguf"
                try ModelConversion(path).write(to: file, as: .file(.f32))
                #expect(try await Self.vectors(file) == expected)
            }
        }
    }

    /// What readers of a file do by themselves, or not at all, is said.
    @Test func whatAFileLosesIsNamed() throws {
        func lost(_ change: (inout EmbeddingRecipe) throws -> Void) throws -> String {
            var recipe = EmbeddingRecipe(poolings: [.mean], poolingSource: "", steps: [.normalize])
            try change(&recipe)
            return recipe.lostInGGUF(context: 512, keepsProducts: true).joined(separator: "; ")
        }
        let folder = try Folder()
        let entry = try #require(
            try GGUFModel(path: Self.write(to: folder, pooling: 1)).find("dense_2.weight"))
        let product = try EmbeddingProjection(entry)
        #expect(try lost { _ in }.isEmpty)
        #expect(try lost { $0.steps = [.project(product), .normalize] }.isEmpty)
        #expect(try lost { $0.steps = [] }.contains("of their own length"))
        #expect(try lost { $0.steps = [.project(product)] }.contains("of their own length"))
        #expect(
            try lost { $0.steps = [.normalize, .project(product)] }.contains("order of modules"))
        #expect(try lost { $0.poolsPrompt = false }.contains("include_prompt"))
        #expect(try lost { $0.poolings = [.max] }.contains("pooling max"))
        #expect(try lost { $0.prompts = ["query": "q: "] }.contains("--prompt"))
        #expect(try lost { $0.maximumTokens = 256 }.contains("256"))
        #expect(try lost { $0.lowercases = true }.contains("do_lower_case"))
    }

    /// A decoder that embeds says how in its file, and its directory again.
    @Test func aDecoderKeepsItsPooling() async throws {
        let list =
            #"[{"path": "", "type": "sentence_transformers.models.Transformer"},"#
            + #" {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#
        let folder = try Folder(
            "qwen3",
            [
                "modules.json": list,
                "1_Pooling/config.json": #"{"pooling_mode_lasttoken": true}"#,
            ])
        let file = folder.path + "/model.gguf"
        let notes = try ModelConversion(folder.path).write(to: file, as: .file(.f32))
        #expect(notes.contains { $0.contains("of their own length") })
        #expect(try GGUFFile(path: file)["qwen3.pooling_type"]?.int == 3)
        let model = try await EmbeddingModel.load(file)
        #expect(model.poolings == [.last] && model.poolingSource == "qwen3.pooling_type")
        let back = folder.path + "/back"
        try ModelConversion(file).write(to: back, as: .directory(.f32))
        #expect(try await Self.vectors(back) == Self.vectors(file))
        // A decoder that generates needs the head that this one lacks.
        try FileManager.default.removeItem(atPath: folder.path + "/modules.json")
        try FileManager.default.removeItem(atPath: folder.path + "/1_Pooling")
        let error = #expect(throws: MartletError.self) {
            try ModelConversion(folder.path).write(to: file, as: .file(.f32))
        }
        #expect(error?.message.contains("lm_head.weight") == true)
    }

    /// The likeliest token: a switch in a directory, a temperature of 0 in a file.
    @Test func greedyAdviceStaysGreedy() throws {
        func file(_ json: String) throws -> (keys: [String: Double], members: [String: JSONValue]) {
            let folder = try Folder()
            try folder.write("generation.json", json)
            let advice = SamplingAdvice(
                try ConfigurationFile(path: folder.path + "/generation.json"))
            let path = folder.path + "/x.gguf"
            try GGUFWriter.write([], metadata: advice.keys, to: path)
            let read = try GGUFFile(path: path)
            let keys = read.metadata.compactMap { key, value in value.double.map { (key, $0) } }
            let members = SamplingAdvice(read).members.map { ($0.key, $0.value) }
            return (
                Dictionary(uniqueKeysWithValues: keys), Dictionary(uniqueKeysWithValues: members)
            )
        }
        let greedy = try file(#"{"do_sample": false, "temperature": 0.7, "top_k": 20}"#)
        #expect(greedy.keys == ["general.sampling.temp": 0])
        #expect(greedy.members == ["do_sample": false])
        let penalised = try file(#"{"do_sample": false, "repetition_penalty": 1.5}"#)
        #expect(
            penalised.keys == ["general.sampling.temp": 0, "general.sampling.penalty_repeat": 1.5])
        #expect(penalised.members == ["do_sample": false, "repetition_penalty": 1.5])
        let sampled = try file(#"{"temperature": 0.5, "top_k": 20}"#)
        #expect(sampled.members == ["do_sample": true, "temperature": 0.5, "top_k": 20])
        #expect(try file("{}").members.isEmpty)
    }

    /// Modules of a model that lay in a copy's place go, and one outside of the model is refused.
    @Test func modulesOfAnotherModelGo() throws {
        let folder = try Folder("bert", [:])
        let out = try Folder()
        try out.write(
            "modules.json",
            #"[{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"},"#
                + #" {"path": "2_Dense", "type": "a.Dense"}]"#)
        try out.write("1_Pooling/config.json", "{}")
        try out.write("2_Dense/config.json", "{}")
        try out.write("2_Dense/model.safetensors", "x")
        try out.write("notes.txt", "mine")
        try ModelConversion(folder.path).write(to: out.path, as: .directory(.f32))
        for name in [
            "modules.json", "1_Pooling/config.json", "2_Dense/config.json",
            "2_Dense/model.safetensors",
        ] { #expect(!FileManager.default.fileExists(atPath: out.path + "/" + name), "\(name)") }
        #expect(FileManager.default.fileExists(atPath: out.path + "/notes.txt"))
        for path in ["../elsewhere", "/tmp", ".hidden"] {
            try folder.write(
                "modules.json",
                #"[{"path": "", "type": "a.Transformer"}, {"path": "\#(path)", "type": "a.Pooling"}]"#
            )
            #expect(throws: MartletError.self, "\(path)") {
                try ModelConversion(folder.path).write(
                    to: out.path + "/copy", as: .directory(.f32))
            }
        }
    }

    /// What reads only headers says what is there of a product whose numbers cannot be read.
    @Test func aReportReadsNoProducts() throws {
        let folder = try Folder(
            "bert",
            [
                "modules.json":
                    #"[{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"},"#
                    + #" {"path": "2_Dense", "type": "a.Dense"}]"#,
                "1_Pooling/config.json": #"{"pooling_mode": "mean"}"#,
                "2_Dense/config.json": #"{"in_features": 18, "out_features": 4, "bias": true}"#,
            ])
        let path = folder.path + "/2_Dense/model.safetensors"
        let content = try SafetensorsWriter.content(
            of: [
                TensorToWrite(
                    name: "linear.weight", shape: [4, 18], floats: [Float](repeating: 1, count: 72)),
                TensorToWrite(name: "linear.bias", shape: [4], floats: [1, 2, 3, 4]),
            ], path: path)
        try Data(content).write(to: URL(filePath: path))
        let recipe = try #require(try EmbeddingRecipe.read(Checkpoint(directory: folder.path)))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        let projection = try #require(recipe.projections.first)
        #expect((projection.inputs, projection.outputs) == (18, 4))
        #expect(try projection.loaded().bias == [1, 2, 3, 4])
        #expect(try !projection.isPlain())
        // Cut while it is open: what reads numbers says so.
        try file.truncate(atOffset: UInt64(content.count - 8))
        try file.close()
        #expect((recipe.projections[0].inputs, recipe.projections[0].outputs) == (18, 4))
        #expect(throws: (any Error).self) { try projection.loaded() }
    }
}
