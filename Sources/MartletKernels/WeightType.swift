// The types that packed weights and cached tokens are stored in.

package import CMartletKernels

/// How packed weights are stored.
public enum WeightType: String, CaseIterable, Sendable, Hashable, CustomStringConvertible {
    /// 32-bit floats: exact.
    case f32
    /// bfloat16 weights, f32 activations.
    case bf16
    /// 8-bit integers in blocks of 32 with an f16 scale (8.5 bits), activations in int8 blocks.
    case q8
    /// 6-bit integers in blocks of 32 with a scale and a minimum (6.5 bits), activations in int8 blocks.
    case q6
    /// 5-bit integers, likewise (5.5 bits). Of a model's matrices the vocabulary's take 6 bits.
    case q5
    /// 4-bit integers, likewise (4.5 bits). Of a model's matrices those that lose most take 5 or 6 bits, and so do
    /// all in small models, which lose more.
    case q4
    /// 4-bit integers in blocks of 32 with an f16 scale (4.5 bits), in all matrices: smaller and faster than ``q4``,
    /// and much lossier.
    case q4Plain = "q4-plain"

    /// The name, as options spell it.
    public var description: String { rawValue }

    /// Whether products take activations quantised in blocks of 32.
    public var quantisesActivations: Bool { layout.quantisesActivations }

    package var code: mk_weight { layout.code }
}

/// How keys and values are stored in a page of the KV cache.
public enum CacheCodec: String, CaseIterable, Sendable, Hashable, CustomStringConvertible {
    /// 32-bit floats.
    case f32
    /// IEEE half precision.
    case f16
    /// bfloat16.
    case bf16
    /// 8-bit integers, one f16 scale for each token and 64 dimensions.
    case q8
    /// 4-bit integers, f16 scale and minimum for each token and 32 dimensions.
    case q4

    /// The name, as options spell it.
    public var description: String { rawValue }

    package var code: mk_codec {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .q8: .q8
        case .q4: .q4
        }
    }

    /// Bytes of one page: 16 tokens, keys and values of one KV head of `headDimension`.
    public func pageBytes(headDimension: Int) -> Int {
        mk_page_bytes(code, Int32(headDimension))
    }
}
