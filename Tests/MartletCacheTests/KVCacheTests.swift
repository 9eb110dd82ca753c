/// The cache's promises one by one: all-or-nothing, sharing, freeing, truncating, counting.

import MartletKernels
import Testing

@testable import MartletCache

@Suite struct KVCacheTests {
    private func makeCache(
        pages: Int, layers: Int = 2, heads: Int = 2, plan: CachePlan = .dense,
        windows: [Int?] = []
    ) throws -> KVCache {
        let shape = KVShape(
            layerCount: layers, keyValueHeadCount: heads, headDimension: 8, codec: .f16,
            pageBytes: 512)
        return try KVCache(
            shape: shape, budgetBytes: pages * shape.heldBytesPerPage, plan: plan,
            layerWindows: windows)
    }

    private func extend(_ cache: KVCache, _ id: SequenceID, by tokens: Int) throws {
        try cache.reserve([(id, tokens)])
        cache.commit(id, tokens: tokens)
    }

    @Test func refusesABudgetBelowOnePageForEachHead() throws {
        #expect(throws: CacheError.budgetTooSmall(budgetBytes: 3 * 576, neededBytes: 4 * 576)) {
            try makeCache(pages: 3)
        }
        #expect(try makeCache(pages: 4).pageCapacity == 4)
    }

    @Test func countsBytesExactly() throws {
        let cache = try makeCache(pages: 40)
        #expect(cache.bytesPerToken == 4 * 36)
        let id = cache.makeSequence()
        #expect(cache.estimatePages(id, tokens: 17) == 8)
        try cache.reserve([(id, 17)])
        #expect(cache.statistics.bytesHeld == 8 * 576)
        #expect(cache.estimatePages(id, tokens: 17) == 0)
        cache.commit(id, tokens: 3)
        try cache.checkIntegrity()
        try cache.truncate(id, to: 3)
        #expect(cache.statistics.bytesHeld == 4 * 576 && cache.statistics.peakBytes == 8 * 576)
        #expect(cache.statistics.liveTokens == 3 && cache.liveTokens(of: id).maximum == 3)
        cache.release(id)
        #expect(cache.statistics.bytesHeld == 0 && cache.statistics.peakBytes == 8 * 576)
    }

    @Test func reserveIsAllOrNothing() throws {
        let cache = try makeCache(pages: 20)
        let (first, second) = (cache.makeSequence(), cache.makeSequence())
        try extend(cache, first, by: 20)
        let before = cache.statistics
        #expect(throws: CacheError.outOfPages(needed: 20, free: 12, budgetBytes: 20 * 576)) {
            try cache.reserve([(first, 30), (second, 33)])
        }
        #expect(cache.statistics == before)
        try cache.checkIntegrity()
        try cache.reserve([(first, 12), (second, 48)])
        #expect(cache.freePages == 0)
    }

    @Test func aRequestForMoreExtendsAReservation() throws {
        let cache = try makeCache(pages: 20)
        let id = cache.makeSequence()
        try cache.reserve([(id, 10)])
        try cache.reserve([(id, 5)])
        try cache.reserve([(id, 20)])
        #expect(cache.freePages == 12)
        cache.commit(id, tokens: 20)
        try cache.checkIntegrity()
    }

    /// Three chains of one prompt write into its partly filled last page: two copies are needed,
    /// the third chain keeps the original. Exactly that many pages are enough.
    @Test func theLastSharerKeepsThePage() throws {
        let cache = try makeCache(pages: 4 * 4)
        let first = cache.makeSequence()
        try extend(cache, first, by: 20)
        let (second, third) = (cache.fork(first), cache.fork(first))
        #expect(cache.statistics.bytesHeld == 8 * 576)
        #expect(cache.estimatePages(second, tokens: 1) == 4)
        try cache.reserve([(first, 1), (second, 1), (third, 1)])
        #expect(cache.freePages == 0)
        for id in [first, second, third] { cache.commit(id, tokens: 1) }
        try cache.checkIntegrity()
        let tails = [first, second, third].map { cache.table($0, layer: 0, head: 0)[1] }
        let heads = [first, second, third].map { cache.table($0, layer: 0, head: 0)[0] }
        #expect(Set(tails).count == 3 && Set(heads).count == 1)
        #expect(cache.statistics.liveTokens == 63)
    }

    @Test func sharingAFullPageCopiesNothing() throws {
        let cache = try makeCache(pages: 12)
        let first = cache.makeSequence()
        try extend(cache, first, by: 16)
        let second = cache.fork(first)
        #expect(cache.estimatePages(second, tokens: 1) == 4)
        try cache.reserve([(first, 16), (second, 16)])
        #expect(cache.freePages == 0)
    }

    @Test func sharersAnswerForEqualParts() throws {
        let cache = try makeCache(pages: 60)
        let first = cache.makeSequence()
        try extend(cache, first, by: 33)
        let second = cache.fork(first)
        let other = cache.makeSequence()
        try extend(cache, other, by: 5)
        try extend(cache, second, by: 1)
        // Two full pages shared, one page each, in four heads; the other has one page in each.
        #expect(cache.bytesHeld(by: [first, second]) == 16 * 576)
        #expect(cache.bytesHeld(by: [first]) == 8 * 576)
        #expect(cache.bytesHeld(by: [other]) == 4 * 576)
        #expect(cache.bytesHeld(by: [first, second, other]) == cache.statistics.bytesHeld)
        // Alone each would hold all of its pages.
        #expect(cache.bytesHeld(alone: [first]) == 12 * 576)
        #expect(cache.bytesHeld(alone: [second]) == 12 * 576)
        #expect(cache.bytesHeld(alone: [first, second]) == 16 * 576)
        #expect(cache.peakTokens(of: first) == 33 && cache.peakTokens(of: second) == 34)
        cache.release(second)
        #expect(cache.bytesHeld(by: [first]) == 12 * 576)
    }

    @Test func aForkDropsTheReservation() throws {
        let cache = try makeCache(pages: 40)
        let first = cache.makeSequence()
        try extend(cache, first, by: 5)
        try cache.reserve([(first, 40)])
        let second = cache.fork(first)
        try cache.checkIntegrity()
        #expect(cache.statistics.bytesHeld == 4 * 576)
        try extend(cache, second, by: 1)
        try extend(cache, first, by: 1)
        try cache.checkIntegrity()
    }

    @Test func aWindowHoldsConstantBytesForever() throws {
        let cache = try makeCache(pages: 200, plan: .window(sinks: 4, recent: 256))
        let id = cache.makeSequence()
        var levels: Set<Int> = []
        for step in 0..<100_000 {
            try cache.reserve([(id, 1)])
            cache.commit(id, tokens: 1, isDecode: true)
            if step > 1000, step % 16 == 0 { levels.insert(cache.statistics.bytesHeld) }
        }
        #expect(levels.count == 1)
        #expect(cache.statistics.peakBytes == 4 * 18 * 576)
        #expect(cache.count(id) == 100_000)
        let view = cache.table(id, layer: 1, head: 1)
        #expect(view.length == 100_000 && view.sinkPages.count == 1)
        #expect(view.recentPages.count <= 17)
        // Rows 0 ..< 260 see everything, later ones 260.
        let expected = 260.0 * 261 / 2 + 260 * Double(100_000 - 260)
        #expect(cache.statistics.kvReads == expected)
        #expect(cache.reads(of: id).decodeTokens == 100_000)
        #expect(cache.statistics.peakTokens <= 304)
        try cache.checkIntegrity()
    }

    @Test func freedPagesServeAnotherSequence() throws {
        let cache = try makeCache(pages: 4 * 8, plan: .window(sinks: 4, recent: 32))
        let first = cache.makeSequence()
        for _ in 0..<20 { try extend(cache, first, by: 16) }
        // The window keeps four of each head's pages; a full-length sequence would hold twenty.
        #expect(cache.freePages >= 4 * 4)
        let second = cache.makeSequence()
        try extend(cache, second, by: 64)
        try cache.checkIntegrity()
        let held = Set(cache.table(first, layer: 0, head: 0).recentPages)
        #expect(held.isDisjoint(with: cache.table(second, layer: 0, head: 0).recentPages))
    }

    @Test func layersHaveTheirOwnWindows() throws {
        let cache = try makeCache(pages: 400, windows: [nil, 32])
        let id = cache.makeSequence()
        for _ in 0..<10 { try extend(cache, id, by: 16) }
        #expect(cache.visibility(layer: 0) == .causal)
        #expect(cache.visibility(layer: 1) == Visibility(sinks: 0, window: 32))
        let live = cache.liveTokens(of: id)
        #expect(live[0, 1] == 160 && live[1, 0] == 32 && live.maximum == 160 && live.mean == 96)
        #expect(cache.table(id, layer: 1, head: 0).recentBase == 8)
        #expect(cache.table(id, layer: 1, head: 0).sinkPages.isEmpty)
        try cache.checkIntegrity()
    }

    @Test func truncationStopsAtWhatWasFreed() throws {
        let cache = try makeCache(pages: 400, plan: .window(sinks: 4, recent: 32))
        let id = cache.makeSequence()
        try extend(cache, id, by: 100)
        // Row 99 sees positions from 68 on, so pages 1 ... 3 are gone and page 4 begins at 64.
        #expect(throws: CacheError.positionEvicted(requested: 94, lowest: 95)) {
            try cache.truncate(id, to: 94)
        }
        #expect(throws: CacheError.positionEvicted(requested: 40, lowest: 95)) {
            try cache.truncate(id, to: 40)
        }
        #expect(cache.count(id) == 100)
        try cache.truncate(id, to: 95)
        try extend(cache, id, by: 5)
        try cache.truncate(id, to: 10)
        #expect(cache.count(id) == 10 && cache.table(id, layer: 0, head: 0).pageCount == 1)
        try extend(cache, id, by: 90)
        try cache.checkIntegrity()
    }

    @Test func theTokenJustCommittedCanBeForgotten() throws {
        for plan: CachePlan in [
            .window(sinks: 4, recent: 16), .window(sinks: 0, recent: 1), .dense,
        ] {
            let cache = try makeCache(pages: 400, plan: plan)
            let id = cache.makeSequence()
            for _ in 0..<100 {
                try extend(cache, id, by: 1)
                try cache.truncate(id, to: cache.count(id) - 1)
                try extend(cache, id, by: 1)
            }
            try cache.checkIntegrity()
        }
    }

    @Test func readsFollowTheDefinition() throws {
        let cache = try makeCache(pages: 400, windows: [nil, 32])
        let id = cache.makeSequence()
        try extend(cache, id, by: 100)
        #expect(cache.statistics.kvReads == 0)
        // Seven pages in each of two heads of the first layer; all seven in the second as well,
        // because row 0 is among the rows.
        #expect(cache.statistics.bytesRead == 28 * 512)
        #expect(cache.statistics.reads.bytesMoved == 0)
        try cache.reserve([(id, 1)])
        cache.commit(id, tokens: 1, isDecode: true)
        #expect(cache.reads(of: id).kvReads == (101.0 + 32) / 2)
        // The second layer reads positions 69 ... 100: pages 4, 5 and 6.
        #expect(cache.statistics.stepBytesRead == 2 * (7 + 3) * 512)
        #expect(cache.reads(of: id).bytesMoved == 2 * (7 + 3) * 512)
        #expect(cache.statistics.bytesRead == (28 + 20) * 512)
        let fork = cache.fork(id)
        #expect(cache.reads(of: fork) == CacheReads())
        // The fork writes to a page that is not its own alone: in each of four heads it is read and written.
        try cache.reserve([(fork, 1)])
        #expect(cache.reads(of: fork) == CacheReads())
        cache.commit(fork, tokens: 1, isDecode: true)
        #expect(cache.reads(of: fork).bytesMoved == 2 * (7 + 3) * 512 + 2 * 4 * 576)
        // Now each has its own.
        try cache.reserve([(id, 1)])
        cache.commit(id, tokens: 1, isDecode: true)
        #expect(cache.reads(of: id).bytesMoved == 2 * 2 * (7 + 3) * 512)
        cache.release(fork)
        cache.release(id)
        #expect(cache.statistics.reads.decodeTokens == 3)
        #expect(cache.statistics.reads.bytesMoved == 3 * 2 * (7 + 3) * 512 + 2 * 4 * 576)
    }

    @Test func namesAreNotReused() throws {
        let cache = try makeCache(pages: 4)
        let first = cache.makeSequence()
        cache.release(first)
        let second = cache.makeSequence()
        #expect(first != second && !cache.contains(first) && cache.sequences == [second])
    }

    @Test func misuseTraps() async {
        await #expect(processExitsWith: .failure) {
            let shape = KVShape(
                layerCount: 1, keyValueHeadCount: 1, headDimension: 8, codec: .f16, pageBytes: 512)
            let cache = try KVCache(shape: shape, budgetBytes: 1 << 20, plan: .dense)
            let id = cache.makeSequence()
            try cache.reserve([(id, 1)])
            cache.commit(id, tokens: 2)
        }
        await #expect(processExitsWith: .failure) {
            let shape = KVShape(
                layerCount: 1, keyValueHeadCount: 1, headDimension: 8, codec: .f16, pageBytes: 512)
            let cache = try KVCache(shape: shape, budgetBytes: 1 << 20, plan: .dense)
            let id = cache.makeSequence()
            cache.release(id)
            _ = cache.count(id)
        }
    }

    @Test func messagesSayWhatToDo() {
        let errors: [CacheError] = [
            .outOfPages(needed: 3, free: 2, budgetBytes: 9),
            .budgetTooSmall(budgetBytes: 1, neededBytes: 2),
            .cannotMapArena(bytes: 1, systemError: 12),
            .positionEvicted(requested: 1, lowest: 2),
            .malformedPolicy(text: "x(", column: 3, got: "the end of the text", expected: "\")\""),
            .unknownPolicy(name: "x", available: ["dense", "window"]),
            .badPolicyParameter(policy: "window", parameter: "recent", got: "0", expected: "1"),
            .policiesDoNotCombine(first: "dense", second: "window", decision: "which tokens stay"),
            .brokenIntegrity("page 3 is free twice"),
        ]
        for error in errors {
            #expect(error.description.hasSuffix("."))
            #expect(error.description.contains("; "))
        }
    }
}
