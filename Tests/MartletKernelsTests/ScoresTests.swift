// What policies choose by: products of queries and keys, their softmax, and slots moved between pages.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct ScoresTests {
    /// Scores of every page and of a part of them against float64, and nothing written elsewhere.
    @Test(arguments: CacheCodec.allCases, [2, 19, 64, 128])
    func scoresEqualTheReference(codec: CacheCodec, dimension: Int) {
        for (length, queries, group) in [(5, 1, 1), (129, 3, 7), (300, 9, 2)] {
            let attention = AttentionCase(
                codec, dimension: dimension, group: group, length: length, queries: queries)
            for set in InstructionSet.available {
                for pages in [
                    0..<attention.pageCount, attention.pageCount / 2..<attention.pageCount,
                ] {
                    let (rows, stride, isIntact) = attention.scores(set, pages: pages)
                    var worst = 0.0
                    for row in 0..<queries * group {
                        for slot in pages.lowerBound * 16..<min(length, pages.upperBound * 16) {
                            let got = rows[row * stride + slot - pages.lowerBound * 16]
                            let expected = attention.score(row: row, slot: slot)
                            worst = max(worst, abs(Double(got) - expected))
                        }
                    }
                    let scale = Double(dimension).squareRoot()
                    #expect(
                        worst < AttentionTests.tolerance(codec, set) * scale && isIntact,
                        "\(set) \(codec) \(dimension) x \(length), pages \(pages)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func softmaxEqualsTheReference(set: InstructionSet) {
        var random = CounterRandom(seed: 51)
        for (visible, count) in [(0, 16), (1, 16), (15, 16), (16, 16), (17, 32), (100, 256)] {
            let x = random.floats(count, magnitude: 20)
            let got = GuardedFloats(x)
            KernelSet(set).table.pointee.softmax(got.base, Int32(visible), Int32(count))
            let largest = x[..<visible].max() ?? 0
            let exponentials = x[..<visible].map { exp(Double($0) - Double(largest)) }
            let sum = exponentials.reduce(0, +)
            for i in 0..<count {
                let expected = i < visible ? exponentials[i] / sum : 0
                #expect(
                    abs(Double(got.array[i]) - expected) < 1e-6, "\(set) \(visible) of \(count)")
            }
            #expect(got.isIntact)
        }
    }

    /// A copied slot is the same bits, and no other slot changes.
    @Test(arguments: CacheCodec.allCases, PageTests.dimensions)
    func slotsAreCopiedBitForBit(codec: CacheCodec, dimension: Int) {
        var random = CounterRandom(seed: 52, stream: UInt64(dimension))
        let bytes = codec.pageBytes(headDimension: dimension)
        func filled() -> EdgeBuffer<UInt8> {
            let page = EdgeBuffer<UInt8>(count: bytes, alignment: 64)
            for slot in 0..<16 {
                let (key, value) = (random.floats(dimension), random.floats(dimension))
                KernelSet(.portable).table.pointee.append(
                    codec.code, page.base, Int32(dimension), Int32(slot), key, value)
            }
            return page
        }
        func read(_ page: EdgeBuffer<UInt8>, _ slot: Int) -> [Float] {
            var (key, value) = (
                [Float](repeating: 0, count: dimension), [Float](repeating: 0, count: dimension)
            )
            mk_read_slot(codec.code, page.base, Int32(dimension), Int32(slot), &key, &value)
            return key + value
        }
        for from in 0..<16 {
            let (source, target) = (filled(), filled())
            let to = (from * 7 + 3) % 16
            let before = (0..<16).map { read(target, $0) }
            mk_copy_slot(
                codec.code, Int32(dimension), source.base, Int32(from), target.base, Int32(to))
            for slot in 0..<16 {
                let expected = slot == to ? read(source, from) : before[slot]
                #expect(sameBits(read(target, slot), expected), "\(codec) \(dimension) \(slot)")
            }
            // Within one page, too.
            let moved = read(target, from)
            mk_copy_slot(
                codec.code, Int32(dimension), target.base, Int32(from), target.base,
                Int32((from + 5) % 16))
            #expect(sameBits(read(target, (from + 5) % 16), moved))
        }
    }
}
