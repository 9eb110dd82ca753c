// AdamW whose steps are relative to the size of each tensor.

import Foundation

/// RMS-scaled AdamW (Nawrot 2023, nanoT5, arXiv 2309.02373, section 3): AdamW with the one part of
/// Adafactor that T5 cannot do without.
///
///     m = β1 m + (1 - β1) g
///     v = β2 v + (1 - β2) g²
///     p = p - lr · √(1 - β2^t) / (1 - β1^t) · max(1e-3, RMS(p)) · m / (√v + ε)
///     p = p (1 - lr wd)
///
/// RMS is that of the whole tensor before the step, so a learning rate is the relative size of a
/// step. ε is added before the bias correction and decay comes last, with the plain learning rate,
/// as in the published code. State: `m` and `v`.
public struct AdamWRMS: Sendable, Hashable {
    /// β1, the rate of the average of gradients.
    public var beta1: Double
    /// β2, the rate of the average of squared gradients.
    public var beta2: Double
    /// ε, added to the root.
    public var epsilon: Double
    /// Decay per unit of learning rate of tensors that decay.
    public var weightDecay: Double
    /// The least RMS that a tensor is taken to have.
    public var minimumRMS: Double

    /// The paper's values.
    public init(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-6,
        weightDecay: Double = 0, minimumRMS: Double = 1e-3
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.minimumRMS = minimumRMS
    }
}

extension AdamWRMS: UpdateRule {
    func check() throws(OptimiserError) {
        let ranges = HyperParameters(subject: "adamw-rms")
        try ranges.requireAverage("beta1", beta1)
        try ranges.requireAverage("beta2", beta2)
        try ranges.requirePositive("epsilon", epsilon)
        try ranges.requireNotNegative("weight decay", weightDecay)
        try ranges.requirePositive("minimum RMS", minimumRMS)
    }

    func slots(for info: ParameterInfo) -> [StateSlot] {
        [StateSlot(name: "m", count: info.count), StateSlot(name: "v", count: info.count)]
    }

    func update(_ tensor: borrowing TensorUpdate, _ parallel: @escaping ParallelLoop) {
        let t = Double(tensor.step)
        let correction = (1 - pow(beta2, t)).squareRoot() / (1 - pow(beta1, t))
        let scale = tensor.scale(parallel, floor: minimumRMS)
        let kept = tensor.kept(weightDecay)
        // Decay comes last: it shortens the step as well.
        let kernel = AdamKernel(
            values: tensor.values, gradient: tensor.gradient, m: tensor.state[0],
            v: tensor.state[1], gradientScale: tensor.gradientScale,
            newM: Float(1 - beta1), newV: Float(1 - beta2), kept: kept,
            step: Float(tensor.learningRate * correction * scale) * kept,
            epsilon: Float(epsilon))
        Blocks.forEach(tensor.count, parallel) { kernel.run($0) }
    }
}
