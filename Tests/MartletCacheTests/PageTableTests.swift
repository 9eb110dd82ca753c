/// Page tables of different lengths over one pool, against a list of slots.

import MartletTestSupport
import Testing

@testable import MartletCache

@Suite struct PageTableTests {
    /// What a table should hold: the position and stamp of each slot, nil where it was evicted.
    private struct Shadow {
        var slots: [(position: Int, stamp: UInt32)?] = []
        var nextPosition = 0
        /// Pages kept in front of a skipped range; fixed for a table while it skips.
        var sinkPages = 0
    }

    /// Appends, truncates, evicts, skips and shares different heads differently, with the integrity
    /// check and a comparison of every slot after each operation. Pages carry stamps, so a write
    /// through a shared page would show in the other owner.
    @Test(arguments: [UInt64(1), 2, 3]) func raggedHeadsMatchAListOfSlots(seed: UInt64) throws {
        let headCount = 5
        var pool = try RigidPagePool(budgetBytes: 32 * 128, pageBytes: 64)
        let state = CachedSequence(tableCount: headCount, memories: [])
        var shadows = [Shadow](repeating: Shadow(), count: headCount)
        var generator = SeededGenerator(seed: seed)
        var refusals = 0
        for round in 0..<8000 {
            let head = generator.below(headCount)
            let table = state.tables + head
            switch generator.below(10) {
            case 0...4:
                let tokens = generator.below(40) + 1
                let copies = table.pointee.sharedTail(in: pool) == nil ? 0 : 1
                guard table.pointee.missingPages(for: tokens) + copies <= pool.freePages else {
                    refusals += 1
                    continue
                }
                table.pointee.reserve(tokens, from: &pool)
                let used = tokens - generator.below(2) * generator.below(tokens)
                shadows[head].nextPosition += generator.below(3)
                append(used, to: table, &shadows[head], in: pool, &generator)
            case 5 where table.pointee.length > 400:
                table.pointee.releaseAll(to: &pool)
                shadows[head] = Shadow()
            case 5:
                let slots = generator.below(table.pointee.length + 1)
                guard table.pointee.canTruncate(to: slots) else { continue }
                table.pointee.truncate(to: slots, to: &pool)
                shadows[head].slots.removeLast(shadows[head].slots.count - slots)
                let last = shadows[head].slots.last { $0 != nil }
                shadows[head].nextPosition = last.flatMap { $0 }.map { $0.position + 1 } ?? 0
            case 6:
                let base = table.pointee.recentBase
                let full = table.pointee.length / KVPage.tokens
                guard full > base else { continue }
                let page = base + generator.below(full - base)
                guard table.pointee.page(at: page) != KVPage.hole else { continue }
                table.pointee.evict(page: page, to: &pool)
                clear(page..<(page + 1), &shadows[head])
            case 7:
                let full = table.pointee.length / KVPage.tokens
                if table.pointee.skippedPages == 0 { shadows[head].sinkPages = generator.below(3) }
                let sinks = shadows[head].sinkPages
                let before = generator.below(full + 1)
                let front = (0..<min(sinks, full)).map { table.pointee.page(at: $0) }
                guard before > sinks, !front.contains(KVPage.hole) else { continue }
                table.pointee.skip(before: before, keeping: sinks, to: &pool)
                clear(sinks..<before, &shadows[head])
            case 8:
                let other = generator.below(headCount)
                guard other != head else { continue }
                state.tables[other].releaseAll(to: &pool)
                table.pointee.dropReservation(to: &pool)
                state.tables[other] = table.pointee.fork(sharing: &pool)
                shadows[other] = shadows[head]
            default:
                table.pointee.dropReservation(to: &pool)
            }
            var owners = [UInt32](repeating: 0, count: pool.capacity)
            for index in 0..<headCount {
                try state.tables[index].checkIntegrity(
                    below: 1 << 30, in: pool, owners: &owners, name: "head \(index)")
                guard index == head || round % 16 == 0 else { continue }
                compare(state.tables + index, shadows[index], pool)
            }
            try pool.checkIntegrity(owners: owners)
        }
        #expect(refusals > 50)
        for index in 0..<headCount { state.tables[index].releaseAll(to: &pool) }
        let held = pool.heldPages
        #expect(held == 0)
    }

    @Test func aWindowKeepsItsListShort() throws {
        var pool = try RigidPagePool(budgetBytes: 8 * 128, pageBytes: 64)
        let state = CachedSequence(tableCount: 1, memories: [])
        for position in 0..<64_000 {
            state.tables[0].reserve(1, from: &pool)
            state.tables[0].advance(by: 1, firstPosition: position, in: pool)
            let expired = max(0, position - 40) / KVPage.tokens
            state.tables[0].skip(before: expired, keeping: 1, to: &pool)
        }
        let table = state.tables[0].view
        let (capacity, peak, live) = (
            state.tables[0].entryCapacity, pool.peakBytes / (pool.pageBytes + KVPage.positionBytes),
            state.tables[0].liveSlots
        )
        #expect(capacity <= 16 && peak <= 5)
        #expect(table.length == 64_000 && table.pageCount == 4_000)
        #expect(table.sinkPages.count == 1 && table[0] == table.sinkPages[0])
        #expect(table[1] == KVPage.hole && table[table.recentBase] == table.recentPages[0])
        #expect(live == 16 * (1 + table.recentPages.count))
        state.tables[0].releaseAll(to: &pool)
    }

    private func append(
        _ count: Int, to table: UnsafeMutablePointer<PageTable>, _ shadow: inout Shadow,
        in pool: borrowing RigidPagePool, _ generator: inout SeededGenerator
    ) {
        let length = table.pointee.length
        for index in 0..<count {
            let stamp = UInt32(truncatingIfNeeded: generator.next())
            let slot = length + index
            let page = table.pointee.page(at: slot / KVPage.tokens)
            pool.pointer(to: page).storeBytes(
                of: stamp, toByteOffset: slot % KVPage.tokens * 4, as: UInt32.self)
            shadow.slots.append((shadow.nextPosition + index, stamp))
        }
        table.pointee.advance(by: count, firstPosition: shadow.nextPosition, in: pool)
        shadow.nextPosition += count
    }

    private func clear(_ pages: Range<Int>, _ shadow: inout Shadow) {
        for slot in (pages.lowerBound * KVPage.tokens)..<(pages.upperBound * KVPage.tokens) {
            shadow.slots[slot] = nil
        }
    }

    private func compare(
        _ table: UnsafeMutablePointer<PageTable>, _ shadow: Shadow, _ pool: borrowing RigidPagePool
    ) {
        let view = table.pointee.view
        var wrong = view.length == shadow.slots.count ? 0 : 1
        var live = 0
        for (slot, expected) in shadow.slots.enumerated() {
            let page = view[slot / KVPage.tokens]
            guard let expected else {
                wrong += page == KVPage.hole ? 0 : 1
                continue
            }
            live += 1
            guard page != KVPage.hole else {
                wrong += 1
                continue
            }
            let stamp = pool.pointer(to: page).load(
                fromByteOffset: slot % KVPage.tokens * 4, as: UInt32.self)
            let position = pool.positions(of: page)[slot % KVPage.tokens]
            wrong += stamp == expected.stamp && Int(position) == expected.position ? 0 : 1
        }
        let counted = table.pointee.liveSlots
        #expect(wrong == 0 && live == counted)
    }
}
