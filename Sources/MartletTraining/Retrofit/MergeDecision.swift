// How much of the running mean a token keeps, and what it weighs in it (2403.09636).

import CMartletKernels
import Foundation
import MartletKernels
import MartletModels

/// alpha = sigmoid((scale * k - offset + noise) / temperature), 0 where a document begins: there is nothing to
/// merge with. omega = sigmoid(mean of the group's q + offset) + 1e-6.
struct MergeDecisionOperation: Operation {
    let keyMarks: Value
    let queryMarks: Value
    let noise: Value
    let starts: Integers
    let alpha: Value
    let omega: Value
    let (rows, heads, group, length): (Int, Int, Int, Int)
    let scale: Float
    let offset: Float
    let temperature: Float

    var name: String { "merge" }
    var inputs: [Value] { [keyMarks, queryMarks, noise] }
    var outputs: [Value] { [alpha, omega] }
    var kept: [Value] { [alpha, omega] }
    var differentiated: [Value] { [keyMarks, queryMarks] }

    /// Inference adds the same to what was retrofitted here.
    private static let leastWeight = EvictionHeadShape.usualMergeEpsilon

    func forward(_ run: GraphRun) {
        let (k, q, g, document) = (run[keyMarks], run[queryMarks], run[noise], run[starts])
        let (a, w) = (run[alpha], run[omega])
        run.forRows(rows, grain: 256) { range, _ in
            for row in range {
                let begins = Int(document[row]) == row % length
                for head in 0..<heads {
                    let at = row * heads + head
                    let z = (k[at] * scale - offset + g[at]) / temperature
                    a[at] = begins ? 0 : 1 / (1 + exp(-z))
                    var mean: Float = 0
                    for member in 0..<group { mean += q[at * group + member] }
                    w[at] = 1 / (1 + exp(-(mean / Float(group) + offset))) + Self.leastWeight
                }
            }
        }
    }

    func backward(_ run: GraphRun) {
        let (a, w) = (run[alpha], run[omega])
        if let dA = run.gradient(alpha), let target = run.gradientTarget(keyMarks) {
            for at in 0..<rows * heads {
                let slope = dA[at] * a[at] * (1 - a[at]) * scale / temperature
                target.pointer[at] = (target.adds ? target.pointer[at] : 0) + slope
            }
        }
        if let dW = run.gradient(omega), let target = run.gradientTarget(queryMarks) {
            for at in 0..<rows * heads {
                let s = w[at] - Self.leastWeight
                let slope = dW[at] * s * (1 - s) / Float(group)
                for member in 0..<group {
                    let place = at * group + member
                    target.pointer[place] = (target.adds ? target.pointer[place] : 0) + slope
                }
            }
        }
    }
}

extension Graph {
    /// Soft merging decisions from the borrowed channels of keys (rows x KV heads) and queries (rows x
    /// query heads).
    func mergeDecision(
        keyMarks: Value, queryMarks: Value, noise: Value, batch: BatchInputs,
        parameters: EvictionParameters
    ) -> (alpha: Value, omega: Value) {
        let (rows, heads) = shape(keyMarks)
        let sources = [keyMarks, queryMarks]
        let alpha = computed(rows: rows, columns: heads, from: sources, name: "alpha")
        let omega = computed(rows: rows, columns: heads, from: sources, name: "omega")
        append(
            MergeDecisionOperation(
                keyMarks: keyMarks, queryMarks: queryMarks, noise: noise, starts: batch.starts,
                alpha: alpha, omega: omega, rows: rows, heads: heads,
                group: shape(queryMarks).columns / heads, length: batch.length,
                scale: parameters.scale, offset: parameters.offset,
                temperature: parameters.temperature))
        return (alpha, omega)
    }
}
