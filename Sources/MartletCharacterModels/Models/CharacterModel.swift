// The tensors of a character model.
// This file knows names, shapes and first values; it refuses to know graphs.

import Foundation
import MartletKernels
public import MartletTraining

/// Widths that all models of a comparison share.
public struct CharacterShape: Sendable, Hashable {
    /// Channels of a vector.
    public var width: Int
    /// Heads of each attention.
    public var heads: Int
    /// Channels inside each MLP: four times the width.
    public var inner: Int { 4 * width }

    /// - Throws: ``TrainingError/invalid(subject:got:expected:)`` when heads do not divide the width.
    public init(width: Int, heads: Int) throws(TrainingError) {
        guard (2...4096).contains(width), width % 2 == 0 else {
            throw .invalid(
                subject: "the width", got: "\(width)", expected: "an even number from 2 to 4096")
        }
        guard heads > 0, width % heads == 0 else {
            throw .invalid(
                subject: "the number of heads", got: "\(heads)", expected: "a divisor of \(width)")
        }
        self.width = width
        self.heads = heads
    }
}

/// The weights of a character model.
public final class CharacterModel {
    /// Which model it is.
    public let plan: CharacterModelPlan
    let shape: CharacterShape
    /// Its characters.
    public let vocabulary: CharacterVocabulary
    let parameters: [Parameter]
    private let index: [String: Int]
    private var tables: [[Int]: Parameter] = [:]

    /// Number of weights.
    public var count: Int { parameters.reduce(0) { $0 + $1.count } }

    /// New weights.
    ///
    /// - Throws: ``TrainingError/kernel(_:)`` when the machine does not have the memory.
    public init(
        _ plan: CharacterModelPlan, shape: CharacterShape, vocabulary: CharacterVocabulary,
        seed: UInt64
    ) throws(TrainingError) {
        self.plan = plan
        self.shape = shape
        self.vocabulary = vocabulary
        var all: [Parameter] = []
        for entry in CharacterLayout(plan, shape, vocabulary.count).entries {
            let parameter = try Parameter(name: entry.name, shape: entry.shape)
            if entry.name == CharacterLayout.null {
                // N(0, 1), as published.
                var random = CounterRandom(seed: seed, stream: 0x4E11)
                for place in parameter.values.indices {
                    parameter.values[place] = Float(random.normal())
                }
            } else {
                entry.fill(parameter.values, seed: seed)
            }
            all.append(parameter)
        }
        parameters = all
        index = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1.name, $0) })
    }

    subscript(name: String) -> Parameter {
        guard let place = index[name] else {
            preconditionFailure("CharacterModel: no parameter \(name)")
        }
        return parameters[place]
    }

    /// Sinusoids of distances, the largest first; a distance is `factor` characters.
    func distances(_ count: Int, factor: Int) throws(TrainingError) -> Parameter {
        if let table = tables[[count, factor]] { return table }
        let table = try Parameter(
            name: "distances", shape: [count, shape.width], isTrainable: false)
        for row in 0..<count {
            let values = Self.sinusoid(Double((count - 1 - row) * factor), width: shape.width)
            for (column, value) in values.enumerated() {
                table.values[row * shape.width + column] = value
            }
        }
        tables[[count, factor]] = table
        return table
    }

    /// sin(distance · 10000^(-2i/d)), then the cosines (Dai et al. 2019, arXiv 1901.02860, section 3.3).
    static func sinusoid(_ distance: Double, width: Int) -> [Float] {
        let half = width / 2
        let angles = (0..<half).map { distance * pow(10000, -2 * Double($0) / Double(width)) }
        return angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
    }
}

/// Names, shapes and first values of all tensors.
struct CharacterLayout {
    static let null = "null"
    private(set) var entries: [ParameterPlan] = []
    private let shape: CharacterShape
    private let depth: Int

    init(_ plan: CharacterModelPlan, _ shape: CharacterShape, _ vocabulary: Int) {
        self.shape = shape
        let stacks: [Int]
        switch plan.kind {
        case .vanilla(let layers, _): stacks = [layers]
        case .hourglass(let hierarchy, _, _): stacks = hierarchy.parts.map(\.layers)
        case .pooling(let layers, _): stacks = layers
        }
        depth = max(1, stacks.reduce(0, +))
        let d = shape.width
        add("embedding.weight", [vocabulary, d], .matrix)
        add("bias.content", [d], .small)
        add("bias.place", [d], .small)
        for (index, layers) in stacks.enumerated() {
            for layer in 0..<layers { block("stack\(index).\(layer).") }
            if plan.norm == .pre { norm("stack\(index).norm") }
        }
        switch plan.kind {
        case .vanilla: break
        case .hourglass(let hierarchy, let down, let up):
            for level in 0..<hierarchy.levels {
                let k = hierarchy.step(level)
                if down.isLinear { linear("down\(level).linear", k * d, d) }
                if down.hasAttention { block("down\(level).") }
                if up.isLinear { linear("up\(level).linear", d, k * d) }
                if up.hasAttention { block("up\(level).") }
                norm("up\(level).norm")
            }
        case .pooling(_, let boundaries):
            add(Self.null, [d], .zeros)
            norm("pool.norm")
            if boundaries.isPredicted {
                linear("boundary.in", d, shape.inner)
                linear("boundary.out", shape.inner, 1)
            }
        }
        linear("output", d, vocabulary)
    }

    private mutating func add(_ name: String, _ shape: [Int], _ start: ParameterPlan.Start) {
        entries.append(ParameterPlan(name, shape, start))
    }

    private mutating func linear(
        _ name: String, _ inputs: Int, _ outputs: Int, residual: Bool = false
    ) {
        add(name + ".weight", [outputs, inputs], residual ? .residual(depth: depth) : .matrix)
        add(name + ".bias", [outputs], .zeros)
    }

    private mutating func norm(_ name: String) {
        add(name + ".weight", [shape.width], .ones)
        add(name + ".bias", [shape.width], .zeros)
    }

    private mutating func block(_ prefix: String) {
        let d = shape.width
        norm(prefix + "attention.norm")
        for name in ["q", "k", "v", "r"] {
            add(prefix + "attention.\(name).weight", [d, d], .matrix)
        }
        add(prefix + "attention.o.weight", [d, d], .residual(depth: depth))
        norm(prefix + "feed.norm")
        linear(prefix + "feed.in", d, shape.inner)
        linear(prefix + "feed.out", shape.inner, d, residual: true)
    }
}
