// Muon: momentum made orthogonal, for the matrices between the layers.

/// Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; Liu et al.
/// 2025, arXiv 2502.16982, section 2), as `torch.optim.Muon` has it.
///
///     m = μ m + (1 - μ) g
///     u = (1 - μ) g + μ m                                            Nesterov; else u = m
///     o = NewtonSchulz(u)                                            near U Vᵀ of u = U Σ Vᵀ
///     p = p (1 - lr wd) - lr · scale · o
///
/// Embeddings, the output head and vectors have no such structure and go to AdamW with the same
/// learning rate; hence ``Scale/matchAdamW`` is the default, which gives Muon's steps the RMS of
/// AdamW's and does not depend on which side of a matrix is the input. State: `m` for matrices; `m`
/// and `v` for the rest.
public struct Muon: Sendable, Hashable {
    /// How long a step is for the shape of a matrix.
    public enum Scale: String, Sendable, Hashable, CaseIterable {
        /// 0.2 · √max(rows, columns) (Liu et al. 2025): the learning rates of AdamW can be kept.
        case matchAdamW = "match-adamw"
        /// √max(1, rows / columns) (Jordan et al. 2024), for learning rates near 0.02.
        case original
    }

    /// μ, the rate of the momentum.
    public var momentum: Double
    /// Whether the step looks one gradient ahead.
    public var nesterov: Bool
    /// Iterations of Newton-Schulz.
    public var iterations: Int
    /// Decay per unit of learning rate of tensors that decay.
    public var weightDecay: Double
    /// How long a step is for the shape of a matrix.
    public var scale: Scale
    /// What updates embeddings, the output head and vectors.
    public var rest: AdamW

    /// PyTorch's values, but for the scale; and AdamW as language models mostly have it.
    public init(
        momentum: Double = 0.95, nesterov: Bool = true, iterations: Int = 5,
        weightDecay: Double = 0.1, scale: Scale = .matchAdamW,
        rest: AdamW = AdamW(beta2: 0.95, weightDecay: 0.1)
    ) {
        self.momentum = momentum
        self.nesterov = nesterov
        self.iterations = iterations
        self.weightDecay = weightDecay
        self.scale = scale
        self.rest = rest
    }

    /// Whether a tensor is updated by orthogonal steps and not by AdamW.
    public func orthogonalises(_ info: ParameterInfo) -> Bool {
        info.rows > 1 && info.columns > 1 && !info.isEmbedding
    }

    func factor(rows: Int, columns: Int) -> Double {
        switch scale {
        case .matchAdamW: 0.2 * Double(max(rows, columns)).squareRoot()
        case .original: max(1, Double(rows) / Double(columns)).squareRoot()
        }
    }
}

extension Muon: UpdateRule {
    func check() throws(OptimiserError) {
        let ranges = HyperParameters(subject: "muon")
        try ranges.requireAverage("momentum", momentum)
        try ranges.requireAtLeastOne("iterations", iterations)
        try ranges.requireNotNegative("weight decay", weightDecay)
        try rest.check(as: "muon's adamw")
    }

    func slots(for info: ParameterInfo) -> [StateSlot] {
        orthogonalises(info)
            ? [StateSlot(name: "m", count: info.count)] : rest.slots(for: info)
    }

    func scratch(for info: ParameterInfo) -> Int {
        orthogonalises(info)
            ? NewtonSchulz.scratch(rows: info.rows, columns: info.columns)
            : rest.scratch(for: info)
    }

    func update(_ tensor: borrowing TensorUpdate, _ parallel: @escaping ParallelLoop) {
        guard orthogonalises(tensor.info) else { return rest.update(tensor, parallel) }
        let columns = tensor.info.columns
        let iteration = NewtonSchulz(
            rows: tensor.info.rows, columns: columns, scratch: tensor.scratch,
            kernels: tensor.kernels)
        let gradient = tensor.gradient
        let m = tensor.state[0]
        let scale = tensor.gradientScale
        let new = Float(1 - momentum)
        let kept = Float(momentum)
        let nesterov = nesterov
        iteration.load(parallel) { index in
            let g = gradient[index] * scale
            let average = m[index] + new * (g - m[index])
            m[index] = average
            return nesterov ? new * g + kept * average : average
        }
        iteration.run(iterations, parallel)
        let values = tensor.values
        let keptValue = tensor.kept(weightDecay)
        let step = Float(
            tensor.learningRate * factor(rows: tensor.info.rows, columns: columns))
        iteration.store(parallel) { index, orthogonal in
            values[index] = values[index] * keptValue - step * orthogonal
        }
    }
}
