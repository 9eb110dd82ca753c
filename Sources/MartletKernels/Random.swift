// Deterministic random numbers, and panels filled with them.

import Foundation

/// A counter-based generator (SplitMix64 over seed, stream and position): the same seed gives the
/// same numbers whatever else runs.
package struct CounterRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator of its own for each (seed, stream).
    package init(seed: UInt64, stream: UInt64 = 0) {
        state = Self.mix(seed ^ Self.mix(stream &+ 0x9E37_79B9_7F4A_7C15))
    }

    private static func mix(_ x: UInt64) -> UInt64 {
        var z = x
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// Uniform in [-1, 1).
    package mutating func signedUnit() -> Float {
        Float(Int32(truncatingIfNeeded: next() >> 40) &- (1 << 23)) / Float(1 << 23)
    }

    /// Uniform in [0, 1), 53 bits.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Normally distributed with mean 0 and deviation 1 (Box and Muller); takes two numbers.
    package mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }

    /// Uniform in -magnitude ..< magnitude.
    package mutating func floats(_ count: Int, magnitude: Float = 1) -> [Float] {
        (0..<count).map { _ in signedUnit() * magnitude }
    }

    /// Below `limit`, nearly uniform.
    package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// Random packed weights.
enum RandomPanel {
    static func fill(
        _ layout: BlockLayout, bytes: UnsafeMutablePointer<UInt8>, panelBytes: Int,
        magnitude: Float, random: inout CounterRandom
    ) {
        let raw = UnsafeMutableRawPointer(bytes)
        switch layout.element {
        case .float32:
            for i in 0..<panelBytes / 4 {
                raw.storeBytes(
                    of: random.signedUnit() * magnitude, toByteOffset: i * 4, as: Float.self)
            }
        case .bfloat16:
            for i in 0..<panelBytes / 2 {
                let value = (random.signedUnit() * magnitude).bitPattern
                raw.storeBytes(of: UInt16(value >> 16), toByteOffset: i * 2, as: UInt16.self)
            }
        case .float16:
            for i in 0..<panelBytes / 2 {
                let bits = Half(random.signedUnit() * magnitude).bits
                raw.storeBytes(of: bits, toByteOffset: i * 2, as: UInt16.self)
            }
        case .ranged(let bits):
            // Scales about their middle; minima of half the range, so that weights lie about zero.
            let unit = magnitude * 2 / Float(1 << bits) / 192
            for lane in 0..<16 {
                raw.storeBytes(of: unit, toByteOffset: lane * 4, as: Float.self)
                raw.storeBytes(
                    of: -unit * 192 * Float(1 << bits) / 2 / 96, toByteOffset: 64 + lane * 4,
                    as: Float.self)
            }
            for offset in stride(
                from: layout.headerBytes, to: panelBytes, by: layout.panelBlockBytes)
            {
                for place in offset..<offset + 16 {
                    bytes[place] = 192
                    bytes[place + 16] = 96
                }
                for word in stride(
                    from: offset + 32, to: offset + layout.panelBlockBytes, by: 8)
                {
                    raw.storeBytes(of: random.next(), toByteOffset: word, as: UInt64.self)
                }
            }
        case .stored: preconditionFailure("RandomPanel: \(layout.code) has no random weights")
        case .integer(let bits):
            // Uniform integers of this spread have the standard deviation of a uniform weight.
            let scale = Half(magnitude / Float(1 << (bits - 1))).bits
            let scaleBytes = 16 * layout.scaleBytes
            for offset in stride(from: 0, to: panelBytes, by: layout.panelBlockBytes) {
                for place in stride(from: offset, to: offset + scaleBytes, by: 2) {
                    raw.storeBytes(of: scale, toByteOffset: place, as: UInt16.self)
                }
                for word in stride(
                    from: offset + scaleBytes, to: offset + layout.panelBlockBytes, by: 8)
                {
                    raw.storeBytes(of: random.next(), toByteOffset: word, as: UInt64.self)
                }
            }
        }
    }
}
