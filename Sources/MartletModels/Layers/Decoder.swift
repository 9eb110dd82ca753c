// The decoder that every family here is: embed, run the layers, normalise, project.

import CMartletKernels
import MartletCache
import MartletFormats
import MartletKernels

/// A decoder's weights in the order in which a step meets them.
struct Decoder: Sendable {
    let vocabulary: TokenWeights
    /// `[context][hidden]`, where positions are learned.
    let positions: WeightVector?
    let layers: [DecoderLayer]
    /// Scales logits, too.
    let finalNorm: Norm
    private let embeddingScale: Float

    init(
        _ plan: DecoderPlan, weights: any WeightSource, isAdaptable: Bool = false
    ) throws(ModelError) {
        let bound = BoundTensors(plan, weights, isAdaptable: isAdaptable)
        let shape = plan.shape
        vocabulary = try TokenWeights(bound)
        positions =
            shape.isPositionLearned
            ? try weights.table(
                bound.name(.positions) + ".weight", rows: shape.contextLength,
                columns: shape.hiddenSize)
            : nil
        var layers: [DecoderLayer] = []
        for layer in shape.layers.indices { layers.append(try DecoderLayer(bound, layer: layer)) }
        self.layers = layers
        finalNorm = try bound.norm(.finalNorm, factor: plan.logitScale)
        embeddingScale = plan.embeddingScale
    }

    /// Runs the embedding and every layer; the result is the residual stream of the rows of which one is asked for.
    func callAsFunction(_ step: Step) {
        embed(step)
        _ = step.run(layers)
    }

    /// The residual stream before the first layer.
    func embed(_ step: Step) {
        vocabulary.embed(step)
        if embeddingScale != 1 {
            for index in 0..<step.rows * step.shape.hiddenSize {
                step.hidden[index] *= embeddingScale
            }
        }
        if let positions {
            let (hidden, size) = (step.hidden, step.shape.hiddenSize)
            let add = step.kernels.table.pointee.add
            for row in 0..<step.rows {
                add(
                    hidden + row * size, positions.pointer + Int(step.positions[row]) * size,
                    Int32(size))
            }
        }
    }
}

extension Decoder {
    /// All packed matrices, each once.
    var matrices: [PackedMatrix] {
        var all = [vocabulary.head]
        if case .packed(let table) = vocabulary.table, table !== vocabulary.head {
            all.append(table)
        }
        for layer in layers {
            all += layer.attention.queryKeyValue.matrices
            all += layer.attention.output.linear.matrices
            all += layer.feedForward.matrices
        }
        return all
    }

    /// By layer, the sinks of its query heads; empty for a model without.
    var sinkLogits: [[Float]] {
        layers.compactMap { layer in
            layer.attention.sinks.map { sinks in (0..<sinks.count).map { sinks.pointer[$0] } }
        }
    }

    /// The output projections of all layers, as cache policies may ask for them.
    var outputs: OutputProjection {
        let matrices = layers.map(\.attention.output.linear)
        return OutputProjection(channels: matrices.first?.channels ?? 0) { layer, channel, row in
            matrices[layer].readRow(channel, into: row)
        }
    }
}

/// Attention, then an MLP, each added to the residual stream.
struct DecoderLayer: Sendable {
    let attention: GroupedAttention
    let feedForward: any FeedForward
    /// Whether both read the same residual stream.
    let isParallel: Bool

    init(_ bound: BoundTensors, layer: Int) throws(ModelError) {
        attention = try GroupedAttention(bound, layer: layer)
        isParallel = bound.plan.isParallel
        if let experts = bound.plan.shape.layers[layer].experts {
            feedForward = try RoutedExperts(bound, experts, layer: layer)
            return
        }
        switch bound.plan.feedForward {
        case .gatedSiLU, .gatedGELU, .clampedSwiGLU: feedForward = try GatedMLP(bound, layer: layer)
        case .plainGELU(let isApproximate):
            feedForward = PlainMLP(
                norm: try bound.optionalNorm(bound.plan.feedForwardInput, layer: layer),
                up: try bound.linear([.up], layer: layer),
                down: try ResidualLinear(bound, .down, endingIn: .feedForwardEndNorm, layer: layer),
                isApproximate: isApproximate)
        }
    }
}

extension GroupedAttention {
    init(_ bound: BoundTensors, layer: Int) throws(ModelError) {
        let input = try bound.linear([.query, .key, .value], layer: layer)
        self.init(
            norm: try bound.optionalNorm(.inputNorm, layer: layer), queryKeyValue: input,
            output: try ResidualLinear(bound, .output, endingIn: .attentionEndNorm, layer: layer),
            queryNorm: try bound.headNorm(.queryNorm, orEach: .queryHeadNorm, layer: layer),
            keyNorm: try bound.headNorm(.keyNorm, orEach: .keyHeadNorm, layer: layer),
            queryRowNorm: try bound.optionalNorm(.queryRowNorm, layer: layer),
            keyRowNorm: try bound.optionalNorm(.keyRowNorm, layer: layer),
            normalisesTurned: bound.plan.normalisesTurned,
            limit: bound.plan.projectionLimit,
            eviction: try EvictionHead(
                bound, layer: layer, attentionHasBias: input.bias != nil),
            sinks: bound.plan.table.has(.sinks) ? try bound.vector(.sinks, layer: layer) : nil)
    }
}

extension EvictionHead {
    /// Binds the tensors of one layer; nil for a plain model. The projection has a bias where the model's attention has
    /// and one is stored.
    init?(_ bound: BoundTensors, layer: Int, attentionHasBias: Bool) throws(ModelError) {
        let (shape, weights) = (bound.plan.shape, bound.weights)
        guard let head = shape.evictionHead else { return nil }
        guard head.projects else {
            self.init(shape: head, projection: nil, norm: nil)
            return
        }
        let name = bound.name(.marks, layer: layer)
        let heads = shape.keyValueHeadCount
        // Never quantised: a mark is one bit of a small number.
        let matrix = try weights.matrices(
            [MatrixPart(name: name + ".weight", rows: heads)],
            columns: shape.hiddenSize, layout: .stacked, type: .f32)[0]
        let hasBias = attentionHasBias && weights.contains(name + ".bias")
        self.init(
            shape: head,
            projection: Projection(
                rows: ThinRows(matrix: matrix, first: 0, count: heads),
                bias: hasBias ? try weights.vector(name + ".bias", count: heads) : nil),
            norm: try .rms(
                weights, bound.name(.marksNorm, layer: layer) + ".weight",
                count: shape.hiddenSize, epsilon: bound.plan.epsilon))
    }
}

extension GatedMLP {
    init(_ bound: BoundTensors, layer: Int) throws(ModelError) {
        let kind = bound.plan.feedForward
        let isPaired =
            kind == .gatedSiLU && !bound.plan.table[.gate].hasBias
            && bound.canPair([.gate, .up], layer: layer)
        self.init(
            norm: try bound.optionalNorm(bound.plan.feedForwardInput, layer: layer),
            gateUp: try bound.linear(
                [.gate, .up], layer: layer, layout: isPaired ? .paired : .stacked),
            isPaired: isPaired, kind: kind,
            down: try ResidualLinear(bound, .down, endingIn: .feedForwardEndNorm, layer: layer))
    }
}

extension ResidualLinear {
    init(_ bound: BoundTensors, _ role: TensorRole, endingIn norm: TensorRole, layer: Int)
        throws(ModelError)
    {
        self.init(
            linear: try bound.linear([role], layer: layer),
            norm: try bound.optionalNorm(norm, layer: layer), scale: bound.plan.residualScale)
    }
}

extension Step {
    /// Runs layers over the residual stream, from `begin` on. Rows meet in attention alone, so what lies between one
    /// attention and the next is one part of the step: the end of a layer and the beginning of the next.
    ///
    /// After the last layer's attention only the rows go on of which a result is asked for.
    ///
    /// Returns the layer to go on with when `pauses` says so before the last one: the residual stream is all that it
    /// needs. Nil when all have run.
    func run(
        _ layers: [DecoderLayer], from begin: Int = 0, pausing pauses: () -> Bool = { false }
    ) -> Int? {
        guard begin < layers.count else { return nil }
        let first = layers[begin].attention
        inStrips(weightBytes: first.byteCount) { first.project($0) }
        for index in begin..<layers.count {
            if index > begin, pauses() { return index }
            let layer = layers[index]
            let (attention, feedForward) = (layer.attention, layer.feedForward)
            let next = index + 1 < layers.count ? layers[index + 1].attention : nil
            attention.attend(self, layer: index)
            if next == nil { keepWanted() }
            guard rows > 0 else { return nil }
            inStrips(weightBytes: attention.byteCount + feedForward.byteCount) { rows in
                // What attention read is in its queries, keys and values: the MLP may add first.
                if layer.isParallel { feedForward(rows) }
                attention.finish(rows)
                if !layer.isParallel { feedForward(rows) }
                next?.project(rows)
            }
        }
        return nil
    }
}
