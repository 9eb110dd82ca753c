// What config.json says of experts.

import MartletFormats

/// Under which keys a family's configuration describes its experts.
struct ExpertKeys {
    /// The number of experts.
    let count: String
    /// Another name of it, which transformers 5 writes.
    var otherCount: String?
    /// Channels inside an expert, and inside the one that every token runs through.
    var width = "intermediate_size"
    var sharedWidth: String?
    /// Experts, channels and the rule of a configuration that leaves them out.
    let usualCount: Int
    let usualPerToken: Int
    var usualWidth: Int?
    var usualSharedWidth = 0
    /// How chosen experts are weighed; nil where `norm_topk_prob` says it, which is false where it is left out.
    var weighting: ExpertShape.Weighting?
    /// Whether layers may have MLPs instead, by `decoder_sparse_step` and `mlp_only_layers`.
    var mixes = false

    /// What GGUF calls them, without the architecture's name.
    var ggufNames: [String: String] {
        var names = ["expert_count": count, "expert_used_count": "num_experts_per_tok"]
        if width != "intermediate_size" { names["expert_feed_forward_length"] = width }
        if let sharedWidth { names["expert_shared_feed_forward_length"] = sharedWidth }
        return names
    }

    /// The keys that are read.
    var names: Set<String> {
        var names: Set = [count, width, "num_experts_per_tok"]
        if let otherCount { names.insert(otherCount) }
        if let sharedWidth { names.insert(sharedWidth) }
        if weighting == nil { names.insert("norm_topk_prob") }
        if mixes { names.formUnion(["decoder_sparse_step", "mlp_only_layers"]) }
        return names
    }
}

extension DecoderPlan {
    /// Gives layers the experts that a configuration describes.
    mutating func readExperts(_ file: ConfigurationFile, _ keys: ExpertKeys) throws {
        let other = try keys.otherCount.flatMap { try file.optionalInt($0, in: 0...4096) }
        let count = try file.int(keys.count, default: other ?? keys.usualCount, in: 0...4096)
        if let name = keys.otherCount, let other, other != count {
            throw file.wrongValue(name, expected: "\(count), which \(keys.count) is")
        }
        // Each is several tensors of its own: a damaged file must not ask for millions.
        let most = (1 << 16) / max(1, shape.layerCount)
        guard count <= most else {
            throw file.wrongValue(
                keys.count, expected: "at most \(most) in \(shape.layerCount) layers")
        }
        let perToken = try file.int(
            "num_experts_per_tok", default: keys.usualPerToken, in: 1...4096)
        let width = try file.int(
            keys.width, default: keys.usualWidth ?? shape.intermediateSize, in: 1...largestSize)
        let shared = try keys.sharedWidth.map {
            try file.int($0, default: keys.usualSharedWidth, in: 0...largestSize)
        }
        var weighting = keys.weighting
        if weighting == nil {
            weighting = .softmaxOfAll(
                renormalises: try file.bool("norm_topk_prob", default: false))
        }
        var interval = 1
        var dense: [Int] = []
        if keys.mixes {
            interval = try file.int("decoder_sparse_step", default: 1, in: 1...4096)
            dense = try file.optionalInts("mlp_only_layers") ?? []
        }
        guard count > 0, let weighting else { return }
        guard perToken <= count else {
            throw file.wrongValue(
                "num_experts_per_tok", expected: "at most \(keys.count) \(count)")
        }
        for layer in shape.layers.indices where (layer + 1) % interval == 0 {
            guard !dense.contains(layer) else { continue }
            shape.layers[layer].experts = ExpertShape(
                count: count, perToken: perToken, width: width, sharedWidth: shared ?? 0,
                weighting: weighting)
        }
    }
}
