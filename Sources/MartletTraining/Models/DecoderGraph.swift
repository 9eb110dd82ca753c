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
    /// The layers to run, in order; nil for all.
    var layers: [Int]?
    private let table: RotaryTable?

    init(
        _ graph: Graph, _ model: TrainableModel, _ batch: BatchInputs, table: RotaryTable?,
        variant: (any AttentionVariant)? = nil
    ) {
        self.graph = graph
        self.model = model
        self.batch = batch
        self.variant = variant
        self.table = table
    }

    /// Cosines and sines up to `positions`; nil for a model with learned positions.
    static func rotaryTable(_ model: TrainableModel, positions: Int) -> RotaryTable? {
        let shape = model.blueprint.shape
        return shape.rotary.map {
            RotaryTable(
                frequencies: $0.frequencies(headDimension: shape.headDimension),
                positions: positions)
        }
    }

    /// Logits of every row.
    func logits() -> Value {
        let plan = model.blueprint
        let isPlain = plan.plainMLP != nil
        let table = parameter(
            isPlain ? "transformer.wte.weight" : "model.embed_tokens.weight")
        var x = graph.embedding(batch.tokens, table)
        if isPlain {
            x = graph.add(
                x, graph.embedding(batch.positions, parameter("transformer.wpe.weight")))
        }
        for layer in layers ?? Array(0..<plan.shape.layerCount) {
            x = isPlain ? plainLayer(x, layer) : gatedLayer(x, layer)
        }
        x = norm(x, isPlain ? "transformer.ln_f" : "model.norm")
        return graph.linear(x, plan.shape.tiesEmbeddings ? table : parameter("lm_head.weight"))
    }

    private func gatedLayer(_ x: Value, _ layer: Int) -> Value {
        let prefix = "model.layers.\(layer)."
        let normed = norm(x, prefix + "input_layernorm")
        var q = linear(normed, prefix + "self_attn.q_proj")
        var k = linear(normed, prefix + "self_attn.k_proj")
        let v = linear(normed, prefix + "self_attn.v_proj")
        if model.blueprint.hasHeadNorms {
            q = norm(q, prefix + "self_attn.q_norm")
            k = norm(k, prefix + "self_attn.k_norm")
        }
        let attended = attention(AttentionParts(residual: x, q: q, k: k, v: v), layer)
        let middle = graph.add(x, linear(attended, prefix + "self_attn.o_proj"))
        let input = norm(middle, prefix + "post_attention_layernorm")
        let inner = graph.swiglu(
            gate: linear(input, prefix + "mlp.gate_proj"), up: linear(input, prefix + "mlp.up_proj")
        )
        return graph.add(middle, linear(inner, prefix + "mlp.down_proj"))
    }

    private func plainLayer(_ x: Value, _ layer: Int) -> Value {
        let prefix = "transformer.h.\(layer)."
        let width = model.blueprint.shape.queryWidth
        let fused = linear(norm(x, prefix + "ln_1"), prefix + "attn.c_attn", isTransposed: true)
        let parts = (0..<3).map { graph.columns(fused, $0 * width..<($0 + 1) * width) }
        let attended = attention(
            AttentionParts(residual: x, q: parts[0], k: parts[1], v: parts[2]), layer)
        let middle = graph.add(x, linear(attended, prefix + "attn.c_proj", isTransposed: true))
        let inner = graph.gelu(
            linear(norm(middle, prefix + "ln_2"), prefix + "mlp.c_fc", isTransposed: true),
            isApproximate: model.blueprint.plainMLP == .approximateGELU)
        return graph.add(middle, linear(inner, prefix + "mlp.c_proj", isTransposed: true))
    }

    private func attention(_ given: AttentionParts, _ layer: Int) -> Value {
        let shape = model.blueprint.shape
        var parts = variant?.prepare(graph, given, layer: layer) ?? given
        if let table {
            parts.q = graph.rotary(parts.q, positions: batch.positions, table: table)
            parts.k = graph.rotary(parts.k, positions: batch.positions, table: table)
        }
        parts = variant?.finish(graph, parts, layer: layer) ?? parts
        return graph.attention(
            q: parts.q, k: parts.k, v: parts.v, starts: batch.starts,
            shape: AttentionShape(
                length: batch.length, heads: shape.headCount,
                keyValueHeads: shape.keyValueHeadCount, dimension: shape.headDimension,
                scale: model.blueprint.attentionScale),
            mask: parts.mask, window: parts.window)
    }

    private func parameter(_ name: String) -> Value { graph.parameter(model.parameters[name]) }

    private func optional(_ name: String) -> Value? {
        model.parameters.contains(name) ? parameter(name) : nil
    }

    private func linear(_ x: Value, _ name: String, isTransposed: Bool = false) -> Value {
        graph.linear(
            x, parameter(name + ".weight"), bias: optional(name + ".bias"),
            isTransposed: isTransposed)
    }

    private func norm(_ x: Value, _ name: String) -> Value {
        graph.norm(
            x, weight: parameter(name + ".weight"), bias: optional(name + ".bias"),
            isCentred: model.blueprint.plainMLP != nil, epsilon: Float(model.blueprint.epsilon))
    }
}
