/// Expected Attention: the attention that future queries will pay, from the statistics of past ones.

import Foundation
import MartletCache

/// Queries before rotation are taken as Gaussian (mean μ, covariance Σ over the prompt, sinks left
/// out); R is the rotation averaged over the next `future` positions. A query head's score for key k
/// is softmax over tokens of kᵀRμ/√d + kᵀRΣRᵀk/(2d), the closed form of E[exp(qᵀk/√d)]; the group's
/// mean is multiplied by the value's norm. The first `sinks` tokens always stay. Source: kvpress's
/// ExpectedAttentionPress.
struct ExpectedAttention: KVCompressor {
    let future: Int
    let sinks: TokenAllowance
    let covariance: Bool
    let valueNorm: Bool
    let epsilon: Float

    var signals: PromptSignals { PromptSignals(queryMoments: true, momentSinks: sinks.tokens) }
    var scoresAttention: Bool { !valueNorm }

    func scores(_ layer: LayerView) -> [[Float]] {
        let (computed, dimension) = (layer.count, layer.dimension)
        let sinks = sinks.of(layer.kept)
        guard computed > sinks, let recorder = layer.recorder else {
            return Array(
                repeating: Array(repeating: .infinity, count: computed), count: layer.headCount)
        }
        let rotation = averageRotation(layer)
        return (0..<layer.headCount).map { head in
            let (keys, values) = layer.decode(head)
            let count = keys.count / dimension
            var total = [Float](repeating: 0, count: count - sinks)
            for member in 0..<layer.group {
                let (mean, spread) = recorder.moments(
                    layer: layer.layer, head: head * layer.group + member, count: computed)
                let turned = rotate(mean, by: rotation)
                let quadratic = covariance ? rotate(both: spread, by: rotation, dimension) : []
                var logits = self.logits(
                    keys[(sinks * dimension)...], turned.map { Float($0) },
                    quadratic.map { Float($0) }, dimension)
                logits.softmax()
                for index in total.indices { total[index] += logits[index] }
            }
            let norms = values.norms(of: dimension)
            return (0..<count).map { token in
                guard token >= sinks else { return .infinity }
                let score = total[token - sinks] / Float(layer.group)
                return valueNorm ? (score + epsilon) * norms[token] : score
            }
        }
    }

    /// kᵀμ/√d + kᵀΣk/(2d) for each key. The loops run over channels inside, so that they become vectors.
    func logits(
        _ keys: ArraySlice<Float>, _ mean: [Float], _ quadratic: [Float], _ dimension: Int
    ) -> [Float] {
        let (linearScale, squareScale) = (
            1 / Float(dimension).squareRoot(), 1 / Float(2 * dimension)
        )
        var result = [Float](repeating: 0, count: keys.count / dimension)
        var product = [Float](repeating: 0, count: dimension)
        keys.withUnsafeBufferPointer { keys in
            quadratic.withUnsafeBufferPointer { quadratic in
                product.withUnsafeMutableBufferPointer { product in
                    guard let keys = keys.baseAddress, let y = product.baseAddress else { return }
                    for token in result.indices {
                        let key = keys + token * dimension
                        var (linear, square): (Float, Float) = (0, 0)
                        for i in 0..<dimension { linear += key[i] * mean[i] }
                        if let matrix = quadratic.baseAddress, !quadratic.isEmpty {
                            for i in 0..<dimension { y[i] = 0 }
                            for j in 0..<dimension {
                                let (factor, row) = (key[j], matrix + j * dimension)
                                for i in 0..<dimension { y[i] += factor * row[i] }
                            }
                            for i in 0..<dimension { square += key[i] * y[i] }
                        }
                        result[token] = linear * linearScale + square * squareScale
                    }
                }
            }
        }
        return result
    }

    /// Mean cosine and sine of each rotated pair over the next positions; empty without rotation.
    private func averageRotation(_ layer: LayerView) -> [(cosine: Double, sine: Double)] {
        layer.frequencies.map { frequency in
            var (cosine, sine) = (0.0, 0.0)
            for position in layer.count..<layer.count + future {
                cosine += cos(Double(position) * frequency)
                sine += sin(Double(position) * frequency)
            }
            return (cosine / Double(future), sine / Double(future))
        }
    }

    private func rotate(_ x: [Double], by turns: [(cosine: Double, sine: Double)]) -> [Double] {
        guard !turns.isEmpty else { return x }
        var result = x
        let half = turns.count
        for i in 0..<half {
            result[i] = x[i] * turns[i].cosine - x[half + i] * turns[i].sine
            result[half + i] = x[half + i] * turns[i].cosine + x[i] * turns[i].sine
        }
        return result
    }

    /// R Σ Rᵀ: columns, then rows.
    private func rotate(
        both matrix: [Double], by turns: [(cosine: Double, sine: Double)], _ dimension: Int
    ) -> [Double] {
        var columns = [Double](repeating: 0, count: matrix.count)
        for j in 0..<dimension {
            let turned = rotate((0..<dimension).map { matrix[$0 * dimension + j] }, by: turns)
            for i in 0..<dimension { columns[i * dimension + j] = turned[i] }
        }
        var result = columns
        for i in 0..<dimension {
            let row = rotate(Array(columns[i * dimension..<(i + 1) * dimension]), by: turns)
            for j in 0..<dimension { result[i * dimension + j] = row[j] }
        }
        return result
    }
}

extension CachePolicyEntry {
    static let expected = CachePolicyEntry(
        name: "expected", summary: "keeps what future queries are expected to attend to",
        source: "Expected Attention (2510.00636)",
        parameters: .scored() + [
            CachePolicyParameter(
                name: "future", domain: .integer(1...65536), defaultValue: .integer(512),
                summary: "positions over which the rotation is averaged"),
            CachePolicyParameter(
                name: "covariance", domain: .boolean, defaultValue: .boolean(true),
                summary: "use the queries' covariance besides their mean"),
            CachePolicyParameter(
                name: "vnorm", domain: .boolean, defaultValue: .boolean(true),
                summary: "multiply by the norm of the value"),
            CachePolicyParameter(
                name: "epsilon", domain: .decimal(0...0.9999), defaultValue: .decimal(0),
                summary: "added to the score before that"),
        ],
        phases: [.prefill], sharesPrefix: true,
        signals: "mean and covariance of queries: d² products a token and query head",
        examples: ["expected(%)", "expected(%, covariance=false)"],
        sweep: [SweepForm(10, .prompt, "expected(budget={budget})")],
        sized: { ["expected(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            ExpectedAttention(
                future: values.integer("future"), sinks: values.tokens("sinks"),
                covariance: values.boolean("covariance"), valueNorm: values.boolean("vnorm"),
                epsilon: Float(values.decimal("epsilon"))))
    }
}
