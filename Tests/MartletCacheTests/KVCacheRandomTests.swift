/// The whole cache under thousands of random operations, against a list of tokens per sequence.

import MartletKernels
import MartletTestSupport
import Testing

@testable import MartletCache

/// Drives a cache and remembers what each sequence should hold.
private final class CacheDriver {
    let cache: KVCache
    var generator: SeededGenerator
    /// The content of each token, by position.
    var tokens: [SequenceID: [UInt32]] = [:]
    var living: [SequenceID] = []
    var expectedReads: [SequenceID: Double] = [:]
    var refusals = 0
    var forks = 0
    var evictedTruncations = 0

    init(_ cache: KVCache, seed: UInt64) {
        self.cache = cache
        generator = SeededGenerator(seed: seed)
    }

    func operate() throws {
        switch generator.below(20) {
        case 0 where living.count < 12: adopt(cache.makeSequence(), [])
        case 1, 2:
            guard living.count < 12, let source = pick() else { return }
            adopt(cache.fork(source), tokens[source] ?? [])
            forks += 1
        case 3:
            // The longest go, so that comparisons stay short.
            guard let id = living.max(by: { cache.count($0) < cache.count($1) }) else { return }
            cache.release(id)
            #expect(!cache.contains(id))
            living.removeAll { $0 == id }
            tokens[id] = nil
        case 4, 5: try truncate()
        default: try step()
        }
    }

    /// One engine step over a few sequences: reserve all or nothing, write, commit what was used.
    func step() throws {
        var wants: [(sequence: SequenceID, tokens: Int)] = []
        for id in living where generator.below(3) == 0 {
            wants.append((id, generator.below(4) == 0 ? generator.below(70) : generator.below(3)))
        }
        let before = cache.statistics
        let alone = wants.map { cache.estimatePages($0.sequence, tokens: $0.tokens) }
        do {
            try cache.reserve(wants)
        } catch {
            guard case .outOfPages(let needed, let free, _) = error else { throw error }
            refusals += 1
            #expect(needed > free && needed <= alone.reduce(0, +))
            #expect(cache.statistics.bytesHeld == before.bytesHeld)
            #expect(cache.freePages == free)
            return
        }
        if wants.count == 1 {
            let taken = cache.statistics.bytesHeld - before.bytesHeld
            #expect(taken == alone[0] * cache.shape.heldBytesPerPage)
        }
        for want in wants {
            let used = want.tokens - generator.below(2) * generator.below(want.tokens + 1)
            let isDecode = used == 1
            for _ in 0..<used { write(want.sequence) }
            let count = cache.count(want.sequence)
            cache.commit(want.sequence, tokens: used, isDecode: isDecode)
            guard isDecode else { continue }
            let attended = cache.visibilities.map { visibility in
                (0...count).count { visibility.sees($0, from: count) }
            }
            let mean = Double(attended.reduce(0, +)) / Double(attended.count)
            expectedReads[want.sequence, default: 0] += mean
        }
    }

    /// Stamps the next token of a sequence into all its heads.
    func write(_ id: SequenceID) {
        let slot = tokens[id]?.count ?? 0
        let token = UInt32(truncatingIfNeeded: generator.next())
        tokens[id]?.append(token)
        forEachHead { layer, head in
            let page = cache.table(id, layer: layer, head: head)[slot / KVPage.tokens]
            cache.pagePointer(page).storeBytes(
                of: stamp(token, layer, head), toByteOffset: slot % KVPage.tokens * 4,
                as: UInt32.self)
        }
    }

    func truncate() throws {
        guard let id = pick() else { return }
        let count = cache.count(id)
        let target = generator.below(2) == 0 ? max(0, count - 1) : generator.below(count + 1)
        do {
            try cache.truncate(id, to: target)
            tokens[id]?.removeLast(count - target)
        } catch {
            guard case .positionEvicted(let requested, let lowest) = error else { throw error }
            evictedTruncations += 1
            #expect(requested == target && target < lowest && lowest <= count)
        }
    }

    /// Compares every slot of every head of a sequence, or of one head that changes with every call;
    /// returns how many are wrong.
    func mismatches(_ id: SequenceID, inOneHead: Bool = false) -> Int {
        let expected = tokens[id] ?? []
        var wrong = cache.count(id) == expected.count ? 0 : 1
        let live = cache.liveTokens(of: id)
        let chosen = inOneHead ? generator.below(cache.shape.tableCount) : nil
        forEachHead { layer, head in
            guard chosen ?? (layer * 2 + head) == layer * 2 + head else { return }
            let table = cache.table(id, layer: layer, head: head)
            let visibility = cache.visibility(layer: layer)
            var held = 0
            for (slot, token) in expected.enumerated() {
                let page = table[slot / KVPage.tokens]
                if page == KVPage.hole {
                    // No row to come may miss anything.
                    wrong += visibility.sees(slot, from: expected.count) ? 1 : 0
                    continue
                }
                held += 1
                let found = cache.pagePointer(page).load(
                    fromByteOffset: slot % KVPage.tokens * 4, as: UInt32.self)
                let position = cache.positions(ofPage: page)[slot % KVPage.tokens]
                wrong += found == stamp(token, layer, head) && Int(position) == slot ? 0 : 1
            }
            wrong += live[layer, head] == held ? 0 : 1
        }
        return wrong
    }

    func pick() -> SequenceID? { living.isEmpty ? nil : living[generator.below(living.count)] }

    private func adopt(_ id: SequenceID, _ content: [UInt32]) {
        living.append(id)
        tokens[id] = content
        expectedReads[id] = 0
    }

    private func stamp(_ token: UInt32, _ layer: Int, _ head: Int) -> UInt32 {
        token ^ UInt32(layer << 8 | head)
    }

    private func forEachHead(_ body: (Int, Int) -> Void) {
        for layer in 0..<cache.shape.layerCount {
            for head in 0..<cache.shape.keyValueHeadCount { body(layer, head) }
        }
    }
}

@Suite struct KVCacheRandomTests {
    struct Setting: CustomTestStringConvertible {
        let sinks: Int
        let recent: Int?
        let layerWindows: [Int?]
        let pages: Int
        let seed: UInt64
        var testDescription: String {
            "sinks \(sinks), recent \(recent ?? 0), windows \(layerWindows), seed \(seed)"
        }
    }

    static let settings: [Setting] = [
        Setting(sinks: 0, recent: nil, layerWindows: [], pages: 160, seed: 1),
        Setting(sinks: 0, recent: nil, layerWindows: [], pages: 40, seed: 2),
        Setting(sinks: 0, recent: nil, layerWindows: [nil, 8, 33], pages: 160, seed: 3),
        Setting(sinks: 0, recent: nil, layerWindows: [1, 16, 17], pages: 80, seed: 4),
        Setting(sinks: 4, recent: 20, layerWindows: [], pages: 120, seed: 5),
        Setting(sinks: 0, recent: 1, layerWindows: [], pages: 60, seed: 6),
        Setting(
            sinks: 17, recent: 33, layerWindows: [nil, 8, 64], pages: 120, seed: 7),
    ]

    @Test(arguments: settings) func survivesRandomOperations(_ setting: Setting) throws {
        // Four bytes a token: room for one stamp.
        let shape = KVShape(
            layerCount: 3, keyValueHeadCount: 2, headDimension: 1, codec: .f32, pageBytes: 64)
        let cache = try KVCache(
            shape: shape, budgetBytes: setting.pages * shape.heldBytesPerPage,
            plan: setting.recent.map { .window(sinks: setting.sinks, recent: $0) } ?? .dense,
            layerWindows: setting.layerWindows)
        let driver = CacheDriver(cache, seed: setting.seed)
        var peak = 0
        for round in 0..<4000 {
            try driver.operate()
            try cache.checkIntegrity()
            if let id = driver.pick() { #expect(driver.mismatches(id, inOneHead: true) == 0) }
            if round % 100 == 0 {
                #expect(driver.living.allSatisfy { driver.mismatches($0) == 0 })
            }
            let statistics = cache.statistics
            peak = max(peak, statistics.bytesHeld)
            #expect(statistics.bytesHeld <= statistics.budgetBytes)
            #expect(statistics.liveTokens == cache.liveTokens().mean)
        }
        #expect(peak <= cache.statistics.peakBytes)
        #expect(driver.refusals > 20 && driver.forks > 20)
        for id in driver.living {
            let difference = cache.reads(of: id).kvReads - (driver.expectedReads[id] ?? 0)
            #expect(abs(difference) < 1e-6)
            cache.release(id)
        }
        let total = driver.expectedReads.values.reduce(0, +)
        #expect(abs(cache.statistics.kvReads - total) < 1e-6 * max(1, total))
        try cache.checkIntegrity()
        #expect(cache.statistics.bytesHeld == 0 && cache.freePages == cache.pageCapacity)
        #expect(cache.statistics.liveTokens == 0)
    }
}
