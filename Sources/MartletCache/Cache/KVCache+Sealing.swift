/// Pages in few bits, in the tables of a sequence.

import CMartletKernels
package import MartletKernels

extension KVCache {
    /// Bytes of keys and values of a sealed page, its share of them where pages are sealed together.
    package func sealedBytes(of page: Int32) -> Int {
        pool.sealedKind(of: page).map { pool.sealed[$0].pageBytes } ?? shape.pageBytes
    }

    /// Puts a sealed page with this content in the place of a full one, which is given up first: only a
    /// page that others hold too takes memory. Returns its bytes. Counts as a page that was read and one that is
    /// written. Throws `outOfPages`, with nothing changed, when that is not free.
    package func seal(
        _ id: SequenceID, table: Int, entry: Int, kind: Int, content: [UInt8]
    ) throws(CacheError) -> Int {
        let state = state(id)
        dropReservation(state)
        let old = state.tables[table].page(at: entry)
        guard pool.referenceCount(old) == 1 || pool.freePages > 0 else {
            throw .outOfPages(needed: 1, free: 0, budgetBytes: pool.budgetBytes)
        }
        let page = state.tables[table].seal(entry, as: kind, in: &pool)
        pool.pointer(to: page).copyMemory(from: content, byteCount: content.count)
        move(shape.pageBytes + sealedBytes(of: page), of: state)
        if traits.demotes { state.isDemoted = true }
        return sealedBytes(of: page)
    }

    /// Releases the pages of a table from `pages` on; their tokens come back by ``appendSealed(_:table:page:positions:)``
    /// and ``appendOpen(_:table:keys:values:positions:kernels:)``.
    /// Throws `outOfPages`, with nothing changed, when pages that others hold too leave no room for that.
    package func reopen(_ id: SequenceID, table: Int, pages: Int) throws(CacheError) {
        let state = state(id)
        let shared = state.tables[table].sharedPages(from: pages, in: pool)
        guard shared <= pool.freePages else {
            throw .outOfPages(
                needed: shared, free: pool.freePages, budgetBytes: pool.budgetBytes)
        }
        dropReservation(state)
        state.tables[table].truncate(to: pages * KVPage.tokens, to: &pool)
    }

    /// The first page of a new unit of sealed pages, to be written and appended; nil when no room is left.
    package func allocateSealed(_ kind: Int) -> Int32? { pool.allocateSealed(kind) }

    /// Appends a unit of sealed pages with these positions, which need not follow those before them.
    package func appendSealed(
        _ id: SequenceID, table: Int, firstPage: Int32, positions: [Int32]
    ) {
        let state = state(id)
        for start in stride(from: 0, to: positions.count, by: KVPage.tokens) {
            let page = firstPage + Int32(start / KVPage.tokens)
            pool.anyPositions(of: page).store(positions[start..<start + KVPage.tokens])
            state.tables[table].appendSealed(page)
            move(sealedBytes(of: page), of: state)
        }
        state.evictedAt = state.count
    }

    /// Appends tokens to open pages, which must be free.
    package func appendOpen(
        _ id: SequenceID, table: Int, keys: [Float], values: [Float], positions: [Int32],
        kernels: KernelSet
    ) {
        let state = state(id)
        guard !positions.isEmpty else { return }
        let first = state.tables[table].length
        state.tables[table].reserve(positions.count, from: &pool)
        let pages = KVPage.count(forSlots: first + positions.count) - first / KVPage.tokens
        move(pages * shape.pageBytes, of: state)
        let dimension = shape.headDimension
        keys.withUnsafeBufferPointer { keys in
            values.withUnsafeBufferPointer { values in
                guard let k = keys.baseAddress, let v = values.baseAddress else { return }
                for index in positions.indices {
                    let slot = first + index
                    let page = state.tables[table].page(at: slot / KVPage.tokens)
                    kernels.table.pointee.append(
                        shape.codec.code,
                        pool.pointer(to: page).assumingMemoryBound(to: UInt8.self),
                        Int32(dimension), Int32(slot % KVPage.tokens), k + index * dimension,
                        v + index * dimension)
                }
            }
        }
        state.tables[table].advance(by: positions.count, firstPosition: 0, in: pool)
        for (index, position) in positions.enumerated() {
            let slot = first + index
            let page = state.tables[table].page(at: slot / KVPage.tokens)
            pool.positions(of: page)[slot % KVPage.tokens] = position
        }
    }
}
