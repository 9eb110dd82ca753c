// DMC inside each attention (2403.09636).

import MartletModels

/// Merges keys and values before the rotation and masks what was merged into the next token.
final class CompressionVariant: DecidingVariant {
    private let model: TrainableModel
    private let batch: BatchInputs
    private let parameters: EvictionParameters
    /// What is left of the borrowed channels of keys and queries.
    private let channels: Value
    private(set) var noise: [Value] = []
    private(set) var bits: [Value] = []
    var fade: Value? { channels }

    init(
        _ graph: Graph, model: TrainableModel, batch: BatchInputs, parameters: EvictionParameters
    ) {
        self.model = model
        self.batch = batch
        self.parameters = parameters
        channels = graph.given(rows: 1, columns: 1, name: "fade of the channels")
    }

    func prepare(_ graph: Graph, _ given: AttentionParts, layer: Int) -> AttentionParts {
        var parts = given
        let dimension = model.plan.shape.headDimension
        let keys = graph.borrowChannel(
            parts.k, dimension: dimension, every: 1, factor: channels, reads: true)
        let queries = graph.borrowChannel(
            parts.q, dimension: dimension, every: 1, factor: channels, reads: true)
        guard let keyMarks = keys.raw, let queryMarks = queries.raw else {
            preconditionFailure("borrowChannel: nothing read")
        }
        let (rows, heads) = graph.shape(keyMarks)
        let noise = graph.given(rows: rows, columns: heads, name: "noise of layer \(layer)")
        let decision = graph.evictionDecision(
            raw: keyMarks, noise: noise, batch: batch, head: parameters)
        let merge = graph.mergeDecision(
            keyMarks: keyMarks, queryMarks: queryMarks, noise: noise, batch: batch,
            parameters: parameters)
        self.noise.append(noise)
        bits.append(decision.bits)
        parts.q = queries.rest
        parts.k = graph.runningMean(
            keys.rest, alpha: merge.alpha, omega: merge.omega, batch: batch,
            window: parameters.window)
        parts.v = graph.runningMean(
            parts.v, alpha: merge.alpha, omega: merge.omega, batch: batch,
            window: parameters.window)
        parts.mask = decision.mask
        parts.window = 0
        return parts
    }

    func finish(_ graph: Graph, _ given: AttentionParts, layer: Int) -> AttentionParts {
        var parts = given
        let dimension = model.plan.shape.headDimension
        parts.q =
            graph.borrowChannel(
                parts.q, dimension: dimension, every: 1, factor: channels, reads: false
            ).rest
        parts.k =
            graph.borrowChannel(
                parts.k, dimension: dimension, every: 1, factor: channels, reads: false
            ).rest
        return parts
    }
}
