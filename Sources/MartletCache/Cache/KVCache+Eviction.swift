/// Taking single tokens out of the cache: how policies that choose by score give memory back.

import CMartletKernels
import Foundation
package import MartletKernels

extension KVCache {
    /// Keeps only the listed slots of each (layer, KV head), ascending; nil keeps them all. Survivors
    /// move together, and pages that become empty are free when this returns. Any reservation of
    /// the sequence is dropped. Throws `outOfPages` when pages that other sequences share would
    /// have to be copied and none is free; nothing has changed then.
    package func retain(_ id: SequenceID, _ kept: [[Int32]?]) throws(CacheError) {
        let state = state(id)
        precondition(
            kept.count == shape.tableCount,
            "KVCache.retain: got \(kept.count) lists, expected \(shape.tableCount)")
        dropReservation(state)
        var needed = 0
        for (index, slots) in kept.enumerated() {
            guard let slots, slots.count < state.tables[index].length else { continue }
            needed += state.tables[index].compactionPages(keeping: slots, in: pool)
        }
        guard needed <= pool.freePages else {
            throw .outOfPages(needed: needed, free: pool.freePages, budgetBytes: pool.budgetBytes)
        }
        for (index, slots) in kept.enumerated() {
            guard let slots, slots.count < state.tables[index].length else { continue }
            state.evictedAt = state.count
            moveSlots(of: state) {
                state.tables[index].compact(keeping: slots, in: &pool, copy: $0)
            }
            state.weights.compact(table: index, keeping: slots)
            describePages(of: state, index, from: 0)
        }
        updateLiveSlots(of: state)
    }

    /// Takes one token of one (layer, KV head) out. Returns false, with nothing changed, when that
    /// would copy a page that other sequences share and no page is free.
    package func evict(_ id: SequenceID, layer: Int, head: Int, slot: Int) -> Bool {
        let state = state(id)
        dropReservation(state)
        let index = layer * shape.keyValueHeadCount + head
        let isDone = moveSlots(of: state) {
            state.tables[index].remove(slot: slot, in: &pool, copy: $0)
        }
        if isDone {
            state.evictedAt = state.count
            state.weights.remove(table: index, slot: slot, last: state.tables[index].length)
            state.liveSlots -= 1
            liveSlots -= 1
            if shape.boundsBytes > 0 {
                let last = KVPage.count(forSlots: state.tables[index].length) - 1
                for page in Set([slot / KVPage.tokens, last]) where page >= 0 && page <= last {
                    describe(state, index, page)
                }
            }
        }
        return isDone
    }

    /// Replaces the key and the value in one slot, which stands for `tokens` tokens from now on. Throws
    /// `outOfPages` when others hold the page too and none is free for a copy.
    package func rewrite(
        _ id: SequenceID, table index: Int, slot: Int, key: [Float], value: [Float],
        tokens: Float, kernels: KernelSet
    ) throws(CacheError) {
        let state = state(id)
        let copied = pool.copiedPages
        guard let page = state.tables[index].writablePage(slot / KVPage.tokens, in: &pool) else {
            throw .outOfPages(needed: 1, free: 0, budgetBytes: pool.budgetBytes)
        }
        move(copiedBytes(since: copied) + shape.slotBytes, of: state)
        kernels.table.pointee.append(
            shape.codec.code, pool.pointer(to: page).assumingMemoryBound(to: UInt8.self),
            Int32(shape.headDimension), Int32(slot % KVPage.tokens), key, value)
        state.weights.set(log(tokens), table: index, slot: slot, tableCount: shape.tableCount)
        guard shape.boundsBytes > 0 else { return }
        describe(state, index, slot / KVPage.tokens)
    }

    /// Lets `change` alter the key of every held token whose position is below `end`; values stay. Both are encoded
    /// anew, in q4 perhaps with another rounding. Throws `outOfPages`, with nothing changed, when pages that
    /// other sequences share would have to be copied and none is free.
    package func changeKeys(
        _ id: SequenceID, before end: Int, kernels: KernelSet,
        _ change: (_ table: Int, _ key: UnsafeMutablePointer<Float>) -> Void
    ) throws(CacheError) {
        let state = state(id)
        var entries: [(table: Int, entry: Int)] = []
        var needed = 0
        for index in 0..<shape.tableCount {
            let view = state.tables[index].view
            for entry in 0..<KVPage.count(forSlots: view.length) where view[entry] != KVPage.hole {
                let slots = min(KVPage.tokens, view.length - entry * KVPage.tokens)
                let positions = positions(ofPage: view[entry])
                guard (0..<slots).contains(where: { Int(positions[$0]) < end }) else { continue }
                entries.append((index, entry))
                needed += pool.referenceCount(view[entry]) > 1 ? 1 : 0
            }
        }
        guard needed <= pool.freePages else {
            throw .outOfPages(needed: needed, free: pool.freePages, budgetBytes: pool.budgetBytes)
        }
        let (codec, dimension) = (shape.codec.code, shape.headDimension)
        var key = [Float](repeating: 0, count: dimension)
        var value = key
        for (index, entry) in entries {
            guard let page = state.tables[index].writablePage(entry, in: &pool) else {
                throw .outOfPages(needed: 1, free: 0, budgetBytes: pool.budgetBytes)
            }
            let bytes = pool.pointer(to: page).assumingMemoryBound(to: UInt8.self)
            let length = state.tables[index].length
            for slot in 0..<min(KVPage.tokens, length - entry * KVPage.tokens)
            where Int(positions(ofPage: page)[slot]) < end {
                mk_read_slot(codec, bytes, Int32(dimension), Int32(slot), &key, &value)
                key.withUnsafeMutableBufferPointer { key in
                    guard let key = key.baseAddress else { return }
                    change(index, key)
                }
                kernels.table.pointee.append(
                    codec, bytes, Int32(dimension), Int32(slot), key, value)
            }
            if shape.boundsBytes > 0 {
                describePage(of: state.tables[index].view, entry, slots: length)
            }
        }
    }

    /// Calls `body` with the position, key and value of each token that one head holds, as attention sees
    /// them, in the order of its slots.
    package func visitSlots(
        _ id: SequenceID, layer: Int, head: Int,
        _ body: (_ position: Int, _ key: UnsafePointer<Float>, _ value: UnsafePointer<Float>) ->
            Void
    ) {
        let (table, dimension) = (table(id, layer: layer, head: head), shape.headDimension)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * dimension) { room in
            guard let key = room.baseAddress else { return }
            for slot in 0..<table.length {
                let page = table[slot / KVPage.tokens]
                guard page != KVPage.hole else { continue }
                mk_read_slot(
                    shape.codec.code,
                    UnsafePointer(pagePointer(page).assumingMemoryBound(to: UInt8.self)),
                    Int32(dimension), Int32(slot % KVPage.tokens), key, key + dimension)
                body(
                    Int(positions(ofPage: page)[slot % KVPage.tokens]), key, key + dimension)
            }
        }
    }

    /// Says that the slots of a table from `first` on lie in another order now: `order` names, for each of them,
    /// which it was, counted from `first`.
    package func reorderWeights(_ id: SequenceID, table: Int, from first: Int, as order: [Int32]) {
        state(id).weights.reorder(table: table, from: first, as: order)
    }

    /// Makes sure that the weights of a sequence's slots cover the tiles of `tokens` more tokens.
    package func coverWeights(_ id: SequenceID, tokens: Int) {
        let state = state(id)
        guard !state.weights.isEmpty else { return }
        for index in 0..<shape.tableCount {
            state.weights.cover(state.tables[index].length + tokens, table: index)
        }
    }

    /// Computes the bounds of a table's pages from `page` on anew, where a selector reads them.
    private func describePages(of state: CachedSequence, _ index: Int, from page: Int) {
        guard shape.boundsBytes > 0 else { return }
        let slots = state.tables[index].length
        for page in page..<KVPage.count(forSlots: slots) { describe(state, index, page) }
    }

    /// Computes the bounds of one page of a table anew.
    private func describe(_ state: CachedSequence, _ index: Int, _ page: Int) {
        describePage(
            of: state.tables[index].view, page, slots: state.tables[index].length)
        move(describingBytes, of: state)
    }

    /// Computes the bounds of one page of a table that holds `slots` tokens. Several threads may call it, for pages
    /// of their own, so that it counts nothing: see ``plainReads(_:tokens:isDecode:)``.
    package func describePage(of table: PageTableView, _ page: Int, slots: Int) {
        let id = table[page]
        mk_page_bounds(
            shape.codec.code, pool.pointer(to: id).assumingMemoryBound(to: UInt8.self),
            Int32(shape.headDimension), Int32(min(KVPage.tokens, slots - page * KVPage.tokens)),
            pool.boundsPointer(to: id).assumingMemoryBound(to: UInt8.self))
    }

    /// The absolute positions of the tokens that one head holds, in the order of its slots.
    package func heldPositions(_ id: SequenceID, layer: Int, head: Int) -> [Int] {
        let table = table(id, layer: layer, head: head)
        var result: [Int] = []
        for slot in 0..<table.length {
            let page = table[slot / KVPage.tokens]
            guard page != KVPage.hole else { continue }
            result.append(Int(positions(ofPage: page)[slot % KVPage.tokens]))
        }
        return result
    }

    /// Lets `body` move slots from page to page with what it is given, and counts what that moves: the keys of each
    /// page that is read or written, as slots are moved in order, and the values of each slot, there and here.
    private func moveSlots<Result>(
        of state: CachedSequence, _ body: (PageTable.SlotCopy) -> Result
    ) -> Result {
        let (codec, dimension) = (shape.codec.code, Int32(shape.headDimension))
        let (keyBytes, valueBytes) = (shape.keyBytes, shape.slotBytes - shape.keyBytes)
        let copied = pool.copiedPages
        var bytes = 0
        var last: (from: UnsafeMutableRawPointer?, to: UnsafeMutableRawPointer?)
        let result = body { from, fromSlot, to, toSlot in
            bytes += 2 * valueBytes
            if from != last.from { bytes += keyBytes }
            if to != last.to, to != from { bytes += keyBytes }
            last = (from, to)
            mk_copy_slot(
                codec, dimension, from.assumingMemoryBound(to: UInt8.self), Int32(fromSlot),
                to.assumingMemoryBound(to: UInt8.self), Int32(toSlot))
        }
        move(bytes + copiedBytes(since: copied), of: state)
        return result
    }
}
