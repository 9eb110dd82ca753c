// What config.json says is read, known to change nothing, or refused by name; nothing is dropped.

import MartletFormats
import Testing

@testable import MartletModels

@Suite struct ConfigurationKeysTests {
    private static let llama: [String: JSONValue] = [
        "model_type": "llama", "hidden_size": 64, "intermediate_size": 96,
        "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
        "vocab_size": 97,
    ]
    private static let gpt2: [String: JSONValue] = [
        "model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 4, "n_positions": 128,
        "vocab_size": 97,
    ]

    private static let gptNeoX = llama.filter { $0.key != "num_key_value_heads" }

    static func plan(_ family: String, _ changes: [String: JSONValue] = [:]) throws
        -> DecoderPlan
    {
        var keys = ["gpt2": gpt2, "gpt_neox": gptNeoX][family] ?? llama
        keys["model_type"] = .string(family)
        for (key, value) in changes { keys[key] = value }
        let members = keys.sorted { $0.key < $1.key }
        return try DecoderPlan.read(
            ConfigurationFile(
                path: "c.json",
                root: JSONObject(members.map { .init(key: $0.key, value: $0.value) })
            ))
    }

    static func refusal(_ family: String, _ changes: [String: JSONValue]) -> String {
        do {
            _ = try plan(family, changes)
            return "nothing"
        } catch { return "\(error)" }
    }

    static func windows(_ family: String, _ changes: [String: JSONValue]) throws -> [Int?] {
        try plan(family, changes).shape.layerWindows
    }

    // MARK: Every key

    @Test(arguments: ModelRegistry.families.map(\.modelType))
    func aKeyThatNobodyReadsIsRefusedByName(family: String) throws {
        let keys = try ModelRegistry.family(named: family).keys
        for (key, value) in [
            ("logit_scale", "0.5"), ("final_logit_softcapping", "30"), ("clip_qkv", "8"),
        ] where !keys.contains(key) {
            let message = Self.refusal(family, [key: .number(Double(value) ?? 0)])
            #expect(message.contains("\(key) is \(value)"), "\(message)")
            #expect(message.contains("expected no such key"), "\(message)")
        }
    }

    @Test(arguments: ModelRegistry.families.map(\.modelType))
    func whatIsOffOrKnownToChangeNothingLoads(family: String) throws {
        var harmless: [String: JSONValue] = [
            "use_mrope": false, "rope_interleaved": false, "pruned_heads": [:], "quantization": [],
            "final_logit_softcapping": .null, "partial_rotary_factor": 1.0, "use_cache": true,
            "attention_dropout": 0.1, "torch_dtype": "bfloat16", "transformers_version": "5.2.0",
            "initializer_range": 0.02, "pad_token_id": 3, "is_llama_config": true,
        ]
        // Where heads turn in part, it says how much of them.
        let keys = try ModelRegistry.family(named: family).keys
        if keys.contains("partial_rotary_factor") { harmless["partial_rotary_factor"] = nil }
        #expect(try Self.plan(family, harmless).shape == Self.plan(family).shape)
    }

    /// A family lists no key that it does not read: each one, when it is nonsense, is refused.
    @Test(arguments: ModelRegistry.families.map(\.modelType))
    func everyListedKeyIsRead(family: String) throws {
        let keys = try ModelRegistry.family(named: family).keys
        #expect(keys.count > 10)
        for key in keys {
            var changes: [String: JSONValue] = [key: ["nonsense": ["nonsense": 1]]]
            // Read only where something else is there.
            if key.hasPrefix("dms_"), key != "dms_separate_alpha" {
                changes["dms_separate_alpha"] = false
            }
            #expect(Self.refusal(family, changes) != "nothing", "\(key)")
        }
        #expect(keys.isDisjoint(with: ForeignKeys.all.subtracting(["max_window_layers"])))
    }

    // MARK: Rotation

    private static let linear: JSONValue = ["type": "linear", "factor": 2.5]
    private static let plain: JSONValue = ["rope_type": "default", "rope_theta": 10000]

    @Test func theOldSpellingOfRotationsWins() throws {
        let both = try Self.plan(
            "llama", ["rope_scaling": Self.linear, "rope_parameters": Self.plain])
        #expect(both.shape.layers[0].rotary?.scaling == .linear(factor: 2.5))
        let empty = try Self.plan("llama", ["rope_scaling": [:], "rope_parameters": Self.linear])
        #expect(empty.shape.layers[0].rotary?.scaling == .linear(factor: 2.5))
        let base = try Self.plan("llama", ["rope_scaling": Self.linear, "rope_theta": 500])
        #expect(base.shape.layers[0].rotary?.base == 500)
    }

    @Test(
        arguments: [
            ["rope_scaling": ["type": "axial", "factor": 2], "rope_parameters": plain],
            ["rope_scaling": linear, "rope_parameters": ["rope_type": "axial", "factor": 2]],
            ["rope_scaling": ["type": "axial", "rope_type": "default"]],
            ["rope_parameters": ["rope_type": "proportional", "factor": 2]],
        ] as [[String: JSONValue]])
    func anUnknownRotationNeverHidesBehindAnother(changes: [String: JSONValue]) {
        #expect(Self.refusal("llama", changes).contains("rope_type is "))
    }

    @Test func partsOfARotationThatAreNotReadAreRefused() {
        #expect(
            Self.refusal("llama", ["rope_parameters": ["full_attention": Self.plain]]).contains(
                "rope_parameters.full_attention is "))
        #expect(
            Self.refusal("llama", ["rope_scaling": ["rope_type": "default", "factor": 8]]).contains(
                "rope_scaling.factor is 8"))
        #expect(
            Self.refusal("qwen3", ["rope_parameters": ["partial_rotary_factor": 0.5]]).contains(
                "rope_parameters.partial_rotary_factor is 0.5"))
        #expect(
            Self.refusal(
                "llama",
                [
                    "rope_scaling": Self.linear, "rope_theta": 10000,
                    "rope_parameters": ["rope_theta": 500_000],
                ]
            ).contains("rope_parameters.rope_theta is 500000.0, expected 10000.0"))
    }

    /// Keys of one type are refused under another, and lists must have a number for each frequency.
    @Test(
        arguments: [
            ("llama", ["rope_type": "yarn", "factor": 2, "alpha": 3], "rope_scaling.alpha is 3"),
            ("llama", ["rope_type": "yarn"], "rope_scaling.factor"),
            (
                "llama", ["rope_type": "yarn", "factor": 2, "beta_fast": 1, "beta_slow": 2],
                "beta_fast"
            ),
            (
                "llama", ["rope_type": "dynamic", "factor": 2, "alpha": 3],
                "rope_scaling.alpha is 3"
            ),
            (
                "phi3", ["type": "su", "short_factor": [1], "long_factor": [1]],
                "1 numbers, expected 8"
            ),
            ("phi3", ["rope_type": "longrope", "short_factor": [0]], "short_factor"),
            ("phi3", ["rope_type": "default", "partial_rotary_factor": 0.07], "an even number"),
        ] as [(String, JSONValue, String)])
    func whatARotationCannotBeIsRefused(family: String, scaling: JSONValue, part: String) {
        let message = Self.refusal(family, ["rope_scaling": scaling])
        #expect(message.contains(part), "\(message)")
    }

    /// The trained length is the model's own where it is not written; both magnitudes give a ratio.
    @Test func yarnReadsWhatIsWritten() throws {
        func rotary(_ scaling: JSONValue) throws -> RotaryParameters? {
            try Self.plan(
                "llama", ["rope_scaling": scaling, "max_position_embeddings": 512]
            ).shape.layers[0].rotary
        }
        let usual = try rotary(["rope_type": "yarn", "factor": 4])
        #expect(
            usual?.scaling
                == .yarn(factor: 4, original: 512, fast: 32, slow: 1, isWhole: true))
        #expect(abs((usual?.amplitude ?? 0) - 1.1386) < 1e-4)
        let both = try rotary([
            "rope_type": "yarn", "factor": 4, "mscale": 1, "mscale_all_dim": 0.5,
            "truncate": false, "original_max_position_embeddings": 128,
        ])
        #expect(
            both?.scaling == .yarn(factor: 4, original: 128, fast: 32, slow: 1, isWhole: false))
        #expect(abs((both?.amplitude ?? 0) - 1.1386 / 1.0693) < 1e-4)
    }

    /// Sequences end where the short factors do, and a note says so.
    @Test func longropeEndsAtTheTrainedLength() throws {
        let scaling: JSONValue = [
            "type": "longrope", "short_factor": [1, 1, 1, 1, 1, 1, 1, 1],
            "long_factor": [2, 2, 2, 2, 2, 2, 2, 2],
        ]
        let plan = try Self.plan(
            "phi3",
            [
                "rope_scaling": scaling, "max_position_embeddings": 4096,
                "original_max_position_embeddings": 1024,
            ])
        #expect(plan.shape.contextLength == 1024)
        #expect(plan.notes.first?.contains("the first 1024 are run") == true)
    }

    /// Each key is read outside of `text_config`, or refused; what is inside is the model.
    @Test func aNestedModelIsRead() throws {
        let text: JSONValue = .object(
            JSONObject(
                Self.llama.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) }))
        func read(_ outer: [String: JSONValue]) throws -> DecoderPlan {
            let members = outer.merging(["text_config": text, "model_type": "pictures"]) { $1 }
            return try DecoderPlan.read(
                ConfigurationFile(
                    path: "c.json",
                    root: JSONObject(
                        members.sorted { $0.key < $1.key }.map {
                            .init(key: $0.key, value: $0.value)
                        })))
        }
        let plan = try read(["vision_config": ["hidden_size": 3], "tie_word_embeddings": true])
        #expect(Self.llama["model_type"] == .string(plan.shape.family))
        #expect(plan.shape.tiesEmbeddings)
        #expect(throws: ModelError.self) { try read(["final_logit_softcapping": 30]) }
        #expect(throws: ModelError.self) {
            try read(["quantization_config": ["quant_method": "hqq"]])
        }
    }

    @Test func layersRotateAsTheirFamilySays() throws {
        func rotations(_ family: String, _ changes: [String: JSONValue] = [:]) throws -> [Double?] {
            try Self.plan(family, changes).shape.layers.map { $0.rotary?.base }
        }
        #expect(try rotations("smollm3") == [2e6, 2e6, 2e6, nil])
        #expect(try rotations("smollm3", ["no_rope_layer_interval": 2]) == [2e6, nil, 2e6, nil])
        #expect(
            try rotations("smollm3", ["no_rope_layers": [0, 0, 1, 1]]) == [nil, nil, 2e6, 2e6])
        #expect(Self.refusal("smollm3", ["no_rope_layers": [0, 1]]).contains("no_rope_layers"))
        let two: [String: JSONValue] = ["sliding_window_pattern": 2]
        #expect(try rotations("gemma3_text", two) == [1e4, 1e6, 1e4, 1e6])
        #expect(try Self.windows("gemma3_text", two) == [4096, nil, 4096, nil])
        let written: JSONValue = ["full_attention": ["rope_theta": 500]]
        #expect(
            try rotations("gemma3_text", two.merging(["rope_parameters": written]) { $1 })
                == [1e4, 500, 1e4, 500])
    }

    // MARK: Windows

    private static let alternating: JSONValue = [
        "sliding_attention", "full_attention", "sliding_attention", "full_attention",
    ]

    @Test func mistralsWindowsFollowTheTypesOfItsLayers() throws {
        #expect(
            try Self.windows("mistral", ["sliding_window": 16, "layer_types": Self.alternating])
                == [16, nil, 16, nil])
        #expect(try Self.windows("mistral", ["sliding_window": 16]) == [16, 16, 16, 16])
    }

    @Test func anAbsentWindowIsTheUsualOneAndNullIsNone() throws {
        #expect(try Self.windows("mistral", [:]) == [4096, 4096, 4096, 4096])
        #expect(try Self.windows("mistral", ["sliding_window": .null]) == [nil, nil, nil, nil])
        for family in ["qwen2", "qwen3"] {
            let on: [String: JSONValue] = ["use_sliding_window": true, "max_window_layers": 2]
            #expect(try Self.windows(family, on) == [nil, nil, 4096, 4096])
            let types = ["use_sliding_window": true, "layer_types": Self.alternating]
            #expect(try Self.windows(family, types) == [4096, nil, 4096, nil])
            let off: [String: JSONValue] = ["use_sliding_window": false, "sliding_window": 16]
            #expect(try Self.windows(family, off) == [nil, nil, nil, nil])
        }
        #expect(try Self.windows("llama", [:]) == [nil, nil, nil, nil])
    }

    @Test(
        arguments: [
            ("llama", ["sliding_window": 16], "sliding_window"),
            ("llama", ["use_sliding_window": true], "use_sliding_window"),
            ("llama", ["layer_types": alternating], "layer_types"),
            ("mistral", ["sliding_window": .null, "layer_types": alternating], "layer_types"),
            ("mistral", ["sliding_window": 16, "use_sliding_window": false], "use_sliding_window"),
            ("qwen2", ["layer_types": alternating], "layer_types"),
            ("qwen3", ["layer_types": ["linear_attention", "a", "b", "c"]], "layer_types"),
            ("qwen3", ["layer_types": ["full_attention"]], "layer_types"),
        ] as [(String, [String: JSONValue], String)])
    func windowsThatContradictEachOtherAreRefused(
        family: String, changes: [String: JSONValue], key: String
    ) {
        #expect(Self.refusal(family, changes).hasPrefix("c.json: \"\(key)\" is "))
    }

    // MARK: Packed weights and eviction

    @Test(arguments: ["hqq", "bitsandbytes", "quanto"])
    func packedWeightsAreRefusedByName(method: String) {
        for family in ["llama", "gpt2"] {
            let message = Self.refusal(
                family, ["quantization_config": ["quant_method": .string(method)]])
            #expect(message.contains("quantization_config, weights packed by \(method)"))
        }
    }

    @Test func evictionHeadsAreReadAsPublished() throws {
        func head(_ changes: [String: JSONValue]) throws -> EvictionHeadShape? {
            try Self.plan("qwen3", changes).shape.evictionHead
        }
        #expect(try head([:]) == nil)
        #expect(try head(["dms_window_size": 8])?.source == .queryChannel)
        #expect(try head(["dms_separate_alpha": true])?.source == .projection)
        let off = try head(["dms_window_size": 8, "dms_disable_eviction": true])
        #expect(off?.isDisabled == true && off?.window == 8)
        #expect(try head(["martlet_eviction": ["method": "dmc"]])?.mergeEpsilon == 1e-6)
        #expect(
            try head(["martlet_eviction": ["method": "dmc", "epsilon": 0.0078125]])?.mergeEpsilon
                == 0.0078125)
        #expect(
            Self.refusal("qwen3", ["martlet_eviction": ["method": "dmc", "windows": 3]]).contains(
                "martlet_eviction.windows is 3, expected no such key"))
        #expect(Self.refusal("gpt2", ["dms_window_size": 8]).contains("dms_window_size is 8"))
    }
}
