// The types that packed weights and cached tokens are stored in.

package import CMartletKernels

/// How packed weights are stored.
///
/// ``allCases`` are those that any weights can be packed as; ``stored`` are those that hold what quantised files store.
public enum WeightType: String, CaseIterable, Sendable, Hashable, CustomStringConvertible {
    /// 32-bit floats: exact.
    case f32
    /// bfloat16 weights, f32 activations.
    case bf16
    /// IEEE half precision, f32 activations.
    case f16
    /// 8-bit integers in blocks of 32 with an f16 scale (8.5 bits), activations in int8 blocks.
    case q8
    /// 6-bit integers in blocks of 32 with a scale and a minimum (6.5 bits), activations in int8 blocks.
    case q6
    /// 5-bit integers, likewise (5.5 bits). Of a model's matrices the vocabulary's take 6 bits.
    case q5
    /// 4-bit integers, likewise (4.5 bits). Of a model's matrices those that lose most take 5 or 6 bits; in small
    /// models, which lose more, all take one more.
    case q4
    /// 4-bit integers in blocks of 32 with an f16 scale (4.5 bits), in all matrices: smaller and faster than ``q4``,
    /// and much lossier.
    case q4Plain = "q4-plain"
    /// GGUF's Q4_1: 4-bit integers in blocks of 32 with an f16 scale and an f16 minimum.
    case q41 = "q4_1"
    /// GGUF's Q5_0: 5-bit integers in blocks of 32 with an f16 scale.
    case q50 = "q5_0"
    /// GGUF's Q5_1.
    case q51 = "q5_1"
    /// GGUF's Q4_K: 4-bit integers in blocks of 32 with scales and minima in units of 256.
    case q4K = "q4_k"
    /// GGUF's Q5_K.
    case q5K = "q5_k"
    /// GGUF's Q6_K and Q3_K: integers in blocks of 16 with scales in units of 256.
    case q6K = "q6_k"
    /// GGUF's MXFP4: floats of 4 bits in blocks of 32 with a power of two.
    case mxfp4
    /// What holds GGUF's other blocks exactly: 8-bit integers with a scale and a minimum in f32 for each 16.
    case wide
    /// GPTQ's, AWQ's and compressed-tensors' integers of 4 bits, with a scale and a zero point for each 128.
    case int4
    /// The same for each 32.
    case int4x32 = "int4-32"
    /// Floats of 8 bits (E4M3) with a scale for each 128, f32 activations.
    case fp8

    /// The types that any weights can be packed as.
    public static let allCases: [WeightType] = [.f32, .bf16, .f16, .q8, .q6, .q5, .q4, .q4Plain]
    /// The types that only blocks of a GGUF file, or another file of quantised weights, are packed as.
    package static let stored: [WeightType] = [
        .q41, .q50, .q51, .q4K, .q5K, .q6K, .mxfp4, .wide, .int4, .int4x32, .fp8,
    ]

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
