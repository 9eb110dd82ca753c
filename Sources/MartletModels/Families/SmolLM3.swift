// SmolLM3: Llama in which some layers rotate nothing.

import MartletFormats

extension DecoderFamily {
    static let smollm3 = DecoderFamily(
        "smollm3", "SmolLM3ForCausalLM", table: .llama,
        keys: .llamaLike.union([
            "attention_bias", "mlp_bias", "no_rope_layers", "no_rope_layer_interval",
        ]),
        gguf: GGUFNaming(
            architecture: "smollm3", interleaves: true, keys: GGUFNaming.llamaLike)
    ) { family, file in
        var plan = try family.llamaLike(
            file, defaultContext: 32_768, windows: .never, rotary: { $0.base = 2_000_000 })
        plan.shape.tiesEmbeddings = try file.bool("tie_word_embeddings", default: true)
        let count = plan.shape.layerCount
        let interval = try file.int("no_rope_layer_interval", default: 4, in: 1...4096)
        var turns = (0..<count).map { ($0 + 1) % interval != 0 }
        if let given = try file.optionalInts("no_rope_layers") {
            guard given.count == count, given.allSatisfy({ (0...1).contains($0) }) else {
                throw file.wrongValue(
                    "no_rope_layers",
                    expected:
                        "\(count) numbers, 1 for a layer that rotates and 0 for one that does not")
            }
            turns = given.map { $0 == 1 }
        }
        for layer in 0..<count where !turns[layer] { plan.shape.layers[layer].rotary = nil }
        return try family.withBiases(plan, file)
    }
}
