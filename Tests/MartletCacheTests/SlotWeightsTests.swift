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
}
