/// How a GGUF file stores a tensor: plain numbers, or blocks.

package import MartletKernels

/// One of ggml's types, as far as files have it.
package enum GGUFTensorType: Sendable, Hashable {
    case plain(DType)
    case blocks(StoredBlocks)

    private static let plain: [UInt32: DType] = [
        0: .f32, 1: .f16, 24: .i8, 25: .i16, 26: .i32, 27: .i64, 28: .f64, 30: .bf16,
    ]
    /// Types that are known and not read.
    private static let unread: [UInt32: String] = [
        9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S",
        22: "IQ2_S", 29: "IQ1_M", 34: "TQ1_0", 40: "NVFP4", 41: "Q1_0", 42: "Q2_0",
    ]
    /// Types that ggml has taken out again.
    private static let removed: Set<UInt32> = [4, 5, 31, 32, 33, 36, 37, 38]

    /// The type of ggml's number.
    ///
    /// - Throws: ``FormatError`` naming the type and those that are read.
    init(_ code: UInt32, tensor: String, file: String) throws(FormatError) {
        if let dtype = Self.plain[code] {
            self = .plain(dtype)
        } else if let blocks = StoredBlocks(rawValue: code) {
            self = .blocks(blocks)
        } else if let name = Self.unread[code] {
            throw .unsupportedFormat(
                path: file, got: "tensor \(quoted(tensor)) in \(name)",
                advice: "take a file in \(Self.readable)")
        } else if Self.removed.contains(code) {
            throw .unsupportedFormat(
                path: file,
                got: "tensor \(quoted(tensor)) in type \(code), which ggml no longer has",
                advice: "quantise the model again; weights are repacked at load")
        } else {
            throw .malformedTensor(
                file: file, tensor: tensor, field: "type", got: "\(code)",
                expected: "one of ggml's types, of which \(Self.readable) are read")
        }
    }

    /// ggml's number.
    var code: UInt32 {
        switch self {
        case .blocks(let blocks): blocks.rawValue
        case .plain(let dtype):
            Self.plain.first { $0.value == dtype }?.key
                ?? { preconditionFailure("GGUF has no \(dtype)") }()
        }
    }

    private static var readable: String {
        "F32, F16, BF16, " + StoredBlocks.allCases.map(\.description).joined(separator: ", ")
    }

    /// What its elements are, blocks being bytes.
    var dtype: DType {
        switch self {
        case .plain(let dtype): dtype
        case .blocks: .u8
        }
    }

    var blocks: StoredBlocks? {
        if case .blocks(let blocks) = self { blocks } else { nil }
    }

    /// Bytes of a tensor of this shape.
    func bytes(
        _ shape: [Int], _ malformed: (String, String, String) -> FormatError
    ) throws(FormatError) -> Int {
        let (columns, size) = blocks.map { ($0.columns, $0.byteCount) } ?? (1, dtype.byteCount)
        let width = shape.last ?? 1
        guard width % columns == 0 else {
            throw malformed("shape", "rows of \(width)", "a multiple of the \(columns) of a block")
        }
        var bytes = width / columns
        for length in shape.dropLast() + [size] {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
            guard !overflow else {
                throw malformed("shape", "\(shape)", "a product that fits in 64 bits")
            }
            bytes = product
        }
        return bytes
    }
}
