// Models whose layers a trainer's graph does not have are refused before anything is computed.

import MartletFormats
import MartletTraining
import Testing

@Suite struct UntrainableTests {
    private func refusal(_ family: String, _ more: [String: JSONValue] = [:]) -> String {
        var keys: [String: JSONValue] = [
            "model_type": .string(family), "hidden_size": 16, "intermediate_size": 24,
            "num_hidden_layers": 4, "num_attention_heads": 2, "num_key_value_heads": 1,
            "head_dim": 8, "vocab_size": 19,
        ]
        keys.merge(more) { $1 }
        do {
            _ = try TrainableModel(
                configuration: JSONObject(
                    keys.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) }),
                seed: 1)
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test func whatTheGraphHasNotIsRefused() {
        let part: JSONValue = ["rope_type": "default", "partial_rotary_factor": 0.5]
        #expect(refusal("olmo2").contains("can be run but not trained"))
        #expect(refusal("gemma3_text", ["sliding_window": .null]).contains("but not trained"))
        #expect(refusal("granite", ["residual_multiplier": 0.5]).contains("but not trained"))
        #expect(refusal("phi3", ["rope_parameters": part]).contains("but not trained"))
        for family in ["exaone4", "ernie4_5", "glm4", "gemma2", "cohere2", "olmo3"] {
            #expect(
                refusal(family, ["sliding_window": .null]).contains("but not trained"), "\(family)")
        }
        let neox: [String: JSONValue] = ["num_key_value_heads": .null, "head_dim": .null]
        #expect(refusal("gpt_neox", neox).contains("but not trained"))
        for family in ["hunyuan_v1_dense", "stablelm"] {
            #expect(refusal(family).contains("but not trained"), "\(family)")
        }
        for family in ["smollm3", "seed_oss", "granite", "starcoder2"] {
            #expect(refusal(family) == "nothing")
        }
    }
}
