// Experts of a plan's tensors, and how many of their bytes a token leaves alone.

extension Decoder {
    /// Bytes of the experts that a token does not run through.
    var idleBytes: Int {
        layers.reduce(0) { $0 + (($1.feedForward as? RoutedExperts)?.idleBytes ?? 0) }
    }
}

extension RoutedExperts {
    init(_ bound: BoundTensors, _ shape: ExpertShape, layer: Int) throws(ModelError) {
        var experts: [Expert] = []
        for index in 0..<shape.count {
            experts.append(
                try Expert(
                    bound, [.expertGate, .expertUp], .expertDown, width: shape.width, layer: layer,
                    expert: index))
        }
        if shape.sharedWidth > 0 {
            experts.append(
                try Expert(
                    bound, [.sharedGate, .sharedUp], .sharedDown, width: shape.sharedWidth,
                    layer: layer, expert: nil))
        }
        let hasGate = shape.sharedWidth > 0 && bound.plan.table.has(.sharedRouter)
        self.init(
            shape: shape, norm: try bound.optionalNorm(.feedForwardNorm, layer: layer),
            router: try bound.linear([.router], layer: layer),
            sharedRouter: hasGate ? try bound.linear([.sharedRouter], layer: layer) : nil,
            experts: experts,
            endNorm: try bound.optionalNorm(.feedForwardEndNorm, layer: layer),
            scale: bound.plan.residualScale, kind: bound.plan.feedForward)
    }
}

extension Expert {
    fileprivate init(
        _ bound: BoundTensors, _ inputs: [TensorRole], _ output: TensorRole, width: Int, layer: Int,
        expert: Int?
    ) throws(ModelError) {
        isPaired =
            bound.plan.feedForward == .gatedSiLU && !bound.plan.table[inputs[0]].hasBias
            && bound.canPair(inputs, layer: layer, expert: expert)
        gateUp = try bound.linear(
            inputs, layer: layer, expert: expert, layout: isPaired ? .paired : .stacked)
        down = try bound.linear([output], layer: layer, expert: expert)
        self.width = width
    }
}
