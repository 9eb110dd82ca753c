// What config.json says in some families alone.

import Foundation
import MartletFormats
import Testing

@testable import MartletModels

extension ConfigurationKeysTests {
    @Test func whereSomeLayersHaveWindowsOthersMayNotTurn() throws {
        func turns(_ family: String, _ changes: [String: JSONValue]) throws -> [Bool] {
            try Self.plan(family, changes).shape.layers.map { $0.rotary != nil }
        }
        let mixed: [String: JSONValue] = ["sliding_window": 8]
        #expect(try turns("exaone4", mixed) == [true, true, true, false])
        #expect(try turns("exaone4", ["sliding_window": .null]) == [true, true, true, true])
        #expect(try turns("cohere2", mixed) == [true, true, true, false])
        #expect(try turns("cohere2", ["sliding_window": .null]) == [false, false, false, false])
        #expect(
            try Self.windows("exaone4", ["sliding_window": 8, "sliding_window_pattern": "LG"])
                == [8, nil, 8, nil])
        #expect(
            Self.refusal("exaone4", ["sliding_window_pattern": "LX"]).contains("letters L and G"))
        #expect(try Self.windows("gemma2", mixed) == [8, nil, 8, nil])
    }

    @Test func onlyLayersWithoutWindowsOfOLMo3AreStretched() throws {
        let yarn: JSONValue = [
            "rope_type": "yarn", "factor": 8, "original_max_position_embeddings": 64,
        ]
        for changes in [
            ["rope_scaling": yarn, "rope_theta": 500_000],
            [
                "rope_parameters": [
                    "full_attention": yarn, "sliding_attention": ["rope_type": "default"],
                ]
            ],
        ] as [[String: JSONValue]] {
            let layers = try Self.plan("olmo3", changes).shape.layers
            #expect(layers[0].rotary == RotaryParameters(base: 500_000))
            #expect(layers[3].rotary?.base == 500_000 && layers[3].rotary?.amplitude != 1)
        }
    }

    @Test func capsAreReadAndNullIsNone() throws {
        let usual = try Self.plan("gemma2")
        #expect(usual.attentionCap == 50 && usual.logitCap == 30)
        let none = try Self.plan(
            "gemma2", ["attn_logit_softcapping": .null, "final_logit_softcapping": 7])
        #expect(none.attentionCap == 0 && none.logitCap == 7)
        #expect(try Self.plan("gemma2", ["query_pre_attn_scalar": 16]).attentionScale == 0.25)
    }

    @Test func alphaStretchesTheBaseOfHunyuan() throws {
        let scaling: JSONValue = [
            "type": "dynamic", "alpha": 1000, "factor": 1, "mscale": 1, "mscale_all_dim": 1,
            "beta_fast": 32, "beta_slow": 1,
        ]
        let plan = try Self.plan("hunyuan_v1_dense", ["head_dim": 16, "rope_scaling": scaling])
        let base = try #require(plan.shape.layers[0].rotary?.base)
        #expect(abs(base / (10_000 * pow(1000, 16.0 / 14)) - 1) < 1e-12)
        #expect(Self.refusal("llama", ["rope_scaling": scaling]).contains("alpha"))
    }

    @Test func biasesAreWhereOneKeySaysSo() throws {
        let plan = try Self.plan("ernie4_5", ["use_bias": true])
        #expect(plan.table[.output].hasBias && plan.table[.down].hasBias)
        #expect(try !Self.plan("ernie4_5").table[.query].hasBias)
        let starCoder = try Self.plan("starcoder2", ["use_bias": false])
        #expect(!starCoder.table[.up].hasBias && starCoder.table[.finalNorm].hasBias)
    }

    @Test func whatIsNotRunIsRefusedByName() {
        #expect(Self.refusal("hunyuan_v1_dense", ["use_qk_norm": false]).contains("use_qk_norm"))
        #expect(Self.refusal("cohere2", ["use_parallel_block": false]).contains("use_parallel_b"))
        #expect(Self.refusal("starcoder2", ["norm_type": "rms"]).contains("norm_type"))
        #expect(Self.refusal("gpt_neox", ["hidden_act": "relu"]).contains("hidden_act"))
        let head: JSONValue = ["method": "dms", "source": "channel"]
        #expect(Self.refusal("hunyuan_v1_dense", ["martlet_eviction": head]) != "nothing")
    }
}
