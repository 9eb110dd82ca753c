// The blocks that GGUF files hold: one row for each type.

import CMartletKernels

/// How a GGUF file stores the quantised weights of a tensor.
public enum StoredBlocks: UInt32, CaseIterable, Sendable, Hashable, CustomStringConvertible {
    // The raw values are ggml's numbers.
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q2K = 10
    case q3K = 11
    case q4K = 12
    case q5K = 13
    case q6K = 14
    case iq4NL = 20
    case iq4XS = 23
    case tq2_0 = 35
    case mxfp4 = 39

    /// Its name among ggml's types.
    public var description: String {
        switch self {
        case .q4_0: "Q4_0"
        case .q4_1: "Q4_1"
        case .q5_0: "Q5_0"
        case .q5_1: "Q5_1"
        case .q8_0: "Q8_0"
        case .q2K: "Q2_K"
        case .q3K: "Q3_K"
        case .q4K: "Q4_K"
        case .q5K: "Q5_K"
        case .q6K: "Q6_K"
        case .iq4NL: "IQ4_NL"
        case .iq4XS: "IQ4_XS"
        case .tq2_0: "TQ2_0"
        case .mxfp4: "MXFP4"
        }
    }

    private var code: mk_stored {
        guard let code = mk_stored(rawValue: .init(rawValue)) else {
            preconditionFailure("StoredBlocks: the kernels lack \(self)")
        }
        return code
    }

    /// Consecutive weights of a block.
    public var columns: Int { Int(mk_stored_columns(code)) }
    /// Bytes of a block.
    public var byteCount: Int { mk_stored_bytes(code) }

    /// What panels of these blocks are packed as: a type that holds each of their numbers exactly.
    package var weightType: WeightType {
        let weight = mk_stored_weight(code)
        guard
            let type = (WeightType.allCases + WeightType.stored).first(where: { $0.code == weight })
        else { preconditionFailure("StoredBlocks: no weight type for \(self)") }
        return type
    }

    /// Reads the weights at `elements` of consecutive blocks.
    package func read(
        _ elements: Range<Int>, of blocks: UnsafeRawBufferPointer,
        into out: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(
            elements.lowerBound >= 0 && out.count == elements.count
                && (elements.upperBound + columns - 1) / columns * byteCount <= blocks.count,
            "StoredBlocks: \(elements) of \(blocks.count) bytes into \(out.count) floats")
        guard let from = blocks.baseAddress, let to = out.baseAddress else { return }
        mk_read_stored(
            code, from.assumingMemoryBound(to: UInt8.self), elements.lowerBound,
            elements.upperBound, to)
    }

    /// The types that weights can be quantised to.
    package static let writable: [StoredBlocks] = [
        .q8_0, .q4_0, .q4_1, .q5_0, .q5_1, .q4K, .q5K, .q6K,
    ]

    /// Quantises a row of weights into blocks, which must hold it; see ``writable``.
    package func store(
        _ row: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableBufferPointer<UInt8>
    ) {
        precondition(
            (row.count + columns - 1) / columns * byteCount == blocks.count,
            "StoredBlocks: \(row.count) weights into \(blocks.count) bytes")
        guard let from = row.baseAddress, let to = blocks.baseAddress else { return }
        let isWritten = mk_store(code, from, Int32(row.count), to)
        precondition(isWritten, "StoredBlocks: \(self) is read alone")
    }

    /// Packs up to 16 rows, which begin at `rows`, into a panel of ``weightType``.
    package func pack(
        _ rows: [UnsafePointer<UInt8>], columns: Int, panel: UnsafeMutablePointer<UInt8>
    ) {
        precondition(rows.count <= 16 && columns % self.columns == 0, "StoredBlocks: panel")
        mk_pack_stored(code, rows, Int32(rows.count), Int32(columns), panel)
    }
}
