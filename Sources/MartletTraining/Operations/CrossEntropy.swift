// The cross-entropy of logits against targets.

import CMartletKernels

/// Weighted mean of -log p(target). `weights` is a column; rows of weight 0 cost nothing and may have any
/// target. `total` is a given scalar, the sum of weights over the whole batch (all its micro-batches).
struct CrossEntropyOperation: Operation {
    let logits: Value
    let targets: Integers
    let weights: Value
    let total: Value
    /// Log of the sum of exponentials, and the loss, of each row.
    let rowsOut: Value
    let loss: Value
    let (rows, vocabulary): (Int, Int)
    static let grain = 32

    var name: String { "cross-entropy" }
    var inputs: [Value] { [logits, weights, total] }
    var outputs: [Value] { [loss, rowsOut] }
    var kept: [Value] { [logits, weights, total, rowsOut] }
    var differentiated: [Value] { [logits] }

    func forward(_ run: GraphRun) {
        let (x, target, weight, out) = (run[logits], run[targets], run[weights], run[rowsOut])
        run.forRows(rows, grain: Self.grain) { range, _ in
            for row in range {
                guard weight[row] != 0 else {
                    out[2 * row] = 0
                    out[2 * row + 1] = 0
                    continue
                }
                let line = x + row * vocabulary
                out[2 * row] = run.kernels.log_sum_exp(line, Int32(vocabulary))
                out[2 * row + 1] = out[2 * row] - line[Int(target[row])]
            }
        }
        var sum = 0.0
        for row in 0..<rows { sum += Double(weight[row]) * Double(out[2 * row + 1]) }
        run[loss][0] = Float(sum / Double(run[total][0]))
    }

    func backward(_ run: GraphRun) {
        guard let seed = run.gradient(loss), let target = run.gradientTarget(logits) else { return }
        let (x, ids, weight, out) = (run[logits], run[targets], run[weights], run[rowsOut])
        let factor = seed[0] / run[total][0]
        run.forRows(rows, grain: Self.grain) { range, _ in
            for row in range {
                let dx = target.pointer + row * vocabulary
                guard weight[row] != 0 else {
                    if !target.adds { dx.update(repeating: 0, count: vocabulary) }
                    continue
                }
                run.kernels.cross_entropy_backward(
                    x + row * vocabulary, Int32(vocabulary), out[2 * row], ids[row],
                    factor * weight[row], dx, target.adds ? 1 : 0)
            }
        }
    }
}

extension Graph {
    /// Mean of -log p(target) in nats over rows, weighted: sum of weights times losses over `total`.
    public func crossEntropy(
        _ logits: Value, targets: Integers, weights: Value, total: Value
    ) -> Value {
        let (rows, vocabulary) = shape(logits)
        let loss = computed(rows: 1, columns: 1, from: [logits], name: "cross-entropy")
        let out = computed(rows: rows, columns: 2, from: [], name: "cross-entropy rows")
        append(
            CrossEntropyOperation(
                logits: logits, targets: targets, weights: weights, total: total, rowsOut: out,
                loss: loss, rows: rows, vocabulary: vocabulary))
        return loss
    }
}
