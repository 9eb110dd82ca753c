// Checkpoints that GPTQ, AWQ, compressed-tensors and FP8 packed: their weights bit for bit, their logits, and what is
// refused.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct QuantisedModelTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("QuantisedGoldens").path
    private static let models = ["gptq-act-order", "awq", "compressed", "fp8-blocks"]
    private static let matrices = [
        "gptq-symmetric", "gptq-128", "gptq-64-v2", "gptq-row", "gptq-8", "awq-128", "awq-row",
        "compressed-128", "compressed-row", "compressed-8", "fp8-matrix", "fp8-rows",
        "fp8-blocks-bf16", "int8-rows",
    ]

    private static func open(_ name: String) throws -> Checkpoint {
        try Checkpoint(directory: folder + "/" + name)
    }

    private static func fnv(_ values: [Float]) -> String {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for value in values {
            for shift: UInt32 in [0, 8, 16, 24] {
                state =
                    (state ^ UInt64(value.bitPattern >> shift & 255)) &* 0x0000_0100_0000_01B3
            }
        }
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Every matrix is bit for bit what its format defines, read whole and in parts.
    @Test(arguments: models + matrices)
    func weightsAreThoseOfTheFormat(name: String) throws {
        let checkpoint = try Self.open(name)
        let sums = try ConfigurationFile(path: Self.folder + "/\(name)/sums.json")
        for member in sums.root.members {
            let entry = try checkpoint.tensors.requireTensor(member.key)
            let floats = try entry.floats()
            #expect(Self.fnv(floats) == member.value.stringValue, "\(member.key)")
            for part in [3..<4, 60..<70, 63..<190, floats.count - 5..<floats.count] {
                var some = [Float](repeating: 0, count: part.count)
                try some.withUnsafeMutableBufferPointer { try entry.copyFloats(of: part, into: $0) }
                #expect(some == Array(floats[part]))
            }
        }
    }

    /// Packed panels hold the same weights, in as few bits as the file where groups allow it.
    @Test(arguments: [
        ("gptq-symmetric", WeightType.int4x32), ("gptq-128", .int4), ("gptq-64-v2", .int4x32),
        ("gptq-row", .int4), ("gptq-8", .wide), ("awq-128", .int4), ("awq-row", .int4),
        ("compressed-128", .int4), ("compressed-row", .int4), ("compressed-8", .wide),
        ("fp8-matrix", .fp8), ("fp8-rows", .fp8), ("fp8-blocks-bf16", .fp8), ("int8-rows", .wide),
    ])
    func panelsHoldTheStoredWeights(name: String, type: WeightType) throws {
        let tensors = try Self.open(name).tensors
        let entry = try tensors.tensor("m.weight")
        let floats = try entry.floats()
        let (rows, columns) = (entry.shape[0], entry.shape[1])
        let source = CheckpointWeights(
            tensors: tensors, type: nil, pool: WorkerPool(threadCount: 1))
        let packed = try source.matrices(
            [MatrixPart(name: "m.weight", rows: rows), MatrixPart(name: "m.weight", rows: rows)],
            columns: columns, layout: .stacked, type: nil)
        #expect(packed.map(\.type) == [type])
        for channel in 0..<2 * rows {
            var row = [Float](repeating: 0, count: columns)
            row.withUnsafeMutableBufferPointer { packed[0].readRow(channel, into: $0) }
            let from = channel % rows * columns
            #expect(row == Array(floats[from..<from + columns]))
        }
    }

    private static func worst(_ model: LanguageModel, _ name: String) throws -> Float {
        let file = try SafetensorsFile(path: folder + "/\(name)/golden.safetensors")
        let tokens = Array(try #require(file["tokens"]).bytes.bindMemory(to: Int32.self))
        let expected = try #require(file["logprobs"]).floats()
        let got = try logProbabilities(model, tokens, chunk: 7)
        #expect(got.count == expected.count)
        return zip(got, expected).map { abs($0 - $1) }.max() ?? .infinity
    }

    /// Transformers with the dequantised weights says the same: as floats; and as they are stored where products are of
    /// floats, or within what activations of 8 bits cost (`q8` has them too).
    @Test(arguments: models) func agreesWithTransformers(name: String) throws {
        func worst(_ type: WeightType?) throws -> (Float, LanguageModel) {
            let model = try LanguageModel(
                Self.open(name), weights: type, kernels: KernelSet.selected(),
                pool: WorkerPool(threadCount: 1))
            return (try Self.worst(model, name), model)
        }
        let floats = try worst(.f32).0
        #expect(floats <= 2e-4, "f32: largest difference \(floats)")
        let (natural, model) = try worst(nil)
        let isExact = model.loaded.decoder.matrices.allSatisfy { !$0.type.quantisesActivations }
        let bound = isExact ? 2e-4 : try worst(.q8).0 * 1.5
        #expect(natural <= bound, "\(model.weightName): largest difference \(natural)")
    }

    /// As stored, floats of 8 bits are the f32 weights bit for bit, and take a quarter of their bytes.
    @Test func floatsOfEightBitsAreThoseOfFloats() throws {
        let tokens: [Int32] = (0..<20).map { $0 * 2 }
        func model(_ type: WeightType?) throws -> LanguageModel {
            try LanguageModel(
                Self.open("fp8-blocks"), weights: type, kernels: KernelSet.selected(),
                pool: WorkerPool(threadCount: 2))
        }
        let (stored, floats) = (try model(nil), try model(.f32))
        let results = try [stored, floats].map { try logProbabilities($0, tokens, chunk: 5) }
        #expect(results[0] == results[1])
        #expect(stored.weightName == "fp8+f16" && stored.weightBytes * 3 < floats.weightBytes)
    }

    // MARK: What is refused

    /// The sentence for a checkpoint with other parts or another configuration.
    private static func refusal(
        _ name: String, setting changes: [String: JSONValue] = [:],
        tensor: (TensorEntry) -> TensorToWrite?
    ) throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-packed-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stored = try SafetensorsFile(path: Self.folder + "/\(name)/model.safetensors")
        var configuration = try ConfigurationFile(
            path: Self.folder + "/\(name)/config.json"
        ).object("quantization_config").root
        for (key, value) in changes { configuration = configuration.setting(key, to: value) }
        try CheckpointWriter(directory: folder).write(
            configuration: JSONObject([
                .init(key: "quantization_config", value: .object(configuration))
            ]), tensors: stored.entries.compactMap(tensor))
        do {
            _ = try Checkpoint(directory: folder)
            return "nothing"
        } catch { return "\(error)".replacing(folder + "/", with: "") }
    }

    private static func copy(_ entry: TensorEntry) -> TensorToWrite {
        TensorToWrite(
            name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: Array(entry.bytes))
    }

    @Test(
        arguments: [
            ("gptq-128", ["bits": 3], "quantization_config.bits"),
            ("gptq-128", ["checkpoint_format": "marlin"], "checkpoint_format"),
            ("gptq-128", ["dynamic": ["+:lm_head": ["bits": 8]]], "dynamic"),
            ("gptq-128", ["group_size": 0], "group_size"),
            (
                "gptq-128", ["group_size": 64],
                "shape of tensor \"m.qzeros\" is [2, 1], expected [4, 1]"
            ),
            ("awq-128", ["version": "gemv"], "quantization_config.version"),
            ("awq-128", ["bits": 8], "quantization_config.bits"),
            ("compressed-128", ["format": "marlin-24"], "quantization_config.format"),
            (
                "compressed-128", ["sparsity_config": ["format": "sparse-24-bitmask"]],
                "sparsity_config"
            ),
            ("compressed-128", ["transform_config": ["a": 1]], "transform_config"),
            (
                "compressed-128",
                ["config_groups": ["a": ["weights": ["num_bits": 3, "type": "int"]]]],
                "config_groups.a.weights.num_bits"
            ),
            ("fp8-blocks-bf16", ["weight_block_size": [0, 128]], "weight_block_size"),
            ("fp8-blocks-bf16", ["weight_block_size": [8, 64]], "expected [1, 4]"),
            ("fp8-blocks-bf16", ["quant_method": "bitsandbytes"], "packed by bitsandbytes"),
        ] as [(String, [String: JSONValue], String)])
    func otherConfigurationsAreRefused(
        name: String, changes: [String: JSONValue], says: String
    ) throws {
        let sentence = try Self.refusal(name, setting: changes, tensor: Self.copy)
        #expect(sentence.contains(says), "\(sentence)")
    }

    @Test(arguments: [
        ("gptq-128", "m.scales", "no tensor \"m.scales\""),
        ("gptq-128", "m.qzeros", "no tensor \"m.qzeros\""),
        ("gptq-symmetric", "m.qzeros", "nothing"), ("gptq-128", "m.g_idx", "nothing"),
        ("awq-128", "m.qzeros", "no tensor \"m.qzeros\""),
        ("compressed-128", "m.weight_shape", "no tensor \"m.weight_shape\""),
        ("compressed-128", "m.weight_scale", "no tensor \"m.weight_scale\""),
        ("fp8-blocks-bf16", "m.weight_scale_inv", "no tensor \"m.weight_scale_inv\""),
    ])
    func missingPartsAreNamed(name: String, part: String, says: String) throws {
        let sentence = try Self.refusal(name) { $0.name == part ? nil : Self.copy($0) }
        #expect(sentence.contains(says), "\(sentence)")
    }

    @Test func wrongPartsAreNamed() throws {
        let group = try Self.refusal("gptq-128") { entry in
            guard entry.name == "m.g_idx" else { return Self.copy(entry) }
            return TensorToWrite(
                name: entry.name, dtype: .i32, shape: entry.shape,
                bytes: Array(entry.bytes.dropLast(4)) + [2, 0, 0, 0])
        }
        #expect(group.contains("\"m.g_idx\" is group 2, expected groups from 0 to 1"))
        let shape = try Self.refusal("compressed-128") { entry in
            guard entry.name == "m.weight_shape" else { return Self.copy(entry) }
            return TensorToWrite(
                name: entry.name, dtype: .i64, shape: [2],
                bytes: [8, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 127])
        }
        #expect(shape.contains("\"m.weight_shape\" is [8, 9223372036854775807]"), "\(shape)")
        let type = try Self.refusal("awq-128") { entry in
            guard entry.name == "m.scales" else { return Self.copy(entry) }
            return TensorToWrite(
                name: entry.name, dtype: .i16, shape: entry.shape, bytes: Array(entry.bytes))
        }
        #expect(type.contains("element type of tensor \"m.scales\" is I16"), "\(type)")
    }
}
