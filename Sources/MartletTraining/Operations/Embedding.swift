// Rows of a table, gathered by index; the derivative scatters them back.

import CMartletKernels

struct EmbeddingOperation: Operation {
    let indices: Integers
    let table: Value
    let y: Value
    let (rows, columns): (Int, Int)
    let tableRows: Int

    var name: String { "embedding" }
    var inputs: [Value] { [table] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        let (index, source, out) = (run[indices], run[table], run[y])
        run.forRows(rows, grain: 256) { range, _ in
            for row in range {
                (out + row * columns).update(
                    from: source + Int(index[row]) * columns, count: columns)
            }
        }
    }

    /// Each thread owns some columns of every row, so that two tokens of one id add in order.
    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let target = run.gradientTarget(table) else { return }
        let index = run[indices]
        run.forRows(columns, grain: 64) { range, _ in
            let width = Int32(range.count)
            if !target.adds {
                for row in 0..<tableRows {
                    (target.pointer + row * columns + range.lowerBound)
                        .update(repeating: 0, count: range.count)
                }
            }
            for row in 0..<rows {
                run.kernels.accumulate(
                    target.pointer + Int(index[row]) * columns + range.lowerBound,
                    dy + row * columns + range.lowerBound, 1, 1, width)
            }
        }
    }
}

extension Graph {
    /// For each index the row of a table; indices must be inside it.
    public func embedding(_ indices: Integers, _ table: Value) -> Value {
        let (tableRows, columns) = shape(table)
        let rows = integerCounts[indices.id]
        let y = computed(rows: rows, columns: columns, from: [table], name: "embedding")
        append(
            EmbeddingOperation(
                indices: indices, table: table, y: y, rows: rows, columns: columns,
                tableRows: tableRows))
        return y
    }
}
