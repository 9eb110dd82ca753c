// Limits on the length of a gradient.

/// How gradients are limited before a step.
public enum GradientClipping: Sendable, Hashable {
    /// Not at all.
    case none
    /// To this Euclidean norm over all tensors together (Pascanu et al. 2013, arXiv 1211.5063,
    /// algorithm 1).
    case globalNorm(Double)

    /// Throws `OptimiserError.badHyperParameter` when the norm is not a number above 0.
    public func check() throws(OptimiserError) {
        guard case .globalNorm(let maximum) = self else { return }
        try HyperParameters(subject: "gradient clipping").requirePositive("global norm", maximum)
    }

    /// What all gradients are multiplied with when their global norm is `norm`:
    /// min(1, maximum / (norm + 1e-6)), as `torch.nn.utils.clip_grad_norm_` has it.
    ///
    /// A norm that is not finite gives a scale that is not usable either (0 or NaN); check it first.
    public func scale(forNorm norm: Double) -> Float {
        guard case .globalNorm(let maximum) = self else { return 1 }
        let scale = maximum / (norm + 1e-6)
        return scale >= 1 ? 1 : Float(scale)
    }

    /// The sum of squares of one tensor, in double precision; the global norm is the root of the
    /// sum over tensors. Neither threads nor the loop change a bit of it.
    public static func squaredNorm(
        _ gradient: UnsafePointer<Float>, count: Int, parallel: @escaping ParallelLoop = serialLoop
    ) -> Double {
        Blocks.squares(gradient, count: count, parallel)
    }
}
