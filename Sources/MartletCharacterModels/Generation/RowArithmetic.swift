// One row at a time: products, norms and MLPs of a character model.
// This file knows plain loops, for generation of a character at a time; it refuses to know caches.

import Foundation
import MartletTraining

/// The parts of a model's layers for one row. Written for clarity: the batch form is what is fast.
struct RowArithmetic {
    let model: CharacterModel

    /// A row times a weight [outputs, inputs], with its bias if there is one.
    func linear(_ x: [Float], _ name: String, hasBias: Bool = true) -> [Float] {
        let weight = model[name + ".weight"].values
        let outputs = weight.count / x.count
        var y =
            hasBias ? Array(model[name + ".bias"].values) : [Float](repeating: 0, count: outputs)
        x.withUnsafeBufferPointer { x in
            for output in 0..<outputs {
                var sum: Float = 0
                let line = weight.baseAddress! + output * x.count
                for input in 0..<x.count { sum += line[input] * x[input] }
                y[output] += sum
            }
        }
        return y
    }

    func norm(_ x: [Float], _ name: String) -> [Float] {
        let n = Float(x.count)
        let mean = x.reduce(0, +) / n
        let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
        let inverse = 1 / (variance + StackGraph.epsilon).squareRoot()
        let (weight, bias) = (model[name + ".weight"].values, model[name + ".bias"].values)
        return x.indices.map { (x[$0] - mean) * inverse * weight[$0] + bias[$0] }
    }

    func gelu(_ x: [Float], isApproximate: Bool) -> [Float] {
        x.map {
            let v = Double($0)
            guard isApproximate else { return Float(0.5 * v * (1 + erf(v / 2.0.squareRoot()))) }
            return Float(
                0.5 * v * (1 + tanh((2 / Double.pi).squareRoot() * (v + 0.044715 * v * v * v))))
        }
    }

    /// The MLP of a layer.
    func inner(_ x: [Float], _ prefix: String) -> [Float] {
        linear(
            gelu(linear(x, prefix + "feed.in"), isApproximate: model.plan.norm == .pre),
            prefix + "feed.out")
    }

    static func sum(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { $0 + $1 } }
}
