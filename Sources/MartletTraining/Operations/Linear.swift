// y = x W^T + b.

import CMartletKernels

/// A projection. `isTransposed` weights are stored [inputs, outputs], as GPT-2 does.
package struct LinearOperation: Operation {
    let x: Value
    let weight: Value
    let bias: Value?
    let y: Value
    let isTransposed: Bool
    let (inWidth, outWidth): (Int, Int)
    let rows: Int
    /// In f32 whatever the machine's products are.
    var isExact = false

    package init(
        x: Value, weight: Value, bias: Value?, y: Value, isTransposed: Bool, inWidth: Int,
        outWidth: Int, rows: Int
    ) {
        self.x = x
        self.weight = weight
        self.bias = bias
        self.y = y
        self.isTransposed = isTransposed
        self.inWidth = inWidth
        self.outWidth = outWidth
        self.rows = rows
    }

    package var name: String { "linear" }
    package var inputs: [Value] { [x, weight] + (bias.map { [$0] } ?? []) }
    package var outputs: [Value] { [y] }
    package var kept: [Value] { [x, weight] }
    package var multiplyAdds: Double { Double(rows) * Double(inWidth) * Double(outWidth) }
    /// One more product for each factor that has a gradient.
    package func passes(in graph: Graph) -> Double {
        1 + Double([x, weight].count { graph.entries[$0.id].isDifferentiable })
    }

    package func forward(_ run: GraphRun) {
        let w = run[weight]
        run.product(
            run[y], rows: rows, columns: outWidth, depth: inWidth, .plain(run[x], columns: inWidth),
            isTransposed ? .plain(w, columns: outWidth) : .transposed(w, columns: inWidth),
            adds: false, isExact: isExact)
        guard let bias else { return }
        let (b, out) = (run[bias], run[y])
        run.forRows(rows, grain: 64) { range, _ in
            for row in range {
                run.kernels.accumulate(out + row * outWidth, b, 1, 1, Int32(outWidth))
            }
        }
    }

    package func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y) else { return }
        let w = run[weight]
        if let target = run.gradientTarget(x) {
            run.product(
                target.pointer, rows: rows, columns: inWidth, depth: outWidth,
                .plain(dy, columns: outWidth),
                isTransposed ? .transposed(w, columns: outWidth) : .plain(w, columns: inWidth),
                adds: target.adds, isExact: isExact)
        }
        if let target = run.gradientTarget(weight) {
            let input = run[x]
            if isTransposed {
                run.product(
                    target.pointer, rows: inWidth, columns: outWidth, depth: rows,
                    .transposed(input, columns: inWidth), .plain(dy, columns: outWidth),
                    adds: target.adds, isExact: isExact)
            } else {
                run.product(
                    target.pointer, rows: outWidth, columns: inWidth, depth: rows,
                    .transposed(dy, columns: outWidth), .plain(input, columns: inWidth),
                    adds: target.adds, isExact: isExact)
            }
        }
        if let bias, let target = run.gradientTarget(bias) {
            run.sumRows(dy, rows: rows, columns: outWidth, into: target)
        }
    }
}

extension GraphRun {
    /// Sums of columns, each column by one thread in the order of the rows.
    func sumRows(
        _ x: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
        into target: (pointer: UnsafeMutablePointer<Float>, adds: Bool)
    ) {
        forRows(columns, grain: 64) { range, _ in
            let out = target.pointer + range.lowerBound
            for row in 0..<rows {
                kernels.accumulate(
                    out, x + row * columns + range.lowerBound, 1, target.adds || row > 0 ? 1 : 0,
                    Int32(range.count))
            }
        }
    }
}

extension Graph {
    /// Rows of `x` times a matrix: `weight` is [outputs, inputs], or [inputs, outputs] when transposed. An exact product is
    /// made in f32 whatever the machine's products are.
    public func linear(
        _ x: Value, _ weight: Value, bias: Value? = nil, isTransposed: Bool = false,
        isExact: Bool = false
    ) -> Value {
        let (rows, width) = shape(x)
        let w = shape(weight)
        let (inputs, outputs) = isTransposed ? (w.rows, w.columns) : (w.columns, w.rows)
        precondition(
            inputs == width, "linear: got rows of \(width) for a weight of \(inputs) inputs")
        let y = computed(
            rows: rows, columns: outputs, from: [x, weight] + (bias.map { [$0] } ?? []),
            name: "linear")
        var operation = LinearOperation(
            x: x, weight: weight, bias: bias, y: y, isTransposed: isTransposed, inWidth: inputs,
            outWidth: outputs, rows: rows)
        operation.isExact = isExact
        append(operation)
        return y
    }
}
