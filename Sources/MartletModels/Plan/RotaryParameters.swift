// How positions turn queries and keys.

import Foundation

/// Rotary position embedding: base, and how long contexts stretch it.
public struct RotaryParameters: Sendable, Hashable {
    /// Base of the geometric series of wavelengths (`rope_theta`).
    public var base: Double
    /// How frequencies are stretched.
    public var scaling: Scaling
    /// The share of a head's dimensions that turns, the first ones (`partial_rotary_factor`).
    public var share = 1.0
    /// Factor of every cosine and sine (`attention_factor`).
    public var amplitude = 1.0
    /// How queries grow with their position; nil where they do not.
    public var growth: QueryGrowth?

    /// Whether each frequency has a factor of its own, as GGUF files store them.
    package var isByFactors: Bool { if case .factors = scaling { true } else { false } }

    /// How frequencies are stretched for contexts longer than those of pre-training.
    public enum Scaling: Sendable, Hashable {
        /// As they are.
        case none
        /// Every frequency divided by `factor`.
        case linear(factor: Double)
        /// Llama 3.1: long wavelengths by `factor`, short ones not, those between in proportion.
        case llama3(factor: Double, low: Double, high: Double, original: Double)
        /// YaRN (2309.00071): dimensions that turn less than `slow` times in the original context by `factor`, those
        /// that turn more than `fast` times not, those between in proportion; `isWhole` rounds both ends outwards.
        case yarn(factor: Double, original: Double, fast: Double, slow: Double, isWhole: Bool)
        /// LongRoPE (2402.13753): each frequency divided by a factor of its own. Only `short` is run, so that the
        /// context ends at `original`: beyond it, every key of a text would have to be turned again.
        case longrope(short: [Double], long: [Double], original: Int)
        /// Each frequency divided by a factor of its own, as GGUF files store them.
        case factors([Double])
    }

    /// Queries of long texts are scaled up, so that attention stays as sharp (`llama_4_scaling_beta`).
    public struct QueryGrowth: Sendable, Hashable {
        /// What the logarithm is multiplied by.
        public let rate: Double
        /// Positions of the original context.
        public let original: Int

        /// 1 + rate · ln(1 + ⌊position / original⌋), which is 1 in the original context.
        func factor(position: Int) -> Double {
            1 + rate * log(1 + Double(position / max(1, original)))
        }
    }

    /// Creates parameters.
    public init(base: Double, scaling: Scaling = .none) {
        self.base = base
        self.scaling = scaling
    }

    /// Dimensions of a head that turn.
    public func dimensions(headDimension: Int) -> Int { Int(Double(headDimension) * share) }

    /// Radians a position for each pair of dimensions that turns.
    public func frequencies(headDimension: Int) -> [Double] {
        let dimension = dimensions(headDimension: headDimension)
        return (0..<dimension / 2).map { index in
            let frequency = 1 / pow(base, Double(2 * index) / Double(dimension))
            switch scaling {
            case .none: return frequency
            case .linear(let factor): return frequency / factor
            case .factors(let factors), .longrope(let factors, _, _):
                return frequency / factors[min(index, factors.count - 1)]
            case .llama3(let factor, let low, let high, let original):
                let wavelength = 2 * Double.pi / frequency
                if wavelength < original / high { return frequency }
                if wavelength > original / low { return frequency / factor }
                let smooth = (original / wavelength - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            case .yarn(let factor, let original, let fast, let slow, let isWhole):
                // The dimension, not always whole, that turns so many times in the original context.
                func place(_ turns: Double) -> Double {
                    Double(dimension) * log(original / (turns * 2 * .pi)) / (2 * log(base))
                }
                let (first, last) = (place(fast), place(slow))
                let low = max(isWhole ? first.rounded(.down) : first, 0)
                let high = min(isWhole ? last.rounded(.up) : last, Double(dimension - 1))
                let ramp = (Double(index) - low) / (high == low ? 0.001 : high - low)
                let stretched = min(max(ramp, 0), 1)
                return frequency / factor * stretched + frequency * (1 - stretched)
            }
        }
    }
}
