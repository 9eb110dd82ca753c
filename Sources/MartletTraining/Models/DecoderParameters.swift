// The tensors of a decoder, by the names of its checkpoint.

import Foundation
package import MartletKernels
import MartletModels

/// All parameters of a model, in the order of its layers.
public final class DecoderParameters {
    /// The tensors.
    public let all: [Parameter]
    private let index: [String: Int]

    init(_ parameters: [Parameter]) {
        all = parameters
        index = Dictionary(
            uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
    }

    /// The tensor of this name, which the model must have.
    subscript(name: String) -> Parameter {
        guard let place = index[name] else {
            preconditionFailure("DecoderParameters: no parameter \(name)")
        }
        return all[place]
    }

    /// Number of weights.
    public var count: Int { all.reduce(0) { $0 + $1.count } }
}

extension ParameterPlan {
    /// A tensor of a decoder of `depth` layers. Adapters begin at zero: they change nothing.
    init(_ tensor: PlannedTensor, depth: Int) {
        let (row, role) = (tensor.row, tensor.row.roles[0])
        let start: Start
        if tensor.isBias || role == .marks {
            start = .zeros
        } else if role.isNorm {
            start = .ones
        } else if role == .positions {
            start = .small
        } else if role.isResidual {
            start = row.isTransposed ? .transposedResidual(depth: depth) : .residual(depth: depth)
        } else {
            start = row.isTransposed ? .transposed : .matrix
        }
        self.init(tensor.name, tensor.shape, start)
    }
}

/// One tensor to be: its name, shape and first values.
package struct ParameterPlan {
    package let name: String
    package let shape: [Int]
    let start: Start

    /// First values; standard deviations fall with the root of the inputs, so that every product of unit
    /// rows has unit rows, and projections into the residual stream by the root of their number more.
    package enum Start {
        case ones
        case zeros
        case small
        case matrix
        case residual(depth: Int)
        case transposed
        case transposedResidual(depth: Int)
    }

    package init(_ name: String, _ shape: [Int], _ start: Start) {
        self.name = name
        self.shape = shape
        self.start = start
    }

    /// Fills a tensor from a stream of its own, so that values do not depend on the other tensors.
    package func fill(_ values: UnsafeMutableBufferPointer<Float>, seed: UInt64) {
        let (columns, rows) = (Double(shape[shape.count - 1]), Double(shape[0]))
        let deviation: Double
        switch start {
        case .ones: return values.update(repeating: 1)
        case .zeros: return values.update(repeating: 0)
        case .small: deviation = 0.02
        case .matrix: deviation = 1 / columns.squareRoot()
        case .residual(let depth): deviation = 1 / (columns * Double(2 * depth)).squareRoot()
        case .transposed: deviation = 1 / rows.squareRoot()
        case .transposedResidual(let depth): deviation = 1 / (rows * Double(2 * depth)).squareRoot()
        }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        var random = CounterRandom(seed: seed, stream: hash)
        for index in values.indices { values[index] = Float(random.normal() * deviation) }
    }
}

extension CounterRandom {
    /// Logistic: the difference of two Gumbel variables.
    package mutating func logistic() -> Double {
        let u = min(max(unit(), 1e-12), 1 - 1e-12)
        return log(u / (1 - u))
    }
}
