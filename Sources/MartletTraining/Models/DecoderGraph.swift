// A decoder as a graph: the engine's forward over a batch of packed sequences.

import MartletModels

/// What a batch is made of, in the graph.
public struct BatchInputs {
    /// Sequences in the batch.
    public let sequences: Int
    /// Tokens of each.
    public let length: Int
    /// Token ids, row after row.
    public let tokens: Integers
    /// Position of each token in its document.
    public let positions: Integers
    /// Where in its row the document of each token begins.
    public let starts: Integers
    /// The next token of each place.
    public let targets: Integers
    /// The weight of each place in the loss; 0 leaves it out.
    public let weights: Value
    /// The sum of the weights of the whole step.
    public let total: Value
    /// 1 where a token is part of a document, 0 for padding.
    public let real: Value

    /// Declares the inputs of a batch.
    public init(_ graph: Graph, sequences: Int, length: Int) {
        self.sequences = sequences
        self.length = length
        let rows = sequences * length
        tokens = graph.integers(count: rows)
        positions = graph.integers(count: rows)
        starts = graph.integers(count: rows)
        targets = graph.integers(count: rows)
        weights = graph.given(rows: rows, columns: 1, name: "weights")
        total = graph.given(rows: 1, columns: 1, name: "total weight")
        real = graph.given(rows: rows, columns: 1, name: "real tokens")
    }
}

/// The part of a compression method inside each attention.
protocol AttentionVariant {
    /// Called with the residual stream before the layer's norm, and with queries, keys and values after the
    /// norms of heads and before the rotation.
    func prepare(_ graph: Graph, _ parts: AttentionParts, layer: Int) -> AttentionParts
    /// Called after the rotation.
    func finish(_ graph: Graph, _ parts: AttentionParts, layer: Int) -> AttentionParts
}

/// The intermediate values of one layer's attention.
struct AttentionParts {
    let residual: Value
    var q: Value
    var k: Value
    var v: Value
    /// Added to the scores of keys more than `window` before a query.
    var mask: Value?
    var window = 0
}

/// Builds the operations of a decoder.
struct DecoderGraph {
    let graph: Graph
    let model: TrainableModel
    let batch: BatchInputs
    var variant: (any AttentionVariant)?
    /// Low-rank parts that add to the products of their matrices; nil for the model as it was.
    let lowRank: LowRankParts?
    /// The layers to run, in order; nil for all.
    var layers: [Int]?
    /// The rotation of each layer.
    private let rotations: [RotaryTable?]

    init(
        _ graph: Graph, _ model: TrainableModel, _ batch: BatchInputs, rotations: [RotaryTable?],
        variant: (any AttentionVariant)? = nil, lowRank: LowRankParts? = nil
    ) {
        self.lowRank = lowRank
        self.graph = graph
        self.model = model
        self.batch = batch
        self.variant = variant
        self.rotations = rotations
    }

    /// Cosines and sines up to `positions` for each layer, shared by layers that rotate alike; nil for one that
    /// does not.
    static func rotations(_ model: TrainableModel, positions: Int) -> [RotaryTable?] {
        var tables: [HeadRotation: RotaryTable] = [:]
        return model.plan.shape.layers.map { layer in
            guard let rotation = layer.rotation else { return nil }
            if let table = tables[rotation] { return table }
            let table = RotaryTable(frequencies: rotation.frequencies, positions: positions)
            tables[rotation] = table
            return table
        }
    }

    /// Logits of every row.
    func logits() -> Value {
        let (x, head) = rowsAndHead()
        return graph.linear(x, head)
    }

    /// The last rows before the logits, and the head that makes logits of them.
    func rowsAndHead() -> (rows: Value, head: Value) {
        let plan = model.plan
        let table = weight(.embedding)
        var x = graph.embedding(batch.tokens, table)
        if plan.table.has(.positions) {
            x = graph.add(x, graph.embedding(batch.positions, weight(.positions)))
        }
        for index in layers ?? Array(plan.shape.layers.indices) {
            x = graph.segment { layer(x, index) }
        }
        x = norm(x, .finalNorm)
        return (x, plan.shape.tiesEmbeddings ? table : weight(.head))
    }

    private func layer(_ x: Value, _ layer: Int) -> Value {
        let projected = linear(norm(x, .inputNorm, layer), [.query, .key, .value], layer)
        var (q, k) = (projected[0], projected[1])
        if model.plan.table.has(.queryNorm) { q = norm(q, .queryNorm, layer) }
        if model.plan.table.has(.keyNorm) { k = norm(k, .keyNorm, layer) }
        let attended = attention(AttentionParts(residual: x, q: q, k: k, v: projected[2]), layer)
        let middle = graph.add(x, linear(attended, .output, layer))
        let inner = inner(norm(middle, .feedForwardNorm, layer), layer)
        return graph.add(middle, linear(inner, .down, layer))
    }

    private func inner(_ x: Value, _ layer: Int) -> Value {
        switch model.plan.feedForward {
        case .gatedSiLU:
            let halves = linear(x, [.gate, .up], layer)
            return graph.swiglu(gate: halves[0], up: halves[1])
        case .gatedGELU, .clampedSwiGLU:
            preconditionFailure("DecoderGraph: TrainableModel refuses other gates")
        case .plainGELU(let isApproximate):
            return graph.gelu(linear(x, .up, layer), isApproximate: isApproximate)
        }
    }

    private func attention(_ given: AttentionParts, _ layer: Int) -> Value {
        let plan = model.plan.shape.layers[layer]
        var parts = variant?.prepare(graph, given, layer: layer) ?? given
        if let table = rotations[layer] {
            parts.q = graph.rotary(parts.q, positions: batch.positions, table: table)
            parts.k = graph.rotary(parts.k, positions: batch.positions, table: table)
        }
        parts = variant?.finish(graph, parts, layer: layer) ?? parts
        return graph.attention(
            q: parts.q, k: parts.k, v: parts.v, starts: batch.starts,
            shape: AttentionShape(
                length: batch.length, heads: plan.headCount,
                keyValueHeads: plan.keyValueHeadCount, dimension: plan.headDimension,
                scale: model.plan.attentionScale),
            mask: parts.mask, window: parts.window)
    }

    private func parameter(_ row: TensorRow, _ suffix: String, _ layer: Int?) -> Value {
        graph.parameter(model.parameters[model.plan.name(row, layer: layer) + suffix])
    }

    private func weight(_ role: TensorRole, _ layer: Int? = nil) -> Value {
        parameter(model.plan.table[role], ".weight", layer)
    }

    private func bias(_ row: TensorRow, _ layer: Int?) -> Value? {
        row.hasBias ? parameter(row, ".bias", layer) : nil
    }

    private func linear(_ x: Value, _ role: TensorRole, _ layer: Int) -> Value {
        linear(x, [role], layer)[0]
    }

    /// The products of these roles, those that one tensor holds computed together.
    private func linear(_ x: Value, _ roles: [TensorRole], _ layer: Int) -> [Value] {
        var fused: (row: TensorRow, product: Value)?
        return roles.map { role in
            let row = model.plan.table[role]
            var product: Value
            if let fused, fused.row == row {
                product = fused.product
            } else {
                product = graph.linear(
                    x, parameter(row, ".weight", layer), bias: bias(row, layer),
                    isTransposed: row.isTransposed)
                if let part = lowRank?[model.plan.name(row, layer: layer) + ".weight"] {
                    let inner = graph.linear(x, graph.parameter(part.down))
                    product = graph.add(product, graph.linear(inner, graph.parameter(part.up)))
                }
                fused = (row, product)
            }
            guard row.roles.count > 1 else { return product }
            return graph.columns(product, model.plan.span(of: role, in: row, layer: layer))
        }
    }

    private func norm(_ x: Value, _ role: TensorRole, _ layer: Int? = nil) -> Value {
        let row = model.plan.table[role]
        return graph.norm(
            x, weight: parameter(row, ".weight", layer), bias: bias(row, layer),
            isCentred: model.plan.norm == .layer, epsilon: Float(model.plan.epsilon))
    }
}
