/// Parts of a tensor as tensors of their own: one expert's matrix of several that are stored as one.

import MartletKernels

extension TensorEntry {
    /// One of the `shape[0]` matrices, or vectors, of a stack, or some of its rows.
    ///
    /// - Parameters:
    ///   - index: which of them.
    ///   - rows: of a matrix or a vector, the rows or elements to take; all where nil.
    package func part(_ name: String, index: Int, rows: Range<Int>? = nil) -> TensorEntry {
        precondition(
            shape.count > 1 && index >= 0 && index < shape[0] && isWhole,
            "part of \(self.name): \(index) of shape \(shape)")
        let inner = Array(shape.dropFirst())
        let rows = rows ?? 0..<inner[0]
        precondition(rows.lowerBound >= 0 && rows.upperBound <= inner[0], "part: \(rows)")
        return slab(
            name, rows: index * inner[0] + rows.lowerBound..<index * inner[0] + rows.upperBound,
            of: shape[0] * inner[0], columns: inner.dropFirst())
    }

    /// Some rows of a matrix, or elements of a vector.
    package func rows(_ name: String, _ rows: Range<Int>) -> TensorEntry {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= shape.first ?? 0 && isWhole,
            "rows \(rows) of \(self.name): shape \(shape)")
        return slab(name, rows: rows, of: shape[0], columns: shape.dropFirst())
    }

    /// The bytes of some of `count` rows, one after another.
    private func slab(
        _ name: String, rows: Range<Int>, of count: Int, columns: ArraySlice<Int>
    ) -> TensorEntry {
        precondition(stored == nil || !columns.isEmpty, "slab of \(self.name): blocks of a vector")
        let rowBytes = range.count / max(1, count)
        let start = range.lowerBound + rows.lowerBound * rowBytes
        var entry = TensorEntry(
            name: name, dtype: dtype, shape: [rows.count] + columns, file: file,
            range: start..<start + rows.count * rowBytes)
        entry.stored = stored
        entry.term = term
        return entry
    }

    /// Every `count`-th output of one of the matrices `[inputs][outputs]`, or vectors, of a stack, as
    /// `[outputs][inputs]`.
    ///
    /// - Parameters:
    ///   - index: which of them.
    ///   - first: the first output to take, less than `count`.
    package func turn(_ name: String, index: Int, first: Int, of count: Int) -> TensorEntry {
        precondition(
            shape.count > 1 && index >= 0 && index < shape[0] && isWhole && stored == nil
                && first >= 0 && first < count && (shape.last ?? 0) % count == 0,
            "turn of \(self.name): \(first) of \(count), \(index) of shape \(shape)")
        let (outputs, inputs) = (shape[shape.count - 1], shape.count > 2 ? shape[1] : 1)
        let size = inputs * outputs * dtype.byteCount
        let start = range.lowerBound + index * size
        var entry = TensorEntry(
            name: name, dtype: dtype,
            shape: shape.count > 2 ? [outputs / count, inputs] : [outputs / count], file: file,
            range: start + first * dtype.byteCount..<start + size)
        entry.strides = ElementStrides(row: count, column: outputs)
        entry.term = term
        return entry
    }

    /// Every `count`-th row of one of the matrices of a stack of MXFP4 blocks `[experts][rows][blocks][16]`, whose
    /// scales lie in another tensor, `[experts][rows][blocks]`.
    package func turnOfBlocks(
        _ name: String, scales: TensorEntry, index: Int, first: Int, of count: Int
    ) -> TensorEntry {
        precondition(
            shape.count == 4 && shape[3] == 16 && scales.shape == Array(shape.dropLast())
                && dtype == .u8 && scales.dtype == .u8 && index >= 0 && index < shape[0]
                && first >= 0 && first < count && shape[1] % count == 0,
            "turn of \(self.name): \(first) of \(count), \(index) of shape \(shape)")
        let (rows, blocks) = (shape[1], shape[2])
        let row = index * rows + first
        let end = (index + 1) * rows
        var entry = TensorEntry(
            name: name, dtype: dtype, shape: [rows / count, blocks * 32], file: file,
            range: range.lowerBound + row * blocks * 16..<range.lowerBound + end * blocks * 16)
        entry.stored = .mxfp4
        let start = scales.range.lowerBound
        entry.split = SplitBlocks(
            file: scales.file, scales: start + row * blocks..<start + end * blocks, blocks: blocks,
            step: count)
        return entry
    }
}
