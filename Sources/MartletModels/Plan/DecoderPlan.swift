// One model of a family: the family's table with the numbers of a configuration put in. From it come the bindings
// of the engine, the parameters of a trainer, counts, and random weights.

package import MartletFormats

/// What a norm computes.
package enum NormKind: Sendable, Hashable {
    /// RMSNorm.
    case rms
    /// LayerNorm.
    case layer
}

/// What lies between an MLP's first products and its last.
package enum FeedForwardKind: Sendable, Hashable {
    /// silu(gate x) · up x
    case gatedSiLU
    /// gelu(gate x) · up x, GELU in the tanh form.
    case gatedGELU
    /// g / (1 + e^(-alpha g)) · (u + 1) of g = gate x, at most `limit`, and u = up x, at most `limit` by magnitude.
    case clampedSwiGLU(alpha: Float, limit: Float)
    /// gelu(up x), in the tanh form or the exact one.
    case plainGELU(isApproximate: Bool)
}

extension FeedForwardKind {
    /// Whether it is Llama's or GPT-2's.
    var isPlain: Bool {
        switch self {
        case .gatedSiLU, .plainGELU: true
        case .gatedGELU, .clampedSwiGLU: false
        }
    }
}

/// One decoder without its weights.
package struct DecoderPlan: Sendable {
    /// The numbers.
    package var shape: DecoderShape
    /// The tensors.
    package var table: TensorTable
    /// What its norms are.
    package var norm: NormKind = .rms
    /// Added to variances in norms.
    package var epsilon = 1e-6
    /// Factor of query-key products.
    package var attentionScale: Float
    /// What its MLPs are.
    package var feedForward: FeedForwardKind = .gatedSiLU
    /// What the stored weights of norms lack: 1 where they are stored as their difference from it.
    package var normOffset: Float = 0
    /// Factor of embeddings where they enter the residual stream.
    package var embeddingScale: Float = 1
    /// Factor of what attention and MLP add to the residual stream.
    package var residualScale: Float = 1
    /// What queries, keys and values are clamped to, by magnitude.
    package var projectionLimit: Float?
    /// Factor of logits.
    package var logitScale: Float = 1
    /// What scaled scores of attention are softly held below (c tanh(s / c)); 0 for none.
    package var attentionCap: Float = 0
    /// What logits are softly held below; 0 for none.
    package var logitCap: Float = 0
    /// Whether attention and MLP read the same residual stream: x += A(x) + F(x).
    package var isParallel = false
    /// Whether a checkpoint's queries and keys are for rotations of neighbours, not of halves.
    package var turnsNeighbours = false
    /// Whether query and key heads are normalised after the rotation instead of before.
    package var normalisesTurned = false
    /// Where a checkpoint's parts said different things, and which of them counts: sentences for whoever loads it.
    package internal(set) var notes: [String] = []

    init(shape: DecoderShape, table: TensorTable) {
        self.shape = shape
        self.table = table
        attentionScale = 1 / Float(shape.headDimension).squareRoot()
    }

    /// Whether it is Llama or GPT-2 in all but sizes: norms before attention and MLP, no factors, whole rotations.
    package var isPlain: Bool {
        let roles: [TensorRole] = [
            .queryHeadNorm, .keyHeadNorm, .queryRowNorm, .keyRowNorm, .attentionEndNorm,
            .feedForwardEndNorm, .sinks,
        ]
        return table.has(.inputNorm) && table.has(.feedForwardNorm)
            && !roles.contains(where: table.has)
            && normOffset == 0 && embeddingScale == 1 && residualScale == 1 && logitScale == 1
            && attentionCap == 0 && logitCap == 0 && !isParallel && !turnsNeighbours
            && !normalisesTurned && !table.rows.contains(where: \.isByHead)
            && feedForward.isPlain && projectionLimit == nil
            && shape.layers.allSatisfy { $0.experts == nil }
            && shape.layers.allSatisfy {
                $0.rotary.map { $0.share == 1 && $0.amplitude == 1 && $0.growth == nil } ?? true
            }
    }

    /// Whether attention is not the softmax of scaled products alone.
    var bendsScores: Bool { attentionCap > 0 || table.has(.sinks) }

    /// Reads a configuration of any family; refuses what nothing here can run.
    package static func read(_ file: ConfigurationFile) throws(ModelError) -> DecoderPlan {
        let file = try file.ofText()
        let plan = try ModelRegistry.family(file).plan(file)
        try plan.checkRunnable(file: file.path)
        return plan
    }

    /// Throws for what the engine cannot run yet, naming the layer.
    func checkRunnable(file: String) throws(ModelError) {
        guard let first = shape.layers.first else { return }
        if normalisesTurned, let head = shape.evictionHead, !head.projects {
            throw .unsupported(
                file: file, key: "eviction head", got: "in a channel of queries and keys",
                expected: "a projection: heads of \(shape.family) are normalised after the rotation"
            )
        }
        for (index, layer) in shape.layers.enumerated() {
            func refuse(_ got: String, _ expected: String) -> ModelError {
                .unsupported(file: file, key: "layer \(index)", got: got, expected: expected)
            }
            if case .state(let name) = layer.mixing {
                throw refuse("a state (\(name))", "attention over a cache")
            }
            if let source = layer.keyValueSource {
                throw refuse("reading layer \(source)'s keys and values", "its own")
            }
            guard layer.headCount == first.headCount,
                layer.keyValueHeadCount == first.keyValueHeadCount,
                layer.headDimension == first.headDimension
            else {
                func text(_ layer: LayerPlan) -> String {
                    "\(layer.headCount) heads, \(layer.keyValueHeadCount) KV heads of \(layer.headDimension)"
                }
                throw refuse(text(layer), "those of layer 0, \(text(first))")
            }
        }
    }
}

// MARK: Tensors

/// One tensor of one model.
package struct PlannedTensor: Sendable {
    /// The name, with the usual prefix.
    package let name: String
    /// Its row of the table.
    package let row: TensorRow
    /// Its layer; nil for what comes before and after the layers.
    package let layer: Int?
    /// Its expert, or its head where each has one of its own; nil for what a layer has one of.
    package var number: Int?
    /// Whether it is the row's bias.
    package let isBias: Bool
    /// Lengths of its dimensions as stored, slowest first.
    package let shape: [Int]

    var suffix: String { isBias ? ".bias" : row.suffix }
    /// Number of weights.
    var count: Int { shape.reduce(1, *) }
}

extension DecoderPlan {
    /// Outputs and inputs of a matrix; of a norm, one output and the channels that it scales.
    private func size(_ role: TensorRole, layer: Int?) -> (outputs: Int, inputs: Int) {
        let s = shape
        func of(_ width: (LayerPlan) -> Int) -> Int { layer.map { width(s.layers[$0]) } ?? 0 }
        return switch role {
        case .embedding, .head: (s.vocabularySize, s.hiddenSize)
        case .positions: (s.contextLength, s.hiddenSize)
        case .inputNorm, .feedForwardNorm, .finalNorm, .marksNorm: (1, s.hiddenSize)
        case .attentionEndNorm, .feedForwardEndNorm: (1, s.hiddenSize)
        case .queryNorm, .keyNorm, .queryHeadNorm, .keyHeadNorm: (1, of(\.headDimension))
        case .queryRowNorm: (1, of(\.queryWidth))
        case .keyRowNorm: (1, of(\.keyValueWidth))
        case .query: (of(\.queryWidth), s.hiddenSize)
        case .key, .value: (of(\.keyValueWidth), s.hiddenSize)
        case .output: (s.hiddenSize, of(\.queryWidth))
        case .sinks: (1, of(\.headCount))
        case .gate, .up: (s.intermediateSize, s.hiddenSize)
        case .down: (s.hiddenSize, s.intermediateSize)
        case .router: (of { $0.experts?.count ?? 0 }, s.hiddenSize)
        case .expertGate, .expertUp: (of { $0.experts?.width ?? 0 }, s.hiddenSize)
        case .expertDown: (s.hiddenSize, of { $0.experts?.width ?? 0 })
        case .sharedGate, .sharedUp: (of { $0.experts?.sharedWidth ?? 0 }, s.hiddenSize)
        case .sharedDown: (s.hiddenSize, of { $0.experts?.sharedWidth ?? 0 })
        case .sharedRouter: (1, s.hiddenSize)
        case .marks: (of(\.keyValueHeadCount), s.hiddenSize)
        }
    }

    /// Channels that a norm scales, or that a matrix reads.
    package func inputs(_ role: TensorRole, layer: Int?) -> Int { size(role, layer: layer).inputs }

    /// Output channels of a row, all its roles together.
    package func outputs(_ row: TensorRow, layer: Int?) -> Int {
        row.roles.reduce(0) { $0 + size($1, layer: layer).outputs }
    }

    /// The output channels of a row that are those of `role`.
    package func span(of role: TensorRole, in row: TensorRow, layer: Int?) -> Range<Int> {
        var first = 0
        for held in row.roles {
            let count = size(held, layer: layer).outputs
            if held == role { return first..<first + count }
            first += count
        }
        preconditionFailure("DecoderPlan: \(row.name) holds no \(role)")
    }

    /// In which order a checkpoint has the rows of a role, counted from the tensor's first; nil for ours.
    func order(of role: TensorRole, in row: TensorRow, layer: Int?) -> RowOrder? {
        guard let layer = layer.map({ shape.layers[$0] }) else { return nil }
        if row.isByHead {
            return .byHead(
                heads: layer.headCount, parts: row.roles.count, headRows: layer.headDimension)
        }
        guard turnsNeighbours, let rotary = layer.rotary,
            [.query, .key, .queryNorm, .keyNorm].contains(role)
        else { return nil }
        return .interleaved(
            headRows: layer.headDimension,
            turned: rotary.dimensions(headDimension: layer.headDimension))
    }

    /// The norm before the MLP: that before attention where both read the same.
    var feedForwardInput: TensorRole {
        isParallel && !table.has(.feedForwardNorm) ? .inputNorm : .feedForwardNorm
    }

    /// The name of a tensor without `.weight` or `.bias`, with the usual prefix.
    package func name(_ row: TensorRow, layer: Int?) -> String {
        name(row, layer: layer, prefix: table.prefixes[0])
    }

    /// The name of the tensor that is in `layer` what this one is in its own.
    package func name(of tensor: PlannedTensor, layer: Int?) -> String {
        name(tensor.row, layer: layer, number: tensor.number, prefix: table.prefixes[0])
            + tensor.suffix
    }

    fileprivate func name(
        _ row: TensorRow, layer: Int?, number: Int? = nil, prefix: String
    ) -> String {
        // Where the whole decoder is a part, so is its head.
        let isPart = prefix.hasPrefix("language_model.")
        let name = (row.takesPrefix ? prefix : isPart ? "language_model." : "") + row.name
        return Self.numbered(name, layer: layer, number: number)
    }

    /// A name of the table with the numbers of a layer, and an expert or a head, in it.
    static func numbered(_ name: String, layer: Int?, number: Int? = nil) -> String {
        var name = name
        for (mark, number) in [("*" as Character, layer), ("#", number)] {
            guard let number, let place = name.firstIndex(of: mark) else { continue }
            name = name[..<place] + String(number) + name[name.index(after: place)...]
        }
        return name
    }

    /// All tensors in the order of the table, each bias after its weight, adapters last.
    package var tensors: [PlannedTensor] {
        let rows = table.rows.filter { !$0.roles[0].isAdapter }
        let before = rows.prefix { !$0.roles[0].isOfLayer }
        let inside = rows.filter { $0.roles[0].isOfLayer }
        let after = rows.dropFirst(before.count + inside.count).filter {
            !(shape.tiesEmbeddings && $0.roles == [.head])
        }
        let adapters =
            shape.evictionHead?.projects == true
            ? table.rows.filter { $0.roles[0].isAdapter } : []
        var all = before.flatMap { tensors($0, nil) }
        for layer in shape.layers.indices { all += inside.flatMap { tensors($0, layer) } }
        all += after.flatMap { tensors($0, nil) }
        for layer in shape.layers.indices { all += adapters.flatMap { tensors($0, layer) } }
        return all
    }

    private func tensors(_ row: TensorRow, _ layer: Int?) -> [PlannedTensor] {
        let copies = copies(row, layer: layer)
        guard row.roles[0].isNumbered else { return copies == 0 ? [] : tensors(row, layer, nil) }
        return (0..<copies).flatMap { tensors(row, layer, $0) }
    }

    private func tensors(_ row: TensorRow, _ layer: Int?, _ number: Int?) -> [PlannedTensor] {
        let (outputs, inputs) = (outputs(row, layer: layer), inputs(row.roles[0], layer: layer))
        let name = name(row, layer: layer, number: number, prefix: table.prefixes[0])
        func tensor(isBias: Bool, _ shape: [Int]) -> PlannedTensor {
            PlannedTensor(
                name: name + (isBias ? ".bias" : row.suffix), row: row, layer: layer,
                number: number, isBias: isBias, shape: shape)
        }
        let isVector = row.roles[0].isVector
        let weight = tensor(
            isBias: false,
            isVector ? [inputs] : row.isTransposed ? [inputs, outputs] : [outputs, inputs])
        guard row.hasBias else { return [weight] }
        return [weight, tensor(isBias: true, [isVector ? inputs : outputs])]
    }

    /// Weights of the model without its adapters, each counted once: a tied embedding is one matrix.
    var parameterCount: Int {
        tensors.reduce(0) { $0 + ($1.row.roles[0].isAdapter ? 0 : $1.count) }
    }

    /// Weights of one layer's matrices, without its adapters.
    func matrixParameterCount(layer: Int) -> Int {
        matrixRows.reduce(0) {
            $0 + outputs($1, layer: layer) * inputs($1.roles[0], layer: layer)
                * copies($1, layer: layer)
        }
    }

    /// The rows of the table that are a layer's matrices, without its adapters.
    var matrixRows: [TensorRow] {
        table.rows.filter {
            $0.roles[0].isOfLayer && !$0.roles[0].isAdapter && !$0.roles[0].isVector
        }
    }
}

/// The names under which one checkpoint stores the tensors of a plan.
package struct StoredNames: Sendable {
    private let plan: DecoderPlan
    /// What stands before the names of the decoder's tensors.
    let prefix: String
    /// What stands before the number of a layer.
    var layerPrefix: String {
        prefix + plan.table[.output].name.prefix { $0 != "*" }
    }
    /// Whether a tied embedding lies under the head's name.
    private let isStoredAsHead: Bool

    /// - Parameter contains: whether the checkpoint has a tensor of this name.
    package init(_ plan: DecoderPlan, contains: (String) -> Bool) {
        self.plan = plan
        func weight(_ role: TensorRole, _ prefix: String) -> String {
            plan.name(plan.table[role], layer: nil, prefix: prefix) + ".weight"
        }
        // Not by the embedding alone: where it is tied it may lie under the head's name, which has no prefix.
        let prefixes = plan.table.prefixes
        let prefix =
            prefixes.first { contains(weight(.embedding, $0)) || contains(weight(.finalNorm, $0)) }
            ?? prefixes[0]
        self.prefix = prefix
        isStoredAsHead =
            plan.shape.tiesEmbeddings && !contains(weight(.embedding, prefix))
            && contains(weight(.head, prefix))
    }

    /// The stored name of a row without `.weight` or `.bias`.
    package func name(_ row: TensorRow, layer: Int?, number: Int? = nil) -> String {
        let row = isStoredAsHead && row.roles == [.embedding] ? plan.table[.head] : row
        return plan.name(row, layer: layer, number: number, prefix: prefix)
    }

    /// The stored name of a tensor.
    package func name(_ tensor: PlannedTensor) -> String {
        name(tensor.row, layer: tensor.layer, number: tensor.number) + tensor.suffix
    }

    /// The stored name of several experts' tensors in one.
    func name(_ stack: ExpertStack, layer: Int) -> String {
        DecoderPlan.numbered(prefix + stack.name, layer: layer)
    }
}
