// Attention under the window policy against a brute-force definition: every visible key is rotated
// to the distance at which the policy says it is seen.

import Foundation
import MartletKernels
import Testing

@testable import MartletAttention
@testable import MartletCache
@testable import MartletPolicies

@Suite struct SinkRotationTests {
    static let dimension = 16
    static let heads = 3

    /// Frequencies of so many pairs of dimensions, the first of a head; the others turn nowhere.
    static func frequencies(_ pairs: Int) -> [Double] {
        (0..<pairs).map { pow(100.0, -Double($0) / Double(pairs)) }
    }

    static func rotated(_ x: [Double], by distance: Int, _ frequencies: [Double]) -> [Double] {
        var y = x
        let half = frequencies.count
        for i in 0..<half {
            let (c, s) = (
                cos(Double(distance) * frequencies[i]), sin(Double(distance) * frequencies[i])
            )
            y[i] = x[i] * c - x[i + half] * s
            y[i + half] = x[i + half] * c + x[i] * s
        }
        return y
    }

    @Test(arguments: ["reindex", "clamp"], [1, 5, 40])
    func agreesWithTheDefinition(positions: String, chunk: Int) throws {
        for pairs in [8, 5] { try agrees(positions, chunk, Self.frequencies(pairs)) }
    }

    private func agrees(_ positions: String, _ chunk: Int, _ frequencies: [Double]) throws {
        let policy = try CachePolicy("window(sinks=3, recent=20, positions=\(positions))")
        let window = try #require(policy.methods.first as? SinkWindow)
        let codec = CacheCodec.f32
        let shape = KVShape(
            layerCount: 1, keyValueHeadCount: 1, headDimension: Self.dimension, codec: codec,
            pageBytes: codec.pageBytes(headDimension: Self.dimension))
        let cache = try KVCache(shape: shape, budgetBytes: 1 << 20, policy: policy)
        let attention = try PagedAttention(
            headCount: Self.heads, cache: cache, scale: 0.25, frequencies: [frequencies],
            kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 2))
        let count = 120
        var random = CounterRandom(seed: 11)
        func vectors(_ n: Int) -> [[Double]] {
            (0..<n).map { _ in (0..<Self.dimension).map { _ in Double(random.signedUnit()) * 2 } }
        }
        let (keys, values, queries) = (vectors(count), vectors(count), vectors(count * Self.heads))
        let id = cache.makeSequence()
        var worst = 0.0
        for start in stride(from: 0, to: count, by: chunk) {
            let rows = min(chunk, count - start)
            try cache.reserve([(id, rows)])
            try attention.begin(
                [AttentionSlice(sequence: id, firstRow: 0, count: rows, position: start)],
                cache: cache)
            func flat(_ x: [[Double]], _ position: (Int) -> Int) -> [Float] {
                x.enumerated().flatMap {
                    Self.rotated($1, by: position($0), frequencies).map(Float.init)
                }
            }
            var k = flat(Array(keys[start..<start + rows])) { start + $0 }
            var v = values[start..<start + rows].flatMap { $0.map(Float.init) }
            let q = flat(Array(queries[start * Self.heads..<(start + rows) * Self.heads])) {
                start + $0 / Self.heads
            }
            var out = [Float](repeating: 0, count: rows * Self.heads * Self.dimension)
            k.withUnsafeMutableBufferPointer { k in
                v.withUnsafeMutableBufferPointer { v in
                    guard let keys = k.baseAddress, let values = v.baseAddress else { return }
                    let rows = AppendedRows(keys: keys, values: values, stride: Self.dimension)
                    attention.append(layer: 0, cache: cache, rows: rows) { _, _ in }
                }
            }
            attention.attend(
                layer: 0, cache: cache, q: q, queryStride: Self.heads * Self.dimension, out: &out,
                outStride: Self.heads * Self.dimension)
            for row in 0..<rows * Self.heads {
                let position = start + row / Self.heads
                let expected = Self.define(
                    position, queries[start * Self.heads + row], keys, values, window,
                    frequencies)
                for d in 0..<Self.dimension {
                    worst = max(worst, abs(expected[d] - Double(out[row * Self.dimension + d])))
                }
            }
            cache.commit(id, tokens: rows)
        }
        #expect(worst < 2e-5, "largest difference \(worst)")
        try cache.checkIntegrity()
    }

    /// Softmax over the visible keys, each at its own distance.
    static func define(
        _ i: Int, _ q: [Double], _ keys: [[Double]], _ values: [[Double]], _ window: SinkWindow,
        _ frequencies: [Double]
    ) -> [Double] {
        var weights: [(Double, [Double])] = []
        for p in 0...i where p > i - window.recent || p < window.sinks {
            let isSink = p < window.sinks
            let distance = isSink ? window.sinkDistance(query: i, sink: p) : i - p
            let turned = rotated(q, by: distance, frequencies)
            weights.append((0.25 * zip(turned, keys[p]).reduce(0) { $0 + $1.0 * $1.1 }, values[p]))
        }
        let top = weights.map(\.0).max() ?? 0
        let total = weights.reduce(0) { $0 + exp($1.0 - top) }
        return (0..<dimension).map { d in
            weights.reduce(0) { $0 + exp($1.0 - top) * $1.1[d] } / total
        }
    }
}
