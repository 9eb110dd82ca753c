// The tensors of a decoder, by the names of its checkpoint.

import Foundation
import MartletFormats
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

    func contains(_ name: String) -> Bool { index[name] != nil }

    /// Number of weights.
    public var count: Int { all.reduce(0) { $0 + $1.count } }

    /// The names and shapes of a model, and how each starts.
    static func layout(_ plan: DecoderBlueprint) -> [ParameterPlan] {
        (plan.plainMLP == nil ? llamaLike(plan) : gpt2(plan)) + adapters(plan)
    }

    /// The heads that mark tokens, in the published layout; a checkpoint without them gets new ones.
    private static func adapters(_ plan: DecoderBlueprint) -> [ParameterPlan] {
        let s = plan.shape
        guard s.evictionHead?.source == .projection else { return [] }
        return (0..<s.layerCount).flatMap { layer in
            let prefix = "model.layers.\(layer).self_attn.dms_proj_alpha"
            return [
                ParameterPlan(
                    prefix + ".weight", [s.keyValueHeadCount, s.hiddenSize], .zeros, isAdapter: true
                ),
                ParameterPlan(prefix + "_norm.weight", [s.hiddenSize], .ones, isAdapter: true),
            ]
        }
    }

    private static func llamaLike(_ plan: DecoderBlueprint) -> [ParameterPlan] {
        let s = plan.shape
        var list = [
            ParameterPlan("model.embed_tokens.weight", [s.vocabularySize, s.hiddenSize], .matrix)
        ]
        for layer in 0..<s.layerCount {
            let prefix = "model.layers.\(layer)."
            func linear(
                _ name: String, _ rows: Int, _ columns: Int, _ hasBias: Bool, out: Bool = false
            ) {
                list.append(
                    ParameterPlan(
                        prefix + name + ".weight", [rows, columns],
                        out ? .residual(depth: s.layerCount) : .matrix))
                if hasBias { list.append(ParameterPlan(prefix + name + ".bias", [rows], .zeros)) }
            }
            list.append(ParameterPlan(prefix + "input_layernorm.weight", [s.hiddenSize], .ones))
            linear("self_attn.q_proj", s.queryWidth, s.hiddenSize, plan.hasInputBias)
            linear("self_attn.k_proj", s.keyValueWidth, s.hiddenSize, plan.hasInputBias)
            linear("self_attn.v_proj", s.keyValueWidth, s.hiddenSize, plan.hasInputBias)
            if plan.hasHeadNorms {
                for name in ["q_norm", "k_norm"] {
                    list.append(
                        ParameterPlan(
                            prefix + "self_attn.\(name).weight", [s.headDimension], .ones))
                }
            }
            linear("self_attn.o_proj", s.hiddenSize, s.queryWidth, plan.hasOutputBias, out: true)
            list.append(
                ParameterPlan(prefix + "post_attention_layernorm.weight", [s.hiddenSize], .ones))
            linear("mlp.gate_proj", s.intermediateSize, s.hiddenSize, plan.hasMLPBias)
            linear("mlp.up_proj", s.intermediateSize, s.hiddenSize, plan.hasMLPBias)
            linear("mlp.down_proj", s.hiddenSize, s.intermediateSize, plan.hasMLPBias, out: true)
        }
        list.append(ParameterPlan("model.norm.weight", [s.hiddenSize], .ones))
        if !s.tiesEmbeddings {
            list.append(ParameterPlan("lm_head.weight", [s.vocabularySize, s.hiddenSize], .matrix))
        }
        return list
    }

    private static func gpt2(_ plan: DecoderBlueprint) -> [ParameterPlan] {
        let s = plan.shape
        let hidden = s.hiddenSize
        var list = [
            ParameterPlan("transformer.wte.weight", [s.vocabularySize, hidden], .matrix),
            ParameterPlan("transformer.wpe.weight", [s.contextLength, hidden], .small),
        ]
        for layer in 0..<s.layerCount {
            let prefix = "transformer.h.\(layer)."
            func norm(_ name: String) {
                list.append(ParameterPlan(prefix + name + ".weight", [hidden], .ones))
                list.append(ParameterPlan(prefix + name + ".bias", [hidden], .zeros))
            }
            func convolution(_ name: String, _ inputs: Int, _ outputs: Int, out: Bool = false) {
                list.append(
                    ParameterPlan(
                        prefix + name + ".weight", [inputs, outputs],
                        out ? .transposedResidual(depth: s.layerCount) : .transposed))
                list.append(ParameterPlan(prefix + name + ".bias", [outputs], .zeros))
            }
            norm("ln_1")
            convolution("attn.c_attn", hidden, 3 * hidden)
            convolution("attn.c_proj", hidden, hidden, out: true)
            norm("ln_2")
            convolution("mlp.c_fc", hidden, s.intermediateSize)
            convolution("mlp.c_proj", s.intermediateSize, hidden, out: true)
        }
        list.append(ParameterPlan("transformer.ln_f.weight", [hidden], .ones))
        list.append(ParameterPlan("transformer.ln_f.bias", [hidden], .zeros))
        if !s.tiesEmbeddings {
            list.append(ParameterPlan("lm_head.weight", [s.vocabularySize, hidden], .matrix))
        }
        return list
    }
}

/// One tensor to be: its name, shape and first values.
package struct ParameterPlan {
    package let name: String
    package let shape: [Int]
    let start: Start
    /// Whether a checkpoint may lack it.
    let isAdapter: Bool

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

    package init(_ name: String, _ shape: [Int], _ start: Start, isAdapter: Bool = false) {
        self.name = name
        self.shape = shape
        self.start = start
        self.isAdapter = isAdapter
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
