// Sealing by position: which pages a query sees sealed does not depend on how its prompt was divided.

import CMartletKernels
import MartletCache
import MartletKernels

extension SealingStage {
    /// Pages of a slice that become sealed for its later queries while its earlier ones still see them open.
    struct Passing {
        /// Its place among the slices of the step.
        var slice: Int
        /// Entries of every table.
        var entries: Range<Int>
        /// Place of the first one's page of head 0 among the pages sealed for the step.
        var first: Int
    }

    /// Finds what passes in the step at hand, and makes room for one layer of it.
    func findPassing() {
        passing.removeAll(keepingCapacity: true)
        var pages = 0
        for (index, slice) in slices.enumerated() where slice.count > 1 {
            let entries =
                plan.sealedPages(
                    before: slice.position)..<plan.sealedPages(
                    before: slice.position + slice.count - 1)
            guard !entries.isEmpty else { continue }
            passing.append(Passing(slice: index, entries: entries, first: pages))
            pages += entries.count * shape.keyValueHeadCount
        }
        passed.reserve(pages)
    }

    /// Seals one layer of what passes, beside the open pages, which the earlier queries read.
    func sealPassing(layer: Int, cache: KVCache) {
        var work: [(sequence: SequenceID, head: Int, entry: Int, place: Int)] = []
        for part in passing {
            for (offset, entry) in part.entries.enumerated() {
                for head in 0..<shape.keyValueHeadCount {
                    work.append(
                        (
                            slices[part.slice].sequence, head, entry,
                            part.place(offset, head, heads: shape.keyValueHeadCount)
                        ))
                }
            }
        }
        pool.run(work.count) { index, _ in
            let (sequence, head, entry, place) = work[index]
            let page = cache.table(sequence, layer: layer, head: head)[entry]
            guard page != KVPage.hole else { return }
            let kind = plan.kinds[kind(layer: layer, head: head)]
            let (keys, values) = read(cache, page: page, slots: 0..<KVPage.tokens)
            mk_seal_pages(kind, keys, values, Int32(shape.headDimension), passed.page(place))
        }
    }

    /// The pages that a unit of a passing slice reads: sealed up to where its queries' page says.
    func withPassing(
        of unit: StageUnit, _ part: Passing, _ reads: UnitReads, cache: KVCache,
        _ body: (UnitReads) -> Void
    ) {
        let limit = min(plan.sealedPages(before: unit.slot), part.entries.upperBound)
        guard limit > part.entries.lowerBound else { return body(reads) }
        let (pages, base) = (reads.table.recentPages, reads.table.recentBase)
        let firstID = cache.idCapacity + kind(layer: unit.layer, head: unit.head) * passed.capacity
        passed.withClasses(of: cache, plan.kinds) { classes in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: pages.count) { ids in
                _ = ids.initialize(from: pages)
                for (offset, entry) in part.entries.enumerated() where entry < limit {
                    guard entry >= base, ids[entry - base] != KVPage.hole else { continue }
                    let place = part.place(offset, unit.head, heads: shape.keyValueHeadCount)
                    ids[entry - base] = Int32(firstID + place)
                }
                var changed = reads
                changed.table = reads.table.replacing(recentPages: UnsafeBufferPointer(ids))
                changed.classes = classes
                body(changed)
            }
        }
    }

    /// Corrects what a slice reads where slots are positions: sealed pages at their own size, and those that
    /// pass a second time.
    func countByPosition(_ reads: inout StepReads, slice index: Int, cache: KVCache) {
        let slice = slices[index]
        let rows = slice.position..<slice.position + slice.count
        let sealed = plan.sealedPages(before: slice.position)
        let passes = plan.sealedPages(before: rows.upperBound - 1) - sealed
        for layer in 0..<shape.layerCount {
            let seen = cache.visibility(layer: layer).pageCount(rows: rows, below: sealed)
            for head in 0..<shape.keyValueHeadCount {
                let bytes = sealedBytes(layer: layer, head: head)
                reads.attentionBytes -= seen * (shape.pageBytes - bytes)
                reads.attentionBytes += passes * bytes
            }
        }
    }

    private func sealedBytes(layer: Int, head: Int) -> Int {
        mk_sealed_bytes(plan.kinds[kind(layer: layer, head: head)], Int32(shape.headDimension))
    }

    /// The kind of a head's pages, which gates say where heads differ.
    func kind(layer: Int, head: Int) -> Int {
        gateKinds.isEmpty ? 0 : gateKinds[layer * shape.keyValueHeadCount + head]
    }
}

extension SealingStage.Passing {
    /// The place of a page: head by head of one entry after another.
    func place(_ offset: Int, _ head: Int, heads: Int) -> Int { first + offset * heads + head }
}

/// Pages sealed for one layer of one step, outside of the cache.
final class PassedPages {
    /// Bytes from one page to the next: those of the largest kind.
    let stride: Int
    /// Pages that there is room for.
    private(set) var capacity = 0
    private var base = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)

    init(kinds: [mk_seal], dimension: Int) {
        stride = kinds.map { mk_sealed_bytes($0, Int32(dimension)) }.max() ?? 64
    }

    deinit { base.deallocate() }

    /// Makes room for `pages`. What was there is lost.
    func reserve(_ pages: Int) {
        guard pages > capacity else { return }
        base.deallocate()
        capacity = pages
        base = .allocate(byteCount: pages * stride, alignment: 64)
    }

    /// First byte of a page.
    func page(_ place: Int) -> UnsafeMutablePointer<UInt8> {
        (base + place * stride).assumingMemoryBound(to: UInt8.self)
    }

    /// The cache's kinds of sealed pages and, with the ids that follow the cache's, the same kinds here.
    func withClasses(
        of cache: KVCache, _ kinds: [mk_seal],
        _ body: (UnsafeBufferPointer<mk_page_class>) -> Void
    ) {
        let count = cache.classCount + kinds.count
        withUnsafeTemporaryAllocation(of: mk_page_class.self, capacity: count) { classes in
            for index in 0..<cache.classCount {
                classes.initializeElement(at: index, to: cache.classes[index])
            }
            for (index, kind) in kinds.enumerated() {
                classes.initializeElement(
                    at: cache.classCount + index,
                    to: mk_page_class(
                        first: Int32(cache.idCapacity + index * capacity), seal: kind,
                        arena: UnsafePointer(page(0)), unit_pages: 1, unit_bytes: stride,
                        body_bytes: 0))
            }
            body(UnsafeBufferPointer(classes))
        }
    }
}
