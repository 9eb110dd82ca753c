// Mistral: Llama with a sliding window in every layer.

import MartletFormats

extension DecoderFamily {
    static let mistral = DecoderFamily("mistral", "MistralForCausalLM", table: .llama) {
        family, file in
        var plan = try family.llamaLike(file, defaultContext: 131_072)
        // The window counts the token itself.
        let window = try file.optionalInt("sliding_window", in: 1...Int(Int32.max))
        plan.shape.setWindows([Int?](repeating: window, count: plan.shape.layerCount))
        return plan
    }
}
