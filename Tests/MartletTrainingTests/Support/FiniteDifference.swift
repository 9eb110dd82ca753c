// Derivatives of a graph against central differences of a float64 reference.

import MartletKernels

@testable import MartletTraining

/// Compares a gradient with differences of `reference`, a function in float64 of one input.
///
/// Returns the largest error relative to the largest derivative.
func worstSlopeError(
    _ values: [Float], _ gradient: [Float], step: Double = 1e-5, _ reference: ([Double]) -> Double
) -> Double {
    var point = values.map(Double.init)
    var slopes: [Double] = []
    for index in point.indices {
        let kept = point[index]
        point[index] = kept + step
        let above = reference(point)
        point[index] = kept - step
        slopes.append((above - reference(point)) / (2 * step))
        point[index] = kept
    }
    // A derivative that is zero everywhere is compared as it is.
    let largest = slopes.reduce(0.05) { max($0, abs($1)) }
    return zip(slopes, gradient).reduce(0) { max($0, abs($1.0 - Double($1.1))) } / largest
}

extension GraphRun {
    /// Fills a value.
    func set(_ value: Value, _ floats: [Float]) {
        for (index, element) in floats.enumerated() { elements(value)[index] = element }
    }

    /// Fills integers.
    func set(_ integers: Integers, _ numbers: [Int]) {
        for (index, number) in numbers.enumerated() { elements(integers)[index] = Int32(number) }
    }
}

/// A parameter with these values.
func parameter(_ name: String, _ shape: [Int], _ values: [Float]) throws -> Parameter {
    let parameter = try Parameter(name: name, shape: shape)
    for (index, value) in values.enumerated() { parameter.values[index] = value }
    return parameter
}

/// Adds the loss: the sum of a value times fixed numbers, so that every element has a gradient of its own.
struct ProbeOperation: Operation {
    let x: Value
    let weights: [Float]
    let loss: Value

    var name: String { "probe" }
    var inputs: [Value] { [x] }
    var outputs: [Value] { [loss] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        var sum = 0.0
        for (index, weight) in weights.enumerated() {
            sum += Double(weight) * Double(run[x][index])
        }
        run[loss][0] = Float(sum)
    }

    func backward(_ run: GraphRun) {
        guard let seed = run.gradient(loss), let target = run.gradientTarget(x) else { return }
        for (index, weight) in weights.enumerated() {
            target.pointer[index] = (target.adds ? target.pointer[index] : 0) + seed[0] * weight
        }
    }
}

extension Graph {
    /// Adds a weighted sum of a value to the loss.
    func probe(_ x: Value, _ weights: [Float]) {
        let loss = computed(rows: 1, columns: 1, from: [x], name: "probe")
        append(ProbeOperation(x: x, weights: weights, loss: loss))
        addLoss(loss)
    }
}
