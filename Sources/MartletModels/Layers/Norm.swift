// Normalisation of rows.

import CMartletKernels
import MartletKernels

/// RMSNorm or LayerNorm over the last dimension.
enum Norm: Sendable {
    /// x / sqrt(mean(x²) + epsilon) · weight
    case rms(weight: WeightVector, epsilon: Float)
    /// (x - mean) / sqrt(variance + epsilon) · weight + bias
    case layer(weight: WeightVector, bias: WeightVector, epsilon: Float)

    /// Normalises one row of `count` floats; `out` may be `x`.
    ///
    /// - Parameter head: whose weights count, where there are some for each head.
    func callAsFunction(
        _ kernels: KernelSet, _ x: UnsafePointer<Float>, count: Int,
        out: UnsafeMutablePointer<Float>, head: Int = 0
    ) {
        switch self {
        case .rms(let weight, let epsilon):
            let first = weight.count > count ? head * count : 0
            kernels.table.pointee.rms_norm(x, weight.pointer + first, epsilon, Int32(count), out)
        case .layer(let weight, let bias, let epsilon):
            let first = weight.count > count ? head * count : 0
            kernels.table.pointee.layer_norm(
                x, weight.pointer + first, bias.pointer + first, epsilon, Int32(count), out)
        }
    }
}

extension Norm {
    static func rms(_ weights: any WeightSource, _ name: String, count: Int, epsilon: Double)
        throws(ModelError) -> Norm
    {
        .rms(weight: try weights.vector(name, count: count), epsilon: Float(epsilon))
    }
}
