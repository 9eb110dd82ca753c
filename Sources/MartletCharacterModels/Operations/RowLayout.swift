// Rows of sequences whose number is only known in forward, and row-wise operations over just those.
// This file knows offsets; it refuses to know what decides them.

import MartletKernels
import MartletTraining

/// Which rows of a matrix belong to which sequence: the same number for each, or packed one sequence
/// after the other as a table says that an earlier operation writes.
struct RowLayout {
    let sequences: Int
    /// Rows of every sequence, or the most that one may have when they are packed.
    let length: Int
    /// The first row of each sequence and, after the last, the number of rows; nil when not packed.
    let firsts: Integers?

    init(sequences: Int, length: Int, firsts: Integers? = nil) {
        self.sequences = sequences
        self.length = length
        self.firsts = firsts
    }

    /// Rows that memory is planned for.
    var capacity: Int { sequences * length }

    /// Rows that the last forward had.
    func rows(_ run: GraphRun) -> Int { firsts.map { Int(run[$0][sequences]) } ?? capacity }

    /// The rows of one sequence.
    func range(_ sequence: Int, _ run: GraphRun) -> Range<Int> {
        guard let firsts else { return sequence * length..<(sequence + 1) * length }
        return Int(run[firsts][sequence])..<Int(run[firsts][sequence + 1])
    }
}

/// An operation whose work depends on what forward found.
protocol SizedOperation: Operation {
    /// Multiplications with additions, and floats written, of the last forward.
    func workload(_ run: GraphRun) -> (multiplyAdds: Double, floats: Double)
}

/// A row-wise operation over the rows that there are, which may be fewer than memory is planned for.
struct PackedOperation: SizedOperation {
    let layout: RowLayout
    /// The operation over all rows that memory is planned for.
    let whole: any Operation
    /// Makes the operation for a number of rows.
    let sized: (Int) -> any Operation

    var name: String { whole.name }
    var inputs: [Value] { whole.inputs }
    var outputs: [Value] { whole.outputs }
    var kept: [Value] { whole.kept }
    var differentiated: [Value] { whole.differentiated }
    var multiplyAdds: Double { whole.multiplyAdds }
    var scratchBytes: Int { whole.scratchBytes }

    func forward(_ run: GraphRun) { sized(layout.rows(run)).forward(run) }
    func backward(_ run: GraphRun) { sized(layout.rows(run)).backward(run) }

    func workload(_ run: GraphRun) -> (multiplyAdds: Double, floats: Double) {
        let rows = layout.rows(run)
        let floats = whole.outputs.reduce(0) { $0 + run.graph.shape($1).columns }
        return (sized(rows).multiplyAdds, Double(rows * floats))
    }
}

extension Graph {
    /// Rows times a weight [outputs, inputs], over the rows of a layout.
    func linear(_ x: Value, _ weight: Value, bias: Value? = nil, over layout: RowLayout) -> Value {
        guard layout.firsts != nil else { return linear(x, weight, bias: bias) }
        let (width, w) = (shape(x).columns, shape(weight))
        precondition(
            w.columns == width, "linear: got rows of \(width) for a weight of \(w.columns) inputs")
        let sources = [x, weight] + (bias.map { [$0] } ?? [])
        let y = computed(rows: layout.capacity, columns: w.rows, from: sources, name: "linear")
        packed(layout) {
            LinearOperation(
                x: x, weight: weight, bias: bias, y: y, isTransposed: false, inWidth: width,
                outWidth: w.rows, rows: $0)
        }
        return y
    }

    /// LayerNorm of the rows of a layout.
    func layerNorm(
        _ x: Value, weight: Value, bias: Value, epsilon: Float, over layout: RowLayout
    ) -> Value {
        guard layout.firsts != nil else {
            return norm(x, weight: weight, bias: bias, isCentred: true, epsilon: epsilon)
        }
        let width = shape(x).columns
        let y = computed(
            rows: layout.capacity, columns: width, from: [x, weight, bias], name: "norm")
        let statistics = computed(
            rows: layout.capacity, columns: 2, from: [], name: "norm statistics")
        packed(layout) {
            NormOperation(
                x: x, weight: weight, bias: bias, statistics: statistics, y: y, isCentred: true,
                epsilon: epsilon, count: $0, width: width)
        }
        return y
    }

    /// The sum of two values, over the rows of a layout.
    func add(_ a: Value, _ b: Value, over layout: RowLayout) -> Value {
        guard layout.firsts != nil else { return add(a, b) }
        let (rows, columns) = shape(a)
        let y = computed(rows: rows, columns: columns, from: [a, b], name: "sum")
        packed(layout) { AdditionOperation(a: a, b: b, y: y, count: $0 * columns) }
        return y
    }

    /// GELU of the rows of a layout.
    func gelu(_ x: Value, isApproximate: Bool, over layout: RowLayout) -> Value {
        guard layout.firsts != nil else { return gelu(x, isApproximate: isApproximate) }
        let (rows, columns) = shape(x)
        let y = computed(rows: rows, columns: columns, from: [x], name: "GELU")
        packed(layout) {
            GELUOperation(x: x, y: y, count: $0 * columns, isApproximate: isApproximate)
        }
        return y
    }

    private func packed(_ layout: RowLayout, _ sized: @escaping (Int) -> any Operation) {
        append(PackedOperation(layout: layout, whole: sized(layout.capacity), sized: sized))
    }
}
