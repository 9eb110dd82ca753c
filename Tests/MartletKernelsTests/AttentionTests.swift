// Attention over pages: right against the reference, and the same bits however divided.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct AttentionTests {
    static let dimensions = [2, 6, 8, 19, 38, 64, 80, 128]
    static let lengths = [1, 15, 16, 17, 64, 127, 128, 129, 300]
    static let patterns = [
        Pattern(), Pattern(window: 1), Pattern(window: 10, sinks: 4), Pattern(window: 64),
        Pattern(window: 70, sinks: 20), Pattern(window: 17, sinks: 65),
        Pattern(window: 3, sinks: 1),
    ]

    /// Of the largest value. The integer products of q8 split queries and weights into two bytes
    /// each; q4 keys meet one byte of the query, see `aQueryByteCostsLittleBesideFourBits`. Where pairs of 16-bit
    /// integers are one product, whole tiles of f16 and bf16 are multiplied so, see `wholeTilesCostLessThanTheirStorage`.
    static func tolerance(_ codec: CacheCodec, _ set: InstructionSet) -> Double {
        switch codec {
        case .f32: 1e-6
        case .f16, .bf16: set == .avx512VNNI ? 4e-5 : 1e-6
        case .q8: 4e-5
        case .q4: 8e-3
        }
    }

    /// Sums of squares over all outputs: of what the kernels change, and of what storing changes.
    private static func changes(
        _ codec: CacheCodec, _ set: InstructionSet, dimension: Int, length: Int, magnitude: Float
    ) -> (kernel: Double, page: Double) {
        func make(_ codec: CacheCodec) -> AttentionCase {
            AttentionCase(
                codec, dimension: dimension, group: 4, length: length, queries: 5,
                magnitude: magnitude)
        }
        let stored = make(codec)
        let (exact, decoded, got) = (
            make(.f32).expected(), stored.expected(), stored.attend(set).results()
        )
        var (kernel, page) = (0.0, 0.0)
        for row in got.indices {
            let (a, b) = (exact[row].result, decoded[row].result)
            for d in 0..<dimension {
                page += (a[d] - b[d]) * (a[d] - b[d])
                kernel += (Double(got[row][d]) - b[d]) * (Double(got[row][d]) - b[d])
            }
        }
        return (kernel, page)
    }

    /// What rounding the query to a byte changes is at most a fifth of what storing keys and values in
    /// four bits does (root mean square over all outputs).
    @Test(arguments: [19, 64, 128]) func aQueryByteCostsLittleBesideFourBits(dimension: Int) {
        for set in InstructionSet.available {
            let (kernel, page) = Self.changes(
                .q4, set, dimension: dimension, length: 300, magnitude: 4)
            #expect(kernel < 0.04 * page, "\(set) \((kernel / page).squareRoot())")
        }
    }

    /// What integers change in whole tiles is at most 0.7 of what storing keys and values in f16 does (root mean square
    /// over all outputs; 0.54 for heads of 64, 0.68 for those of more than one sum).
    @Test(arguments: [19, 64, 128, 200], [Float(1), 4])
    func wholeTilesCostLessThanTheirStorage(dimension: Int, magnitude: Float) {
        for set in InstructionSet.available {
            let (kernel, page) = Self.changes(
                .f16, set, dimension: dimension, length: 640, magnitude: magnitude)
            #expect(kernel < 0.49 * page, "\(set) \((kernel / page).squareRoot())")
        }
    }

    /// Every dimension and length, with groups, query counts and patterns in turn.
    @Test(arguments: CacheCodec.allCases, dimensions)
    func equalsTheReference(codec: CacheCodec, dimension: Int) throws {
        let turn = try #require(Self.dimensions.firstIndex(of: dimension))
        for (i, length) in Self.lengths.enumerated() {
            let group = 1 + (turn + i) % 8
            let queries = min(length, [1, 2, 5, 9][(turn + i) % 4])
            let attention = AttentionCase(
                codec, dimension: dimension, group: group, length: length, queries: queries)
            let other = Self.patterns[(turn + 3 * i) % Self.patterns.count]
            for pattern in length > 200 ? [other] : [Pattern(), other] {
                let expected = attention.expected(pattern: pattern)
                for set in InstructionSet.available {
                    let rows = attention.attend(set, pattern: pattern)
                    let worst = attention.worstError(rows, expected)
                    #expect(
                        worst < Self.tolerance(codec, set) && rows.isIntact,
                        "\(set) \(codec) \(dimension) x \(length), \(queries) queries, \(pattern)")
                    let states = zip(zip(rows.maximum, rows.sum), expected)
                    let areStatesRight = states.allSatisfy { got, expected in
                        abs(Double(got.0) - expected.maximum) < (codec == .q4 ? 1e-2 : 1e-3)
                            && abs(Double(got.1) / expected.sum - 1) < (codec == .q4 ? 2e-2 : 2e-3)
                    }
                    #expect(areStatesRight, "\(set) \(codec) \(dimension) x \(length), \(pattern)")
                }
            }
        }
    }

    /// Slots that some queries see no more, and slots that stand for several tokens.
    @Test(arguments: CacheCodec.allCases) func slotsWithRulesOfTheirOwn(codec: CacheCodec) {
        for (length, queries) in [(1, 1), (40, 9), (129, 3), (300, 140)] {
            let attention = AttentionCase(
                codec, dimension: 38, group: 3, length: length, queries: queries)
            var random = CounterRandom(seed: 5, stream: UInt64(length))
            let rules = SlotRules(
                until: (0..<length).map { slot in
                    random.unit() < 0.5 ? .max : Int32(slot + 1 + Int(random.unit() * 60))
                },
                bias: (0..<length).map { _ in Float(random.unit() * 3) })
            let expected = attention.expected(slotRules: rules)
            for set in InstructionSet.available {
                let rows = attention.attend(set, slotRules: rules)
                let worst = attention.worstError(rows, expected)
                #expect(
                    worst < Self.tolerance(codec, set) * 2 && rows.isIntact,
                    "\(set) \(codec) \(length) x \(queries): \(worst)")
            }
        }
    }

    /// A cap bends scores, those of sinks too, before what is added to them and before the softmax; the one page that
    /// ends a sequence is no different.
    @Test(arguments: CacheCodec.allCases) func scoresUnderACap(codec: CacheCodec) {
        for (length, queries) in [(1, 1), (40, 9), (300, 20)] {
            let attention = AttentionCase(
                codec, dimension: 38, group: 3, length: length, queries: queries, magnitude: 3)
            var random = CounterRandom(seed: 5, stream: UInt64(length))
            let rules = SlotRules(
                until: Array(repeating: .max, count: length),
                bias: (0..<length).map { _ in Float(random.unit() * 3) })
            let pattern = Pattern(window: 21, sinks: 2)
            let sinks = random.floats(queries * 3 * 2, magnitude: 4)
            for set in InstructionSet.available {
                let plain = attention.attend(set, slotRules: rules, cap: 1.5)
                let sunk = attention.attend(
                    set, pattern: pattern, sinkScores: sinks, sinkFirstQuery: 0, cap: 1.5)
                let worst = max(
                    attention.worstError(plain, attention.expected(slotRules: rules, cap: 1.5)),
                    attention.worstError(
                        sunk,
                        attention.expected(
                            pattern: pattern, sinkScores: sinks, sinkFirstQuery: 0, cap: 1.5)))
                #expect(
                    worst < Self.tolerance(codec, set) * 2 && plain.isIntact && sunk.isIntact,
                    "\(set) \(codec) \(length) x \(queries): \(worst)")
            }
        }
    }

    /// Rules that hide nothing and add nothing leave every bit as it was.
    @Test(arguments: CacheCodec.allCases) func rulesWithoutEffectChangeNothing(codec: CacheCodec) {
        let attention = AttentionCase(codec, dimension: 64, group: 2, length: 300, queries: 20)
        let rules = SlotRules(
            until: Array(repeating: .max, count: 300), bias: Array(repeating: 0, count: 300))
        for set in InstructionSet.available {
            let (with, without) = (attention.attend(set, slotRules: rules), attention.attend(set))
            #expect(with.hasSameBits(as: without, rows: 0..<40), "\(set) \(codec)")
        }
    }

    /// Scores far apart, so that weights vanish and the running maximum moves.
    @Test(arguments: [CacheCodec.f32, .f16, .bf16])
    func distantScores(codec: CacheCodec) {
        let attention = AttentionCase(
            codec, dimension: 64, group: 2, length: 300, queries: 2, magnitude: 60)
        let expected = attention.expected()
        for set in InstructionSet.available {
            let worst = attention.worstError(attention.attend(set), expected)
            // Integers of queries are as fine as their sum allows: what is left counts by the size of scores.
            let isWhole = set == .avx512VNNI && codec != .f32
            #expect(worst < (isWhole ? 4e-4 : 1e-5), "\(set) \(codec)")
        }
    }

    /// Segments of 4,096 slots, each reduced apart and folded in order.
    @Test(arguments: CacheCodec.allCases, [4095, 4097, 8200])
    func longSequencesInSegments(codec: CacheCodec, length: Int) {
        let segment = Int(MK_SEGMENT_TILES)
        let attention = AttentionCase(
            codec, dimension: 38, group: 2, length: length, queries: 2, seed: 2)
        let expected = attention.expected()
        let tiles = (length + Int(MK_TILE) - 1) / Int(MK_TILE)
        for set in InstructionSet.available {
            var rows = attention.attend(set, tiles: 0..<min(segment, tiles))
            for from in stride(from: segment, to: tiles, by: segment) {
                rows.merge(attention.attend(set, tiles: from..<min(from + segment, tiles)))
            }
            #expect(
                attention.worstError(rows, expected) < Self.tolerance(codec, set),
                "\(set) \(codec) \(length)")
        }
    }

    /// A segment's own state is that of its slots; a segment out of sight is that of nothing.
    @Test(arguments: CacheCodec.allCases)
    func segmentsAreStatesOfTheirSlots(codec: CacheCodec) {
        let pattern = Pattern(window: 120, sinks: 3)
        let tile = Int(MK_TILE)
        let attention = AttentionCase(codec, dimension: 19, group: 3, length: 660, queries: 4)
        for tiles in [0..<1, 0..<2, 1..<3, 2..<4, 3..<6, 4..<6, 5..<6, 6..<9, 2..<2] {
            let expected = attention.expected(
                pattern: pattern,
                slots: min(660, tiles.lowerBound * tile)..<min(660, tiles.upperBound * tile))
            for set in InstructionSet.available {
                let rows = attention.attend(set, pattern: pattern, tiles: tiles)
                #expect(attention.worstError(rows, expected) < Self.tolerance(codec, set))
                for (r, state) in expected.enumerated() where state.sum == 0 {
                    #expect(rows.maximum[r] == -.infinity && rows.sum[r] == 0)
                    #expect(rows.vectors[r].allSatisfy { $0 == 0 }, "\(set) \(codec) \(tiles)")
                }
            }
        }
    }

    @Test(arguments: CacheCodec.allCases, [(19, 1), (64, 7), (80, 3), (128, 8)])
    func aQueryHasTheSameBitsInAnyChunk(codec: CacheCodec, shape: (dimension: Int, group: Int)) {
        for (length, queries) in [(17, 17), (129, 3), (150, 20)] {
            let attention = AttentionCase(
                codec, dimension: shape.dimension, group: shape.group, length: length,
                queries: queries)
            for pattern in Self.patterns {
                for set in InstructionSet.available {
                    let chunk = attention.attend(set, pattern: pattern)
                    for size in Set([1, 7, queries - 1]) {
                        for from in stride(from: 0, to: queries, by: size) {
                            let to = min(queries, from + size)
                            let part = attention.attend(set, queries: from..<to, pattern: pattern)
                            let rows = from * shape.group..<to * shape.group
                            #expect(
                                part.hasSameBits(as: chunk, rows: rows),
                                "\(set) \(codec) \(shape), \(from)..<\(to) of \(length), \(pattern)"
                            )
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: CacheCodec.allCases)
    func holesOutOfSightChangeNothing(codec: CacheCodec) {
        for (length, queries) in [(40, 2), (200, 5), (500, 1)] {
            let attention = AttentionCase(
                codec, dimension: 38, group: 2, length: length, queries: queries)
            for pattern in Self.patterns where pattern.window != nil {
                for set in InstructionSet.available {
                    let whole = attention.attend(set, pattern: pattern)
                    for table in attention.tablesWithHoles(pattern) {
                        let holed = attention.attend(set, pattern: pattern, table: table)
                        #expect(
                            holed.hasSameBits(as: whole, rows: 0..<whole.count),
                            "\(set) \(codec) \(length), \(pattern), \(table)")
                    }
                }
            }
        }
    }

    @Test(arguments: CacheCodec.allCases)
    func slotsNotYetVisibleChangeNothing(codec: CacheCodec) {
        for length in [1, 15, 17, 65, 130] {
            let cases = [1, 2].map { seed in
                AttentionCase(
                    codec, dimension: 80, group: 3, length: length, queries: 1,
                    garbageSeed: seed)
            }
            for set in InstructionSet.available {
                let rows = cases.map { $0.attend(set) }
                #expect(rows[0].hasSameBits(as: rows[1], rows: 0..<3), "\(set) \(codec) \(length)")
            }
        }
    }

    /// Scores of sinks given by the caller replace q . k from one query on.
    @Test(arguments: CacheCodec.allCases, [1, 4, 64])
    func givenScoresOfSinks(codec: CacheCodec, sinks: Int) {
        let pattern = Pattern(window: 30, sinks: sinks)
        for (length, queries) in [(3, 3), (120, 6)] {
            let attention = AttentionCase(
                codec, dimension: 8, group: 2, length: length, queries: queries)
            var random = CounterRandom(seed: 5)
            let scores = random.floats(queries * 2 * sinks, magnitude: 2)
            for first in [0, 2] {
                let expected = attention.expected(
                    pattern: pattern, sinkScores: scores, sinkFirstQuery: first)
                for set in InstructionSet.available {
                    let rows = attention.attend(
                        set, pattern: pattern, sinkScores: scores, sinkFirstQuery: first)
                    #expect(attention.worstError(rows, expected) < Self.tolerance(codec, set))
                    let last = queries - 1
                    let part = attention.attend(
                        set, queries: last..<queries, pattern: pattern, sinkScores: scores,
                        sinkFirstQuery: first)
                    #expect(part.hasSameBits(as: rows, rows: last * 2..<queries * 2))
                }
            }
        }
    }

    /// Folding is e^(m - m') of either side; nothing folded in changes nothing.
    @Test func mergingAndNormalising() {
        var random = CounterRandom(seed: 6)
        for dimension in [1, 19, 64] {
            for (m, n) in [(Float(0), Float(3)), (3, 0), (-1, -1), (50, -60)] {
                let (a, b) = (random.floats(dimension), random.floats(dimension))
                var (maximum, sum, vector) = (m, Float(2), a)
                mk_merge(&maximum, &sum, &vector, n, 5, b, Int32(dimension))
                var expected = Reference.AttentionState(dimension: dimension)
                (expected.maximum, expected.sum) = (Double(m), 2)
                expected.vector = a.map(Double.init)
                var later = Reference.AttentionState(dimension: dimension)
                (later.maximum, later.sum) = (Double(n), 5)
                later.vector = b.map(Double.init)
                expected.merge(later)
                #expect(Double(maximum) == expected.maximum)
                #expect(worstError(vector + [sum], expected.vector + [expected.sum]) < 1e-6)
                var out = vector
                mk_normalise(vector, sum, Int32(dimension), &out)
                #expect(worstError(out, expected.result) < 1e-6)

                var (same, sameSum, sameVector) = (m, Float(2), a)
                let zeros = Array(repeating: Float(0), count: dimension)
                mk_merge(&same, &sameSum, &sameVector, -.infinity, 0, zeros, Int32(dimension))
                #expect(same == m && sameSum == 2 && sameBits(sameVector, a))
                var (fresh, freshSum, freshVector) = (-Float.infinity, Float(0), zeros)
                mk_merge(&fresh, &freshSum, &freshVector, m, 2, a, Int32(dimension))
                #expect(fresh == m && freshSum == 2 && freshVector == a)
            }
        }
        var out: [Float] = [1, 2]
        mk_normalise([0, 0], 0, 2, &out)
        #expect(out == [0, 0])
    }
}
