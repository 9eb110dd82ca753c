// IEEE half precision as bits: Swift's own conversions call a library routine per element, and
// Float16 does not exist on every platform.

import CMartletKernels

/// A half-precision number kept as its bits.
package struct Half: Sendable, Hashable {
    /// Sign, exponent and mantissa.
    package var bits: UInt16

    /// Takes the bits as they are.
    package init(bits: UInt16) { self.bits = bits }

    /// Rounds to nearest even.
    package init(_ value: Float) {
        var result: UInt16 = 0
        withUnsafePointer(to: value) { mk_f32_to_f16($0, &result, 1) }
        bits = result
    }

    /// The exact value.
    package var float: Float {
        var result: Float = 0
        withUnsafePointer(to: bits) { mk_f16_to_f32($0, &result, 1) }
        return result
    }

    /// Converts many halves; `source` and `out` must have the same count.
    package static func toFloats(
        _ source: UnsafeBufferPointer<UInt16>, _ out: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(source.count == out.count, "Half.toFloats: \(source.count) != \(out.count)")
        guard let from = source.baseAddress, let to = out.baseAddress else { return }
        mk_f16_to_f32(from, to, source.count)
    }

    /// Converts many bfloat16 values; `source` and `out` must have the same count.
    package static func bfloatsToFloats(
        _ source: UnsafeBufferPointer<UInt16>, _ out: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(
            source.count == out.count, "Half.bfloatsToFloats: \(source.count) != \(out.count)")
        guard let from = source.baseAddress, let to = out.baseAddress else { return }
        mk_bf16_to_f32(from, to, source.count)
    }

    /// Rounds many floats to bfloat16, to nearest even; `source` and `out` must have the same count.
    package static func floatsToBfloats(
        _ source: UnsafeBufferPointer<Float>, _ out: UnsafeMutableBufferPointer<UInt16>
    ) {
        precondition(
            source.count == out.count, "Half.floatsToBfloats: \(source.count) != \(out.count)")
        guard let from = source.baseAddress, let to = out.baseAddress else { return }
        mk_f32_to_bf16(from, to, source.count)
    }
}
