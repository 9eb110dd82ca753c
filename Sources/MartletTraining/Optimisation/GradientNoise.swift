// Noise on gradients that fades.

import Foundation
import MartletKernels

/// Gaussian noise added to every gradient (Neelakantan et al. 2015, arXiv 1511.06807, eq. 1):
///
///     σ² = η / (1 + t)^γ
///
/// The noise of an element depends on the seed, the step, the tensor and the element alone, so
/// neither threads nor stopping and continuing change it.
public struct GradientNoise: Sendable, Hashable {
    /// η, the variance at step 0. The paper tries 0.01, 0.3 and 1.
    public let eta: Double
    /// γ, how fast the variance falls.
    public let gamma: Double
    /// What the noise is drawn from.
    public let seed: UInt64

    /// Throws `OptimiserError.badHyperParameter` unless η and γ are at least 0.
    public init(eta: Double, gamma: Double = 0.55, seed: UInt64) throws(OptimiserError) {
        let ranges = HyperParameters(subject: "gradient noise")
        try ranges.requireNotNegative("eta", eta)
        try ranges.requireNotNegative("gamma", gamma)
        self.eta = eta
        self.gamma = gamma
        self.seed = seed
    }

    /// σ at step `step`, counted from 0.
    public func standardDeviation(atStep step: Int) -> Double {
        (eta / pow(1 + Double(step), gamma)).squareRoot()
    }

    /// Adds the noise of one step to one tensor's gradient.
    public func add(
        to gradient: UnsafeMutablePointer<Float>, count: Int, parameter: Int, step: Int,
        parallel: @escaping ParallelLoop = serialLoop
    ) {
        let sigma = standardDeviation(atStep: step)
        guard sigma > 0 else { return }
        var ofStep = CounterRandom(seed: seed, stream: UInt64(truncatingIfNeeded: step))
        let stepSeed = ofStep.next()
        parallel(Blocks.count(count)) { block in
            // A stream of its own for each block, so that blocks can be filled in any order.
            var random = CounterRandom(
                seed: stepSeed,
                stream: UInt64(truncatingIfNeeded: parameter) << 32
                    | UInt64(truncatingIfNeeded: block))
            let range = Blocks.range(block, of: count)
            var i = range.lowerBound
            while i < range.upperBound {
                // Box and Muller's two normal numbers from two uniform ones, the first in (0, 1].
                let radius = sigma * (-2 * log(1 - random.unit())).squareRoot()
                let angle = 2 * Double.pi * random.unit()
                gradient[i] += Float(radius * cos(angle))
                if i + 1 < range.upperBound { gradient[i + 1] += Float(radius * sin(angle)) }
                i += 2
            }
        }
    }
}
