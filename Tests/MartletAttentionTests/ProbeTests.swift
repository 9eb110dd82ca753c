/// Attention weights and the division of a step's work, against plain definitions.

import CMartletKernels
import Foundation
import MartletCache
import MartletKernels
import Testing

@testable import MartletAttention

@Suite struct ProbeTests {
    /// A probe's rows are the softmax of the scaled products, under a cap where there is one, each over what its token
    /// sees and its head's sink.
    @Test(arguments: [Float(0), 1.5], [nil, [Float(-2), 0.5, 300]])
    func weightsAreASoftmax(cap: Float, sinks: [Float]?) throws {
        let (dimension, group, count) = (8, 3, 37)
        let shape = KVShape(
            layerCount: 1, keyValueHeadCount: 1, headDimension: dimension, codec: .f32,
            pageBytes: CacheCodec.f32.pageBytes(headDimension: dimension))
        let cache = try KVCache(shape: shape, budgetBytes: 1 << 18)
        let kernels = try KernelSet.selected()
        let id = cache.makeSequence()
        try cache.reserve([(id, count)])
        var random = CounterRandom(seed: 4)
        let keys = (0..<count).map { _ in random.floats(dimension, magnitude: 2) }
        let table = cache.table(id, layer: 0, head: 0)
        for (slot, key) in keys.enumerated() {
            let page = cache.pagePointer(table[slot / KVPage.tokens])
            kernels.table.pointee.append(
                shape.codec.code, page.assumingMemoryBound(to: UInt8.self), Int32(dimension),
                Int32(slot % KVPage.tokens), key, key)
        }
        cache.commit(id, tokens: count)
        let probe = try AttentionProbe(
            shape: shape, group: group, scale: 0.5, cap: cap, sinkLogits: sinks.map { [$0] } ?? [],
            kernels: kernels)
        let queries = random.floats(5 * group * dimension, magnitude: 1)
        var sums = [Float](repeating: 0, count: count)
        try probe.addWeights(
            of: queries, count: 5, stride: group * dimension, firstEnd: 20, head: (0, 0),
            table: cache.table(id, layer: 0, head: 0), cache: cache, to: &sums)
        var expected = [Double](repeating: 0, count: count)
        for row in 0..<5 * group {
            let seen = 20 + row / group
            var scores = [Double](repeating: 0, count: seen)
            for slot in 0..<seen {
                for d in 0..<dimension {
                    scores[slot] += 0.5 * Double(queries[row * dimension + d] * keys[slot][d])
                }
            }
            if cap > 0 { scores = scores.map { Double(cap) * tanh($0 / Double(cap)) } }
            let sink = sinks.map { Double($0[row % group]) } ?? -.infinity
            let largest = max(scores.max() ?? 0, sink)
            let sum = scores.reduce(exp(sink - largest)) { $0 + exp($1 - largest) }
            for slot in 0..<seen { expected[slot] += exp(scores[slot] - largest) / sum }
        }
        for slot in 0..<count { #expect(abs(Double(sums[slot]) - expected[slot]) < 1e-5) }
    }

    /// Every query of every slice and head is in exactly one unit, or in one for each segment.
    @Test(arguments: [1, 2, 8]) func aPlanCoversEveryQueryOnce(threads: Int) {
        let cache = try? KVCache(
            shape: KVShape(
                layerCount: 1, keyValueHeadCount: 2, headDimension: 1, codec: .f32, pageBytes: 64),
            budgetBytes: 1 << 16)
        guard let cache else { return }
        let slices = [(1, 9000), (300, 0), (40, 5000)].enumerated().map { index, slice in
            AttentionSlice(
                sequence: cache.makeSequence(), firstRow: index * 1000, count: slice.0,
                position: slice.1)
        }
        var plan = AttentionPlan()
        plan.build(slices: slices, heads: 2, group: 4, visibility: .causal, threads: threads)
        var seen: [[Int]: Int] = [:]
        for unit in plan.units {
            for query in unit.query..<unit.query + unit.count {
                seen[[unit.slice, unit.head, query, unit.segment ?? -1], default: 0] += 1
            }
        }
        #expect(seen.values.allSatisfy { $0 == 1 })
        for (index, slice) in slices.enumerated() {
            for head in 0..<2 {
                for query in 0..<slice.count {
                    let segments = seen.keys.filter {
                        $0[0] == index && $0[1] == head && $0[2] == query
                    }
                    let last = (slice.position + query) / AttentionPlan.segmentSlots
                    #expect(
                        segments.map { $0[3] } == [-1]
                            || Set(segments.map { $0[3] }).isSuperset(of: 0...last))
                }
            }
        }
    }

    /// A filled cache is scattered as text is: the eighth of the tokens that fit a direction best lies in about
    /// half of the pages, where independent keys would lie in nine tenths and equal neighbours in an eighth.
    @Test func filledKeysAreScatteredAsOnText() throws {
        let (dimension, count) = (32, 2048)
        let shape = KVShape(
            layerCount: 1, keyValueHeadCount: 4, headDimension: dimension, codec: .f32,
            pageBytes: CacheCodec.f32.pageBytes(headDimension: dimension))
        let cache = try KVCache(shape: shape, budgetBytes: 1 << 23)
        let id = cache.makeSequence()
        try cache.fillForTiming(
            id, tokens: count, seed: 3, kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 1))
        var random = CounterRandom(seed: 5)
        var touched = 0
        for head in 0..<4 {
            let table = cache.table(id, layer: 0, head: head)
            let direction = random.floats(dimension)
            var scores: [(score: Float, slot: Int)] = []
            var pair = [Float](repeating: 0, count: 2 * dimension)
            for slot in 0..<count {
                let page = cache.pagePointer(table[slot / KVPage.tokens])
                pair.withUnsafeMutableBufferPointer {
                    guard let base = $0.baseAddress else { return }
                    mk_read_slot(
                        shape.codec.code, page.assumingMemoryBound(to: UInt8.self),
                        Int32(dimension), Int32(slot % KVPage.tokens), base, base + dimension)
                }
                scores.append((zip(direction, pair).reduce(0) { $0 + $1.0 * $1.1 }, slot))
            }
            let best = scores.sorted { $0.score > $1.score }.prefix(count / 8)
            touched += Set(best.map { $0.slot / KVPage.tokens }).count
        }
        let share = Double(touched) / Double(4 * count / KVPage.tokens)
        #expect((0.42...0.60).contains(share), "\(share) of the pages")
    }
}
