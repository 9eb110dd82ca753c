// AdamW: Adam with decoupled weight decay.

import Foundation

/// AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2), as `torch.optim.AdamW` has it.
///
///     m = β1 m + (1 - β1) g
///     v = β2 v + (1 - β2) g²
///     p = p (1 - lr wd) - lr · m / (1 - β1^t) / (√(v / (1 - β2^t)) + ε)
///
/// State: `m` and `v`, one float each for every parameter.
public struct AdamW: Sendable, Hashable {
    /// β1, the rate of the average of gradients.
    public var beta1: Double
    /// β2, the rate of the average of squared gradients.
    public var beta2: Double
    /// ε, added to the root.
    public var epsilon: Double
    /// Decay per unit of learning rate of tensors that decay.
    public var weightDecay: Double

    /// PyTorch's defaults. Language models are mostly trained with β2 0.95 and decay 0.1.
    public init(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0.01
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

extension AdamW: UpdateRule {
    func check() throws(OptimiserError) { try check(as: "adamw") }

    func check(as subject: String) throws(OptimiserError) {
        let ranges = HyperParameters(subject: subject)
        try ranges.requireAverage("beta1", beta1)
        try ranges.requireAverage("beta2", beta2)
        try ranges.requirePositive("epsilon", epsilon)
        try ranges.requireNotNegative("weight decay", weightDecay)
    }

    func slots(for info: ParameterInfo) -> [StateSlot] {
        [StateSlot(name: "m", count: info.count), StateSlot(name: "v", count: info.count)]
    }

    func update(_ tensor: borrowing TensorUpdate, _ parallel: @escaping ParallelLoop) {
        let t = Double(tensor.step)
        // The root's correction is taken out of the denominator, which saves a product.
        let correction = (1 - pow(beta2, t)).squareRoot()
        let kernel = AdamKernel(
            values: tensor.values, gradient: tensor.gradient, m: tensor.state[0],
            v: tensor.state[1], gradientScale: tensor.gradientScale,
            newM: Float(1 - beta1), newV: Float(1 - beta2), kept: tensor.kept(weightDecay),
            step: Float(tensor.learningRate * correction / (1 - pow(beta1, t))),
            epsilon: Float(epsilon * correction))
        Blocks.forEach(tensor.count, parallel) { kernel.run($0) }
    }
}

/// The loop of AdamW and of its RMS-scaled form: p = p kept - step m / (√v + ε).
///
/// Averages are written as m + (1 - β)(g - m): the rates of the two terms then sum to exactly 1.
struct AdamKernel {
    let values: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>
    let m: UnsafeMutablePointer<Float>
    let v: UnsafeMutablePointer<Float>
    let gradientScale: Float
    let newM: Float
    let newV: Float
    let kept: Float
    let step: Float
    let epsilon: Float

    func run(_ range: Range<Int>) {
        // Locals, since a store to an array might change a member for all that the compiler knows,
        // and then nothing is a vector.
        let (values, gradient, m, v) = (values, gradient, m, v)
        let (gradientScale, newM, newV) = (gradientScale, newM, newV)
        let (kept, step, epsilon) = (kept, step, epsilon)
        var i = range.lowerBound
        while i < range.upperBound {
            let g = gradient[i] * gradientScale
            let average = m[i] + newM * (g - m[i])
            let square = v[i] + newV * (g * g - v[i])
            m[i] = average
            v[i] = square
            values[i] = values[i] * kept - step * average / (root(square) + epsilon)
            i &+= 1
        }
    }
}

/// A square root of a number that is not negative, to 8e-7 of its value: two of Newton's steps from a
/// guess that halves the exponent, with the constants of Walczyk, Moroz & Cieśliński (2018, arXiv
/// 1802.06302), which leave the least error.
///
/// The library's own checks every element for a domain error, which keeps loops from becoming
/// vectors and makes a whole update twice as slow. Zero gives zero.
@inline(__always)
private func root(_ x: Float) -> Float {
    var inverse = Float(bitPattern: 0x5F37_6908 &- (x.bitPattern &>> 1))
    let half = 0.5 * x
    // Multiplied in this order, zero stays zero; the square of the guess would overflow.
    inverse *= 1.500_878_9 - half * inverse * inverse
    inverse *= 1.500_000_6 - half * inverse * inverse
    return x * inverse
}
