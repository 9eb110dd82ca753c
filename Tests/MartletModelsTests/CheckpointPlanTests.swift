// What a checkpoint stores is read, known to change nothing, or refused; other spellings of names are found.

import Foundation
import MartletCache
import MartletFormats
import MartletPolicies
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct CheckpointPlanTests {
    /// The largest difference from what transformers computed of a golden checkpoint.
    private func difference(_ model: LanguageModel, from name: String) throws -> Float {
        let golden = try #require(GoldenCase.all.first { $0.name == name })
        let (tokens, expected) = try golden.golden()
        let got = try logProbabilities(model, tokens, chunk: 64)
        return zip(got, expected).map { abs($0 - $1) }.max() ?? .infinity
    }

    @Test func aScalingBesideNewParametersCounts() throws {
        let variant = try StoredVariant(
            "llama-rope-linear",
            setting: [
                "rope_parameters": ["rope_theta": 10000, "rope_type": "default"],
                "rope_scaling": ["type": "linear", "factor": 2.5],
            ])
        #expect(try difference(variant.load(), from: "llama-rope-linear") < 2e-4)
    }

    /// As the Ministral class of transformers 5.2 computes it: perplexity 781.990; with a window everywhere it is 638.529.
    @Test func mistralsLayerTypesCount() throws {
        let variant = try StoredVariant(
            "mistral-window",
            setting: [
                "layer_types": ["full_attention", "sliding_attention", "full_attention"]
            ])
        let golden = try #require(GoldenCase.all.first { $0.name == "mistral-window" })
        let tokens = try golden.golden().tokens
        let rows = try logProbabilities(variant.load(), tokens, chunk: 64)
        let width = rows.count / tokens.count
        let sum = zip(tokens.dropFirst(), tokens.indices).reduce(0.0) {
            $0 + Double(rows[$1.1 * width + Int($1.0)])
        }
        #expect(abs(exp(-sum / Double(tokens.count - 1)) - 781.990) < 0.05)
    }

    /// The file's head counts, in every family.
    @Test(arguments: [
        "llama-mqa", "mistral-no-window", "qwen2-untied-old-keys", "qwen3-untied", "gpt2-untied",
    ])
    func aStoredHeadThatDiffersCounts(name: String) throws {
        let variant = try StoredVariant(name, setting: ["tie_word_embeddings": true])
        let model = try variant.load()
        #expect(!model.shape.tiesEmbeddings)
        #expect(
            model.notes.first?.hasSuffix(
                "differs from \(name == "gpt2-untied" ? "transformer.wte" : "model.embed_tokens").weight: the stored head is used"
            ) == true)
        #expect(try difference(model, from: name) < 2e-4)
    }

    @Test func aStoredHeadThatIsTheEmbeddingStaysTied() throws {
        let model = try StoredVariant("llama-tied-stored-twice").load()
        #expect(model.shape.tiesEmbeddings && model.notes.isEmpty)
    }

    // MARK: Names

    @Test(arguments: ["", "_orig_mod.", "_orig_mod.model.", "model._orig_mod."])
    func otherPrefixesAreFound(prefix: String) throws {
        let variant = try StoredVariant("llama-gqa-wide-heads") { name in
            prefix + name.replacing(/^model\./, with: "")
        }
        #expect(try difference(variant.load(), from: "llama-gqa-wide-heads") < 2e-4)
    }

    @Test func anUntiedModelWithoutItsHeadIsRefused() throws {
        let variant = try StoredVariant("llama-mqa") { name in
            name.hasPrefix("lm_head") ? nil : name.replacing(/^model\./, with: "")
        }
        #expect(variant.refusal().contains("has no tensor \"lm_head.weight\""))
    }

    // MARK: Tensors that are not read

    @Test(arguments: [("llama-mqa", "num_hidden_layers"), ("gpt2-tied", "n_layer")])
    func fewerLayersThanAreStoredAreRefused(name: String, key: String) throws {
        let stored = try Checkpoint(directory: GoldenCase.folder + "/" + name).configuration.int(
            key)
        let variant = try StoredVariant(name, setting: [key: .integer(stored - 1)])
        let message = variant.refusal()
        #expect(
            message.contains("the number of layers is \(stored - 1), expected at least \(stored)"),
            "\(message)")
    }

    @Test(arguments: [
        "model.layers.0.self_attn.q_proj.bias", "model.layers.0.self_attn.q_norm.weight",
        "model.layers.0.self_attn.q_proj.lora_A.weight", "model.extra.weight", "lm_head.bias",
        "model.layers.0.self_attn.dms_proj_alpha.weight",
    ])
    func tensorsThatWouldBeDroppedAreRefused(name: String) throws {
        let extra = TensorToWrite(name: name, shape: [48], floats: [Float](repeating: 1, count: 48))
        let message = try StoredVariant("llama-mqa", more: [extra]).refusal()
        #expect(message.contains("tensor \(name) is stored, expected no such tensor"), "\(message)")
    }

    @Test(arguments: [
        "model.layers.0.self_attn.rotary_emb.inv_freq", "score.weight", "v_head.summary.weight",
        "mtp.layers.0.weight",
    ])
    func tensorsThatChangeNothingAreLeftAlone(name: String) throws {
        let extra = TensorToWrite(name: name, shape: [6], floats: [Float](repeating: 1, count: 6))
        let variant = try StoredVariant("llama-mqa", more: [extra])
        #expect(try difference(variant.load(), from: "llama-mqa") < 2e-4)
    }

    @Test func aBiasOfZerosAddsNothing() throws {
        let extra = TensorToWrite(
            name: "model.layers.0.self_attn.q_proj.bias", shape: [48],
            floats: [Float](repeating: 0, count: 48))
        #expect(try StoredVariant("llama-mqa", more: [extra]).refusal() == "nothing")
    }

    @Test(arguments: [
        ("qweight", "GPTQ or AWQ"), ("weight_scale_inv", "FP8"),
        ("weight_packed", "compressed-tensors"),
    ])
    func packedTensorsAreRefusedByName(suffix: String, packing: String) throws {
        let extra = TensorToWrite(
            name: "model.layers.0.self_attn.q_proj." + suffix, shape: [1], floats: [1])
        let message = try StoredVariant("llama-mqa", more: [extra]).refusal()
        #expect(message.contains("is packed as \(packing), expected F32, F16 or BF16"))
    }
}

/// Checkpoints whose heads are switched off.
@Suite struct DisabledEvictionTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("EvictionGoldens").path

    private func variant(_ name: String, isDisabled: Bool) throws -> StoredVariant {
        try StoredVariant(
            name, in: Self.folder, setting: ["dms_disable_eviction": .bool(isDisabled)])
    }

    private let tokens = (0..<90).map { Int32(($0 * 31 + 7) % 97) }

    /// Nothing goes, and the borrowed channel stays out of attention: the enabled model under a dense cache.
    @Test(arguments: ["qwen3-dms-channel", "qwen3-dms-projection"])
    func aDisabledModelIsTheEnabledOneUnderADenseCache(name: String) throws {
        let enabled = try variant(name, isDisabled: false).load()
        let dense = try logProbabilities(enabled, tokens, chunk: 30)
        let disabled = try variant(name, isDisabled: true).load()
        #expect(try logProbabilities(disabled, tokens, chunk: 30) == dense)
        #expect(
            try logProbabilities(disabled, tokens, chunk: 30, policy: CachePolicy("dms")) == dense)
    }

    /// Without the keys of eviction the channel takes part, which is another model.
    @Test func theBorrowedChannelMatters() throws {
        let plain = try StoredVariant(
            "qwen3-dms-channel", in: Self.folder,
            without: [
                "dms_separate_alpha", "dms_window_size", "dms_alpha_scale", "dms_alpha_per",
                "dms_initial_alpha_offset",
            ]
        ).load()
        let disabled = try variant("qwen3-dms-channel", isDisabled: true).load()
        #expect(
            try logProbabilities(plain, tokens, chunk: 30)
                != logProbabilities(disabled, tokens, chunk: 30))
    }

    @Test func theEpsilonOfAMeanIsAParameter() throws {
        func rows(_ epsilon: Double?) throws -> [Float] {
            let stored = try Checkpoint(directory: Self.folder + "/llama-dmc").configuration
            var head = try stored.object("martlet_eviction").root
            if let epsilon { head = head.setting("epsilon", to: .number(epsilon)) }
            let model = try StoredVariant(
                "llama-dmc", in: Self.folder, setting: ["martlet_eviction": .object(head)]
            ).load()
            return try logProbabilities(model, tokens, chunk: 90, policy: CachePolicy("dmc"))
        }
        let usual = try rows(nil)
        #expect(try rows(1e-6) == usual)
        #expect(try rows(0.5) != usual)
    }
}
