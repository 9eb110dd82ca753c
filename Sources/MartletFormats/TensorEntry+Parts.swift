/// Parts of a tensor as tensors of their own: one expert's matrix of several that are stored as one.

extension TensorEntry {
    /// One of the `shape[0]` matrices, or vectors, of a stack, or some of its rows.
    ///
    /// - Parameters:
    ///   - index: which of them.
    ///   - rows: of a matrix or a vector, the rows or elements to take; all where nil.
    package func part(_ name: String, index: Int, rows: Range<Int>? = nil) -> TensorEntry {
        precondition(
            shape.count > 1 && index >= 0 && index < shape[0] && rowOrder == nil && update == nil,
            "part of \(self.name): \(index) of shape \(shape)")
        let inner = Array(shape.dropFirst())
        let rows = rows ?? 0..<inner[0]
        precondition(rows.lowerBound >= 0 && rows.upperBound <= inner[0], "part: \(rows)")
        let rowBytes = range.count / (shape[0] * inner[0])
        let start = range.lowerBound + (index * inner[0] + rows.lowerBound) * rowBytes
        var entry = TensorEntry(
            name: name, dtype: dtype, shape: [rows.count] + inner.dropFirst(), file: file,
            range: start..<start + rows.count * rowBytes)
        entry.stored = stored
        entry.term = term
        return entry
    }

    /// Some rows of a matrix, or elements of a vector.
    package func rows(_ name: String, _ rows: Range<Int>) -> TensorEntry {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= shape.first ?? 0 && rowOrder == nil
                && update == nil, "rows \(rows) of \(self.name): shape \(shape)")
        let rowBytes = range.count / max(1, shape[0])
        let start = range.lowerBound + rows.lowerBound * rowBytes
        var entry = TensorEntry(
            name: name, dtype: dtype, shape: [rows.count] + shape.dropFirst(), file: file,
            range: start..<start + rows.count * rowBytes)
        entry.stored = stored
        entry.term = term
        return entry
    }
}
