// The sliding windows that config.json asks for, layer by layer.

import MartletFormats

/// When a family's layers have windows.
enum WindowRule: Hashable {
    /// Never: Llama.
    case never
    /// In every layer, unless `layer_types` says otherwise: Mistral.
    case always
    /// Where `use_sliding_window` is true, in the layers that `layer_types` names, else from `max_window_layers` on:
    /// Qwen.
    case whereSwitchedOn
    /// In all but each layer of this number, unless `layer_types` or `sliding_window_pattern` say otherwise: Gemma 3.
    case allButEach(Int)
}

extension ConfigurationFile {
    /// The window of each layer, nil for full attention. An absent `sliding_window` is 4,096, as in transformers; null
    /// is none. What says that there are windows and that there are none is refused.
    func layerWindows(_ rule: WindowRule, layerCount: Int) throws(FormatError) -> [Int?] {
        let isSwitchedOn = try optionalBool("use_sliding_window")
        // Some exporters write 0 beside the switch that is off.
        let least = rule == .whereSwitchedOn && isSwitchedOn != true ? 0 : 1
        let given = try optionalInt("sliding_window", in: least...Int(Int32.max))
        let types = try layerTypes(layerCount: layerCount)
        let window: Int?
        switch rule {
        case .never:
            guard given == nil || isSwitchedOn == false else {
                throw wrongValue("sliding_window", expected: "null: this family has no windows")
            }
            guard isSwitchedOn != true else {
                throw wrongValue(
                    "use_sliding_window", expected: "false: this family has no windows")
            }
            window = nil
        case .always, .allButEach:
            guard given == nil || isSwitchedOn != false else {
                throw wrongValue(
                    "use_sliding_window", expected: "none beside a sliding_window, which is on")
            }
            window = isWritten("sliding_window") ? given : 4096
        case .whereSwitchedOn:
            let usual = isWritten("sliding_window") ? given : 4096
            window = isSwitchedOn == true ? usual : nil
        }
        var period: Int?
        if case .allButEach(let usual) = rule {
            // Written as it is held in memory, too.
            period = try optionalInt("sliding_window_pattern", in: 1...4096)
            if period == nil {
                period = try int("_sliding_window_pattern", default: usual, in: 1...4096)
            }
        }
        let first =
            rule == .whereSwitchedOn ? try int("max_window_layers", default: 28, in: 0...4096) : 0
        guard let size = window else {
            if let types, types.contains("sliding_attention") {
                throw wrongValue(
                    "layer_types",
                    expected: "full_attention in every layer, since there is no window")
            }
            return [Int?](repeating: nil, count: layerCount)
        }
        return (0..<layerCount).map { layer in
            let usual = period.map { (layer + 1) % $0 != 0 } ?? (layer >= first)
            let isSliding = types.map { $0[layer] == "sliding_attention" } ?? usual
            return isSliding ? size : nil
        }
    }

    private func layerTypes(layerCount: Int) throws(FormatError) -> [String]? {
        guard contains("layer_types") else { return nil }
        let types = try strings("layer_types")
        let known = ["full_attention", "sliding_attention"]
        guard types.count == layerCount, types.allSatisfy(known.contains) else {
            throw wrongValue(
                "layer_types",
                expected: "\(layerCount) names, each \(known.joined(separator: " or "))")
        }
        return types
    }
}
