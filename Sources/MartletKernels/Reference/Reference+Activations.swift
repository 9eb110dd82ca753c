// Activation functions of one number.

import Foundation

extension Reference {
    /// x / (1 + e^-x)
    package static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    /// g / (1 + e^(-alpha g)) (u + 1): the gate held below `limit`, the other at most so by magnitude.
    package static func swigluClamped(
        _ gate: Double, _ up: Double, alpha: Double, limit: Double
    ) -> Double {
        let gate = min(gate, limit)
        return gate / (1 + exp(-alpha * gate)) * (min(max(up, -limit), limit) + 1)
    }

    /// x (1 + erf(x / sqrt 2)) / 2
    package static func gelu(_ x: Double) -> Double { x * (1 + erf(x / 2.0.squareRoot())) / 2 }

    /// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
    package static func geluTanh(_ x: Double) -> Double {
        x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
    }
}
