/// The element types that checkpoints store, and how many bits each takes.
///
/// Names are those of the safetensors format. This file knows nothing of blocks or packing.
public enum DType: String, Sendable, CaseIterable, Hashable {
    case f64 = "F64"
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case i64 = "I64"
    case i32 = "I32"
    case i16 = "I16"
    case i8 = "I8"
    case u64 = "U64"
    case u32 = "U32"
    case u16 = "U16"
    case u8 = "U8"
    case bool = "BOOL"
    /// Floats of 8 bits with four of exponent.
    case f8e4m3 = "F8_E4M3"

    /// Whether elements are floating-point numbers.
    public var isFloat: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16, .f8e4m3: true
        default: false
        }
    }

    /// Bytes that one element takes.
    public var byteCount: Int {
        switch self {
        case .f64, .i64, .u64: 8
        case .f32, .i32, .u32: 4
        case .f16, .bf16, .i16, .u16: 2
        case .i8, .u8, .bool, .f8e4m3: 1
        }
    }
}

extension DType {
    /// Floats as stored elements of F32, F16 or BF16, little-endian, rounded to nearest even.
    package func bytes(of floats: [Float]) -> [UInt8] {
        switch self {
        case .f16: floats.map { Half($0).bits.littleEndian }.withUnsafeBytes { Array($0) }
        case .bf16:
            floats.map { Reference.bfloatBits($0).littleEndian }.withUnsafeBytes { Array($0) }
        default: floats.withUnsafeBytes { Array($0) }
        }
    }
}
