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
