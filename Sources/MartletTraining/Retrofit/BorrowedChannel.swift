// A channel of queries or keys that carries a decision instead of attention.

import CMartletKernels

/// Reads the last channel of some heads, and passes the value on with that channel times a factor.
///
/// Heads are taken `every` heads from the first: the first query head of each group, or every key head.
struct BorrowedChannelOperation: Operation {
    let x: Value
    let factor: Value
    /// Nil where the channel is only taken out, as after the rotation.
    let raw: Value?
    let y: Value
    let (rows, heads, dimension, every): (Int, Int, Int, Int)

    var name: String { "borrowed channel" }
    var inputs: [Value] { [x, factor] }
    var outputs: [Value] { [y] + (raw.map { [$0] } ?? []) }
    var kept: [Value] { [factor] }
    var differentiated: [Value] { [x] }
    private var columns: Int { heads * dimension }
    private var marks: Int { heads / every }

    func forward(_ run: GraphRun) {
        let (input, out, kept) = (run[x], run[y], run[factor][0])
        let marked = raw.map { run[$0] }
        run.forRows(rows, grain: 128) { range, _ in
            for row in range {
                let (from, to) = (input + row * columns, out + row * columns)
                to.update(from: from, count: columns)
                for mark in 0..<marks {
                    let at = (mark * every + 1) * dimension - 1
                    if let marked { marked[row * marks + mark] = from[at] }
                    to[at] = from[at] * kept
                }
            }
        }
    }

    func backward(_ run: GraphRun) {
        guard let target = run.gradientTarget(x) else { return }
        let (dy, kept) = (run.gradient(y), run[factor][0])
        let dMarks = raw.flatMap { run.gradient($0) }
        run.forRows(rows, grain: 128) { range, _ in
            for row in range {
                let to = target.pointer + row * columns
                if !target.adds { to.update(repeating: 0, count: columns) }
                if let dy {
                    run.kernels.accumulate(to, dy + row * columns, 1, 1, Int32(columns))
                }
                for mark in 0..<marks {
                    let at = (mark * every + 1) * dimension - 1
                    if let dy { to[at] -= (1 - kept) * dy[row * columns + at] }
                    if let dMarks { to[at] += dMarks[row * marks + mark] }
                }
            }
        }
    }
}

extension Graph {
    /// The last channel of every `every`-th head, and the value with that channel times `factor` (a given
    /// scalar that fades from 1 to 0).
    func borrowChannel(
        _ x: Value, dimension: Int, every: Int, factor: Value, reads: Bool
    ) -> (rest: Value, raw: Value?) {
        let (rows, columns) = shape(x)
        let heads = columns / dimension
        let y = computed(rows: rows, columns: columns, from: [x], name: "queries without a channel")
        let raw =
            reads
            ? computed(rows: rows, columns: heads / every, from: [x], name: "borrowed channel")
            : nil
        append(
            BorrowedChannelOperation(
                x: x, factor: factor, raw: raw, y: y, rows: rows, heads: heads,
                dimension: dimension,
                every: every))
        return (y, raw)
    }
}
