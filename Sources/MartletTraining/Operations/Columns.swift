// A range of columns of a value.

import CMartletKernels

struct ColumnsOperation: Operation {
    let (x, y): (Value, Value)
    let range: Range<Int>
    let (rows, columns): (Int, Int)

    var name: String { "columns" }
    var inputs: [Value] { [x] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        let (input, out) = (run[x], run[y])
        run.forRows(rows, grain: 128) { rows, _ in
            for row in rows {
                (out + row * range.count).update(
                    from: input + row * columns + range.lowerBound, count: range.count)
            }
        }
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let target = run.gradientTarget(x) else { return }
        run.forRows(rows, grain: 128) { rows, _ in
            for row in rows {
                let line = target.pointer + row * columns
                // The first to write also clears what other ranges will add to.
                if !target.adds { line.update(repeating: 0, count: columns) }
                run.kernels.accumulate(
                    line + range.lowerBound, dy + row * range.count, 1, 1, Int32(range.count))
            }
        }
    }
}

extension Graph {
    /// The columns in `range`, copied.
    public func columns(_ x: Value, _ range: Range<Int>) -> Value {
        let (rows, columns) = shape(x)
        precondition(
            range.lowerBound >= 0 && range.upperBound <= columns && !range.isEmpty,
            "columns: got \(range) of \(columns)")
        let y = computed(rows: rows, columns: range.count, from: [x], name: "columns")
        append(ColumnsOperation(x: x, y: y, range: range, rows: rows, columns: columns))
        return y
    }
}
