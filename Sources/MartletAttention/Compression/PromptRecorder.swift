// What is recorded of a prompt's queries while it is computed, chunk by chunk.
//
// Everything is summed in the order of the tokens, so that chunks do not change a bit.

import CMartletKernels
import MartletKernels

/// The signals of one prompt; see ``PromptSignals``.
final class PromptRecorder {
    let signals: PromptSignals
    let layerCount: Int
    let headCount: Int
    let dimension: Int
    /// Rotated queries of the last tokens, `[layer][position % lastQueries][head][dimension]`.
    private(set) var queries: [Float]
    /// Sums over tokens of the queries before rotation, `[layer][head][dimension]`.
    private(set) var sums: [Double]
    /// Sums of their products, `[layer][head][dimension][dimension]`, lower triangles.
    private(set) var products: [Double]
    /// Attention received by each token, `[layer][KV head][token]`.
    var mass: [[Float]]

    init(
        signals: PromptSignals, layerCount: Int, headCount: Int, keyValueHeadCount: Int,
        dimension: Int
    ) {
        self.signals = signals
        self.layerCount = layerCount
        self.headCount = headCount
        self.dimension = dimension
        let heads = layerCount * headCount
        queries = Array(repeating: 0, count: signals.lastQueries * heads * dimension)
        sums = Array(repeating: 0, count: signals.queryMoments ? heads * dimension : 0)
        products = Array(
            repeating: 0, count: signals.queryMoments ? heads * dimension * dimension : 0)
        mass = Array(
            repeating: [], count: signals.columnMass ? layerCount * keyValueHeadCount : 0)
    }

    private init(copying other: PromptRecorder) {
        signals = other.signals
        layerCount = other.layerCount
        headCount = other.headCount
        dimension = other.dimension
        queries = other.queries
        sums = other.sums
        products = other.products
        mass = other.mass
    }

    func copy() -> PromptRecorder { PromptRecorder(copying: self) }

    /// Takes in the rotated queries of `count` tokens from `position` on, `stride` floats between
    /// them. `turns` are the cosines and sines by which each was rotated, `[token][dimension / 2]`;
    /// nil for learned positions.
    func record(
        layer: Int, position: Int, count: Int, queries q: UnsafePointer<Float>, stride: Int,
        turns: (cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>)?
    ) {
        let width = headCount * dimension
        let ring = signals.lastQueries
        if ring > 0 {
            queries.withUnsafeMutableBufferPointer { target in
                guard let base = target.baseAddress else { return }
                for token in max(0, count - ring)..<count {
                    let place = (layer * ring + (position + token) % ring) * width
                    (base + place).update(from: q + token * stride, count: width)
                }
            }
        }
        guard signals.queryMoments else { return }
        var turned = [Float](repeating: 0, count: dimension)
        let half = dimension / 2
        for token in 0..<count where position + token >= signals.momentSinks {
            for head in 0..<headCount {
                let x = q + token * stride + head * dimension
                for i in 0..<dimension { turned[i] = x[i] }
                if let turns {
                    for i in 0..<half {
                        let c = turns.cosines[token * half + i]
                        let s = turns.sines[token * half + i]
                        turned[i] = x[i] * c + x[half + i] * s
                        turned[half + i] = x[half + i] * c - x[i] * s
                    }
                }
                add(turned, to: layer * headCount + head)
            }
        }
    }

    private func add(_ x: [Float], to head: Int) {
        let dimension = dimension
        sums.withUnsafeMutableBufferPointer { sums in
            for i in 0..<dimension { sums[head * dimension + i] += Double(x[i]) }
        }
        products.withUnsafeMutableBufferPointer { products in
            for i in 0..<dimension {
                let row = (head * dimension + i) * dimension
                let factor = Double(x[i])
                for j in 0...i { products[row + j] += factor * Double(x[j]) }
            }
        }
    }

    /// Mean and covariance `[dimension][dimension]` of one head's queries before rotation, over
    /// `count` tokens of the prompt, those left out included.
    func moments(layer: Int, head: Int, count: Int) -> (mean: [Double], covariance: [Double]) {
        let index = layer * headCount + head
        let tokens = Double(max(1, count - signals.momentSinks))
        let mean = (0..<dimension).map { sums[index * dimension + $0] / tokens }
        var covariance = [Double](repeating: 0, count: dimension * dimension)
        for i in 0..<dimension {
            for j in 0...i {
                let value =
                    products[(index * dimension + i) * dimension + j] / tokens - mean[i] * mean[j]
                covariance[i * dimension + j] = value
                covariance[j * dimension + i] = value
            }
        }
        return (mean, covariance)
    }
}
