// Sophia-G: momentum over a clipped estimate of the curvature.

/// Sophia with the Gauss-Newton-Bartlett estimator (Liu et al. 2023, arXiv 2305.14342,
/// algorithms 2 and 3).
///
///     every `hessianInterval` steps:  h = β2 h + (1 - β2) · B · ĝ²
///     m = β1 m + (1 - β1) g
///     p = p (1 - lr wd) - lr · sign(m) · min(1, |m| / (ρ h + 1e-15))
///
/// ĝ is the gradient of the mean loss against labels that were drawn from the model's own
/// predictions, and B the number of tokens in that mean. The published code leaves B out of h and
/// multiplies it back at each step, which is the same while B stays. State: `m` and `h`.
public struct Sophia: Sendable, Hashable {
    /// β1, the rate of the momentum.
    public var beta1: Double
    /// β2, the rate of the curvature, once for each estimate.
    public var beta2: Double
    /// ρ: the smaller, the more elements are clipped to a step of the learning rate.
    public var rho: Double
    /// Decay per unit of learning rate of tensors that decay.
    public var weightDecay: Double
    /// Steps from one estimate of the curvature to the next.
    public var hessianInterval: Int
    /// Whether steps are multiplied with max(1e-3, RMS(p)), as Kaddour et al. (2023, arXiv
    /// 2307.06440) do for T5. Decay keeps the plain learning rate.
    public var scalesByRMS: Bool

    /// The values with which Kaddour et al. train BERT (at learning rate 4e-4). The authors of
    /// Sophia use ρ 0.04 and decay 0.1 for GPT-2.
    public init(
        beta1: Double = 0.965, beta2: Double = 0.99, rho: Double = 0.01,
        weightDecay: Double = 0.015, hessianInterval: Int = 10, scalesByRMS: Bool = false
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.rho = rho
        self.weightDecay = weightDecay
        self.hessianInterval = hessianInterval
        self.scalesByRMS = scalesByRMS
    }

    /// Whether the curvature is estimated before the step that follows `step` steps: the first and
    /// every `hessianInterval`-th after it.
    public func needsHessian(atStep step: Int) -> Bool { step % hessianInterval == 0 }
}

extension Sophia: UpdateRule {
    func check() throws(OptimiserError) {
        let ranges = HyperParameters(subject: "sophia")
        try ranges.requireAverage("beta1", beta1)
        try ranges.requireAverage("beta2", beta2)
        try ranges.requirePositive("rho", rho)
        try ranges.requireNotNegative("weight decay", weightDecay)
        try ranges.requireAtLeastOne("Hessian interval", hessianInterval)
    }

    func slots(for info: ParameterInfo) -> [StateSlot] {
        [StateSlot(name: "m", count: info.count), StateSlot(name: "h", count: info.count)]
    }

    /// Takes one estimate into the average of the curvature.
    func updateHessian(
        _ hessian: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, count: Int,
        batchTokens: Int, _ parallel: @escaping ParallelLoop
    ) {
        let new = Float(1 - beta2)
        let tokens = Float(batchTokens)
        Blocks.forEach(count, parallel) { range in
            var i = range.lowerBound
            while i < range.upperBound {
                hessian[i] += new * (tokens * (gradient[i] * gradient[i]) - hessian[i])
                i &+= 1
            }
        }
    }

    func update(_ tensor: borrowing TensorUpdate, _ parallel: @escaping ParallelLoop) {
        let scale = scalesByRMS ? tensor.scale(parallel) : 1
        let kernel = SophiaKernel(
            values: tensor.values, gradient: tensor.gradient, m: tensor.state[0],
            h: tensor.state[1], gradientScale: tensor.gradientScale, newM: Float(1 - beta1),
            rho: Float(rho), kept: tensor.kept(weightDecay),
            step: Float(tensor.learningRate * scale))
        Blocks.forEach(tensor.count, parallel) { kernel.run($0) }
    }
}

private struct SophiaKernel {
    let values: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>
    let m: UnsafeMutablePointer<Float>
    let h: UnsafeMutablePointer<Float>
    let gradientScale: Float
    let newM: Float
    let rho: Float
    let kept: Float
    let step: Float

    func run(_ range: Range<Int>) {
        let (values, gradient, m, h) = (values, gradient, m, h)
        let (gradientScale, newM, rho, kept, step) = (gradientScale, newM, rho, kept, step)
        var i = range.lowerBound
        while i < range.upperBound {
            let average = m[i] + newM * (gradient[i] * gradientScale - m[i])
            m[i] = average
            // Comparisons instead of min and max keep NaN and become vector selects.
            let ratio = average / (rho * h[i] + 1e-15)
            let clipped = ratio > 1 ? 1 : (ratio < -1 ? -1 : ratio)
            values[i] = values[i] * kept - step * clipped
            i &+= 1
        }
    }
}
