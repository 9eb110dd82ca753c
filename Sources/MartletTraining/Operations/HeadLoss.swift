// Losses over the vocabulary that never hold the logits of all rows: rows go by in blocks, and what backward needs of a
// block is computed while its logits are there.

import CMartletKernels

/// What logits are compared with.
enum HeadTarget {
    /// Cross-entropy: -log p of these tokens.
    case tokens(Integers)
    /// KL(student || teacher): sum of p_S (log p_S - log p_T), with the teacher's last rows and its head (DMS, equation of L_D;
    /// temperature 1). Nothing flows into the teacher.
    case teacher(rows: Value, head: Value)
}

/// Weighted mean of a loss of the logits x W^T. `weights` is a column; rows of weight 0 cost nothing and may have any
/// target. `total` is a given scalar, the sum of weights over the whole batch (all its micro-batches).
struct HeadLossOperation: Operation {
    let x: Value
    /// [vocabulary, width]
    let head: Value
    let target: HeadTarget
    let weights: Value
    let total: Value
    /// Logits of one block, then their derivatives; those of the teacher.
    let logits: Value
    let wanted: Value?
    /// Log of the sum of exponentials of the student and the teacher, and the loss, of each row.
    let rowsOut: Value
    /// The derivatives of the loss, where anything needs them: what backward adds.
    let slope: Value?
    let headSlope: Value?
    let loss: Value
    let (rows, width, vocabulary, block): (Int, Int, Int, Int)

    private static let grain = 8
    /// Floats of a block of logits at most: 128 MB.
    static let blockFloats = 1 << 25

    var name: String { "head loss" }
    var inputs: [Value] {
        var values = [x, head, weights, total]
        if case .teacher(let rows, let head) = target { values += [rows, head] }
        return values
    }
    private var slopes: [Value] { [slope, headSlope].compactMap(\.self) }
    var outputs: [Value] { [loss, rowsOut, logits] + (wanted.map { [$0] } ?? []) + slopes }
    var kept: [Value] { slopes }
    var differentiated: [Value] { [x, head] }
    private var product: Double { Double(rows) * Double(width) * Double(vocabulary) }
    var multiplyAdds: Double { product * (wanted == nil ? 1 : 2) }
    /// Nothing is computed twice, and nothing flows into the teacher.
    func passes(in graph: Graph) -> Double {
        let mine = Double(
            1 + [x, head].count { graph.entries[$0.id].isDifferentiable })
        return wanted == nil ? mine : (mine + 1) / 2
    }

    func forward(_ run: GraphRun) {
        for first in stride(from: 0, to: rows, by: block) {
            let range = first..<min(rows, first + block)
            multiply(run, x, by: head, range, into: logits)
            if let wanted, case .teacher(let rows, let head) = target {
                multiply(run, rows, by: head, range, into: wanted)
            }
            measure(run, range)
            if let slope {
                run.product(
                    run[slope] + first * width, rows: range.count, columns: width,
                    depth: vocabulary, .plain(run[logits], columns: vocabulary),
                    .plain(run[head], columns: width), adds: false)
            }
            if let headSlope {
                run.product(
                    run[headSlope], rows: vocabulary, columns: width, depth: range.count,
                    .transposed(run[logits], columns: vocabulary),
                    .plain(run[x] + first * width, columns: width), adds: first > 0)
            }
        }
        let (weight, out) = (run[weights], run[rowsOut])
        var sum = 0.0
        for row in 0..<rows { sum += Double(weight[row]) * Double(out[3 * row + 2]) }
        run[loss][0] = Float(sum / Double(run[total][0]))
    }

    func backward(_ run: GraphRun) {
        guard let seed = run.gradient(loss) else { return }
        if let slope, let target = run.gradientTarget(x) {
            add(run, slope, rows: rows, factor: seed[0], to: target)
        }
        if let headSlope, let target = run.gradientTarget(head) {
            add(run, headSlope, rows: vocabulary, factor: seed[0], to: target)
        }
    }

    /// The logits of a block.
    private func multiply(
        _ run: GraphRun, _ x: Value, by head: Value, _ range: Range<Int>, into logits: Value
    ) {
        run.product(
            run[logits], rows: range.count, columns: vocabulary, depth: width,
            .plain(run[x] + range.lowerBound * width, columns: width),
            .transposed(run[head], columns: width), adds: false)
    }

    /// The losses of a block; leaves the derivatives in the place of the logits when anything needs them.
    private func measure(_ run: GraphRun, _ range: Range<Int>) {
        let (lines, weight, out) = (run[logits], run[weights], run[rowsOut])
        let (n, whole, learns) = (Int32(vocabulary), run[total][0], !slopes.isEmpty)
        let teacher = wanted.map { run[$0] }
        var tokens: UnsafeMutablePointer<Int32>?
        if case .tokens(let ids) = target { tokens = run[ids] }
        run.forRows(range.count, grain: Self.grain) { part, _ in
            for place in part {
                let row = range.lowerBound + place
                let (line, figures) = (lines + place * vocabulary, out + 3 * row)
                guard weight[row] != 0 else {
                    figures.update(repeating: 0, count: 3)
                    if learns { line.update(repeating: 0, count: vocabulary) }
                    continue
                }
                let factor = weight[row] / whole
                figures[0] = run.kernels.log_sum_exp(line, n)
                if let teacher {
                    let its = teacher + place * vocabulary
                    figures[1] = run.kernels.log_sum_exp(its, n)
                    figures[2] = run.kernels.kl_forward(line, figures[0], its, figures[1], n)
                    guard learns else { continue }
                    run.kernels.kl_backward(
                        line, figures[0], its, figures[1], figures[2], factor, n, line, 0)
                } else if let tokens {
                    figures[1] = 0
                    figures[2] = figures[0] - line[Int(tokens[row])]
                    guard learns else { continue }
                    run.kernels.cross_entropy_backward(
                        line, n, figures[0], tokens[row], factor, line, 0)
                }
            }
        }
    }

    private func add(
        _ run: GraphRun, _ slope: Value, rows: Int, factor: Float,
        to target: (pointer: UnsafeMutablePointer<Float>, adds: Bool)
    ) {
        let from = run[slope]
        run.forRows(rows, grain: 128) { range, _ in
            run.kernels.accumulate(
                target.pointer + range.lowerBound * width, from + range.lowerBound * width, factor,
                target.adds ? 1 : 0, Int32(range.count * width))
        }
    }
}

extension Graph {
    /// The weighted mean, over `total`, of a loss of the logits `x` times a head ([vocabulary, width]) transposed.
    ///
    /// - Parameters:
    ///   - learns: whether a backward follows; false saves the memory of derivatives.
    ///   - blockFloats: logits that are held at a time, at most.
    func headLoss(
        _ x: Value, head: Value, target: HeadTarget, weights: Value, total: Value, learns: Bool,
        blockFloats: Int = HeadLossOperation.blockFloats
    ) -> Value {
        let ((rows, width), vocabulary) = (shape(x), shape(head).rows)
        precondition(shape(head).columns == width, "headLoss: got \(shape(head)) for \(shape(x))")
        if case .teacher(let its, let head) = target {
            precondition(
                shape(its).rows == rows && shape(head) == (vocabulary, shape(its).columns)
                    && shape(its).columns == width,
                "headLoss: got a teacher of \(shape(its)) and \(shape(head))")
        }
        // As equal as they can be, so that no thread waits at the end for a few rows.
        let most = max(1, blockFloats / vocabulary)
        let blocks = (rows + most - 1) / most
        let block = (rows + blocks - 1) / blocks
        func scratch(_ name: String, _ rows: Int, _ columns: Int) -> Value {
            computed(rows: rows, columns: columns, from: [], name: name)
        }
        func slope(_ value: Value) -> Value? {
            let (rows, columns) = shape(value)
            return learns && entries[value.id].isDifferentiable
                ? scratch("head's slope", rows, columns) : nil
        }
        var wanted: Value?
        if case .teacher = target { wanted = scratch("teacher's logits", block, vocabulary) }
        let loss = computed(rows: 1, columns: 1, from: [x, head], name: "head loss")
        append(
            HeadLossOperation(
                x: x, head: head, target: target, weights: weights, total: total,
                logits: scratch("logits", block, vocabulary), wanted: wanted,
                rowsOut: scratch("losses of rows", rows, 3), slope: slope(x),
                headSlope: slope(head), loss: loss, rows: rows, width: width,
                vocabulary: vocabulary, block: block))
        return loss
    }
}
