/// Taking tokens out: what stays is bit for bit what it was, and the pages are really free.

import CMartletKernels
import MartletKernels
import Testing

@testable import MartletCache

/// A cache with real pages, in which each token of each head has a key and a value of its own.
private final class Filled {
    let cache: KVCache
    var random: CounterRandom
    /// What each head of each sequence should hold, by position.
    var contents: [SequenceID: [[Int: [Float]]]] = [:]

    init(codec: CacheCodec = .f32, pages: Int = 400, seed: UInt64 = 1) throws {
        let shape = KVShape(
            layerCount: 2, keyValueHeadCount: 2, headDimension: 6, codec: codec,
            pageBytes: codec.pageBytes(headDimension: 6))
        cache = try KVCache(
            shape: shape, budgetBytes: pages * shape.heldBytesPerPage,
            plan: .ragged)
        random = CounterRandom(seed: seed)
    }

    func make() -> SequenceID {
        let id = cache.makeSequence()
        contents[id] = Array(repeating: [:], count: cache.shape.tableCount)
        return id
    }

    func append(_ id: SequenceID, _ tokens: Int) throws {
        try cache.reserve([(id, tokens)])
        let first = cache.count(id)
        let append = KernelSet(.portable).table.pointee.append
        for index in 0..<cache.shape.tableCount {
            let table = cache.table(id, layer: index / 2, head: index % 2)
            for offset in 0..<tokens {
                let (key, value) = (random.floats(6), random.floats(6))
                let slot = table.length + offset
                let page = cache.pagePointer(table[slot / 16]).assumingMemoryBound(to: UInt8.self)
                append(cache.shape.codec.code, page, 6, Int32(slot % 16), key, value)
                contents[id]?[index][first + offset] = read(page, slot % 16)
            }
        }
        cache.commit(id, tokens: tokens)
    }

    func fork(_ id: SequenceID) -> SequenceID {
        let fork = cache.fork(id)
        contents[fork] = contents[id]
        return fork
    }

    func release(_ id: SequenceID) {
        cache.release(id)
        contents[id] = nil
    }

    /// Keeps each slot with a chance that differs from head to head; nothing at all never stays.
    func retainSome(_ id: SequenceID) throws {
        var kept: [[Int32]?] = []
        var positions: [[Int]] = []
        for index in 0..<cache.shape.tableCount {
            let held = cache.heldPositions(id, layer: index / 2, head: index % 2)
            guard !held.isEmpty, random.next() % 5 != 0 else {
                kept.append(nil)
                positions.append(held)
                continue
            }
            let share = random.next() % 4 + 1
            var slots = held.indices.filter { _ in random.next() % 5 < share }
            if slots.isEmpty { slots = [held.count - 1] }
            kept.append(slots.map(Int32.init))
            positions.append(slots.map { held[$0] })
        }
        try cache.retain(id, kept)
        for index in 0..<cache.shape.tableCount {
            let stays = Set(positions[index])
            let survivors = contents[id]?[index].filter { stays.contains($0.key) }
            contents[id]?[index] = survivors ?? [:]
        }
    }

    func evictOne(_ id: SequenceID) -> Bool {
        let index = Int(random.next() % UInt64(cache.shape.tableCount))
        let held = cache.heldPositions(id, layer: index / 2, head: index % 2)
        guard !held.isEmpty else { return true }
        let slot = Int(random.next() % UInt64(held.count))
        guard cache.evict(id, layer: index / 2, head: index % 2, slot: slot) else { return false }
        contents[id]?[index][held[slot]] = nil
        return true
    }

    /// Tokens of a sequence that are missing, extra or changed.
    func mismatches(_ id: SequenceID) -> Int {
        var wrong = 0
        for index in 0..<cache.shape.tableCount {
            let table = cache.table(id, layer: index / 2, head: index % 2)
            let held = cache.heldPositions(id, layer: index / 2, head: index % 2)
            let expected = contents[id]?[index] ?? [:]
            wrong += Set(held) == Set(expected.keys) && held.count == expected.count ? 0 : 1
            for (slot, position) in held.enumerated() {
                let page = cache.pagePointer(table[slot / 16]).assumingMemoryBound(to: UInt8.self)
                wrong += expected[position] == read(page, slot % 16) ? 0 : 1
            }
            wrong += cache.liveTokens(of: id)[index / 2, index % 2] == held.count ? 0 : 1
        }
        return wrong
    }

    private func read(_ page: UnsafePointer<UInt8>, _ slot: Int) -> [Float] {
        var (key, value) = ([Float](repeating: 0, count: 6), [Float](repeating: 0, count: 6))
        mk_read_slot(cache.shape.codec.code, page, 6, Int32(slot), &key, &value)
        return key + value
    }
}

@Suite struct EvictionTests {
    /// A quarter of the tokens in every head is a quarter of the pages, at once, and another
    /// sequence can take the rest.
    @Test func freedPagesServeAnother() throws {
        let filled = try Filled(pages: 4 * 16)
        let first = filled.make()
        try filled.append(first, 256)
        #expect(filled.cache.freePages == 0)
        let quarter = stride(from: 0, to: 256, by: 4).map { Int32($0) }
        try filled.cache.retain(first, Array(repeating: quarter, count: 4))
        #expect(filled.cache.freePages == 4 * 12)
        #expect(filled.cache.statistics.bytesHeld == 4 * 4 * filled.cache.shape.heldBytesPerPage)
        #expect(filled.cache.statistics.liveTokens == 64)
        let second = filled.make()
        try filled.append(second, 192)
        #expect(filled.cache.freePages == 0)
        try filled.cache.checkIntegrity()
        #expect(filled.mismatches(second) == 0)
    }

    /// A fork keeps what its sibling gives up: shared pages are copied before they are written.
    @Test func aForkKeepsItsTokens() throws {
        let filled = try Filled()
        let first = filled.make()
        try filled.append(first, 100)
        let second = filled.fork(first)
        try filled.retainSome(first)
        try filled.append(first, 30)
        try filled.append(second, 5)
        #expect(filled.mismatches(first) == 0 && filled.mismatches(second) == 0)
        try filled.cache.checkIntegrity()
    }

    @Test func refusesWhenSharedPagesCannotBeCopied() throws {
        let filled = try Filled(pages: 4 * 4)
        let first = filled.make()
        try filled.append(first, 64)
        let second = filled.fork(first)
        let before = filled.cache.statistics
        let odd = stride(from: 1, to: 64, by: 2).map { Int32($0) }
        #expect(throws: CacheError.self) {
            try filled.cache.retain(first, Array(repeating: odd, count: 4))
        }
        #expect(!filled.cache.evict(first, layer: 0, head: 1, slot: 3))
        #expect(filled.cache.statistics == before)
        #expect(filled.mismatches(first) == 0 && filled.mismatches(second) == 0)
        try filled.cache.checkIntegrity()
    }

    @Test func theLastTokenCannotBeForgottenAfterEviction() throws {
        let filled = try Filled()
        let id = filled.make()
        try filled.append(id, 40)
        #expect(filled.cache.evict(id, layer: 1, head: 0, slot: 39))
        try filled.cache.truncate(id, to: 40)
        #expect(throws: CacheError.positionEvicted(requested: 39, lowest: 40)) {
            try filled.cache.truncate(id, to: 39)
        }
    }

    /// Thousands of appends, evictions, compactions, forks and releases, integrity after each.
    @Test(arguments: CacheCodec.allCases) func survivesRandomOperations(codec: CacheCodec) throws {
        let filled = try Filled(codec: codec, pages: 72, seed: 7)
        var living: [SequenceID] = [filled.make()]
        var (refused, evicted) = (0, 0)
        for _ in 0..<3000 {
            let id = living[Int(filled.random.next() % UInt64(living.count))]
            switch filled.random.next() % 12 {
            case 0 where living.count < 5: living.append(filled.make())
            case 1 where living.count < 5: living.append(filled.fork(id))
            case 2 where living.count > 1:
                filled.release(id)
                living.removeAll { $0 == id }
            case 3, 4: do { try filled.retainSome(id) } catch { refused += 1 }
            case 5, 6, 7: evicted += filled.evictOne(id) ? 1 : 0
            default:
                do {
                    try filled.append(id, Int(filled.random.next() % 20) + 1)
                } catch {
                    guard case .outOfPages = error as? CacheError else { throw error }
                    refused += 1
                    filled.release(id)
                    living.removeAll { $0 == id }
                    if living.isEmpty { living.append(filled.make()) }
                }
            }
            try filled.cache.checkIntegrity()
            if let one = living.last { #expect(filled.mismatches(one) == 0) }
        }
        #expect(refused > 5 && evicted > 300)
        for id in living {
            #expect(filled.mismatches(id) == 0)
            filled.release(id)
        }
        #expect(filled.cache.freePages == filled.cache.pageCapacity)
        #expect(filled.cache.statistics.liveTokens == 0)
    }
}
