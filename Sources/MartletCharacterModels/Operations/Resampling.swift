// Shifting, and going between resolutions at a fixed factor: averages, repeats and linear maps of groups.
// This file knows groups of k consecutive rows; it refuses to know attention and boundaries.

import CMartletKernels
import MartletKernels
import MartletTraining

/// y_t = x_(t - places) within each sequence; zeros come in at the front.
struct ShiftOperation: Operation {
    let (x, y): (Value, Value)
    let (sequences, length, columns): (Int, Int, Int)
    let places: Int

    var name: String { "shift" }
    var inputs: [Value] { [x] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        let (input, out) = (run[x], run[y])
        run.forRows(sequences, grain: 1) { range, _ in
            for sequence in range {
                let base = sequence * length * columns
                (out + base).update(repeating: 0, count: places * columns)
                (out + base + places * columns)
                    .update(from: input + base, count: (length - places) * columns)
            }
        }
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let target = run.gradientTarget(x) else { return }
        run.forRows(sequences, grain: 1) { range, _ in
            for sequence in range {
                let base = sequence * length * columns
                let moved = (length - places) * columns
                run.kernels.accumulate(
                    target.pointer + base, dy + base + places * columns, 1, target.adds ? 1 : 0,
                    Int32(moved))
                guard !target.adds else { continue }
                (target.pointer + base + moved).update(repeating: 0, count: places * columns)
            }
        }
    }
}

/// The mean of every k rows, or the other way round: every row k times.
struct GroupOperation: Operation {
    enum Direction {
        case average
        case repeating
    }

    let (x, y): (Value, Value)
    let direction: Direction
    /// Groups, rows of a group, columns.
    let (groups, size, columns): (Int, Int, Int)

    var name: String { direction == .average ? "average pooling" : "repeat" }
    var inputs: [Value] { [x] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        switch direction {
        case .average: gather(run, from: run[x], to: run[y], factor: 1 / Float(size), adds: false)
        case .repeating: spread(run, from: run[x], to: run[y], factor: 1, adds: false)
        }
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let target = run.gradientTarget(x) else { return }
        switch direction {
        case .average:
            spread(run, from: dy, to: target.pointer, factor: 1 / Float(size), adds: target.adds)
        case .repeating: gather(run, from: dy, to: target.pointer, factor: 1, adds: target.adds)
        }
    }

    /// Sums of groups, times a factor.
    private func gather(
        _ run: GraphRun, from: UnsafeMutablePointer<Float>, to: UnsafeMutablePointer<Float>,
        factor: Float, adds: Bool
    ) {
        run.forRows(groups, grain: 64) { range, _ in
            for group in range {
                for member in 0..<size {
                    run.kernels.accumulate(
                        to + group * columns, from + (group * size + member) * columns, factor,
                        adds || member > 0 ? 1 : 0, Int32(columns))
                }
            }
        }
    }

    /// Every row to all members of its group, times a factor.
    private func spread(
        _ run: GraphRun, from: UnsafeMutablePointer<Float>, to: UnsafeMutablePointer<Float>,
        factor: Float, adds: Bool
    ) {
        run.forRows(groups, grain: 64) { range, _ in
            for row in range.lowerBound * size..<range.upperBound * size {
                run.kernels.accumulate(
                    to + row * columns, from + row / size * columns, factor, adds ? 1 : 0,
                    Int32(columns))
            }
        }
    }
}

extension Graph {
    /// Every sequence of `length` rows moved back by `places`, zeros in front.
    func shift(_ x: Value, by places: Int, length: Int) -> Value {
        let (rows, columns) = shape(x)
        precondition(
            rows % length == 0 && (0..<length).contains(places),
            "shift: got \(places) places for sequences of \(length)")
        guard places > 0 else { return x }
        let y = computed(rows: rows, columns: columns, from: [x], name: "shifted")
        append(
            ShiftOperation(
                x: x, y: y, sequences: rows / length, length: length, columns: columns,
                places: places))
        return y
    }

    /// The mean of every `factor` rows.
    func averagePool(_ x: Value, factor: Int) -> Value {
        let (rows, columns) = shape(x)
        precondition(rows % factor == 0, "averagePool: got \(rows) rows for groups of \(factor)")
        let y = computed(rows: rows / factor, columns: columns, from: [x], name: "averages")
        append(
            GroupOperation(
                x: x, y: y, direction: .average, groups: rows / factor, size: factor,
                columns: columns))
        return y
    }

    /// Every row `factor` times.
    func repeatRows(_ x: Value, factor: Int) -> Value {
        let (rows, columns) = shape(x)
        let y = computed(rows: rows * factor, columns: columns, from: [x], name: "repeated")
        append(
            GroupOperation(
                x: x, y: y, direction: .repeating, groups: rows, size: factor, columns: columns))
        return y
    }

    /// Every `factor` rows as one long row, times a weight [columns, factor · columns].
    func linearPool(_ x: Value, _ weight: Value, bias: Value, factor: Int) -> Value {
        let ((rows, columns), w) = (shape(x), shape(weight))
        precondition(
            rows % factor == 0 && w.columns == factor * columns,
            "linearPool: got \(rows) x \(columns) by \(factor) for a weight of \(w)")
        let y = computed(
            rows: rows / factor, columns: w.rows, from: [x, weight, bias], name: "linear pool")
        // Rows lie one after the other, so a group already is one row.
        append(
            LinearOperation(
                x: x, weight: weight, bias: bias, y: y, isTransposed: false, inWidth: w.columns,
                outWidth: w.rows, rows: rows / factor))
        return y
    }

    /// Every row times a weight [factor · columns, columns], cut into `factor` rows.
    func linearSpread(_ x: Value, _ weight: Value, bias: Value, factor: Int) -> Value {
        let ((rows, columns), w) = (shape(x), shape(weight))
        precondition(
            w.columns == columns && w.rows % factor == 0,
            "linearSpread: got \(rows) x \(columns) by \(factor) for a weight of \(w)")
        let y = computed(
            rows: rows * factor, columns: w.rows / factor, from: [x, weight, bias],
            name: "linear spread")
        append(
            LinearOperation(
                x: x, weight: weight, bias: bias, y: y, isTransposed: false, inWidth: columns,
                outWidth: w.rows, rows: rows))
        return y
    }
}
