// Pooling of segments that boundaries cut, and the way back, without seeing ahead.
// This file knows prefix sums of boundaries; it refuses to know who set them.

import CMartletKernels
import MartletKernels
import MartletTraining

/// Where each token's segment is, written in forward from the boundaries.
///
/// b_t = 1 says that a segment ends at t (Nawrot et al. 2023, arXiv 2211.09761, section 3.1). Sequence s has
/// 1 + Σ b packed rows: the null group, then its closed segments.
struct SegmentTable {
    let layout: RowLayout
    /// Tokens of a sequence.
    let tokens: Int
    /// Packed row of each token's own segment, by the exclusive prefix sum; -1 in the open segment.
    let segment: Integers
    /// Packed row that each token receives, by the inclusive prefix sum: the last segment that is closed.
    let received: Integers
}

/// Turns boundaries into a ``SegmentTable``.
struct SegmentsOperation: Operation {
    let boundaries: Value
    let table: SegmentTable

    var name: String { "segments" }
    var inputs: [Value] { [boundaries] }
    var outputs: [Value] { [] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        guard let firsts = table.layout.firsts else { return }
        let (b, segment, received) = (run[boundaries], run[table.segment], run[table.received])
        var row = 0
        for sequence in 0..<table.layout.sequences {
            run[firsts][sequence] = Int32(row)
            let range = sequence * table.tokens..<(sequence + 1) * table.tokens
            var closed = 0
            for token in range {
                segment[token] = Int32(row + 1 + closed)
                if b[token] > 0.5 { closed += 1 }
                received[token] = Int32(row + closed)
            }
            for token in range where segment[token] > row + closed { segment[token] = -1 }
            row += 1 + closed
        }
        run[firsts][table.layout.sequences] = Int32(row)
    }

    func backward(_ run: GraphRun) {}
}

/// Means of closed segments, the null vector first.
///
/// For boundaries that are learned the gradient flows through the assignment of tokens to segments, whose
/// weight is 1 - (segment - Σ_(i<t) b_i) where that difference is 0, divided by the segment's sum:
/// ∂L/∂b_i = Σ_(t>i) ∂L/∂s · (h_t - s) / n. The way back up is divided by a sum of one term, so that nothing
/// flows there.
struct SegmentMeanOperation: SizedOperation {
    let (x, null, boundaries): (Value, Value, Value)
    let y: Value
    let table: SegmentTable
    let columns: Int

    var name: String { "segment means" }
    var inputs: [Value] { [x, null, boundaries] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [x, y] }

    func workload(_ run: GraphRun) -> (multiplyAdds: Double, floats: Double) {
        (0, Double(table.layout.rows(run) * columns))
    }

    func forward(_ run: GraphRun) {
        let (input, out, segment) = (run[x], run[y], run[table.segment])
        let width = Int32(columns)
        run.pool.run(table.layout.sequences) { sequence, _ in
            let first = table.layout.range(sequence, run).lowerBound
            (out + first * columns).update(from: run[null], count: columns)
            forEachSegment(sequence, segment) { row, tokens in
                let to = out + row * columns
                for token in tokens {
                    run.kernels.accumulate(
                        to, input + token * columns, 1 / Float(tokens.count),
                        token > tokens.lowerBound ? 1 : 0, width)
                }
            }
        }
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y) else { return }
        let (input, out, segment) = (run[x], run[y], run[table.segment])
        let (dx, dNull, dBoundaries) = (
            run.gradientTarget(x), run.gradientTarget(null), run.gradientTarget(boundaries)
        )
        let width = Int32(columns)
        if let dNull {
            for sequence in 0..<table.layout.sequences {
                let first = table.layout.range(sequence, run).lowerBound
                run.kernels.accumulate(
                    dNull.pointer, dy + first * columns, 1, dNull.adds || sequence > 0 ? 1 : 0,
                    width)
            }
        }
        run.pool.run(table.layout.sequences) { sequence, _ in
            let range = sequence * table.tokens..<(sequence + 1) * table.tokens
            if let dx {
                for token in range {
                    let to = dx.pointer + token * columns
                    guard segment[token] < 0, !dx.adds else { continue }
                    to.update(repeating: 0, count: columns)
                }
                forEachSegment(sequence, segment) { row, tokens in
                    for token in tokens {
                        run.kernels.accumulate(
                            dx.pointer + token * columns, dy + row * columns,
                            1 / Float(tokens.count), dx.adds ? 1 : 0, width)
                    }
                }
            }
            guard let dBoundaries else { return }
            // Members of later segments come first, so that one suffix sum does.
            let to = dBoundaries.pointer
            for token in range where !dBoundaries.adds { to[token] = 0 }
            withUnsafeTemporaryAllocation(of: Float.self, capacity: table.tokens) { slopes in
                slopes.update(repeating: 0)
                forEachSegment(sequence, segment) { row, tokens in
                    for token in tokens {
                        var sum: Float = 0
                        for column in 0..<columns {
                            sum +=
                                dy[row * columns + column]
                                * (input[token * columns + column] - out[row * columns + column])
                        }
                        slopes[token - range.lowerBound] = sum / Float(tokens.count)
                    }
                }
                var later: Float = 0
                for token in range.reversed() {
                    to[token] += later
                    later += slopes[token - range.lowerBound]
                }
            }
        }
    }

    /// Calls with each closed segment's row and tokens.
    private func forEachSegment(
        _ sequence: Int, _ segment: UnsafeMutablePointer<Int32>,
        _ body: (_ row: Int, _ tokens: Range<Int>) -> Void
    ) {
        var begin = sequence * table.tokens
        let end = begin + table.tokens
        while begin < end, segment[begin] >= 0 {
            var next = begin + 1
            while next < end, segment[next] == segment[begin] { next += 1 }
            body(Int(segment[begin]), begin..<next)
            begin = next
        }
    }
}

/// Gives every token the packed row that it receives.
struct SegmentSpreadOperation: Operation {
    let (x, y): (Value, Value)
    let table: SegmentTable
    let columns: Int

    var name: String { "segment spread" }
    var inputs: [Value] { [x] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        let (input, out, received) = (run[x], run[y], run[table.received])
        run.forRows(table.layout.sequences * table.tokens, grain: 256) { range, _ in
            for token in range {
                (out + token * columns)
                    .update(from: input + Int(received[token]) * columns, count: columns)
            }
        }
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let target = run.gradientTarget(x) else { return }
        let received = run[table.received]
        run.pool.run(table.layout.sequences) { sequence, _ in
            let rows = table.layout.range(sequence, run)
            if !target.adds {
                (target.pointer + rows.lowerBound * columns)
                    .update(repeating: 0, count: rows.count * columns)
            }
            for token in sequence * table.tokens..<(sequence + 1) * table.tokens {
                run.kernels.accumulate(
                    target.pointer + Int(received[token]) * columns, dy + token * columns, 1, 1,
                    Int32(columns))
            }
        }
    }
}

extension Graph {
    /// The segments that boundaries (a column) cut sequences of `length` tokens into.
    func segments(_ boundaries: Value, sequences: Int, length: Int) -> SegmentTable {
        precondition(
            shape(boundaries) == (sequences * length, 1),
            "segments: got boundaries of \(shape(boundaries)) for \(sequences) x \(length)")
        let table = SegmentTable(
            layout: RowLayout(
                sequences: sequences, length: length + 1, firsts: integers(count: sequences + 1)),
            tokens: length, segment: integers(count: sequences * length),
            received: integers(count: sequences * length))
        append(SegmentsOperation(boundaries: boundaries, table: table))
        return table
    }

    /// The null vector and the means of closed segments, packed.
    func segmentMeans(_ x: Value, null: Value, boundaries: Value, _ table: SegmentTable) -> Value {
        let columns = shape(x).columns
        precondition(shape(null) == (1, columns), "segmentMeans: got null \(shape(null))")
        let y = computed(
            rows: table.layout.capacity, columns: columns, from: [x, null, boundaries],
            name: "segment means")
        append(
            SegmentMeanOperation(
                x: x, null: null, boundaries: boundaries, y: y, table: table, columns: columns))
        return y
    }

    /// For each token the last closed segment's row, the null group's before there is one.
    func spreadSegments(_ x: Value, _ table: SegmentTable) -> Value {
        let columns = shape(x).columns
        let y = computed(
            rows: table.layout.sequences * table.tokens, columns: columns, from: [x],
            name: "spread segments")
        append(SegmentSpreadOperation(x: x, y: y, table: table, columns: columns))
        return y
    }
}
