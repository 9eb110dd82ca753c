// Adafactor: second moments kept as one number for each row and each column.

import Foundation

/// Adafactor (Shazeer & Stern 2018, arXiv 1804.04235, algorithms 4 to 6) with a learning rate given
/// from outside, as transformers' `Adafactor(relative_step=False)` has it.
///
///     β2 = 1 - t^decayRate
///     r  = β2 r + (1 - β2) · mean over columns of (g² + ε1)          one for each row
///     c  = β2 c + (1 - β2) · mean over rows of (g² + ε1)             one for each column
///     u  = g / √(r c / mean(r))
///     u  = u / max(1, RMS(u) / clipThreshold)
///     α  = lr · max(ε2, RMS(p))                                      lr when not `scalesByRMS`
///     p  = p (1 - α wd) - α u
///
/// Vectors keep g² whole in `v` instead of `r` and `c`. With `beta1`, α u is averaged first
/// (momentum `m`, as large as the tensor). State without it: rows + columns.
public struct Adafactor: Sendable, Hashable {
    /// Exponent of the rate of the averages; negative.
    public var decayRate: Double
    /// The RMS to which an update is cut.
    public var clipThreshold: Double
    /// ε1, added to squared gradients.
    public var epsilon1: Double
    /// ε2, the least RMS that a tensor is taken to have.
    public var epsilon2: Double
    /// The rate of the average of updates; nil for none, which saves the memory.
    public var beta1: Double?
    /// Decay per unit of α of tensors that decay.
    public var weightDecay: Double
    /// Whether steps are relative to the tensor's RMS.
    public var scalesByRMS: Bool

    /// The paper's values.
    public init(
        decayRate: Double = -0.8, clipThreshold: Double = 1, epsilon1: Double = 1e-30,
        epsilon2: Double = 1e-3, beta1: Double? = nil, weightDecay: Double = 0,
        scalesByRMS: Bool = true
    ) {
        self.decayRate = decayRate
        self.clipThreshold = clipThreshold
        self.epsilon1 = epsilon1
        self.epsilon2 = epsilon2
        self.beta1 = beta1
        self.weightDecay = weightDecay
        self.scalesByRMS = scalesByRMS
    }
}

extension Adafactor: UpdateRule {
    func check() throws(OptimiserError) {
        let ranges = HyperParameters(subject: "adafactor")
        try ranges.require("decay rate", decayRate, in: -1...0)
        try ranges.requirePositive("clip threshold", clipThreshold)
        // Below this the sum would be subnormal or zero, and a gradient of zero would divide by it.
        try ranges.require("epsilon1", epsilon1, in: 1e-36...1)
        try ranges.requirePositive("epsilon2", epsilon2)
        if let beta1 { try ranges.requireAverage("beta1", beta1) }
        try ranges.requireNotNegative("weight decay", weightDecay)
    }

    func slots(for info: ParameterInfo) -> [StateSlot] {
        var slots =
            info.isMatrix
            ? [
                StateSlot(name: "r", count: info.rows),
                StateSlot(name: "c", count: info.columns),
            ] : [StateSlot(name: "v", count: info.count)]
        if beta1 != nil { slots.append(StateSlot(name: "m", count: info.count)) }
        return slots
    }

    /// The two factors of 1 / √(second moment).
    func scratch(for info: ParameterInfo) -> Int {
        info.isMatrix ? info.rows + info.columns : info.count
    }

    func update(_ tensor: borrowing TensorUpdate, _ parallel: @escaping ParallelLoop) {
        let new = Float(pow(Double(tensor.step), decayRate))
        let alpha =
            tensor.learningRate * (scalesByRMS ? tensor.scale(parallel, floor: epsilon2) : 1)
        let factors = AdafactorFactors(
            rows: tensor.info.rows, columns: tensor.info.columns, gradient: tensor.gradient,
            gradientScale: tensor.gradientScale, epsilon: Float(epsilon1), new: new,
            rowFactors: tensor.info.isMatrix ? tensor.scratch : nil,
            columnFactors: tensor.scratch + (tensor.info.isMatrix ? tensor.info.rows : 0))
        if tensor.info.isMatrix {
            factors.average(rows: tensor.state[0], columns: tensor.state[1], parallel)
        } else {
            factors.average(vector: tensor.state[0], parallel)
        }
        let rms = (factors.squares(parallel) / Double(tensor.count)).squareRoot()
        let step = Float(alpha / max(1, rms / clipThreshold))
        let kept = tensor.info.decays ? Float(1 - alpha * weightDecay) : 1
        let values = tensor.values
        let momentum = beta1 == nil ? nil : tensor.state[tensor.state.count - 1]
        factors.apply(
            to: values, kept: kept, step: step, momentum: momentum, newM: Float(1 - (beta1 ?? 0)),
            parallel)
    }
}
