// How positions turn queries and keys.

import Foundation

/// Rotary position embedding: base, and how long contexts stretch it.
public struct RotaryParameters: Sendable, Hashable {
    /// Base of the geometric series of wavelengths (`rope_theta`).
    public var base: Double
    /// How frequencies are stretched.
    public var scaling: Scaling

    /// How frequencies are stretched for contexts longer than those of pre-training.
    public enum Scaling: Sendable, Hashable {
        /// As they are.
        case none
        /// Every frequency divided by `factor`.
        case linear(factor: Double)
        /// Llama 3.1: long wavelengths by `factor`, short ones not, those between in proportion.
        case llama3(factor: Double, low: Double, high: Double, original: Double)
        /// Each frequency divided by a factor of its own, as GGUF files store them.
        case factors([Double])
    }

    /// Creates parameters.
    public init(base: Double, scaling: Scaling = .none) {
        self.base = base
        self.scaling = scaling
    }

    /// Radians a position for each pair of dimensions, `headDimension / 2` of them.
    public func frequencies(headDimension: Int) -> [Double] {
        (0..<headDimension / 2).map { index in
            let frequency = 1 / pow(base, Double(2 * index) / Double(headDimension))
            switch scaling {
            case .none: return frequency
            case .linear(let factor): return frequency / factor
            case .factors(let factors): return frequency / factors[min(index, factors.count - 1)]
            case .llama3(let factor, let low, let high, let original):
                let wavelength = 2 * Double.pi / frequency
                if wavelength < original / high { return frequency }
                if wavelength > original / low { return frequency / factor }
                let smooth = (original / wavelength - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        }
    }
}
