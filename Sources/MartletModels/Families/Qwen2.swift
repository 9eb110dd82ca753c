// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values.

import MartletFormats

extension DecoderFamily {
    static let qwen2 = DecoderFamily(
        "qwen2", "Qwen2ForCausalLM", table: .llama.with(bias: true, in: .query, .key, .value)
    ) { family, file in
        var plan = try family.llamaLike(file, defaultContext: 32_768)
        plan.shape.setWindows(try file.qwenWindows(layerCount: plan.shape.layerCount))
        return plan
    }
}

extension ConfigurationFile {
    /// Qwen's windows are off unless `use_sliding_window` is set; then they hold for the layers that
    /// `layer_types` names, or (older files) for those from `max_window_layers` on.
    func qwenWindows(layerCount: Int) throws(FormatError) -> [Int?] {
        var windows = [Int?](repeating: nil, count: layerCount)
        guard try bool("use_sliding_window", default: false),
            let window = try optionalInt("sliding_window", in: 1...Int(Int32.max))
        else { return windows }
        let first = try int("max_window_layers", default: 28, in: 0...4096)
        let types = contains("layer_types") ? try strings("layer_types") : nil
        if let types, types.count != layerCount {
            throw wrongValue("layer_types", expected: "\(layerCount) names")
        }
        for layer in 0..<layerCount {
            let type = types?[layer] ?? (layer >= first ? "sliding_attention" : "full_attention")
            if type == "sliding_attention" { windows[layer] = window }
        }
        return windows
    }
}
