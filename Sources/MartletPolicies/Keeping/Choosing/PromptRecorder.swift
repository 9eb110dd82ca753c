// What is recorded of a prompt's queries while it is computed, chunk by chunk.
//
// Everything is summed in the order of the tokens, so that chunks do not change a bit.

import MartletKernels

/// The signals of one prompt; see ``PromptSignals``.
final class PromptRecorder {
    let signals: PromptSignals
    let layerCount: Int
    let headCount: Int
    let dimension: Int
    /// Rotated queries of the last tokens, `[layer][position % heldQueries][head][dimension]`.
    private(set) var queries: [Float]
    /// Sums over tokens of the queries before rotation, `[layer][head][dimension]`.
    private(set) var sums: [Double]
    /// Sums of their products, `[layer][head][dimension][dimension]`.
    private(set) var products: [Double]
    /// Attention received by each token, `[layer][KV head][token]`.
    var mass: [[Float]]
    /// Attention received by each token of the chunks so far from its chunk, `[layer][KV head][token]`.
    var chunkMass: [[Float]]
    /// The most attention that each token received when the prompt was read again, `[layer][KV head][token]`.
    var reread: [[Float]] = []
    /// Norms of the values behind the output projection, `[layer][KV head][query head of the group][token]`.
    var outputNorms: [[[Float]]] = []

    init(
        signals: PromptSignals, layerCount: Int, headCount: Int, keyValueHeadCount: Int,
        dimension: Int
    ) {
        self.signals = signals
        self.layerCount = layerCount
        self.headCount = headCount
        self.dimension = dimension
        let heads = layerCount * headCount
        queries = Array(repeating: 0, count: signals.heldQueries * heads * dimension)
        sums = Array(repeating: 0, count: signals.queryMoments ? heads * dimension : 0)
        products = Array(
            repeating: 0, count: signals.queryMoments ? heads * dimension * dimension : 0)
        mass = Array(
            repeating: [], count: signals.columnMass ? layerCount * keyValueHeadCount : 0)
        chunkMass = Array(
            repeating: [],
            count: signals.chunkAttention == nil ? 0 : layerCount * keyValueHeadCount)
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
        chunkMass = other.chunkMass
        reread = other.reread
        outputNorms = other.outputNorms
    }

    /// Bytes that it takes.
    var byteCount: Int {
        (queries.count
            + (mass + chunkMass + reread + outputNorms.flatMap(\.self)).reduce(0) { $0 + $1.count })
            * 4
            + (sums.count + products.count) * 8
    }

    func copy() -> PromptRecorder { PromptRecorder(copying: self) }

    /// Keeps the rotated queries of the last of `count` tokens from `position` on, `stride` floats
    /// apart.
    func keepQueries(
        layer: Int, position: Int, count: Int, queries q: UnsafePointer<Float>, stride: Int
    ) {
        let (width, ring) = (headCount * dimension, signals.heldQueries)
        guard ring > 0 else { return }
        queries.withUnsafeMutableBufferPointer { target in
            guard let base = target.baseAddress else { return }
            for token in max(0, count - ring)..<count {
                let place = (layer * ring + (position + token) % ring) * width
                (base + place).update(from: q + token * stride, count: width)
            }
        }
    }

    /// Where ``addMoments(of:count:stride:skipping:dimension:turns:sums:products:)`` may write for each query head of a
    /// layer; valid inside `body` only.
    func withMoments(
        layer: Int,
        _ body: (
            _ sums: UnsafeMutablePointer<Double>, _ products: UnsafeMutablePointer<Double>
        ) -> Void
    ) {
        let (heads, square) = (layer * headCount, dimension * dimension)
        sums.withUnsafeMutableBufferPointer { sums in
            products.withUnsafeMutableBufferPointer { products in
                guard let s = sums.baseAddress, let p = products.baseAddress else { return }
                body(s + heads * dimension, p + heads * square)
            }
        }
    }

    /// Adds the queries of `count` tokens of one head to its sums, token by token, after turning them
    /// back by the cosines and sines `[token][half]` that rotated their first dimensions (nil for learned positions).
    static func addMoments(
        of q: UnsafePointer<Float>, count: Int, stride: Int, skipping first: Int, dimension: Int,
        turns: (cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>, half: Int)?,
        sums: UnsafeMutablePointer<Double>, products: UnsafeMutablePointer<Double>
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: dimension) { turned in
            guard let x = turned.baseAddress else { return }
            for token in first..<max(first, count) {
                let row = q + token * stride
                for i in 0..<dimension { x[i] = Double(row[i]) }
                if let turns {
                    let half = turns.half
                    for i in 0..<half {
                        let c = Double(turns.cosines[token * half + i])
                        let s = Double(turns.sines[token * half + i])
                        x[i] = Double(row[i]) * c + Double(row[half + i]) * s
                        x[half + i] = Double(row[half + i]) * c - Double(row[i]) * s
                    }
                }
                for i in 0..<dimension {
                    let (factor, target) = (x[i], products + i * dimension)
                    sums[i] += factor
                    for j in 0..<dimension { target[j] += factor * x[j] }
                }
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
            for j in 0..<dimension {
                covariance[i * dimension + j] =
                    products[(index * dimension + i) * dimension + j] / tokens - mean[i] * mean[j]
            }
        }
        return (mean, covariance)
    }
}

extension PromptRecorder {
    /// Signals of `count` tokens that mean nothing, for timing.
    func invent(count: Int, tables: Int, seed: UInt64) {
        var random = CounterRandom(seed: seed, stream: 17)
        let row = (0..<headCount * dimension).map { _ in random.signedUnit() }
        for layer in 0..<layerCount {
            for position in max(0, count - signals.heldQueries)..<count {
                row.withUnsafeBufferPointer {
                    guard let base = $0.baseAddress else { return }
                    keepQueries(
                        layer: layer, position: position, count: 1, queries: base,
                        stride: row.count)
                }
            }
        }
        func figures(_ count: Int) -> [[Float]] {
            (0..<tables).map { _ in (0..<count).map { _ in Float(random.unit()) } }
        }
        if signals.columnMass { mass = figures(count) }
        if let chunks = signals.chunkAttention { chunkMass = figures(chunks.whole(of: count)) }
        if signals.rereadPart > 0 { reread = figures(count) }
    }
}
