// The tensors of a family, in their order, and what each is for.

/// What a tensor is for. The size of what it holds follows from this and the numbers of the model.
package enum TensorRole: Sendable, Hashable {
    /// `[vocabulary][hidden]`, looked up by token.
    case embedding
    /// `[context][hidden]`, looked up by position.
    case positions
    /// RMSNorm or LayerNorm before attention; a family may have none.
    case inputNorm
    /// Projections of the normed residual stream.
    case query, key, value
    /// Norms of every query head and key head, before the rotation.
    case queryNorm, keyNorm
    /// The same with weights of its own for each head.
    case queryHeadNorm, keyHeadNorm
    /// Norms of all query heads of a token together, and of all its key heads.
    case queryRowNorm, keyRowNorm
    /// A logit of each query head that takes part in its softmax and has no token behind it.
    case sinks
    /// From what was attended to back to the residual stream.
    case output
    /// The norm of what attention adds to the residual stream.
    case attentionEndNorm
    /// The norm before the MLP; a family may have none.
    case feedForwardNorm
    /// Into the MLP: the half that is activated where there are two, and the other (or only) one.
    case gate, up
    /// From the MLP back to the residual stream.
    case down
    /// Logits of experts.
    case router
    /// The matrices of an expert, as those of an MLP.
    case expertGate, expertUp, expertDown
    /// Those of the expert that every token runs through, and the logit of what it counts for.
    case sharedGate, sharedUp, sharedDown, sharedRouter
    /// The norm of what the MLP adds to the residual stream.
    case feedForwardEndNorm
    /// The norm after the last layer.
    case finalNorm
    /// `[vocabulary][hidden]`: logits. A model that ties its embeddings has none.
    case head
    /// The head that marks tokens for eviction, and its norm.
    case marks, marksNorm

    /// Whether every layer has one.
    var isOfLayer: Bool { !isTable && self != .finalNorm }
    /// Whether its rows belong to tokens or positions.
    package var isTable: Bool {
        switch self {
        case .embedding, .positions, .head: true
        default: false
        }
    }

    /// Whether a retrofit adds it to a model that was made without.
    package var isAdapter: Bool { self == .marks || self == .marksNorm }
    /// Whether it is the weight of a norm.
    package var isNorm: Bool {
        switch self {
        case .inputNorm, .queryNorm, .keyNorm, .queryHeadNorm, .keyHeadNorm, .queryRowNorm,
            .keyRowNorm, .attentionEndNorm,
            .feedForwardNorm, .feedForwardEndNorm, .finalNorm, .marksNorm:
            true
        default: false
        }
    }
    /// Whether it is one vector, no matrix.
    package var isVector: Bool { isNorm || self == .sinks }
    /// Whether it projects into the residual stream.
    package var isResidual: Bool {
        [.output, .down, .expertDown, .sharedDown].contains(self)
    }
}

/// One tensor of a family.
package struct TensorRow: Sendable, Hashable {
    /// What it is for; several where a tensor holds several matrices, one after another.
    package let roles: [TensorRole]
    /// The name that Hugging Face gives to it, without the table's prefix and without its ``suffix``; `*` stands for the
    /// number of the layer, `#` for that of the expert or head. Another format's names are another column: its names follow from the roles.
    package let name: String
    /// Whether `NAME.bias` belongs to it.
    package var hasBias: Bool
    /// Whether it is stored as [inputs][outputs].
    package fileprivate(set) var isTransposed: Bool
    /// Whether what it holds of a head lies together, all roles of the first head before those of the second.
    package let isByHead: Bool
    /// Whether the table's prefix stands before its name.
    let takesPrefix: Bool
    /// What stands behind its name.
    let suffix: String

    init(
        _ roles: TensorRole..., name: String, hasBias: Bool = false, isTransposed: Bool = false,
        isByHead: Bool = false, takesPrefix: Bool = true, suffix: String = ".weight"
    ) {
        self.suffix = suffix
        self.roles = roles
        self.name = name
        self.hasBias = hasBias
        self.isTransposed = isTransposed
        self.isByHead = isByHead
        self.takesPrefix = takesPrefix
    }
}

/// All tensors of a family, in the order in which a model runs them: those before the layers, those of a layer,
/// those after; adapters come last.
package struct TensorTable: Sendable, Hashable {
    /// What stands before names, the usual spelling first: exporters differ.
    let prefixes: [String]
    /// The tensors.
    package private(set) var rows: [TensorRow]
    /// Tensors of several experts that may be stored instead of one for each.
    var stacks: [ExpertStack] = []
    /// Whether other programs read the stacks alone, and know no names of a single expert's tensors.
    var storesStacks = false

    init(prefixes: [String], rows: [TensorRow]) {
        self.prefixes = prefixes
        self.rows = rows
    }

    /// Whether there is a tensor for this.
    package func has(_ role: TensorRole) -> Bool { rows.contains { $0.roles.contains(role) } }

    /// The tensor that holds `role`, which the family must have.
    package subscript(role: TensorRole) -> TensorRow {
        guard let row = rows.first(where: { $0.roles.contains(role) }) else {
            preconditionFailure("TensorTable: no tensor for \(role)")
        }
        return row
    }

    /// The table with or without biases in these roles.
    func with(bias: Bool, in roles: TensorRole...) -> TensorTable {
        var table = self
        for index in rows.indices where roles.contains(where: rows[index].roles.contains) {
            table.rows[index].hasBias = bias
        }
        return table
    }

    /// The table with or without biases in all norms.
    func withNormBiases(_ hasBias: Bool) -> TensorTable {
        var table = self
        for index in rows.indices
        where rows[index].roles[0].isNorm && !rows[index].roles[0].isAdapter {
            table.rows[index].hasBias = hasBias
        }
        return table
    }

    /// The table with every matrix stored as [outputs][inputs].
    func storingOutputsFirst() -> TensorTable {
        var table = self
        for index in rows.indices { table.rows[index].isTransposed = false }
        return table
    }

    /// The table without the tensors of these roles.
    func without(_ roles: TensorRole...) -> TensorTable {
        var table = self
        table.rows.removeAll { row in roles.contains(where: row.roles.contains) }
        return table
    }

    /// The table with the tensor of another, at the place of the first of its roles, for those that hold them apart.
    func fusing(_ row: TensorRow) -> TensorTable {
        var table = self
        guard let index = rows.firstIndex(where: { row.roles.contains($0.roles[0]) }) else {
            preconditionFailure("TensorTable: no tensor for \(row.roles)")
        }
        table.rows[index] = row
        table.rows.removeAll { $0 != row && row.roles.contains($0.roles[0]) }
        return table
    }

    /// The table with the tensor of a role under another name.
    func renaming(_ role: TensorRole, _ name: String) -> TensorTable {
        var table = self
        for index in rows.indices where rows[index].roles == [role] {
            table.rows[index] = TensorRow(
                role, name: name, hasBias: rows[index].hasBias,
                isTransposed: rows[index].isTransposed, takesPrefix: rows[index].takesPrefix)
        }
        return table
    }

    /// The table with further tensors after the one of `role`.
    func inserting(_ more: [TensorRow], after role: TensorRole) -> TensorTable {
        guard let index = rows.firstIndex(where: { $0.roles.contains(role) }) else {
            preconditionFailure("TensorTable: no tensor for \(role)")
        }
        var table = self
        table.rows.insert(contentsOf: more, at: index + 1)
        return table
    }
}
