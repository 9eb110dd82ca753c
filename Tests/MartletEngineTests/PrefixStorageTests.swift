// What is brought back has room, stays within its bounds, and is counted as it was.

import MartletCache
import Synchronization
import Testing

@testable import MartletEngine

/// Files in memory.
private final class MemoryStorage: PrefixStorage {
    let hashKey: (low: UInt64, high: UInt64) = (7, 8)
    let files = Mutex<[String: [UInt8]]>([:])
    let reads = Mutex(0)
    let most: Int

    init(most: Int = .max) { self.most = most }

    func contains(_ name: String) -> Bool { files.withLock { $0[name] != nil } }
    func read(_ name: String) -> [UInt8]? {
        reads.withLock { $0 += 1 }
        return files.withLock { $0[name] }
    }
    func write(_ name: String, _ bytes: [UInt8]) -> Bool {
        files.withLock {
            guard $0.count < most else { return false }
            $0[name] = bytes
            return true
        }
    }
    func remove(_ name: String) { files.withLock { $0[name] = nil } }
}

@Suite struct PrefixStorageTests {
    private func harness(
        _ storage: MemoryStorage, tokens: Int = 4096, maximumBytes: Int? = nil
    ) throws -> LoopHarness {
        try LoopHarness(tokens: tokens, budget: StepBudget(maximumTokens: 64)) {
            var reuse = PrefixReuse(maximumBytes: maximumBytes)
            reuse.storage = storage
            reuse.segmentTokens = 32
            $0.prefixReuse = reuse
        }
    }

    private func request(_ count: Int, from start: Int = 0, maximumTokens: Int = 3)
        -> GenerationRequest
    {
        var sampling = SamplingParameters()
        sampling.seed = 7
        sampling.maximumTokens = maximumTokens
        return GenerationRequest(
            promptTokens: (0..<count).map {
                Int32(($0 + start) * 7 % PrefixHashModel.vocabulary)
            }, sampling: sampling)
    }

    /// A chain that there is no room for reads nothing until there is.
    @Test func whatCannotStartIsNotBroughtBack() throws {
        let storage = MemoryStorage()
        let first = try harness(storage)
        first.submit(request(130))
        try first.run()
        #expect(first.loop.statistics.prefixes.storedTokens == 128)

        let harness = try harness(storage, tokens: 256)
        harness.submit(request(100, from: 5, maximumTokens: 60))
        for _ in 0..<6 { harness.loop.step() }
        let next = request(130)
        let id = harness.submit(next)
        for _ in 0..<40 {
            harness.loop.step()
            try harness.loop.checkIntegrity()
        }
        #expect(harness.loop.statistics.waitingChains == 1 && storage.reads.withLock { $0 } == 0)
        try harness.run()
        #expect(harness.loop.statistics.prefixes.restoredTokens == 128)
        #expect(harness.heard[id]?[0].tokens == (try expected(next, chain: 0, seed: 7)))
    }

    /// While a prompt is being read others go ahead; who waits no more is forgotten.
    @Test func othersStepOnWhileAPromptIsRead() throws {
        let storage = MemoryStorage()
        let first = try harness(storage)
        first.submit(request(130))
        try first.run()

        let harness = try harness(storage)
        var reads: [(name: String, read: @Sendable () -> FetchedSegments)] = []
        harness.loop.beginFetch = { reads.append(($0, $1)) }
        let stored = request(130)
        let id = harness.submit(stored)
        let twin = harness.submit(stored)
        harness.loop.step()
        #expect(harness.loop.awaitsStorage && storage.reads.withLock { $0 } == 0)
        let other = harness.submit(request(40, from: 9))
        for _ in 0..<10 {
            harness.loop.step()
            try harness.loop.checkIntegrity()
        }
        #expect(
            harness.heard[other]?[0].tokens
                == (try expected(request(40, from: 9), chain: 0, seed: 7)))
        #expect(harness.loop.statistics.waitingChains == 2 && reads.count == 1)
        harness.loop.fetched(reads[0].name, reads[0].read())
        try harness.run()
        #expect(harness.loop.statistics.prefixes.restoredTokens == 128)
        for chain in [id, twin] {
            #expect(harness.heard[chain]?[0].tokens == (try expected(stored, chain: 0, seed: 7)))
        }
        #expect(harness.loop.fetches.isEmpty)

        let gone = try self.harness(storage)
        gone.loop.beginFetch = { _, _ in }
        let cancelled = gone.submit(stored)
        gone.loop.step()
        gone.loop.cancel(cancelled)
        gone.loop.step()
        #expect(gone.loop.fetches.isEmpty && !gone.loop.awaitsStorage)
    }

    /// What was read and not taken gives way to a prompt that can go on now.
    @Test func whatWasReadGivesWay() throws {
        let storage = MemoryStorage()
        let first = try harness(storage)
        first.submit(request(130))
        try first.run()

        let harness = try harness(storage)
        var reads: [(name: String, read: @Sendable () -> FetchedSegments)] = []
        harness.loop.beginFetch = { reads.append(($0, $1)) }
        let stored = request(130)
        let id = harness.submit(stored)
        harness.loop.step()
        let own = try #require(harness.loop.fetches.values.first)
        #expect(reads.count == 1 && own.bytes > 0)
        var taken = own
        taken.segments = reads[0].read()
        harness.loop.fetches = [:]
        for name in ["a", "b", "c", "d"] { harness.loop.fetches[name] = taken }
        harness.loop.step()
        #expect(reads.count == 2 && harness.loop.fetches.count == PrefixFetch.most)
        harness.loop.fetched(reads[1].name, reads[1].read())
        try harness.run()
        #expect(harness.loop.statistics.prefixes.restoredTokens == 128)
        #expect(harness.heard[id]?[0].tokens == (try expected(stored, chain: 0, seed: 7)))
    }

    /// A run is only what it says after the tokens that it was computed after: under another's name it is not believed, and
    /// of a longer prompt every run is as long as of a short one.
    @Test func runsAreChained() throws {
        let storage = MemoryStorage()
        let first = try harness(storage)
        first.submit(request(130))
        first.submit(request(130, from: 3))
        try first.run()
        let files = storage.files.withLock { $0 }
        #expect(files.count == 8 && Set(files.values.map(\.count)).count == 1)
        // The second run of one prompt in the place of the other's, of the same tokens and another beginning.
        var swapped = request(130)
        swapped.promptTokens.replaceSubrange(0..<32, with: request(32, from: 40).promptTokens)
        let other = try harness(MemoryStorage())
        let id = other.submit(swapped)
        try other.run()
        let expected = other.heard[id]?[0].tokens
        let keys = first.loop.prefix(of: swapped).ownLane.keys
        func name(_ page: Int) -> String {
            let digits = String(keys[page].rawValue, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        let own = first.loop.prefix(of: request(130)).ownLane.keys
        for page in [3, 5, 7] {
            let digits = String(own[page].rawValue, radix: 16)
            let file = String(repeating: "0", count: 16 - digits.count) + digits
            storage.files.withLock { $0[name(page)] = $0[file] }
        }
        let begun = try harness(storage)
        begun.submit(request(40, from: 40))
        try begun.run()
        let again = begun.submit(swapped)
        try begun.run()
        #expect(begun.loop.statistics.prefixes.restoredTokens == 0)
        #expect(begun.heard[again]?[0].tokens == expected)
    }

    /// A chain that gave way and lost its pages finds its prompt and its answer in the storage.
    @Test func anAnswerComesBackFromTheStorage() throws {
        let harness = try harness(MemoryStorage())
        let loop = harness.loop
        let long = request(20, maximumTokens: 100)
        let id = harness.submit(long)
        for _ in 0..<80 { loop.step() }
        let victim = try #require(loop.victim(.init()))
        #expect(victim.computed > 64 && loop.storedTokens(of: victim) == victim.computed / 32 * 32)
        loop.giveWay(victim)
        loop.releaseKept()
        try harness.run()
        #expect(loop.statistics.spills == 1 && loop.statistics.parkings == 1)
        #expect(loop.statistics.recomputedTokens == victim.computed % 32)
        #expect(harness.heard[id]?[0].tokens == (try expected(long, chain: 0, seed: 7)))
    }

    /// What the storage leaves out is not counted, and what is brought back stays within the most bytes.
    @Test func boundsHold() throws {
        let storage = MemoryStorage(most: 3)
        let first = try harness(storage)
        first.submit(request(130))
        try first.run()
        #expect(first.loop.statistics.prefixes.storedTokens == 96)
        let bytes = first.loop.footprint.bytesPerPage * first.cache.shape.tableCount * 5
        let harness = try harness(storage, maximumBytes: bytes)
        harness.submit(request(130))
        try harness.run()
        #expect(harness.loop.statistics.prefixes.restoredTokens == 64)
        #expect(harness.loop.statistics.prefixes.reclaimableBytes <= bytes)
    }
}
