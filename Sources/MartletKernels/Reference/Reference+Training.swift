// What training differentiates, in f64, so that differences of it are derivatives to many digits.

import Foundation

extension Reference {
    /// y = x / sqrt(mean(x^2) + epsilon) * weight
    package static func rmsNorm(_ x: [Double], weight: [Double], epsilon: Double) -> [Double] {
        let squares = x.reduce(0) { $0 + $1 * $1 }
        let root = (squares / Double(x.count) + epsilon).squareRoot()
        return zip(x, weight).map { $0 / root * $1 }
    }

    /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias
    package static func layerNorm(
        _ x: [Double], weight: [Double], bias: [Double], epsilon: Double
    ) -> [Double] {
        let mean = x.reduce(0, +) / Double(x.count)
        let squares = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let root = (squares / Double(x.count) + epsilon).squareRoot()
        return x.indices.map { (x[$0] - mean) / root * weight[$0] + bias[$0] }
    }

    /// log of the sum of e^x
    package static func logSumExp(_ x: [Double]) -> Double {
        let top = x.max() ?? -.infinity
        return top + log(x.reduce(0) { $0 + exp($1 - top) })
    }

    /// -log softmax(x)[target]
    package static func crossEntropy(_ x: [Double], target: Int) -> Double {
        logSumExp(x) - x[target]
    }

    /// sum of p (log p - log t), p and t being the softmax of two rows of logits
    package static func divergence(_ student: [Double], from teacher: [Double]) -> Double {
        let (own, other) = (logSumExp(student), logSumExp(teacher))
        return zip(student, teacher).reduce(0) { sum, logits in
            let p = logits.0 - own
            return sum + exp(p) * (p - (logits.1 - other))
        }
    }

    /// Causal attention of one sequence and one KV head with its query heads.
    package struct TrainingAttention {
        package var tokens: Int
        package var dimension: Int
        package var group: Int
        /// `[tokens][group][dimension]`
        package var q: [Double]
        /// `[tokens][dimension]`
        package var k: [Double]
        /// `[tokens][dimension]`
        package var v: [Double]
        package var scale: Double
        /// First token that each token sees.
        package var start: [Int]
        /// Added to the scores of tokens further back than `window`.
        package var mask: [Double]?
        package var window: Int

        package init(
            tokens: Int, dimension: Int, group: Int, q: [Double], k: [Double], v: [Double],
            scale: Double, start: [Int], mask: [Double]?, window: Int
        ) {
            (self.tokens, self.dimension, self.group) = (tokens, dimension, group)
            (self.q, self.k, self.v, self.scale) = (q, k, v, scale)
            (self.start, self.mask, self.window) = (start, mask, window)
        }

        /// The derivatives of a loss.
        package struct Gradients {
            package var q: [Double]
            package var k: [Double]
            package var v: [Double]
            package var mask: [Double]
        }

        private func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double {
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    var sum = 0.0
                    for d in 0..<dimension { sum += a[i + d] * b[j + d] }
                    return sum
                }
            }
        }

        private func addRow(
            _ factor: Double, _ b: [Double], _ j: Int, to a: inout [Double], _ i: Int
        ) {
            a.withUnsafeMutableBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    for d in 0..<dimension { a[i + d] += factor * b[j + d] }
                }
            }
        }

        private func scores(_ i: Int, head: Int) -> [Double] {
            (start[i]...i).map { j in
                let score = scale * dot(q, (i * group + head) * dimension, k, j * dimension)
                return i - j > window ? score + (mask?[j] ?? 0) : score
            }
        }

        /// Outputs, laid out like `q`, and `[group][tokens]` logs of the sums of exponentials.
        package func forward() -> (out: [Double], lse: [Double]) {
            var out = Array(repeating: 0.0, count: q.count)
            var lse = Array(repeating: 0.0, count: group * tokens)
            for head in 0..<group {
                for i in 0..<tokens {
                    let scores = scores(i, head: head)
                    let total = Reference.logSumExp(scores)
                    lse[head * tokens + i] = total
                    for (j, score) in zip(start[i]...i, scores) {
                        addRow(
                            exp(score - total), v, j * dimension, to: &out,
                            (i * group + head) * dimension)
                    }
                }
            }
            return (out, lse)
        }

        /// Derivatives of sum(dOut * out) by the chain rule, the whole matrix at once.
        package func backward(_ dOut: [Double]) -> Gradients {
            let (out, lse) = forward()
            var gradients = Gradients(
                q: Array(repeating: 0, count: q.count), k: Array(repeating: 0, count: k.count),
                v: Array(repeating: 0, count: v.count), mask: Array(repeating: 0, count: tokens))
            for head in 0..<group {
                for i in 0..<tokens {
                    let row = (i * group + head) * dimension
                    let mean = dot(dOut, row, out, row)
                    for (j, score) in zip(start[i]...i, scores(i, head: head)) {
                        let p = exp(score - lse[head * tokens + i])
                        let dScore = p * (dot(dOut, row, v, j * dimension) - mean)
                        addRow(p, dOut, row, to: &gradients.v, j * dimension)
                        addRow(dScore * scale, k, j * dimension, to: &gradients.q, row)
                        addRow(dScore * scale, q, row, to: &gradients.k, j * dimension)
                        if mask != nil, i - j > window { gradients.mask[j] += dScore }
                    }
                }
            }
            return gradients
        }
    }

    /// Derivatives of `f` at `x` by central differences.
    package static func differences(at x: [Double], of f: ([Double]) -> Double) -> [Double] {
        let step = 1e-5
        var x = x
        return x.indices.map { i in
            let value = x[i]
            x[i] = value + step
            let above = f(x)
            x[i] = value - step
            let below = f(x)
            x[i] = value
            return (above - below) / (2 * step)
        }
    }
}
