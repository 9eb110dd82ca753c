/// Compactor: tokens whose keys are unlike the others', or that their neighbourhood attends to (2507.08143).

import Foundation
import MartletCache
import MartletKernels

/// score = blend · z(leverage) + z(attention). Leverage says how little the other keys of the head, before their
/// rotation, explain a key: xᵀ(XᵀX + I/100)⁻¹x for the keys X, centred and projected by a Gaussian sketch. Attention
/// is what a token receives from its chunk in both directions, averaged over the heads of the group, times the
/// value's norm, smoothed over three tokens. z makes mean 0 and deviation 1 over all heads of the layer; blend is
/// the fraction of the prompt that goes. The first `sinks` and last `recent` tokens stay and take no part. As in
/// kvpress; the authors' code has one sketch for all heads and a fixed blend.
struct Compactor: KVCompressor {
    let budget: TokenBudget
    let sinks: TokenAllowance
    let recent: TokenAllowance
    let chunk: Int
    let sketch: GaussianSketch

    var signals: PromptSignals {
        PromptSignals(
            chunkAttention: ChunkAttention(chunk: chunk, first: sinks.tokens, last: recent.tokens))
    }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        guard layer.count > sinks.tokens + recent.tokens else {
            return Array(repeating: HeadVerdict(), count: layer.headCount)
        }
        return chosen.rule.select(chosen.protect(scores(layer)), budget: budget).map {
            HeadVerdict(kept: $0)
        }
    }

    func scores(_ layer: LayerView) -> [[Float]] {
        let (sinks, recent) = (sinks.tokens, recent.tokens)
        let count = layer.count - sinks - recent
        guard count > 0 else {
            return Array(
                repeating: Array(repeating: .infinity, count: layer.count), count: layer.headCount)
        }
        let blend = budget.removed(of: layer.count, shape: layer.cache.shape)
        let turns = (sinks..<sinks + count).map { position in
            layer.frequencies.map { (cos(Double(position) * $0), sin(Double(position) * $0)) }
        }
        var (leverages, attention): ([Double], [Double]) = ([], [])
        for head in 0..<layer.headCount {
            let (keys, values) = layer.decode(head)
            let part = sinks * layer.dimension..<(sinks + count) * layer.dimension
            leverages += sketch.leverages(
                Array(keys[part]), turns, projection: sketch.projection(layer, head: head))
            attention += received(layer.chunkMass(head), Array(values[part]), layer)
        }
        standardise(&leverages)
        standardise(&attention)
        return (0..<layer.headCount).map { head in
            // Tokens at the ends that are not protected, because there is no room, rank as the mean does.
            var scores = [Float](repeating: 0, count: layer.count)
            for token in 0..<count {
                let index = head * count + token
                scores[sinks + token] = Float(blend * leverages[index] + attention[index])
            }
            return scores
        }
    }

    /// The attention that tokens received, times their values' norms, smoothed.
    private func received(_ mass: [Float], _ values: [Float], _ layer: LayerView) -> [Double] {
        let norms = values.norms(of: layer.dimension)
        let weights = mass.indices.map { Double(mass[$0] / Float(layer.group) * norms[$0]) }
        return weights.indices.map { token in
            // Places beyond the ends count as zeros in the mean.
            weights[max(0, token - 1)...min(weights.count - 1, token + 1)].reduce(0, +) / 3
        }
    }

    private func standardise(_ x: inout [Double]) {
        let mean = x.reduce(0, +) / Double(x.count)
        let squares = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = max((squares / Double(max(1, x.count - 1))).squareRoot(), 1e-6)
        for index in x.indices { x[index] = (x[index] - mean) / deviation }
    }
}

/// A random projection of keys to fewer channels, in which leverage is computed; another for each (layer, KV head).
struct GaussianSketch: Sendable {
    let columns: Int
    let seed: UInt64

    /// The projection of one head.
    func projection(_ layer: LayerView, head: Int) -> [Float] {
        projection(
            stream: layer.layer * layer.headCount + head, dimension: layer.dimension)
    }

    /// Normals of variance 1/`columns`, `[dimension][columns]`.
    func projection(stream: Int, dimension: Int) -> [Float] {
        var random = CounterRandom(seed: seed, stream: UInt64(stream))
        let scale = Float(columns).squareRoot()
        return (0..<dimension * columns).map { _ in Float(random.normal()) / scale }
    }

    /// Leverage of each of some keys among them. `turns` are the cosines and sines that rotated each key.
    func leverages(
        _ keys: [Float], _ turns: [[(Double, Double)]], projection: [Float]
    ) -> [Double] {
        let dimension = projection.count / columns
        var keys = keys.map { Double($0) }
        var mean = [Double](repeating: 0, count: dimension)
        for (token, turns) in turns.enumerated() {
            let base = token * dimension
            for (i, (cosine, sine)) in turns.enumerated() {
                let (a, b) = (keys[base + i], keys[base + turns.count + i])
                keys[base + i] = a * cosine + b * sine
                keys[base + turns.count + i] = b * cosine - a * sine
            }
            for i in 0..<dimension { mean[i] += keys[base + i] }
        }
        for i in 0..<dimension { mean[i] /= Double(turns.count) }
        let matrix = projection.map { Double($0) }
        var rows = [Double](repeating: 0, count: turns.count * columns)
        var gram = [Double](repeating: 0, count: columns * columns)
        rows.withUnsafeMutableBufferPointer { rows in
            gram.withUnsafeMutableBufferPointer { gram in
                matrix.withUnsafeBufferPointer { matrix in
                    for token in turns.indices {
                        let base = token * columns
                        for i in 0..<dimension {
                            let x = keys[token * dimension + i] - mean[i]
                            for j in 0..<columns { rows[base + j] += x * matrix[i * columns + j] }
                        }
                        for i in 0..<columns {
                            let x = rows[base + i]
                            for j in 0...i { gram[i * columns + j] += x * rows[base + j] }
                        }
                    }
                }
            }
        }
        guard let factor = factor(gram) else { return turns.map { _ in 0 } }
        return turns.indices.map { token in
            squaredLength(rows[token * columns..<(token + 1) * columns], behind: factor)
        }
    }

    /// The lower factor L of LLᵀ = gram + r·I for the least of some r with which there is one.
    private func factor(_ gram: [Double]) -> [Double]? {
        for regulariser in [1e-2, 1e-1, 1, 10, 100] {
            var lower = gram
            for i in 0..<columns { lower[i * columns + i] += regulariser }
            if Self.factorise(&lower, columns) { return lower }
        }
        return nil
    }

    /// Replaces the lower half of a symmetric matrix by its Cholesky factor; false where there is none.
    private static func factorise(_ a: inout [Double], _ size: Int) -> Bool {
        for i in 0..<size {
            for j in 0...i {
                var sum = a[i * size + j]
                for k in 0..<j { sum -= a[i * size + k] * a[j * size + k] }
                if i > j {
                    a[i * size + j] = sum / a[j * size + j]
                } else {
                    guard sum > 0 else { return false }
                    a[i * size + i] = sum.squareRoot()
                }
            }
        }
        return true
    }

    /// ‖L⁻¹x‖².
    private func squaredLength(_ x: ArraySlice<Double>, behind lower: [Double]) -> Double {
        var y = Array(x)
        return y.withUnsafeMutableBufferPointer { y in
            lower.withUnsafeBufferPointer { lower in
                var sum = 0.0
                for i in 0..<columns {
                    for j in 0..<i { y[i] -= lower[i * columns + j] * y[j] }
                    y[i] /= lower[i * columns + i]
                    sum += y[i] * y[i]
                }
                return sum
            }
        }
    }
}

extension CachePolicyEntry {
    static let compactor = CachePolicyEntry(
        name: "compactor",
        summary: "keeps unusual keys and what its neighbourhood attends to, whatever will be asked",
        source: "Compactor (2507.08143)",
        parameters: .scored(sinks: 8, recent: 4) + [
            CachePolicyParameter(
                name: "chunk", domain: .integer(1...4096), defaultValue: .integer(256),
                summary: "tokens that attend to each other"),
            CachePolicyParameter(
                name: "sketch", domain: .integer(1...1024), defaultValue: .integer(48),
                summary: "channels to which keys are projected"),
            CachePolicyParameter(
                name: "seed", domain: .integer(0...Int(Int32.max)), defaultValue: .integer(0),
                summary: "of the projection"),
        ],
        phases: [.prefill], sharesPrefix: true,
        signals:
            "chunk·d products and chunk weights a token and query head; the queries of a chunk",
        examples: ["compactor(%, chunk=32)", "compactor(%, chunk=50, sketch=8, seed=3)"],
        sized: { ["compactor(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            Compactor(
                budget: values.tokenBudget(), sinks: values.tokens("sinks"),
                recent: values.tokens("recent"), chunk: values.integer("chunk"),
                sketch: GaussianSketch(
                    columns: values.integer("sketch"), seed: UInt64(values.integer("seed")))))
    }
}
