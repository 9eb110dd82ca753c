/// Ranges of a matrix's elements, row by row.

extension Range<Int> {
    /// Calls `body` for each row of `width` elements that these row-major places are in: with the row, the columns of it
    /// that are among them, and how many elements came before.
    func forEachRow<Failure: Error>(
        of width: Int,
        _ body: (_ row: Int, _ columns: Range<Int>, _ done: Int) throws(Failure) -> Void
    ) throws(Failure) {
        var position = lowerBound
        while position < upperBound {
            let (row, column) = position.quotientAndRemainder(dividingBy: width)
            let count = Swift.min(width - column, upperBound - position)
            try body(row, column..<column + count, position - lowerBound)
            position += count
        }
    }
}
