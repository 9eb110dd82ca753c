// A decoder of the Llama kind in plain float64, with the weights of a loaded model: no cache, no batch.

import Foundation
import MartletKernels

@testable import MartletModels

/// Computes logits of a whole sequence layer by layer as the formulas are written.
struct PlainDecoder {
    let model: LanguageModel

    /// One row of logits for each token.
    func logits(_ tokens: [Int32]) -> [[Double]] {
        let (shape, decoder) = (model.shape, model.loaded.decoder)
        var hidden = tokens.map { row(decoder.vocabulary.head, Int($0)) }
        for (plan, layer) in zip(shape.layers, decoder.layers) {
            let attended = attend(hidden, plan, layer.attention)
            for index in hidden.indices {
                hidden[index] = sum(
                    hidden[index], product(layer.attention.output.linear, attended[index]))
                guard let mlp = layer.feedForward as? GatedMLP else { continue }
                let x = normed(hidden[index], mlp.norm)
                let inner = (0..<shape.intermediateSize).map { channel in
                    // Panels of gate and up alternate.
                    let gate = channel / 16 * 32 + channel % 16
                    let g = dot(row(mlp.gateUp.matrices[0], gate), x)
                    return g / (1 + exp(-g)) * dot(row(mlp.gateUp.matrices[0], gate + 16), x)
                }
                hidden[index] = sum(hidden[index], product(mlp.down.linear, inner))
            }
        }
        return hidden.map { x in
            let x = normed(x, decoder.finalNorm)
            return (0..<shape.vocabularySize).map { dot(row(decoder.vocabulary.head, $0), x) }
        }
    }

    private func attend(_ hidden: [[Double]], _ plan: LayerPlan, _ layer: GroupedAttention)
        -> [[Double]]
    {
        let size = plan.headDimension
        let rows = hidden.map { product(layer.queryKeyValue, normed($0, layer.norm)) }
        func head(_ position: Int, _ first: Int) -> [Double] {
            Array(rows[position][first..<first + size])
        }
        func turned(_ position: Int, _ first: Int) -> [Double] {
            let x = head(position, first)
            guard let rotary = plan.rotary else { return x }
            var y = x
            for (i, frequency) in rotary.frequencies(headDimension: size).enumerated() {
                let (c, s) = (cos(Double(position) * frequency), sin(Double(position) * frequency))
                (y[i], y[i + size / 2]) = (
                    x[i] * c - x[i + size / 2] * s, x[i + size / 2] * c + x[i] * s
                )
            }
            return y
        }
        let group = plan.headCount / plan.keyValueHeadCount
        return rows.indices.map { position in
            (0..<plan.headCount).flatMap { query in
                let q = turned(position, query * size)
                let key = plan.queryWidth + query / group * size
                let first = plan.window.map { max(0, position - $0 + 1) } ?? 0
                let weights = (first...position).map {
                    exp(dot(q, turned($0, key)) / Double(size).squareRoot())
                }
                var out = [Double](repeating: 0, count: size)
                for (weight, token) in zip(weights, first...position) {
                    let value = head(token, key + plan.keyValueWidth)
                    for i in 0..<size { out[i] += weight * value[i] / weights.reduce(0, +) }
                }
                return out
            }
        }
    }

    private func normed(_ x: [Double], _ norm: Norm?) -> [Double] {
        guard case .rms(let weight, let epsilon)? = norm else { return x }
        let scale = (dot(x, x) / Double(x.count) + Double(epsilon)).squareRoot()
        return x.indices.map { x[$0] / scale * Double(weight.pointer[$0]) }
    }

    private func product(_ linear: Linear, _ x: [Double]) -> [Double] {
        (0..<linear.channels).map { dot(row(linear.matrices[0], $0), x) }
    }

    private func row(_ matrix: PackedMatrix, _ channel: Int) -> [Double] {
        var floats = [Float](repeating: 0, count: matrix.columns)
        floats.withUnsafeMutableBufferPointer { matrix.readRow(channel, into: $0) }
        return floats.map(Double.init)
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    private func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map(+) }
}
