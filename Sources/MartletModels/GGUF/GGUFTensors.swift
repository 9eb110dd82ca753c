// The tensors of a GGUF model under the names that a family's table has.

package import MartletFormats
import MartletKernels

extension TensorRole {
    /// What GGUF calls the tensor of this role; `*` stands for the number of the layer. nil for what it does not store.
    var ggufName: String? {
        switch self {
        case .embedding: "token_embd"
        case .positions: "position_embd"
        case .inputNorm: "blk.*.attn_norm"
        case .query: "blk.*.attn_q"
        case .key: "blk.*.attn_k"
        case .value: "blk.*.attn_v"
        case .queryNorm: "blk.*.attn_q_norm"
        case .keyNorm: "blk.*.attn_k_norm"
        case .queryHeadNorm, .queryRowNorm: "blk.*.attn_q_norm"
        case .keyHeadNorm, .keyRowNorm: "blk.*.attn_k_norm"
        case .output: "blk.*.attn_output"
        case .sinks: "blk.*.attn_sinks"
        case .attentionEndNorm: "blk.*.post_attention_norm"
        case .feedForwardNorm: "blk.*.ffn_norm"
        case .gate: "blk.*.ffn_gate"
        case .up: "blk.*.ffn_up"
        case .down: "blk.*.ffn_down"
        case .router: "blk.*.ffn_gate_inp"
        case .expertGate: "blk.*.ffn_gate_exps"
        case .expertUp: "blk.*.ffn_up_exps"
        case .expertDown: "blk.*.ffn_down_exps"
        case .sharedRouter: "blk.*.ffn_gate_inp_shexp"
        case .sharedGate: "blk.*.ffn_gate_shexp"
        case .sharedUp: "blk.*.ffn_up_shexp"
        case .sharedDown: "blk.*.ffn_down_shexp"
        case .feedForwardEndNorm: "blk.*.post_ffw_norm"
        case .finalNorm: "output_norm"
        case .head: "output"
        case .marks, .marksNorm: nil
        }
    }
}

extension GGUFNaming {
    /// What a tensor of the plan is called; nil for what is not stored.
    func name(_ tensor: PlannedTensor) -> String? {
        let role = tensor.row.roles[0]
        let name: String? =
            switch tensor.row.roles {
            case [.query, .key, .value]: "blk.*.attn_qkv"
            case [.gate, .up]: "blk.*.ffn_up"
            default: names[role] ?? role.ggufName
            }
        return name.map {
            $0.replacing("*", with: tensor.layer.map(String.init) ?? "")
                + (tensor.isBias ? ".bias" : ".weight")
        }
    }
}

/// Tensors that a file may have instead of one for each of several roles: their rows one after another.
struct GGUFFusion {
    /// The name, `*` for the number of the layer.
    let name: String
    let roles: [TensorRole]

    static let all = [
        GGUFFusion(name: "blk.*.attn_qkv", roles: [.query, .key, .value]),
        GGUFFusion(name: "blk.*.ffn_gate_up_exps", roles: [.expertGate, .expertUp]),
    ]

    /// The name of the one in which a tensor of the plan may be, and the rows of it that are its; nil where there is none.
    static func place(
        of tensor: PlannedTensor, _ plan: DecoderPlan
    ) -> (name: String, rows: Range<Int>, all: Int)? {
        guard tensor.row.roles.count == 1, let layer = tensor.layer,
            let fusion = all.first(where: { $0.roles.contains(tensor.row.roles[0]) })
        else { return nil }
        var (first, rows) = (0, 0..<0)
        for role in fusion.roles {
            let count = plan.outputs(TensorRow(role, name: ""), layer: layer)
            if role == tensor.row.roles[0] { rows = first..<first + count }
            first += count
        }
        let name = fusion.name.replacing("*", with: String(layer))
        return (name + (tensor.isBias ? ".bias" : ".weight"), rows, first)
    }
}

extension GGUFNaming {
    /// In which order a file has the rows of a tensor, counted as a checkpoint has them; nil for the same.
    func order(_ tensor: PlannedTensor, _ plan: DecoderPlan) -> RowOrder? {
        let (role, shape) = (tensor.row.roles[0], plan.shape)
        if tensor.row.isByHead {
            // One part after another here, what is one head's together there.
            return .byHead(
                heads: tensor.row.roles.count, parts: shape.headCount,
                headRows: shape.headDimension)
        }
        guard interleaves, role == .query || role == .key else { return nil }
        return RowOrder(headRows: shape.headDimension)
    }
}

/// A GGUF file's tensors as a checkpoint's: each has the name, and the order of rows, that the plan expects.
package final class GGUFTensors: TensorSource {
    package let path: String
    package let files: [MappedFile]
    package let entries: [TensorEntry]
    package var storesOutputsFirst: Bool { true }
    private let positions: [String: Int]

    /// Tensors that the configuration was made of, besides those of the plan.
    static let read: Set<String> = [
        "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
    ]

    /// - Throws: ``ModelError`` for a tensor that is missing, and for one that no part of the plan reads.
    convenience init(
        _ model: GGUFModel, plan: DecoderPlan, naming: GGUFNaming
    ) throws(ModelError) {
        var entries: [TensorEntry] = []
        var taken = Self.read
        for tensor in plan.tensors {
            guard let role = tensor.row.roles.first, let stored = naming.name(tensor) else {
                continue
            }
            var (name, rows) = (stored, 0..<(tensor.shape.first ?? 0))
            var shape = tensor.shape
            let fused = model.contains(stored) ? nil : GGUFFusion.place(of: tensor, plan)
            if let fused, model.contains(fused.name) {
                (name, rows) = (fused.name, fused.rows)
                shape[0] = fused.all
            }
            guard let entry = model.find(name) else {
                throw .format(.missingTensor(path: model.path, tensor: stored))
            }
            taken.insert(name)
            if tensor.number != nil || name != stored {
                let copies = plan.copies(tensor.row, layer: tensor.layer)
                let expected = (tensor.number == nil ? [] : [copies]) + shape
                guard entry.shape == expected else {
                    throw .format(
                        .shapeMismatch(
                            file: model.path, tensor: name, got: entry.shape, expected: expected))
                }
                // Blocks of a vector may reach over the ends of its parts.
                guard entry.stored == nil || tensor.shape.count > 1 else {
                    throw .format(
                        .malformedTensor(
                            file: model.path, tensor: name, field: "type",
                            got: "blocks of numbers", expected: "F32, F16 or BF16"))
                }
                let part =
                    tensor.number.map { entry.part(tensor.name, index: $0, rows: rows) }
                    ?? entry.rows(tensor.name, rows)
                entries.append(
                    part.renamed(tensor.name, rowOrder: naming.order(tensor, plan)))
                continue
            }
            // One row may be stored as a vector.
            let isRow = tensor.shape == [1] + entry.shape
            entries.append(
                entry.renamed(
                    tensor.name, shape: isRow ? tensor.shape : nil,
                    rowOrder: naming.order(tensor, plan),
                    term: naming.holdsWholeNorms && role.isNorm ? -plan.normOffset : 0))
        }
        for entry in model.entries where !taken.contains(entry.name) {
            throw .unsupported(
                file: model.path, key: "tensor \(entry.name)", got: "stored",
                expected: "no such tensor, because a \(plan.shape.family) model with this "
                    + "metadata does not read it and it may change results")
        }
        self.init(model, entries: entries)
    }

    /// A file's tensors that were renamed already.
    init(_ model: GGUFModel, entries: [TensorEntry]) {
        path = model.path
        files = model.files
        self.entries = entries
        var positions: [String: Int] = [:]
        for (position, entry) in entries.enumerated() { positions[entry.name] = position }
        self.positions = positions
    }

    package func contains(_ name: String) -> Bool { positions[name] != nil }

    package func find(_ name: String) -> TensorEntry? { positions[name].map { entries[$0] } }
}
