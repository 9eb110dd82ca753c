// DMS inside each attention (arXiv 2506.05345).

import MartletModels

/// Adds decisions and masks to every layer of a decoder, and keeps their bits, over which the budget is counted.
final class SparsificationVariant: DecidingVariant {
    private let model: TrainableModel
    private let batch: BatchInputs
    private let parameters: EvictionParameters
    private(set) var noise: [Value] = []
    private(set) var bits: [Value] = []
    let fade: Value?

    init(
        _ graph: Graph, model: TrainableModel, batch: BatchInputs, parameters: EvictionParameters
    ) {
        self.model = model
        self.batch = batch
        self.parameters = parameters
        fade =
            model.plan.shape.evictionHead?.source == .projection
            ? nil : graph.given(rows: 1, columns: 1, name: "fade of the channel")
    }

    func prepare(_ graph: Graph, _ given: AttentionParts, layer: Int) -> AttentionParts {
        var parts = given
        let shape = model.plan.shape
        let raw: Value
        if let fade {
            let group = shape.headCount / shape.keyValueHeadCount
            let borrowed = graph.borrowChannel(
                parts.q, dimension: shape.headDimension, every: group, factor: fade, reads: true)
            parts.q = borrowed.rest
            guard let read = borrowed.raw else {
                preconditionFailure("borrowChannel: nothing read")
            }
            raw = read
        } else {
            func weight(_ role: TensorRole) -> Value {
                let name = model.plan.name(model.plan.table[role], layer: layer)
                return graph.parameter(model.parameters[name + ".weight"])
            }
            let normed = graph.norm(
                parts.residual, weight: weight(.marksNorm), epsilon: Float(model.plan.epsilon))
            // Some hundred times the product is compared with noise, so that it has no digits to lose.
            raw = graph.linear(normed, weight(.marks), isExact: true)
        }
        let (rows, heads) = graph.shape(raw)
        let noise = graph.given(rows: rows, columns: heads, name: "noise of layer \(layer)")
        let decision = graph.evictionDecision(
            raw: raw, noise: noise, batch: batch, head: parameters)
        self.noise.append(noise)
        bits.append(decision.bits)
        parts.mask = decision.mask
        parts.window = parameters.maskWindow
        return parts
    }

    func finish(_ graph: Graph, _ given: AttentionParts, layer: Int) -> AttentionParts {
        guard let fade else { return given }
        var parts = given
        let shape = model.plan.shape
        // The rotation mixes the channel with its partner: it is taken out again.
        parts.q =
            graph.borrowChannel(
                parts.q, dimension: shape.headDimension,
                every: shape.headCount / shape.keyValueHeadCount, factor: fade, reads: false
            ).rest
        return parts
    }
}
