/// What a slot stands for goes where the slot goes.

import Foundation
import MartletKernels
import Testing

@testable import MartletCache

@Suite struct SlotWeightsTests {
    /// Merges, compactions, removals and reorderings against a plain list of numbers of tokens.
    @Test(arguments: [UInt64(1), 2, 3]) func weightsFollowTheirSlots(seed: UInt64) {
        var random = CounterRandom(seed: seed)
        var weights = SlotWeights()
        var plain = [Float](repeating: 1, count: 200)
        for _ in 0..<400 {
            switch random.below(5) {
            case 0:
                let slot = random.below(plain.count)
                plain[slot] += Float(1 + random.below(3))
                weights.set(log(plain[slot]), table: 1, slot: slot, tableCount: 2)
            case 1 where plain.count > 60:
                let kept = plain.indices.filter { _ in random.below(8) > 0 }
                weights.compact(table: 1, keeping: kept.map(Int32.init))
                plain = kept.map { plain[$0] }
            case 2 where plain.count > 60:
                let slot = random.below(plain.count)
                weights.remove(table: 1, slot: slot, last: plain.count - 1)
                plain[slot] = plain[plain.count - 1]
                plain.removeLast()
            case 3:
                let first = random.below(plain.count)
                let order = (0..<plain.count - first).shuffled(using: &random)
                weights.reorder(table: 1, from: first, as: order.map(Int32.init))
                plain = plain[..<first] + order.map { plain[first + $0] }
            default:
                // New tokens stand for themselves.
                plain += [Float](repeating: 1, count: random.below(20))
                if !weights.isEmpty { weights.cover(plain.count, table: 1) }
            }
            guard !weights.isEmpty else { continue }
            let got = weights[1]
            for (slot, tokens) in plain.enumerated() {
                #expect((slot < got.count ? got[slot] : 0) == log(tokens))
            }
            #expect(got.dropFirst(plain.count).allSatisfy { $0 == 0 })
            #expect(got.count % 128 == 0)
        }
        #expect(weights[0].isEmpty)
    }

    /// The cache moves them with compaction and with single evictions, and forks have their own.
    @Test func theCacheMovesThem() throws {
        let shape = KVShape(
            layerCount: 1, keyValueHeadCount: 2, headDimension: 4, codec: .f32,
            pageBytes: CacheCodec.f32.pageBytes(headDimension: 4))
        let cache = try KVCache(shape: shape, budgetBytes: 1 << 16, plan: .ragged)
        let kernels = KernelSet(.portable)
        let id = cache.makeSequence()
        try cache.reserve([(id, 40)])
        cache.commit(id, tokens: 40)
        let vector: [Float] = [1, 2, 3, 4]
        for (slot, tokens) in [(5, Float(3)), (20, 4), (39, 2)] {
            try cache.rewrite(
                id, table: 1, slot: slot, key: vector, value: vector, tokens: tokens,
                kernels: kernels)
        }
        let fork = cache.fork(id)
        let kept = (0..<40).filter { $0 % 5 == 0 || $0 == 39 }.map(Int32.init)
        try cache.retain(id, [nil, kept])
        func tokens(_ id: SequenceID) -> [Int: Float] {
            let found = cache.weights(of: id)[1].enumerated().filter { $0.element != 0 }
            return Dictionary(
                uniqueKeysWithValues: found.map { ($0.offset, exp($0.element).rounded()) })
        }
        // 0, 5, 10, 15, 20, 25, 30, 35, 39.
        #expect(tokens(id) == [1: 3, 4: 4, 8: 2])
        // The last slot moves into the gap.
        #expect(cache.evict(id, layer: 0, head: 1, slot: 1))
        #expect(tokens(id) == [1: 2, 4: 4])
        #expect(tokens(fork) == [5: 3, 20: 4, 39: 2])
        #expect(cache.weights(of: id)[0].isEmpty)
        try cache.checkIntegrity()
    }
}
