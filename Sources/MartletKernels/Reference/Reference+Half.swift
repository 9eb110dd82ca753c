// IEEE half precision and bfloat16 from their definitions.

import Foundation

extension Reference {
    /// The value of a half: (-1)^s 2^(e - 15) (1 + m / 1024), or (-1)^s 2^-14 (m / 1024) for e = 0.
    package static func half(_ bits: UInt16) -> Float {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 31)
        let mantissa = Double(bits & 1023)
        if exponent == 31 { return mantissa == 0 ? Float(sign) * .infinity : .nan }
        if exponent == 0 { return Float(sign * mantissa * 0x1p-24) }
        return Float(sign * (1024 + mantissa) * pow(2, Double(exponent - 25)))
    }

    /// The half nearest to `value`, ties to the even one; beyond 65,520 infinity.
    package static func halfBits(_ value: Float) -> UInt16 {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        if value.isNaN { return sign | 0x7E00 }
        let magnitude = Double(value.magnitude)
        if magnitude >= 65520 { return sign | 0x7C00 }
        if magnitude < 0x1p-14 {
            // Steps of 2^-24; 1024 of them are the smallest normal number, whose bits follow on.
            return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
        }
        let exponent = Int(magnitude.exponent)
        let steps = (magnitude * pow(2, Double(10 - exponent))).rounded(.toNearestOrEven)
        // A carry to 2048 steps moves on to the next exponent by plain addition.
        return sign | UInt16((exponent + 14) << 10 + Int(steps))
    }

    /// The value of a bfloat16: the upper half of a float.
    package static func bfloat(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// The bfloat16 nearest to `value`, ties to the even one.
    package static func bfloatBits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(bits >> 16) | 0x40 }
        let below = UInt16(bits >> 16)
        let rest = bits & 0xFFFF
        let isUp = rest > 0x8000 || rest == 0x8000 && below & 1 == 1
        return isUp ? below + 1 : below
    }
}

extension Reference {
    /// The value of a float of 8 bits, E4M3: (-1)^s 2^(e - 7) (1 + m / 8), or (-1)^s 2^-6 (m / 8) for e = 0; 0x7F and
    /// 0xFF are no numbers.
    package static func e4m3(_ bits: UInt8) -> Float {
        let sign: Float = bits & 0x80 == 0 ? 1 : -1
        let (exponent, mantissa) = (Int(bits >> 3 & 15), Float(bits & 7))
        if bits & 0x7F == 0x7F { return .nan }
        if exponent == 0 { return sign * mantissa * 0x1p-9 }
        return sign * (8 + mantissa) * Float(sign: .plus, exponent: exponent - 10, significand: 1)
    }
}
