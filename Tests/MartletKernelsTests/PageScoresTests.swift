// Bounds of pages and the scores made of them.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct PageScoresTests {
    /// A page's score is never below the largest product of one of its decoded keys, and equals the
    /// definition over its bounds; sums and largest ones over a group.
    @Test(arguments: CacheCodec.allCases, [2, 19, 64, 128])
    func scoresBoundEveryKey(codec: CacheCodec, dimension: Int) {
        var random = CounterRandom(seed: 71, stream: UInt64(dimension))
        let (pages, group) = (40, 3)
        let pageBytes = codec.pageBytes(headDimension: dimension)
        let boundsBytes = mk_bounds_bytes(Int32(dimension))
        let arena = EdgeBuffer<UInt8>(count: pages * pageBytes, alignment: 64)
        let bounds = EdgeBuffer<UInt8>(count: pages * boundsBytes, alignment: 64)
        let append = KernelSet(.portable).table.pointee.append
        var keys: [[[Float]]] = []
        for page in 0..<pages {
            let slots = 1 + page % 16
            let base = arena.base + page * pageBytes
            var held: [[Float]] = []
            for slot in 0..<slots {
                let token = random.floats(2 * dimension, magnitude: page % 3 == 0 ? 3e-6 : 5)
                append(codec.code, base, Int32(dimension), Int32(slot), token, token)
                var (key, value) = (
                    [Float](repeating: 0, count: dimension),
                    [Float](repeating: 0, count: dimension)
                )
                mk_read_slot(codec.code, base, Int32(dimension), Int32(slot), &key, &value)
                held.append(key)
            }
            keys.append(held)
            mk_page_bounds(
                codec.code, base, Int32(dimension), Int32(slots), bounds.base + page * boundsBytes)
        }
        let stride = dimension + 3
        let q = random.floats((group - 1) * stride + dimension, magnitude: 2)
        let query = EdgeBuffer(q)
        let ids = EdgeBuffer((0..<Int32(pages)).map { $0 == 7 ? -1 : (pages32 - 1 - $0) })
        for set in InstructionSet.available {
            for isMaximum in [false, true] {
                let out = GuardedFloats(count: pages)
                KernelSet(set).table.pointee.page_scores(
                    query.base, stride, Int32(group), Int32(dimension), bounds.base, boundsBytes,
                    ids.base, Int32(pages), isMaximum ? 1 : 0, out.base)
                #expect(out.isIntact)
                for place in 0..<pages {
                    let score = Double(out.array[place])
                    guard place != 7 else {
                        #expect(score == -.infinity)
                        continue
                    }
                    let held = keys[pages - 1 - place]
                    // The largest product of each query, and what the channels' ranges allow.
                    var (reached, allowed): ([Double], [Double]) = ([], [])
                    for row in 0..<group {
                        let x = q[row * stride..<row * stride + dimension].map(Double.init)
                        reached.append(
                            held.map { key in zip(x, key).reduce(0) { $0 + $1.0 * Double($1.1) } }
                                .max() ?? 0)
                        allowed.append(
                            (0..<dimension).reduce(0) { sum, d in
                                let channel = held.map { Double($0[d]) }
                                return sum
                                    + max(x[d] * channel.min()!, x[d] * channel.max()!)
                            })
                    }
                    let largest = held.flatMap(\.self).map { abs(Double($0)) }.max() ?? 0
                    let slack = 1e-5 * largest * Double(dimension)
                    let least = isMaximum ? reached.max()! : reached.reduce(0, +)
                    let most = isMaximum ? allowed.max()! : allowed.reduce(0, +)
                    #expect(score >= least - slack, "\(set) \(codec) page \(place)")
                    // Halves are rounded outward by at most one part in a thousand, or one
                    // subnormal step.
                    let rounding = (largest * 1e-3 + 6e-8) * 2 * Double(dimension * group)
                    #expect(score <= most + rounding, "\(set) \(codec) page \(place)")
                }
            }
        }
    }

    private var pages32: Int32 { 40 }
}
