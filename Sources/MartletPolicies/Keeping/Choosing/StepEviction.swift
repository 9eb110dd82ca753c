// Holds a policy's budget while tokens are generated: watches each step's attention, then evicts.

import CMartletKernels
import MartletAttention
import MartletCache
import MartletKernels

/// One cache's evictor at work. The engine's thread owns it.
final class StepEviction {
    /// What all sequences' evictors have in common: what they read.
    private let evictor: any StepEvictor
    private let shape: KVShape
    private let group: Int
    private let pool: WorkerPool
    private let probes: [AttentionProbe]
    private let stage: Int
    private var slices: [AttentionSlice] = []
    /// What each slice's newest token gave, by slice and KV head, then slot.
    private var received: [[Float]] = []
    /// Bytes that computing them touched, in the same order.
    private var touched: [Int] = []

    init(
        evictor: any StepEvictor, _ context: StageContext, stage: Int,
        probes: [AttentionProbe]
    ) {
        self.evictor = evictor
        self.stage = stage
        self.probes = probes
        shape = context.shape
        group = context.group
        pool = context.pool
    }

    private func memory(of id: SequenceID, _ cache: KVCache) -> KeepingMemory {
        guard let memory = cache.memory(of: id, stage: stage) as? KeepingMemory else {
            preconditionFailure("StepEviction: the cache runs another plan")
        }
        return memory
    }

    /// Names the slices of the step that are generated tokens.
    func begin(_ slices: [AttentionSlice], cache: KVCache) {
        self.slices.removeAll(keepingCapacity: true)
        for slice in slices where !memory(of: slice.sequence, cache).caps.isEmpty {
            precondition(
                slice.count == 1,
                "StepEviction: got \(slice.count) tokens in a step, expected generated ones singly"
            )
            self.slices.append(slice)
        }
    }

    /// Folds one layer's attention of the newest tokens into what is remembered.
    func observe(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
        guard !slices.isEmpty else { return }
        let heads = shape.keyValueHeadCount
        let reads = evictor.reads
        if reads != .nothing { weigh(layer: layer, cache: cache, q: q, stride: stride) }
        for (index, slice) in slices.enumerated() {
            let memory = memory(of: slice.sequence, cache)
            guard let evictor = memory.holding?.evictor else { continue }
            let width = evictor.width
            let first = index * heads
            if reads != .nothing, evictor.averagesLayer { averageLayer(first..<first + heads) }
            let step = slice.position - (cache.promptCount(slice.sequence) ?? 0)
            for head in 0..<heads {
                let table = layer * heads + head
                memory.slots[table].append(contentsOf: repeatElement(0, count: width))
                if let score = evictor.tokenScore {
                    memory.touchedBytes += shape.slotBytes
                    memory.slots[table][memory.slots[table].count - width] = newest(
                        of: cache.table(slice.sequence, layer: layer, head: head), score, cache)
                }
                guard reads != .nothing else { continue }
                memory.touchedBytes += touched[first + head]
                memory.touchedBytes += memory.slots[table].count * MemoryLayout<Float>.stride
                memory.slots[table].withUnsafeMutableBufferPointer { memory in
                    received[first + head].withUnsafeBufferPointer { received in
                        evictor.foldAll(memory, received, step: step)
                    }
                }
            }
        }
    }

    /// What the token that a step appended to a table scores by its own key and value.
    private func newest(of table: PageTableView, _ score: TokenScore, _ cache: KVCache) -> Float {
        let dimension = shape.headDimension
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * dimension) { room in
            guard let key = room.baseAddress else { return 0 }
            let page = cache.pagePointer(table[table.length / KVPage.tokens])
            mk_read_slot(
                shape.codec.code, page.assumingMemoryBound(to: UInt8.self), Int32(dimension),
                Int32(table.length % KVPage.tokens), key, key + dimension)
            return score(
                UnsafeBufferPointer(start: key, count: dimension),
                UnsafeBufferPointer(start: key + dimension, count: dimension))
        }
    }

    /// Computes what the newest tokens give to each slot: weights or logits.
    private func weigh(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
        let (heads, width) = (shape.keyValueHeadCount, group * shape.headDimension)
        let units = slices.count * heads
        while received.count < units { received.append([]) }
        while touched.count < units { touched.append(0) }
        received.withUnsafeMutableBufferPointer { received in
            touched.withUnsafeMutableBufferPointer { touched in
                pool.run(units) { unit, worker in
                    let (index, head) = unit.quotientAndRemainder(dividingBy: heads)
                    let slice = slices[index]
                    weigh(
                        q + slice.firstRow * stride + head * width, stride: stride,
                        head: (layer, head),
                        table: cache.table(slice.sequence, layer: layer, head: head), cache,
                        probes[worker], into: &received[unit])
                    touched[unit] = probes[worker].touches.take()
                }
            }
        }
    }

    /// What one token gives to each slot of a table, its own the last: weights or logits.
    private func weigh(
        _ q: UnsafePointer<Float>, stride: Int, head: (layer: Int, index: Int),
        table: PageTableView, _ cache: KVCache,
        _ probe: AttentionProbe, into received: inout [Float]
    ) {
        let count = table.length + 1
        received.removeAll(keepingCapacity: true)
        received.append(contentsOf: repeatElement(0, count: count))
        received.withUnsafeMutableBufferPointer { sums in
            guard let target = sums.baseAddress else { return }
            do {
                if evictor.reads == .logits {
                    try probe.addLogits(
                        of: q, count: count, table: table, cache: cache, to: target)
                } else {
                    try probe.addWeights(
                        of: q, count: 1, stride: stride, firstEnd: count, head: head, table: table,
                        cache: cache, to: target)
                }
            } catch { preconditionFailure("StepEviction: \(error)") }
        }
    }

    /// Replaces what the heads gave by what the mean query head of the layer did.
    private func averageLayer(_ units: Range<Int>) {
        let scale = 1 / Float(units.count * group)
        for slot in received[units.lowerBound].indices {
            var sum: Float = 0
            for unit in units { sum += received[unit][slot] }
            for unit in units { received[unit][slot] = sum * scale }
        }
    }

    /// Takes the lowest tokens out of heads that hold more than they may, and those below the bound. Runs
    /// after the commit.
    func finish(cache: KVCache) {
        for slice in slices {
            let memory = memory(of: slice.sequence, cache)
            guard let (evictor, division) = memory.holding else { continue }
            let width = evictor.width
            let step = slice.position - (cache.promptCount(slice.sequence) ?? 0)
            guard (step + 1) % evictor.interval == 0 else { continue }
            let growth = evictor.growth(step: step)
            for table in 0..<shape.tableCount {
                let (layer, head) = table.quotientAndRemainder(
                    dividingBy: shape.keyValueHeadCount)
                let (cap, overflow) = memory.caps[table].addingReportingOverflow(growth)
                while !overflow {
                    let isFull = memory.slots[table].count > cap * width
                    guard isFull || evictor.bound > -.infinity,
                        let (slot, rank) = victim(
                            evictor, division, memory.slots[table], newest: slice.position,
                            slice.sequence,
                            of: cache.table(slice.sequence, layer: layer, head: head), cache),
                        isFull || !(rank >= evictor.bound),
                        cache.evict(slice.sequence, layer: layer, head: head, slot: slot)
                    else { break }
                    let last = memory.slots[table].count / width - 1
                    for i in 0..<width {
                        memory.slots[table].swapAt(slot * width + i, last * width + i)
                    }
                    memory.slots[table].removeLast(width)
                }
            }
        }
    }

    /// The slot and the rank of the lowest among tokens that are neither sinks nor recent; the oldest on ties.
    private func victim(
        _ evictor: any StepEvictor, _ division: TokenDivision, _ slots: [Float], newest: Int,
        _ id: SequenceID, of view: PageTableView, _ cache: KVCache
    ) -> (slot: Int, rank: Float)? {
        let firstOpen = evictor.sparesPrompt ? cache.promptCount(id) ?? 0 : division.sinks
        let firstRecent = newest + 1 - max(1, evictor.recent ?? division.recent)
        let count = slots.count / evictor.width
        let pages = (0..<KVPage.count(forSlots: count)).map { cache.positions(ofPage: view[$0]) }
        let numbers = slots.count * MemoryLayout<Float>.stride
        cache.move(numbers + pages.count * KVPage.positionBytes, for: id)
        return slots.withUnsafeBufferPointer { memory in
            evictor.lowest(
                memory, pages: pages, open: firstOpen..<max(firstOpen, firstRecent),
                newest: newest)
        }
    }
}
