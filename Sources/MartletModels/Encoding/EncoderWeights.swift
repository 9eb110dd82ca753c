// An encoder's weights in the order in which a text meets them.

import MartletFormats
import MartletKernels

/// The weights of one layer.
struct EncoderLayer: Sendable {
    let plan: EncoderLayerPlan
    /// Before attention; nil where the residual stream is normalised after it.
    let inputNorm: Norm?
    let queryKeyValue: Linear
    /// Of each head, before it turns.
    let queryNorm: Norm?
    let keyNorm: Norm?
    let output: Linear
    let attentionEndNorm: Norm?
    let feedForwardNorm: Norm?
    /// Into the MLP: both halves where it is gated.
    let up: Linear
    /// Whether panels of the two halves alternate.
    let isPaired: Bool
    let down: Linear
    let feedForwardEndNorm: Norm?

    /// All packed matrices.
    var matrices: [PackedMatrix] {
        queryKeyValue.matrices + output.matrices + up.matrices + down.matrices
    }

    /// Bytes of its packed weights.
    var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }
}

/// An encoder with its weights.
struct EncoderWeights: Sendable {
    let plan: EncoderPlan
    let embedding: EmbeddingTable
    /// `[position][hidden]`, where positions are learned.
    let positions: WeightVector?
    /// The embedding of the first segment, which every token has; nil where there are none.
    let segment: WeightVector?
    let embeddingNorm: Norm?
    let layers: [EncoderLayer]
    let finalNorm: Norm?

    init(_ plan: EncoderPlan, _ weights: any WeightSource) throws(ModelError) {
        self.plan = plan
        let bound = BoundEncoder(plan, weights)
        embedding = try weights.embedding(
            bound.name(.embedding) + ".weight", rows: plan.vocabularySize,
            columns: plan.hiddenSize)
        positions =
            plan.table.row(.positions) == nil
            ? nil
            : try weights.table(
                bound.name(.positions) + ".weight", rows: plan.positionCount,
                columns: plan.hiddenSize)
        if plan.table.row(.segments) == nil {
            segment = nil
        } else {
            let table = try weights.table(
                bound.name(.segments) + ".weight", rows: plan.segmentCount,
                columns: plan.hiddenSize)
            segment = try WeightVector((0..<plan.hiddenSize).map { table.pointer[$0] })
        }
        embeddingNorm = try bound.norm(.embeddingNorm)
        finalNorm = try bound.norm(.finalNorm)
        var layers: [EncoderLayer] = []
        for layer in 0..<plan.layerCount { layers.append(try bound.layer(layer)) }
        self.layers = layers
    }
}

/// The rows of an encoder's table as packed weights.
private struct BoundEncoder {
    let plan: EncoderPlan
    let weights: any WeightSource
    private let names: EncoderNames

    init(_ plan: EncoderPlan, _ weights: any WeightSource) {
        self.plan = plan
        self.weights = weights
        names = EncoderNames(plan, contains: weights.contains)
    }

    /// The stored name of the tensor that holds `role`, which the family must have.
    func name(_ role: EncoderRole, layer: Int? = nil) -> String {
        names.name(row(role), layer: layer)
    }

    private func row(_ role: EncoderRole) -> EncoderRow {
        guard let row = plan.table.row(role) else {
            preconditionFailure("BoundEncoder: no tensor for \(role)")
        }
        return row
    }

    /// The norm of a role; nil where there is none.
    func norm(_ role: EncoderRole, layer: Int? = nil) throws(ModelError) -> Norm? {
        guard let row = plan.table.row(role), layer != 0 || !row.isAbsentInFirst else {
            return nil
        }
        let name = names.name(row, layer: layer)
        let count = plan.size(role).inputs
        if plan.usesRMSNorms {
            let stored = try weights.vector(name + ".weight", count: count)
            return .rms(
                weight: plan.normOffset == 0
                    ? stored
                    : try WeightVector((0..<count).map { stored.pointer[$0] + plan.normOffset }),
                epsilon: Float(plan.epsilon))
        }
        return .layer(
            weight: try weights.vector(name + ".weight", count: count),
            bias: row.hasBias
                ? try weights.vector(name + ".bias", count: count)
                : try WeightVector([Float](repeating: 0, count: count)),
            epsilon: Float(plan.epsilon))
    }

    /// The matrices of these roles one after another, whether or not the table keeps them together.
    func linear(_ roles: [EncoderRole], layer: Int, layout: PanelLayout = .stacked)
        throws(ModelError) -> Linear
    {
        var parts: [MatrixPart] = []
        var biases: [(name: String, count: Int)] = []
        for role in roles {
            let row = row(role)
            let name = names.name(row, layer: layer)
            let stored = row.roles.reduce(0) { $0 + plan.size($1).outputs }
            let before = row.roles.prefix { $0 != role }.reduce(0) { $0 + plan.size($1).outputs }
            let count = plan.size(role).outputs
            if layout == .stacked, let last = parts.last, last.name == name + ".weight",
                last.offset + last.rows == before
            {
                parts[parts.count - 1].rows += count
            } else {
                parts.append(
                    MatrixPart(
                        name: name + ".weight", rows: count, offset: before, storedRows: stored))
            }
            if row.hasBias, biases.last?.name != name + ".bias" {
                biases.append((name + ".bias", stored))
            }
        }
        let kind: MatrixKind = [.gate, .up].contains(roles[0]) ? .feedForwardInput : .other
        return Linear(
            try weights.matrices(
                parts, columns: plan.size(roles[0]).inputs, layout: layout,
                type: weights.type?.type(of: kind, width: plan.hiddenSize)),
            bias: biases.isEmpty ? nil : try weights.vectors(biases))
    }

    func layer(_ layer: Int) throws(ModelError) -> EncoderLayer {
        let halves: [EncoderRole] = plan.activation.isGated ? [.gate, .up] : [.up]
        let isPaired =
            plan.activation == .gatedSiLU && !row(.gate).hasBias
            && (weights.type != nil
                || weights.areStoredAlike(halves.map { name($0, layer: layer) + ".weight" }))
        return EncoderLayer(
            plan: plan.layers[layer], inputNorm: try norm(.inputNorm, layer: layer),
            queryKeyValue: try linear([.query, .key, .value], layer: layer),
            queryNorm: try norm(.queryNorm, layer: layer),
            keyNorm: try norm(.keyNorm, layer: layer),
            output: try linear([.output], layer: layer),
            attentionEndNorm: try norm(.attentionEndNorm, layer: layer),
            feedForwardNorm: try norm(.feedForwardNorm, layer: layer),
            up: try linear(halves, layer: layer, layout: isPaired ? .paired : .stacked),
            isPaired: isPaired, down: try linear([.down], layer: layer),
            feedForwardEndNorm: try norm(.feedForwardEndNorm, layer: layer))
    }
}
