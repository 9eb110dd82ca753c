// What GGUF calls a family and its numbers.

import MartletFormats

/// A family's column for GGUF: part of its description, as the names of its tensors are.
struct GGUFNaming: Sendable {
    /// `general.architecture`, which its keys begin with. Families that differ in their windows alone may share it.
    let architecture: String
    /// Whether rows of queries and keys are stored for rotations of neighbours.
    var interleaves = false
    /// When layers have windows.
    var windows = WindowRule.never
    /// Keys, without the architecture's name, that mean what a key of `config.json` means.
    let keys: [String: String]
    /// Names of tensors that are not those of other families; `*` stands for the number of the layer.
    var names: [TensorRole: String] = [:]
    /// Whether there is no window where none is written, in a family that has one then in `config.json`.
    var needsWrittenWindow = false
    /// Whether readers of the format take a list of the layers that have windows.
    var listsWindows = false
    /// Whether layers with a window turn without the stretching of the others.
    var stretchesFullLayersAlone = false
    /// Whether YaRN rounds the ends of its ramp outwards, for which the format has no key.
    var stretchesWholly = true
    /// Keys of `config.json` whose values readers of the format take for granted.
    var constants: [String: JSONValue] = [:]
    /// Roles that readers of the format expect no biases of.
    var unbiased: Set<TensorRole> = []
    /// Whether readers of the format want a head even where embeddings are tied.
    var needsHead = false
    /// Whether weights of norms are stored whole, where checkpoints store them less 1.
    var holdsWholeNorms = false

    /// Whether its layers have experts. A family without may share the architecture's name.
    var hasExperts: Bool { keys["expert_count"] != nil }

    /// Sizes and constants of Llama and its descendants.
    static let llamaLike: [String: String] = [
        "block_count": "num_hidden_layers",
        "context_length": "max_position_embeddings",
        "embedding_length": "hidden_size",
        "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads",
        "attention.head_count_kv": "num_key_value_heads",
        "attention.key_length": "head_dim",
        "attention.layer_norm_rms_epsilon": "rms_norm_eps",
        "attention.sliding_window": "sliding_window",
        "rope.freq_base": "rope_theta",
    ]

    /// The same and others.
    static func llamaLike(_ others: [String: String]...) -> [String: String] {
        others.reduce(llamaLike) { $0.merging($1) { $1 } }
    }

    /// The same of families with LayerNorm.
    static let layerNormed: [String: String] = llamaLike.filter {
        $0.key != "attention.layer_norm_rms_epsilon"
    }.merging(["attention.layer_norm_epsilon": "layer_norm_eps"]) { first, _ in first }
}
