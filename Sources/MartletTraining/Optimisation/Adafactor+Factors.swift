// The loops of Adafactor over rows and columns.

/// Second moments of one tensor as two factors, and the update that they give.
///
/// A vector is a matrix of one row whose row factor is 1.
struct AdafactorFactors {
    let rows: Int
    let columns: Int
    let gradient: UnsafePointer<Float>
    let gradientScale: Float
    let epsilon: Float
    /// The share of the new squares in the averages.
    let new: Float
    /// 1 / √(r / mean(r)); nil for a vector.
    let rowFactors: UnsafeMutablePointer<Float>?
    /// 1 / √c, or 1 / √v for a vector.
    let columnFactors: UnsafeMutablePointer<Float>

    /// Columns that one iteration sums.
    private static let panel = 256
    /// Rows that one iteration walks: about one block of elements.
    private var band: Int { max(1, Blocks.size / columns) }
    private var bands: Int { (rows + band - 1) / band }

    private func rows(of index: Int) -> Range<Int> {
        index * band..<min(rows, (index + 1) * band)
    }

    /// Takes the squares into the averages of rows and of columns.
    func average(
        rows rowState: UnsafeMutablePointer<Float>,
        columns columnState: UnsafeMutablePointer<Float>,
        _ parallel: @escaping ParallelLoop
    ) {
        let scale = Double(gradientScale)
        parallel(bands) { index in
            for row in rows(of: index) {
                let sum = Blocks.squares(gradient + row * columns, count: columns) * scale * scale
                let mean = Float(sum / Double(columns) + Double(epsilon))
                rowState[row] += new * (mean - rowState[row])
            }
        }
        parallel((columns + Self.panel - 1) / Self.panel) { index in
            let first = index * Self.panel
            averageColumns(first..<min(columns, first + Self.panel), columnState)
        }
        var total = 0.0
        for row in 0..<rows { total += Double(rowState[row]) }
        let mean = total / Double(rows)
        guard let rowFactors else { return }
        for row in 0..<rows {
            rowFactors[row] = Float(1 / (Double(rowState[row]) / mean).squareRoot())
        }
    }

    private func averageColumns(_ range: Range<Int>, _ state: UnsafeMutablePointer<Float>) {
        let count = range.count
        withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { buffer in
            let sums = buffer.baseAddress!
            for i in 0..<count { sums[i] = 0 }
            for row in 0..<rows {
                let line = gradient + row * columns + range.lowerBound
                var i = 0
                while i < count {
                    let g = Double(line[i] * gradientScale)
                    sums[i] += g * g
                    i &+= 1
                }
            }
            for i in 0..<count {
                let column = range.lowerBound + i
                let mean = Float(sums[i] / Double(rows) + Double(epsilon))
                state[column] += new * (mean - state[column])
                columnFactors[column] = 1 / state[column].squareRoot()
            }
        }
    }

    /// Takes the squares into a vector's averages.
    func average(vector state: UnsafeMutablePointer<Float>, _ parallel: @escaping ParallelLoop) {
        Blocks.forEach(columns, parallel) { range in
            var i = range.lowerBound
            while i < range.upperBound {
                let g = gradient[i] * gradientScale
                state[i] += new * (g * g + epsilon - state[i])
                columnFactors[i] = 1 / state[i].squareRoot()
                i &+= 1
            }
        }
    }

    /// The sum of squares of the update before it is cut.
    func squares(_ parallel: @escaping ParallelLoop) -> Double {
        Blocks.sum(bands, parallel) { index in
            var total = 0.0
            for row in rows(of: index) {
                let line = gradient + row * columns
                let rowFactor = (rowFactors?[row] ?? 1) * gradientScale
                var lanes = SIMD8<Double>.zero
                var i = 0
                while i &+ 8 <= columns {
                    let g = UnsafeRawPointer(line + i).loadUnaligned(as: SIMD8<Float>.self)
                    let c = UnsafeRawPointer(columnFactors + i)
                        .loadUnaligned(as: SIMD8<Float>.self)
                    let u = SIMD8<Double>(g * (c * rowFactor))
                    lanes += u * u
                    i &+= 8
                }
                total += lanes.sum()
                while i < columns {
                    let u = Double(line[i] * (columnFactors[i] * rowFactor))
                    total += u * u
                    i &+= 1
                }
            }
            return total
        }
    }

    /// values = values * kept - step * update, through the momentum where there is one.
    func apply(
        to values: UnsafeMutablePointer<Float>, kept: Float, step: Float,
        momentum: UnsafeMutablePointer<Float>?, newM: Float, _ parallel: @escaping ParallelLoop
    ) {
        parallel(bands) { index in
            for row in rows(of: index) {
                let offset = row * columns
                let line = gradient + offset
                let target = values + offset
                let rowFactor = (rowFactors?[row] ?? 1) * gradientScale
                let factor = columnFactors
                var i = 0
                if let momentum {
                    let m = momentum + offset
                    while i < columns {
                        let u = step * (line[i] * (factor[i] * rowFactor))
                        let average = m[i] + newM * (u - m[i])
                        m[i] = average
                        target[i] = target[i] * kept - average
                        i &+= 1
                    }
                } else {
                    while i < columns {
                        let u = line[i] * (factor[i] * rowFactor)
                        target[i] = target[i] * kept - step * u
                        i &+= 1
                    }
                }
            }
        }
    }
}
