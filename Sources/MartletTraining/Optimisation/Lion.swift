// Lion: the sign of an interpolated momentum.

/// Lion (Chen et al. 2023, arXiv 2302.06675, algorithm 2).
///
///     u = sign(β1 m + (1 - β1) g)
///     p = p (1 - lr wd) - lr · u
///     m = β2 m + (1 - β2) g
///
/// The sign of zero is zero. State: `m`.
public struct Lion: Sendable, Hashable {
    /// β1, the share of the momentum in the step.
    public var beta1: Double
    /// β2, the rate of the momentum.
    public var beta2: Double
    /// Decay per unit of learning rate of tensors that decay.
    public var weightDecay: Double
    /// Whether steps are multiplied with max(1e-3, RMS(p)), as Kaddour et al. (2023, arXiv
    /// 2307.06440) do for T5. Decay keeps the plain learning rate.
    public var scalesByRMS: Bool

    /// The paper's β; the decay with which Kaddour et al. train BERT (at learning rate 7e-4).
    public init(
        beta1: Double = 0.9, beta2: Double = 0.99, weightDecay: Double = 0.1,
        scalesByRMS: Bool = false
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.weightDecay = weightDecay
        self.scalesByRMS = scalesByRMS
    }
}

extension Lion: UpdateRule {
    func check() throws(OptimiserError) {
        let ranges = HyperParameters(subject: "lion")
        try ranges.requireAverage("beta1", beta1)
        try ranges.requireAverage("beta2", beta2)
        try ranges.requireNotNegative("weight decay", weightDecay)
    }

    func slots(for info: ParameterInfo) -> [StateSlot] {
        [StateSlot(name: "m", count: info.count)]
    }

    func update(_ tensor: borrowing TensorUpdate, _ parallel: @escaping ParallelLoop) {
        let scale = scalesByRMS ? tensor.scale(parallel) : 1
        let kernel = LionKernel(
            values: tensor.values, gradient: tensor.gradient, m: tensor.state[0],
            gradientScale: tensor.gradientScale, newInStep: Float(1 - beta1),
            newInMomentum: Float(1 - beta2), kept: tensor.kept(weightDecay),
            step: Float(tensor.learningRate * scale))
        Blocks.forEach(tensor.count, parallel) { kernel.run($0) }
    }
}

private struct LionKernel {
    let values: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>
    let m: UnsafeMutablePointer<Float>
    let gradientScale: Float
    let newInStep: Float
    let newInMomentum: Float
    let kept: Float
    let step: Float

    func run(_ range: Range<Int>) {
        let (values, gradient, m) = (values, gradient, m)
        let (gradientScale, newInStep, newInMomentum) = (gradientScale, newInStep, newInMomentum)
        let (kept, step) = (kept, step)
        var i = range.lowerBound
        while i < range.upperBound {
            let g = gradient[i] * gradientScale
            let direction = m[i] + newInStep * (g - m[i])
            let change = direction > 0 ? step : (direction < 0 ? -step : 0)
            values[i] = values[i] * kept - change
            m[i] += newInMomentum * (g - m[i])
            i &+= 1
        }
    }
}
