/// Derivatives of operations against central differences of a reference in double precision.

import MartletKernels
import Testing

@testable import MartletTraining

/// Rows one after the other, in double precision.
struct Matrix {
    var rows: Int
    var columns: Int
    var values: [Double]

    init(_ rows: Int, _ columns: Int, _ values: [Double]? = nil) {
        self.rows = rows
        self.columns = columns
        self.values = values ?? [Double](repeating: 0, count: rows * columns)
    }

    static func random(_ rows: Int, _ columns: Int, _ random: inout CounterRandom) -> Matrix {
        Matrix(rows, columns, (0..<rows * columns).map { _ in Double(Float(random.normal())) })
    }

    subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }
}

/// Σ c y: what turns an output into a loss.
struct WeighedSum: MartletTraining.Operation {
    let (x, loss): (Value, Value)
    let factors: [Float]
    var name: String { "probe" }
    var inputs: [Value] { [x] }
    var outputs: [Value] { [loss] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        let sum = factors.indices.reduce(0.0) { $0 + Double(factors[$1]) * Double(run[x][$1]) }
        run[loss][0] = Float(sum)
    }

    func backward(_ run: GraphRun) {
        guard let seed = run.gradient(loss), let target = run.gradientTarget(x) else { return }
        for i in factors.indices {
            target.pointer[i] = (target.adds ? target.pointer[i] : 0) + seed[0] * factors[i]
        }
    }
}

/// One operation beside its reference.
struct OperationCheck {
    var inputs: [Matrix]
    /// Rows of the output that are compared; nil for all.
    var rows: Int?
    let build: (Graph, [Value]) -> Value
    let reference: ([Matrix]) -> Matrix

    /// Forward within 1e-5 and a few derivatives of every input within 2e-4 of the largest.
    func verify(_ what: String, samples: Int = 16) throws {
        let machine = try TrainingMachine(threads: 2)
        let graph = Graph()
        let parameters = try inputs.enumerated().map { index, matrix in
            let parameter = try Parameter(
                name: "input \(index)", shape: [matrix.rows, matrix.columns])
            for (place, value) in matrix.values.enumerated() {
                parameter.values[place] = Float(value)
            }
            return parameter
        }
        let y = build(graph, parameters.map(graph.parameter))
        let (allRows, columns) = graph.shape(y)
        var random = CounterRandom(seed: 5)
        var factors = (0..<allRows * columns).map { _ in Float(random.normal()) }
        for place in (rows ?? allRows) * columns..<allRows * columns { factors[place] = 0 }
        let loss = graph.computed(rows: 1, columns: 1, from: [y], name: "loss")
        graph.append(WeighedSum(x: y, loss: loss, factors: factors))
        graph.addLoss(loss)
        let run = try GraphRun(graph, machine)
        graph.clearGradients()
        run.forward()
        let expected = reference(inputs)
        for place in 0..<(rows ?? allRows) * columns {
            let got = Double(run[y][place])
            #expect(
                abs(got - expected.values[place]) < 1e-5 * (1 + abs(got)), "\(what) at \(place)")
        }
        run.backward()
        // Once more: gradients of parameters add up.
        run.forward()
        run.backward()
        func sum(_ inputs: [Matrix]) -> Double {
            let y = reference(inputs)
            return (0..<(rows ?? allRows) * columns).reduce(0) {
                $0 + Double(factors[$1]) * y.values[$1]
            }
        }
        for (index, matrix) in inputs.enumerated() {
            let step = max(1, matrix.values.count / samples)
            var pairs: [(got: Double, expected: Double)] = []
            for place in Swift.stride(from: 0, to: matrix.values.count, by: step) {
                var (up, down) = (inputs, inputs)
                up[index].values[place] += 1e-5
                down[index].values[place] -= 1e-5
                pairs.append(
                    (
                        Double(parameters[index].gradient![place]) / 2, (sum(up) - sum(down)) / 2e-5
                    ))
            }
            let largest = pairs.reduce(1e-3) { max($0, abs($1.expected)) }
            let worst = pairs.reduce(0) { max($0, abs($1.got - $1.expected)) }
            #expect(worst < 2e-4 * largest, "\(what), input \(index): \(worst) of \(largest)")
        }
    }
}
