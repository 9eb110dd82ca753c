// The tensors of a family of encoders, and what each is for.

/// What a tensor of an encoder is for. Its size follows from this and the numbers of the model.
enum EncoderRole: Sendable, Hashable {
    /// Looked up by token, by position, and for the segment that a text is.
    case embedding, positions, segments
    /// The norm of their sum.
    case embeddingNorm
    /// The norm before attention.
    case inputNorm
    case query, key, value
    /// The norms of each head of queries and keys, before they turn.
    case queryNorm, keyNorm
    /// From what was attended to back to the residual stream.
    case output
    /// The norm of the residual stream after attention, or of what attention adds to it.
    case attentionEndNorm
    /// The norm before the MLP.
    case feedForwardNorm
    /// Into the MLP: the half that is activated where there are two, and the other (or only) one.
    case gate, up
    case down
    /// The norm of the residual stream after the MLP, or of what the MLP adds to it.
    case feedForwardEndNorm
    /// The norm after the last layer.
    case finalNorm

    /// Whether it is the weight of a norm.
    var isNorm: Bool {
        switch self {
        case .embeddingNorm, .inputNorm, .queryNorm, .keyNorm, .attentionEndNorm,
            .feedForwardNorm, .feedForwardEndNorm, .finalNorm:
            true
        default: false
        }
    }

    /// What GGUF calls it; `*` stands for the number of the layer.
    var ggufName: String {
        switch self {
        case .embedding: "token_embd"
        case .positions: "position_embd"
        case .segments: "token_types"
        case .embeddingNorm: "token_embd_norm"
        case .inputNorm: "blk.*.attn_norm"
        case .query: "blk.*.attn_q"
        case .key: "blk.*.attn_k"
        case .value: "blk.*.attn_v"
        case .queryNorm: "blk.*.attn_q_norm"
        case .keyNorm: "blk.*.attn_k_norm"
        case .output: "blk.*.attn_output"
        case .attentionEndNorm: "blk.*.attn_output_norm"
        case .feedForwardNorm: "blk.*.ffn_norm"
        case .gate: "blk.*.ffn_gate"
        case .up: "blk.*.ffn_up"
        case .down: "blk.*.ffn_down"
        case .feedForwardEndNorm: "blk.*.layer_output_norm"
        case .finalNorm: "output_norm"
        }
    }
}

/// One tensor of a family of encoders.
struct EncoderRow: Sendable, Hashable {
    /// What it is for; several where a tensor holds several matrices, one after another.
    let roles: [EncoderRole]
    /// The name that Hugging Face gives to it, without the table's prefix and without `.weight`.
    let name: String
    /// Whether `NAME.bias` belongs to it.
    var hasBias: Bool
    /// Whether the first layer has none.
    let isAbsentInFirst: Bool

    init(
        _ roles: EncoderRole..., name: String, hasBias: Bool = false, isAbsentInFirst: Bool = false
    ) {
        self.roles = roles
        self.name = name
        self.hasBias = hasBias
        self.isAbsentInFirst = isAbsentInFirst
    }

    /// Whether every layer has one.
    var isOfLayer: Bool { name.contains("*") }

    /// The name in a layer, without what stands before it.
    func name(layer: Int?) -> String {
        name.replacing("*", with: layer.map(String.init) ?? "")
    }

    /// What GGUF calls it in files of a family.
    func ggufName(_ naming: EncoderGGUFNaming, layer: Int?) -> String {
        let name =
            switch roles {
            case [.query, .key, .value]: "blk.*.attn_qkv"
            case [.gate, .up]: EncoderRole.up.ggufName
            default: naming.names[roles[0]] ?? roles[0].ggufName
            }
        return name.replacing("*", with: layer.map(String.init) ?? "")
    }
}

/// All tensors of a family of encoders.
struct EncoderTable: Sendable, Hashable {
    /// What stands before names, the usual spelling first: a checkpoint with a head has another than one without.
    let prefixes: [String]
    private(set) var rows: [EncoderRow]

    init(prefixes: [String], rows: [EncoderRow]) {
        self.prefixes = prefixes
        self.rows = rows
    }

    /// The tensor that holds `role`; nil where the family has none.
    func row(_ role: EncoderRole) -> EncoderRow? { rows.first { $0.roles.contains(role) } }

    /// The table with or without biases in these roles.
    func with(bias: Bool, where holds: (EncoderRole) -> Bool) -> EncoderTable {
        var table = self
        for index in rows.indices where rows[index].roles.contains(where: holds) {
            table.rows[index].hasBias = bias
        }
        return table
    }

    /// The table without the tensor of a role.
    func without(_ role: EncoderRole) -> EncoderTable {
        var table = self
        table.rows.removeAll { $0.roles.contains(role) }
        return table
    }

    /// Every tensor of a model of so many layers.
    func tensors(layerCount: Int) -> [(row: EncoderRow, layer: Int?)] {
        rows.flatMap { row -> [(row: EncoderRow, layer: Int?)] in
            guard row.isOfLayer else { return [(row, nil)] }
            return (0..<layerCount).filter { $0 > 0 || !row.isAbsentInFirst }.map { (row, $0) }
        }
    }
}
