// RMSNorm and LayerNorm of rows, or of every head in a row.

import CMartletKernels
import MartletKernels

/// Rows are pieces of `width` channels; a row of the value has `pieces` of them, each normalised apart.
package struct NormOperation: Operation {
    let x: Value
    let weight: Value
    let bias: Value?
    /// Two floats a piece: what the derivative needs of the forward.
    let statistics: Value
    let y: Value
    let isCentred: Bool
    let epsilon: Float
    let (count, width): (Int, Int)

    package init(
        x: Value, weight: Value, bias: Value?, statistics: Value, y: Value, isCentred: Bool,
        epsilon: Float, count: Int, width: Int
    ) {
        self.x = x
        self.weight = weight
        self.bias = bias
        self.statistics = statistics
        self.y = y
        self.isCentred = isCentred
        self.epsilon = epsilon
        self.count = count
        self.width = width
    }

    package var name: String { isCentred ? "layer norm" : "RMS norm" }
    package var inputs: [Value] { [x, weight] + (bias.map { [$0] } ?? []) }
    package var outputs: [Value] { [y, statistics] }
    package var kept: [Value] { [x, weight, statistics] }

    /// Pieces whose weight gradients are summed apart and then in order.
    private static let grain = 128
    private var chunks: Int { (count + Self.grain - 1) / Self.grain }
    /// Partial weight (and bias) gradients live in scratch only up to this many chunks at a time.
    package var scratchBytes: Int { 2 * Self.wave * width * 4 }
    private static let wave = 64

    package func forward(_ run: GraphRun) {
        let (input, w, out, stats) = (run[x], run[weight], run[y], run[statistics])
        let b = bias.map { UnsafePointer(run[$0]) }
        let n = Int32(width)
        run.forRows(count, grain: Self.grain) { range, _ in
            for piece in range {
                let (from, to) = (input + piece * width, out + piece * width)
                if isCentred {
                    run.kernels.layer_norm_forward(from, w, b, epsilon, n, to, stats + 2 * piece)
                } else {
                    stats[2 * piece + 1] = run.kernels.rms_norm_forward(from, w, epsilon, n, to)
                }
            }
        }
    }

    package func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y) else { return }
        let (input, w, stats) = (run[x], run[weight], run[statistics])
        let target = run.gradientTarget(x)
        let weightTarget = run.gradientTarget(weight)
        let biasTarget = bias.flatMap { run.gradientTarget($0) }
        let partial = run.scratch(0)
        let n = Int32(width)
        // Chunks are summed in ascending order, whichever thread computed them; a wave bounds the scratch.
        for first in stride(from: 0, to: chunks, by: Self.wave) {
            let wave = min(Self.wave, chunks - first)
            run.pool.run(wave) { index, _ in
                let dw = partial + 2 * index * width
                dw.update(repeating: 0, count: 2 * width)
                let begin = (first + index) * Self.grain
                withUnsafeTemporaryAllocation(of: Float.self, capacity: target == nil ? width : 1) {
                    unwanted in
                    for piece in begin..<min(count, begin + Self.grain) {
                        let from = input + piece * width
                        let dx = target.map { $0.pointer + piece * width } ?? unwanted.baseAddress!
                        let adds: Int32 = target?.adds == true ? 1 : 0
                        if isCentred {
                            run.kernels.layer_norm_backward(
                                from, w, stats + 2 * piece, dy + piece * width, n, dx, adds, dw,
                                dw + width)
                        } else {
                            run.kernels.rms_norm_backward(
                                from, w, stats[2 * piece + 1], dy + piece * width, n, dx, adds, dw)
                        }
                    }
                }
            }
            for index in 0..<wave {
                let isLater = first + index > 0
                if let weightTarget {
                    run.kernels.accumulate(
                        weightTarget.pointer, partial + 2 * index * width, 1,
                        weightTarget.adds || isLater ? 1 : 0, n)
                }
                if let biasTarget {
                    run.kernels.accumulate(
                        biasTarget.pointer, partial + 2 * index * width + width, 1,
                        biasTarget.adds || isLater ? 1 : 0, n)
                }
            }
        }
    }
}

extension Graph {
    /// RMSNorm, or LayerNorm when `isCentred`, of every `width` channels (nil: whole rows).
    public func norm(
        _ x: Value, weight: Value, bias: Value? = nil, isCentred: Bool = false, epsilon: Float
    ) -> Value {
        let (rows, columns) = shape(x)
        let width = shape(weight).columns
        precondition(columns % width == 0, "norm: got rows of \(columns) for a weight of \(width)")
        let sources = [x, weight] + (bias.map { [$0] } ?? [])
        let count = rows * (columns / width)
        let y = computed(rows: rows, columns: columns, from: sources, name: "norm")
        let statistics = computed(rows: count, columns: 2, from: [], name: "norm statistics")
        append(
            NormOperation(
                x: x, weight: weight, bias: bias, statistics: statistics, y: y,
                isCentred: isCentred,
                epsilon: epsilon, count: count, width: width))
        return y
    }
}
