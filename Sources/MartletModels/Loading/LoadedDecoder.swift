// Binds a plan to weights: every row of the table finds its tensors here.

import MartletFormats
import MartletKernels

/// A plan with its weights.
struct LoadedDecoder: Sendable {
    let plan: DecoderPlan
    let decoder: Decoder

    /// - Parameter isAdaptable: whether adapters may add to the products of layers, so that none is joined with what
    ///   follows it.
    init(
        _ plan: DecoderPlan, weights: any WeightSource, isAdaptable: Bool = false
    ) throws(ModelError) {
        self.plan = plan
        decoder = try Decoder(plan, weights: weights, isAdaptable: isAdaptable)
    }

    /// Floats a row needs inside the MLP.
    var innerWidth: Int {
        let width = plan.shape.intermediateSize
        let isPaired = decoder.layers.allSatisfy { ($0.feedForward as? GatedMLP)?.isPaired ?? true }
        return isPaired ? width : 2 * width
    }
}

/// The rows of a plan's table as packed weights.
struct BoundTensors {
    let plan: DecoderPlan
    let weights: any WeightSource
    /// Whether adapters may add to products.
    let isAdaptable: Bool
    private let names: StoredNames

    init(_ plan: DecoderPlan, _ weights: any WeightSource, isAdaptable: Bool = false) {
        self.plan = plan
        self.isAdaptable = isAdaptable
        self.weights = weights
        names = StoredNames(plan, contains: weights.contains)
    }

    /// The stored name of the tensor that holds `role`, without `.weight` or `.bias`.
    func name(_ role: TensorRole, layer: Int? = nil) -> String {
        names.name(plan.table[role], layer: layer)
    }

    /// The matrices of these roles one after another, wherever the table keeps them, with their biases.
    func linear(
        _ roles: [TensorRole], layer: Int, expert: Int? = nil, layout: PanelLayout = .stacked
    ) throws(ModelError) -> Linear {
        var parts: [MatrixPart] = []
        var biases: [(name: String, count: Int)] = []
        var (sources, channels) = ([Int](), 0)
        for role in roles {
            let row = plan.table[role]
            let name = names.name(row, layer: layer, number: expert)
            let stored = plan.outputs(row, layer: layer)
            let span = plan.span(of: role, in: row, layer: layer)
            let order = plan.order(of: role, in: row, layer: layer)
            for channel in span {
                sources.append(channels - span.lowerBound + (order?.stored(channel) ?? channel))
            }
            channels += span.count
            if layout == .stacked, let last = parts.last, last.name == name + ".weight",
                last.offset + last.rows == span.lowerBound, last.order == order
            {
                parts[parts.count - 1].rows += span.count
            } else {
                parts.append(
                    MatrixPart(
                        name: name + ".weight", rows: span.count, isTransposed: row.isTransposed,
                        offset: span.lowerBound, storedRows: stored, order: order))
            }
            if row.hasBias, biases.last?.name != name + ".bias" {
                biases.append((name + ".bias", stored))
            }
        }
        // One matrix has biases for all of its channels or for none.
        precondition(
            biases.isEmpty || roles.allSatisfy { plan.table[$0].hasBias },
            "BoundTensors: of \(roles) some have a bias, expected all or none")
        var bias = biases.isEmpty ? nil : try weights.vectors(biases)
        if let given = bias, sources != Array(0..<channels) {
            bias = try given.reordered { sources[$0] }
        }
        let columns = plan.inputs(roles[0], layer: layer)
        let kind = roles[0].matrixKind
        return Linear(
            try weights.matrices(
                parts, columns: columns, layout: layout,
                type: kind == .router
                    ? .f32 : weights.type?.type(of: kind, width: plan.shape.hiddenSize)),
            bias: bias,
            site: isAdaptable && expert == nil ? LinearSite(layer: layer, role: roles[0]) : nil)
    }

    /// Whether the matrices of two roles can share pairs of panels: packed alike, they can.
    func canPair(_ roles: [TensorRole], layer: Int, expert: Int? = nil) -> Bool {
        guard !isAdaptable || expert != nil else { return false }
        return weights.type != nil
            || weights.areStoredAlike(
                roles.map {
                    names.name(plan.table[$0], layer: layer, number: expert) + ".weight"
                })
    }

    /// The vector of a role, which the table must have.
    func vector(_ role: TensorRole, layer: Int) throws(ModelError) -> WeightVector {
        try weights.vector(
            name(role, layer: layer) + plan.table[role].suffix,
            count: plan.inputs(role, layer: layer))
    }

    /// The norm of a role, which the table must have; `factor` scales what it gives.
    func norm(_ role: TensorRole, layer: Int? = nil, factor: Float = 1) throws(ModelError) -> Norm {
        let name = name(role, layer: layer)
        let count = plan.inputs(role, layer: layer)
        let row = plan.table[role]
        var weight = try weights.vector(name + ".weight", count: count)
            .transformed(adding: plan.normOffset, factor: factor)
        if let order = plan.order(of: role, in: row, layer: layer) {
            weight = try weight.reordered(order.stored)
        }
        let epsilon = Float(plan.epsilon)
        switch plan.norm {
        case .rms: return .rms(weight: weight, epsilon: epsilon)
        case .layer:
            let bias =
                row.hasBias
                ? try weights.vector(name + ".bias", count: count)
                    .transformed(adding: 0, factor: factor)
                : try WeightVector([Float](repeating: 0, count: count))
            return .layer(weight: weight, bias: bias, epsilon: epsilon)
        }
    }

    /// The norm of heads, with the same weights for all or, one after another, with some for each; nil where the table
    /// has neither.
    func headNorm(
        _ shared: TensorRole, orEach role: TensorRole, layer: Int
    ) throws(ModelError) -> Norm? {
        guard plan.table.has(role) else { return try optionalNorm(shared, layer: layer) }
        let row = plan.table[role]
        precondition(!row.hasBias && plan.normOffset == 0, "BoundTensors: \(role) with a bias")
        let count = plan.inputs(role, layer: layer)
        let weight = try weights.vectors(
            (0..<plan.copies(row, layer: layer)).map {
                (names.name(row, layer: layer, number: $0) + row.suffix, count)
            })
        let epsilon = Float(plan.epsilon)
        switch plan.norm {
        case .rms: return .rms(weight: weight, epsilon: epsilon)
        case .layer:
            let zeros = try WeightVector([Float](repeating: 0, count: weight.count))
            return .layer(weight: weight, bias: zeros, epsilon: epsilon)
        }
    }

    /// The norm of a role; nil where the table has none.
    func optionalNorm(_ role: TensorRole, layer: Int) throws(ModelError) -> Norm? {
        plan.table.has(role) ? try norm(role, layer: layer) : nil
    }
}
