// Weighted means of the tokens that were merged so far, at every token (2403.09636).

import CMartletKernels
import MartletKernels

/// y_t = (sum over i of w_i x_i) / (sum over i of w_i) with w_i = omega_i * alpha_{i+1} * … * alpha_t, over the
/// last `window` tokens of the document: the recurrence X_t = alpha_t X_{t-1} + omega_t x_t with its oldest
/// members dropped.
struct RunningMeanOperation: Operation {
    let x: Value
    let alpha: Value
    let omega: Value
    let starts: Integers
    let y: Value
    let (rows, heads, dimension, length): (Int, Int, Int, Int)
    let window: Int

    var name: String { "running mean" }
    var inputs: [Value] { [x, alpha, omega] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [x, alpha, omega, y] }
    private var columns: Int { heads * dimension }

    /// The first member of a row's mean.
    private func first(_ row: Int, _ starts: UnsafePointer<Int32>) -> Int {
        let document = row - row % length + Int(starts[row])
        return max(document, row - window + 1)
    }

    func forward(_ run: GraphRun) {
        let (input, a, w, document, out) = (
            run[x], run[alpha], run[omega], run[starts], run[y]
        )
        run.forRows(rows, grain: 64) { range, _ in
            for row in range {
                let oldest = first(row, document)
                for head in 0..<heads {
                    let line = out + row * columns + head * dimension
                    var (product, total): (Float, Float) = (1, 0)
                    var member = row
                    while member >= oldest, product > 0 {
                        let weight = w[member * heads + head] * product
                        total += weight
                        run.kernels.accumulate(
                            line, input + member * columns + head * dimension, weight,
                            member == row ? 0 : 1, Int32(dimension))
                        product *= a[member * heads + head]
                        member -= 1
                    }
                    run.kernels.accumulate(line, line, 1 / total, 0, Int32(dimension))
                }
            }
        }
    }

    /// One head at a time, rows in order, so that every sum has one order.
    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y) else { return }
        let targets = [x, alpha, omega].map { run.gradientTarget($0) }
        let counts = [rows * columns, rows * heads, rows * heads]
        for (target, count) in zip(targets, counts) {
            if let target, !target.adds { target.pointer.update(repeating: 0, count: count) }
        }
        run.pool.run(heads) { head, _ in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * window) { space in
                let base = space.baseAddress!
                for row in 0..<rows {
                    backward(run, row, head, dy, targets, base, base + window)
                }
            }
        }
    }

    private func backward(
        _ run: GraphRun, _ row: Int, _ head: Int, _ dy: UnsafePointer<Float>,
        _ targets: [(pointer: UnsafeMutablePointer<Float>, adds: Bool)?],
        _ products: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>
    ) {
        let (input, a, w, out) = (run[x], run[alpha], run[omega], run[y])
        let oldest = first(row, run[starts])
        let count = row - oldest + 1
        var (product, total): (Float, Float) = (1, 0)
        for index in 0..<count {
            let at = (row - index) * heads + head
            products[index] = product
            total += w[at] * product
            product *= a[at]
        }
        let (line, mean) = (
            dy + row * columns + head * dimension, out + row * columns + head * dimension
        )
        for index in 0..<count {
            let member = row - index
            let values = input + member * columns + head * dimension
            let at = member * heads + head
            // d y / d weight = (x - y) / total
            var dot: Float = 0
            for channel in 0..<dimension {
                dot += line[channel] * (values[channel] - mean[channel])
            }
            slopes[index] = dot / total
            if let dx = targets[0] {
                run.kernels.accumulate(
                    dx.pointer + member * columns + head * dimension, line,
                    w[at] * products[index] / total, 1, Int32(dimension))
            }
            if let dOmega = targets[2] { dOmega.pointer[at] += slopes[index] * products[index] }
        }
        guard let dAlpha = targets[1] else { return }
        // The factor alpha of token j is in the weights of all members before it.
        var before: Float = 0
        for index in stride(from: count - 1, to: 0, by: -1) {
            let member = (row - index) * heads + head
            before = before * a[member] + slopes[index] * w[member]
            dAlpha.pointer[(row - index + 1) * heads + head] += before * products[index - 1]
        }
    }
}

extension Graph {
    /// For each row and head the weighted mean of what was merged up to it.
    func runningMean(
        _ x: Value, alpha: Value, omega: Value, batch: BatchInputs, window: Int
    ) -> Value {
        let (rows, columns) = shape(x)
        let heads = shape(alpha).columns
        let y = computed(
            rows: rows, columns: columns, from: [x, alpha, omega], name: "running mean")
        append(
            RunningMeanOperation(
                x: x, alpha: alpha, omega: omega, starts: batch.starts, y: y, rows: rows,
                heads: heads, dimension: columns / heads, length: batch.length, window: window))
        return y
    }
}
