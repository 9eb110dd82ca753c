// Sums, SwiGLU and GELU.

import CMartletKernels

package struct AdditionOperation: Operation {
    let (a, b, y): (Value, Value, Value)
    let count: Int
    static let grain = 1 << 15

    package init(a: Value, b: Value, y: Value, count: Int) {
        self.a = a
        self.b = b
        self.y = y
        self.count = count
    }

    package var name: String { "add" }
    package var inputs: [Value] { [a, b] }
    package var outputs: [Value] { [y] }
    package var kept: [Value] { [] }

    package func forward(_ run: GraphRun) {
        let (left, right, out) = (run[a], run[b], run[y])
        run.forRows(count, grain: Self.grain) { range, _ in
            let (start, n) = (range.lowerBound, Int32(range.count))
            run.kernels.accumulate(out + start, left + start, 1, 0, n)
            run.kernels.accumulate(out + start, right + start, 1, 1, n)
        }
    }

    package func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y) else { return }
        for value in [a, b] {
            guard let target = run.gradientTarget(value) else { continue }
            run.forRows(count, grain: Self.grain) { range, _ in
                let start = range.lowerBound
                run.kernels.accumulate(
                    target.pointer + start, dy + start, 1, target.adds ? 1 : 0, Int32(range.count))
            }
        }
    }
}

struct SwiGLUOperation: Operation {
    let (gate, up, y): (Value, Value, Value)
    let count: Int
    private static let grain = 1 << 14

    var name: String { "SwiGLU" }
    var inputs: [Value] { [gate, up] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [gate, up] }

    func forward(_ run: GraphRun) {
        let (g, u, out) = (run[gate], run[up], run[y])
        run.forRows(count, grain: Self.grain) { range, _ in
            let start = range.lowerBound
            run.kernels.swiglu_forward(g + start, u + start, Int32(range.count), out + start)
        }
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let dg = run.gradientTarget(gate),
            let du = run.gradientTarget(up)
        else { return }
        let (g, u) = (run[gate], run[up])
        run.forRows(count, grain: Self.grain) { range, _ in
            let start = range.lowerBound
            run.kernels.swiglu_backward(
                g + start, u + start, dy + start, Int32(range.count), dg.pointer + start,
                dg.adds ? 1 : 0, du.pointer + start, du.adds ? 1 : 0)
        }
    }
}

package struct GELUOperation: Operation {
    let (x, y): (Value, Value)
    let count: Int
    let isApproximate: Bool
    private static let grain = 1 << 13

    package init(x: Value, y: Value, count: Int, isApproximate: Bool) {
        self.x = x
        self.y = y
        self.count = count
        self.isApproximate = isApproximate
    }

    package var name: String { "GELU" }
    package var inputs: [Value] { [x] }
    package var outputs: [Value] { [y] }
    package var kept: [Value] { [x] }

    package func forward(_ run: GraphRun) {
        let (input, out) = (run[x], run[y])
        run.forRows(count, grain: Self.grain) { range, _ in
            let start = range.lowerBound
            run.kernels.gelu_forward(
                input + start, Int32(range.count), isApproximate ? 1 : 0, out + start)
        }
    }

    package func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let target = run.gradientTarget(x) else { return }
        let input = run[x]
        run.forRows(count, grain: Self.grain) { range, _ in
            let start = range.lowerBound
            run.kernels.gelu_backward(
                input + start, dy + start, Int32(range.count), isApproximate ? 1 : 0,
                target.pointer + start, target.adds ? 1 : 0)
        }
    }
}

extension Graph {
    /// The sum of two values of one shape.
    public func add(_ a: Value, _ b: Value) -> Value {
        precondition(shape(a) == shape(b), "add: got \(shape(a)) and \(shape(b))")
        let (rows, columns) = shape(a)
        let y = computed(rows: rows, columns: columns, from: [a, b], name: "sum")
        append(AdditionOperation(a: a, b: b, y: y, count: rows * columns))
        return y
    }

    /// silu(gate) * up
    public func swiglu(gate: Value, up: Value) -> Value {
        precondition(shape(gate) == shape(up), "swiglu: got \(shape(gate)) and \(shape(up))")
        let (rows, columns) = shape(gate)
        let y = computed(rows: rows, columns: columns, from: [gate, up], name: "SwiGLU")
        append(SwiGLUOperation(gate: gate, up: up, y: y, count: rows * columns))
        return y
    }

    /// GELU, in its tanh form when approximate.
    public func gelu(_ x: Value, isApproximate: Bool) -> Value {
        let (rows, columns) = shape(x)
        let y = computed(rows: rows, columns: columns, from: [x], name: "GELU")
        append(GELUOperation(x: x, y: y, count: rows * columns, isApproximate: isApproximate))
        return y
    }
}
