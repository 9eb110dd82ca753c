// Models of GGUF files against the directories that they were made of.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct GGUFModelTests {
    private static func file(
        _ golden: String, _ mix: GGUFMix, changing metadata: [String: GGUFValueToWrite] = [:],
        without: Set<String> = []
    ) throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        let export = try GGUFExport(
            Checkpoint(directory: golden.contains("/") ? golden : GoldenCase.folder + "/" + golden),
            name: golden, mix: mix)
        var keys = export.metadata.filter { metadata[$0.key] == nil && !without.contains($0.key) }
        keys += metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        try GGUFWriter.write(
            export.tensors.filter { !without.contains($0.name) }, metadata: keys, to: path)
        return path
    }

    /// A directory with random weights whose rows are whole blocks of 256, but for one matrix of 32.
    private static func wide() throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/martlet-wide-\(UUID())"
        let configuration = JSONObject([
            .init(key: "model_type", value: .string("llama")),
            .init(key: "hidden_size", value: .integer(256)),
            .init(key: "intermediate_size", value: .integer(288)),
            .init(key: "num_hidden_layers", value: .integer(3)),
            .init(key: "num_attention_heads", value: .integer(4)),
            .init(key: "num_key_value_heads", value: .integer(2)),
            .init(key: "vocab_size", value: .integer(50)),
            .init(key: "tie_word_embeddings", value: .bool(false)),
        ])
        let plan = try DecoderPlan.read(ConfigurationFile(path: "wide", root: configuration))
        var random = CounterRandom(seed: 5)
        let tensors = plan.tensors.map { tensor in
            let floats = random.floats(tensor.shape.reduce(1, *), magnitude: 0.05)
            return TensorToWrite(
                name: tensor.name, shape: tensor.shape,
                floats: tensor.shape.count == 1 ? floats.map { 1 + $0 } : floats)
        }
        try CheckpointWriter(directory: folder).write(
            configuration: configuration, tensors: tensors)
        return folder
    }

    private static func load(
        _ checkpoint: Checkpoint, weights: WeightType? = nil
    ) throws -> LanguageModel {
        try LanguageModel(
            checkpoint, weights: weights, kernels: .selected(), pool: WorkerPool(threadCount: 2))
    }

    private static let tokens: [Int32] = (0..<40).map { Int32(($0 * 7 + 3) % 50) }

    /// A file in f32 gives the bits of the directory: names, order of rows, tied heads, biases, norms of heads, windows.
    @Test(arguments: [
        "llama-gqa-wide-heads", "llama-mqa", "llama-rope-linear", "llama-tied-stored-as-head",
        "mistral-window", "qwen2-tied", "qwen2-untied-old-keys", "qwen3-untied",
        "llama-rope-yarn", "seed-oss", "smollm3-tied", "granite", "granite-biases", "olmo2",
        "phi3-window", "gemma3", "gemma2", "olmo3", "ernie4-5", "glm4", "cohere2",
        "gpt-neox", "gpt-neox-sequential", "starcoder2", "stablelm", "stablelm-parallel",
        "stablelm-head-norms",
        "gpt2-tied",
        "gpt2-untied", "gpt2-one-head-f16",
    ])
    func floatsGiveTheBitsOfTheDirectory(golden: String) throws {
        let path = try Self.file(golden, .f32)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let expected = try Self.load(
            Checkpoint(directory: GoldenCase.folder + "/" + golden), weights: .f32)
        let got = try Self.load(Checkpoint(gguf: path), weights: .f32)
        #expect(got.shape == expected.shape)
        let tokens = Self.tokens.map { $0 % Int32(expected.shape.vocabularySize) }
        let (a, b) = (
            try logProbabilities(got, tokens, chunk: 16),
            try logProbabilities(expected, tokens, chunk: 16)
        )
        #expect(a == b, "\(golden)")
    }

    /// Llama 3's stretched rotations are stored as a factor for each frequency, Hunyuan's as their base, in f32.
    @Test(arguments: ["llama-rope-llama3", "exaone4", "hunyuan"])
    func whatStretchesRotationsIsStoredInFloats(name: String) throws {
        let path = try Self.file(name, .f32)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let golden = GoldenCase(name: name, tolerance: 2e-4)
        let (tokens, logprobs) = try golden.golden()
        let got = try logProbabilities(
            Self.load(Checkpoint(gguf: path)), tokens, chunk: 64)
        let worst = zip(got, logprobs).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst < golden.tolerance, "off by \(worst)")
    }

    /// LongRoPE's factors are stored in f32, and its context ends where they do.
    @Test func longropesFactorsAreTables() throws {
        let path = try Self.file("phi3-longrope", .f32)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let golden = GoldenCase(name: "phi3-longrope", tolerance: 2e-4)
        let (tokens, logprobs) = try golden.golden()
        let got = try logProbabilities(Self.load(Checkpoint(gguf: path)), tokens, chunk: 64)
        let worst = zip(got, logprobs).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst < golden.tolerance, "off by \(worst)")
    }

    /// What the format's readers take from the family's rule cannot be otherwise.
    @Test(arguments: [
        ("smollm3-other-layers", "no_rope_layers"), ("gemma3-old-keys", "layer_types"),
        ("ministral-layer-types", "model_type"), ("ministral3", "model_type"),
    ])
    func whatGGUFHasNoKeyForIsRefused(golden: String, key: String) throws {
        #expect {
            try Self.file(golden, .f32)
        } throws: { "\($0)".contains(key) }
    }

    /// Windows may be listed layer by layer.
    @Test func aListOfWindowsIsRead() throws {
        let window = GGUFValueToWrite.bools([true, false, true, true])
        let path = try Self.file(
            "olmo3", .f32, changing: ["olmo2.attention.sliding_window_pattern": window])
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(
            try Self.load(Checkpoint(gguf: path)).shape.layerWindows == [8, nil, 8, 8])
    }

    /// Blocks run as they are stored: the same as a model whose weights are those numbers, but for activations in 8 bits;
    /// read as f32, the same bits as the blocks' own numbers.
    @Test(arguments: GGUFMix.allCases)
    func blocksAreKept(mix: GGUFMix) throws {
        let folder = try Self.wide()
        let path = try Self.file(folder, mix)
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: folder)
        }
        let checkpoint = try Checkpoint(gguf: path)
        let stored = try Self.load(checkpoint)
        let floats = try Self.load(checkpoint, weights: .f32)
        #expect(
            (stored.weightType == nil) == checkpoint.tensors.entries.contains { $0.stored != nil })
        let (a, b) = (
            try logProbabilities(stored, Self.tokens, chunk: 16),
            try logProbabilities(floats, Self.tokens, chunk: 16)
        )
        let worst = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
        let isExact = mix == .f32 || mix == .f16
        #expect(worst <= (isExact ? 0 : 0.05), "\(mix) off by \(worst)")
        // The directory's own weights, in so many bits.
        let original = try logProbabilities(
            Self.load(Checkpoint(directory: folder), weights: .f32), Self.tokens, chunk: 16)
        let loss = zip(b, original).reduce(0) { max($0, abs($1.0 - $1.1)) }
        let bound: Float =
            switch mix {
            case .f32: 0
            case .f16, .bf16: 0.02
            case .q8_0, .q6K: 0.1
            default: 0.6
            }
        #expect(loss <= bound, "\(mix) loses \(loss)")
    }

    @Test func theBatchChangesNoBit() throws {
        let folder = try Self.wide()
        let path = try Self.file(folder, .q4KM)
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: folder)
        }
        let model = try Self.load(Checkpoint(gguf: path))
        let whole = try logProbabilities(model, Self.tokens, chunk: 40)
        #expect(try logProbabilities(model, Self.tokens, chunk: 1) == whole)
        #expect(try logProbabilities(model, Self.tokens, chunk: 7) == whole)
    }

    private static func refusal(
        changing metadata: [String: GGUFValueToWrite] = [:], without: Set<String> = []
    ) throws -> String {
        let path = try file("qwen2-tied", .f32, changing: metadata, without: without)
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            _ = try load(Checkpoint(gguf: path))
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test func whatIsNotReadIsRefusedByName() throws {
        func expect(
            _ part: String, changing metadata: [String: GGUFValueToWrite] = [:],
            without: Set<String> = []
        ) throws {
            let text = try Self.refusal(changing: metadata, without: without)
            #expect(text.contains(part), "\(text)")
        }
        try expect("'mamba'", changing: ["general.architecture": .string("mamba")])
        try expect("qwen2.expert_count", changing: ["qwen2.expert_count": .uint32(8)])
        try expect("nothing", changing: ["qwen2.expert_count": .uint32(0)])
        try expect("axial", changing: ["qwen2.rope.scaling.type": .string("axial")])
        try expect("attn_factor", changing: ["qwen2.rope.scaling.attn_factor": .float32(2)])
        try expect("yarn_ext_factor", changing: ["qwen2.rope.scaling.yarn_ext_factor": .float32(2)])
        try expect("rope.dimension_count", changing: ["qwen2.rope.dimension_count": .uint32(2)])
        try expect("blk.1", without: ["blk.1.ffn_up.weight"])
        try expect("token_embd.weight", without: ["token_embd.weight"])
        try expect("tensor blk.1", changing: ["qwen2.block_count": .uint32(1)])
        try expect("num_hidden_layers", without: ["qwen2.block_count"])
        try expect("an adapter", changing: ["general.type": .string("adapter")])
    }
}
