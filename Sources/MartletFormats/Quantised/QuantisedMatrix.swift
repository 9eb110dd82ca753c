/// The parts of one packed matrix, held against one another: how each format lays out codes, scales and zero points.
///
/// Layouts of GPTQ and AWQ as the Python packages `gptqmodel` and `autoawq` read them, compressed-tensors as its own
/// package does.

import MartletKernels

/// A module's stored tensors.
struct QuantisedMatrix {
    let module: String
    let source: SafetensorsDirectory
    let method: QuantisationMethod

    /// The last parts of the names of what belongs to a packed matrix.
    static let parts = [
        ".qweight", ".qzeros", ".scales", ".g_idx", ".weight_packed", ".weight_scale",
        ".weight_scale_inv", ".weight_zero_point", ".weight_shape", ".weight_g_idx",
    ]

    /// The matrix without its numbers: `codes` under the matrix's name and shape.
    func entry(_ codes: TensorEntry) throws(FormatError) -> TensorEntry {
        guard codes.shape.count == 2, codes.elementCount > 0 else {
            throw .malformedTensor(
                file: codes.file.path, tensor: codes.name, field: "shape", got: "\(codes.shape)",
                expected: "two lengths of at least 1")
        }
        let shape: [Int] =
            switch method {
            case .gptq(let bits, _, _, _): [codes.shape[1], codes.shape[0] * 32 / bits]
            case .awq: [codes.shape[1] * 8, codes.shape[0]]
            default: codes.name.hasSuffix("_packed") ? try storedShape(codes) : codes.shape
            }
        return TensorEntry(
            name: module + ".weight", dtype: .u8, shape: shape, file: codes.file,
            range: codes.range)
    }

    /// The numbers of the matrix.
    func weights(_ codes: TensorEntry) throws(FormatError) -> GroupedWeights {
        switch method {
        case .gptq(let bits, let group, let isSymmetric, let isOffset):
            return try gptq(codes, bits, group, isSymmetric: isSymmetric, isOffset: isOffset)
        case .awq(let group): return try awq(codes, group)
        case .fp8(let block): return try bytes(codes, block: block)
        case .compressed where codes.name.hasSuffix("_packed"): return try words(codes)
        case .compressed, .blocks, .mxfp4: return try bytes(codes, block: nil)
        }
    }

    // MARK: GPTQ and AWQ

    /// Codes `[inputs / n][outputs]`, zero points `[groups][outputs / n]`, scales `[groups][outputs]`, n in each word.
    private func gptq(
        _ codes: TensorEntry, _ bits: Int, _ group: Int?, isSymmetric: Bool, isOffset: Bool
    ) throws(FormatError) -> GroupedWeights {
        let count = 32 / bits
        let (rows, columns) = (codes.shape[1], codes.shape[0] * count)
        try codes.check(shape: codes.shape, dtypes: [.i32])
        let width = min(group ?? columns, columns)
        let groups = (columns + width - 1) / width
        let zeros = try source.find(module + ".qzeros")
        if zeros == nil, !isSymmetric {
            throw .missingTensor(path: source.path, tensor: module + ".qzeros")
        }
        let zeroPoints: GroupedWeights.ZeroPoints
        if let zeros {
            try requireWhole(zeros, rows: rows, count)
            try zeros.check(shape: [groups, rows / count], dtypes: [.i32])
            zeroPoints = .integers(
                PackedIntegers(
                    entry: zeros.part, bits: bits, isAlongRows: true, rowStride: 1,
                    columnStride: rows / count,
                    // As readers do: one is added to the whole word.
                    term: !isOffset ? 0 : bits == 4 ? 0x1111_1111 : 0x0101_0101))
        } else {
            zeroPoints = .constant(UInt8(1 << (bits - 1)))
        }
        return GroupedWeights(
            name: "GPTQ-\(bits)", rows: rows, columns: columns, bits: bits,
            codes: .integers(
                PackedIntegers(
                    entry: codes.part, bits: bits, isAlongRows: false, rowStride: 1,
                    columnStride: rows)),
            zeroPoints: zeroPoints,
            scales: ScaleGrid(
                entry: try scales(".scales", shape: [groups, rows]).part, rowBlock: 1, rowStride: 1,
                groupStride: rows),
            groupColumns: width,
            groupOfColumn: try groupIndex(".g_idx", columns: columns, groups: groups, width: width))
    }

    /// Codes `[inputs][outputs / 8]`, zero points `[groups][outputs / 8]`, scales `[groups][outputs]`; the outputs 0 to 7
    /// of a word have the places 0, 4, 1, 5, 2, 6, 3, 7.
    private func awq(_ codes: TensorEntry, _ group: Int?) throws(FormatError) -> GroupedWeights {
        let (rows, columns) = (codes.shape[1] * 8, codes.shape[0])
        try codes.check(shape: codes.shape, dtypes: [.i32])
        let width = min(group ?? columns, columns)
        let groups = (columns + width - 1) / width
        func integers(_ entry: TensorEntry) -> PackedIntegers {
            PackedIntegers(
                entry: entry.part, bits: 4, isAlongRows: true, rowStride: 1, columnStride: rows / 8,
                places: [0, 4, 1, 5, 2, 6, 3, 7])
        }
        return GroupedWeights(
            name: "AWQ-4", rows: rows, columns: columns, bits: 4, codes: .integers(integers(codes)),
            zeroPoints: .integers(
                integers(
                    try source.requireTensor(
                        module + ".qzeros", shape: [groups, rows / 8], dtypes: [.i32]))),
            scales: ScaleGrid(
                entry: try scales(".scales", shape: [groups, rows]).part, rowBlock: 1, rowStride: 1,
                groupStride: rows),
            groupColumns: width)
    }

    // MARK: compressed-tensors and FP8

    /// The shape of a packed matrix, which its words alone do not say.
    private func storedShape(_ codes: TensorEntry) throws(FormatError) -> [Int] {
        let entry = try source.requireTensor(
            module + ".weight_shape", shape: [2], dtypes: [.i64, .i32])
        let bytes = entry.bytes
        let shape = (0..<2).map { index in
            entry.dtype == .i64
                ? Int(
                    Int64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self)
                    ))
                : Int(
                    Int32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)
                    ))
        }
        let fits = [4, 8].contains { bits in
            shape[1] > 0 && shape[1] <= codes.shape[1] * 8
                && (shape[1] * bits + 31) / 32 == codes.shape[1]
        }
        guard shape[0] == codes.shape[0], fits else {
            throw .malformedTensor(
                file: entry.file.path, tensor: entry.name, field: "content", got: "\(shape)",
                expected: "the shape of a matrix of 4 or 8 bits that \(codes.name) of shape "
                    + "\(codes.shape) holds")
        }
        return shape
    }

    /// Codes `[outputs][inputs / n]` with half their range added, zero points `[outputs / n][groups]` likewise, scales
    /// `[outputs][groups]`.
    private func words(_ codes: TensorEntry) throws(FormatError) -> GroupedWeights {
        let shape = try storedShape(codes)
        let (rows, columns) = (shape[0], shape[1])
        try codes.check(shape: codes.shape, dtypes: [.i32])
        let bits = (columns + 7) / 8 == codes.shape[1] ? 4 : 8
        let grid = try grid(".weight_scale", rows: rows, columns: columns)
        return GroupedWeights(
            name: "int\(bits)", rows: rows, columns: columns, bits: bits,
            codes: .integers(
                PackedIntegers(
                    entry: codes.part, bits: bits, isAlongRows: false, rowStride: codes.shape[1],
                    columnStride: 1)),
            zeroPoints: try signedZeros(rows: rows, groups: grid.groups, bits: bits),
            scales: grid.scales, groupColumns: grid.width,
            groupOfColumn: try groupIndex(
                ".weight_g_idx", columns: columns, groups: grid.groups, width: grid.width))
    }

    /// Bytes `[outputs][inputs]`: signed integers, or floats of 8 bits.
    private func bytes(_ codes: TensorEntry, block: [Int]?) throws(FormatError) -> GroupedWeights {
        let (rows, columns) = (codes.shape[0], codes.shape[1])
        let isFloat = codes.dtype == .f8e4m3
        let inverse = ".weight_scale_inv"
        let suffix = source.contains(module + inverse) ? inverse : ".weight_scale"
        guard source.contains(module + suffix) else {
            throw .missingTensor(
                path: source.path,
                tensor: module + (method == .compressed ? ".weight_scale" : inverse))
        }
        let grid = try grid(suffix, rows: rows, columns: columns, block: block)
        return GroupedWeights(
            name: isFloat ? "F8_E4M3" : "int8", rows: rows, columns: columns, bits: 8,
            codes: isFloat ? .floats(codes.part) : .bytes(codes.part),
            zeroPoints: isFloat
                ? .constant(0) : try signedZeros(rows: rows, groups: grid.groups, bits: 8),
            scales: grid.scales, groupColumns: grid.width)
    }

    private func signedZeros(
        rows: Int, groups: Int, bits: Int
    ) throws(FormatError) -> GroupedWeights.ZeroPoints {
        guard let entry = try source.find(module + ".weight_zero_point") else {
            return .constant(UInt8(1 << (bits - 1)))
        }
        if entry.dtype == .i8 {
            try entry.check(shape: [rows, groups], dtypes: [.i8])
            return .bytes(entry.part)
        }
        let count = 32 / bits
        try entry.check(shape: [(rows + count - 1) / count, groups], dtypes: [.i32])
        return .integers(
            PackedIntegers(
                entry: entry.part, bits: bits, isAlongRows: true, rowStride: groups, columnStride: 1
            ))
    }

    /// Scales of one number, of rows, of groups of a row, or of blocks, as their shape says.
    private func grid(
        _ suffix: String, rows: Int, columns: Int, block: [Int]? = nil
    ) throws(FormatError) -> (scales: ScaleGrid, width: Int, groups: Int) {
        let entry = try scales(suffix, shape: nil)
        if entry.elementCount == 1 {
            return (
                ScaleGrid(entry: entry.part, rowBlock: 1, rowStride: 0, groupStride: 0), columns, 1
            )
        }
        if let block {
            let groups = (columns + block[1] - 1) / block[1]
            try entry.check(shape: [(rows + block[0] - 1) / block[0], groups])
            return (
                ScaleGrid(entry: entry.part, rowBlock: block[0], rowStride: groups, groupStride: 1),
                block[1], groups
            )
        }
        let groups = entry.shape.count == 1 ? 1 : entry.shape.last ?? 1
        guard entry.shape == [rows] || entry.shape == [rows, groups], groups > 0,
            columns % groups == 0
        else {
            throw .shapeMismatch(
                file: entry.file.path, tensor: entry.name, got: entry.shape, expected: [rows, 1])
        }
        return (
            ScaleGrid(entry: entry.part, rowBlock: 1, rowStride: groups, groupStride: 1),
            columns / groups, groups
        )
    }

    // MARK: Shared parts

    private func scales(_ suffix: String, shape: [Int]?) throws(FormatError) -> TensorEntry {
        try source.requireTensor(module + suffix, shape: shape)
    }

    private func requireWhole(
        _ entry: TensorEntry, rows: Int, _ count: Int
    ) throws(FormatError) {
        guard rows % count == 0 else {
            throw .shapeMismatch(
                file: entry.file.path, tensor: entry.name, got: entry.shape,
                expected: [entry.shape.first ?? 1, (rows + count - 1) / count])
        }
    }

    /// The group of each column; nil where groups are consecutive columns.
    private func groupIndex(
        _ suffix: String, columns: Int, groups: Int, width: Int
    ) throws(FormatError) -> [Int32]? {
        guard let entry = try source.find(module + suffix) else { return nil }
        try entry.check(shape: [columns], dtypes: [.i32])
        let bytes = entry.bytes
        let index = (0..<columns).map {
            Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self))
        }
        // What was never set.
        if index.allSatisfy({ $0 == -1 }) { return nil }
        if let wrong = index.first(where: { $0 < 0 || $0 >= groups }) {
            throw .malformedTensor(
                file: entry.file.path, tensor: entry.name, field: "content", got: "group \(wrong)",
                expected: "groups from 0 to \(groups - 1)")
        }
        let isPlain = index.indices.allSatisfy { Int(index[$0]) == $0 / width }
        return isPlain ? nil : index
    }
}

extension TensorEntry {
    fileprivate var part: StoredPart { StoredPart(file: file, range: range, dtype: dtype) }
}
