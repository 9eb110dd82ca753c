/// A product of two thin matrices that is added to a stored one as it is read; knows no model.

/// What an adapter adds to a matrix: `scale · left · right`.
package struct LowRankUpdate: Sendable {
    /// `[rows][rank]`.
    private let left: [Float]
    /// `[rank][columns]`.
    private let right: [Float]
    private let rank: Int
    private let columns: Int
    private let scale: Float

    /// An update of a matrix with `columns` columns.
    package init(left: [Float], right: [Float], rank: Int, columns: Int, scale: Float) {
        precondition(
            right.count == rank * columns && rank > 0 && left.count % rank == 0,
            "LowRankUpdate: got \(left.count) and \(right.count) numbers of rank \(rank)")
        self.left = left
        self.right = right
        self.rank = rank
        self.columns = columns
        self.scale = scale
    }

    /// Adds to elements that were read. The sum over the rank comes first, in its order, whatever part is read.
    ///
    /// - Parameter first: the row-major place of the first element.
    package func add(to out: UnsafeMutableBufferPointer<Float>, first: Int) {
        guard columns > 0 else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { sum in
            left.withUnsafeBufferPointer { left in
                right.withUnsafeBufferPointer { right in
                    var done = 0
                    while done < out.count {
                        let (row, column) = (first + done).quotientAndRemainder(dividingBy: columns)
                        let count = min(columns - column, out.count - done)
                        for index in 0..<count { sum[index] = 0 }
                        for k in 0..<rank {
                            let factor = left[row &* rank &+ k]
                            let line = k &* columns &+ column
                            for index in 0..<count { sum[index] += factor * right[line &+ index] }
                        }
                        for index in 0..<count { out[done &+ index] += scale * sum[index] }
                        done += count
                    }
                }
            }
        }
    }
}
