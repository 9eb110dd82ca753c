// Pages as bytes: what is read back is what was written, and nothing else is believed.

import MartletKernels
import MartletTestSupport
import Testing

@testable import MartletCache

@Suite struct PrefixSegmentTests {
    private static let root = PrefixKey(rawValue: 0x1234)

    private static func cache() throws -> KVCache {
        let shape = KVShape(
            layerCount: 2, keyValueHeadCount: 2, headDimension: 8, codec: .f32, pageBytes: 1024)
        return try KVCache(shape: shape, budgetBytes: 1 << 20)
    }

    private static func origin(_ cache: KVCache) -> PrefixSegment.Origin {
        PrefixSegment.Origin(model: "m", root: root, shape: cache.shape)
    }

    /// A sequence whose pages hold random numbers.
    private static func filled(_ cache: KVCache, tokens: Int, seed: UInt64) throws -> SequenceID {
        var random = SeededGenerator(seed: seed)
        let id = cache.makeSequence()
        try cache.reserve([(id, tokens)])
        for layer in 0..<2 {
            for head in 0..<2 {
                let table = cache.table(id, layer: layer, head: head)
                for row in 0..<tokens / 16 {
                    let page = cache.pagePointer(table[row])
                        .assumingMemoryBound(to: UInt64.self)
                    for word in 0..<128 { page[word] = random.next() }
                }
            }
        }
        cache.commit(id, tokens: tokens)
        return id
    }

    private static func content(_ cache: KVCache, _ id: SequenceID) -> [UInt8] {
        var bytes: [UInt8] = []
        cache.readPages(id, rows: 0..<cache.count(id) / 16) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static let text: [Int32] = (0..<64).map { $0 * 3 - 7 }

    private static func chain(_ first: Int) -> PrefixSegment.Chain {
        PrefixSegment.Chain(
            key: PrefixKey(rawValue: UInt64(first + 5)), check: PrefixKey(rawValue: .max))
    }

    private static func segments(_ cache: KVCache, _ id: SequenceID) -> [[UInt8]] {
        [(0, 32), (32, 64)].map { first, end in
            PrefixSegment.bytes(
                of: id, tokens: text[first..<end], first: first, after: chain(first),
                origin: origin(cache), cache: cache)
        }
    }

    @Test func whatIsReadIsWhatWasWritten() throws {
        let (one, other) = (try Self.cache(), try Self.cache())
        let id = try Self.filled(one, tokens: 64, seed: 1)
        let restored = other.makeSequence()
        for bytes in Self.segments(one, id) {
            let segment = try PrefixSegment(bytes, origin: Self.origin(other))
            #expect(segment.first == other.count(restored))
            #expect(segment.tokens == Array(Self.text[segment.first..<(segment.first + 32)]))
            #expect(segment.before == Self.chain(segment.first))
            // Each run has its own tokens alone: a prompt's runs grow with its length.
            #expect(bytes.count == 128 + 128 + 2 * 4 * 1024)
            try other.reserve([(restored, 32)])
            segment.append(to: restored, cache: other)
            try other.checkIntegrity()
        }
        #expect(Self.content(other, restored) == Self.content(one, id))
        // What goes on writes behind it.
        try other.reserve([(restored, 3)])
        other.commit(restored, tokens: 3)
        try other.checkIntegrity()
        #expect(other.reads(of: restored).kvReads == 0)
    }

    @Test func whatIsOfSomethingElseIsRefused() throws {
        let cache = try Self.cache()
        let id = try Self.filled(cache, tokens: 64, seed: 1)
        let bytes = Self.segments(cache, id)[0]
        let others = [
            PrefixSegment.Origin(model: "n", root: Self.root, shape: cache.shape),
            PrefixSegment.Origin(model: "m", root: PrefixKey(rawValue: 1), shape: cache.shape),
        ]
        for other in others {
            #expect(throws: CacheError.self) { try PrefixSegment(bytes, origin: other) }
        }
        #expect(throws: Never.self) { try PrefixSegment(bytes, origin: Self.origin(cache)) }
    }

    /// Every byte counts, and no length is believed.
    @Test func damageIsFound() throws {
        let cache = try Self.cache()
        let id = try Self.filled(cache, tokens: 64, seed: 1)
        let bytes = Self.segments(cache, id)[1]
        var random = SeededGenerator(seed: 9)
        for trial in 0..<400 {
            var damaged = bytes
            switch trial % 4 {
            case 0: damaged[trial % 150] ^= UInt8(1 << random.below(8))
            case 1: damaged[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            case 2: damaged.removeLast(1 + random.below(bytes.count))
            default: damaged.append(contentsOf: [UInt8](repeating: 7, count: 1 + random.below(99)))
            }
            #expect(throws: CacheError.self) {
                try PrefixSegment(damaged, origin: Self.origin(cache))
            }
        }
        #expect(throws: CacheError.self) { try PrefixSegment([], origin: Self.origin(cache)) }
    }
}
