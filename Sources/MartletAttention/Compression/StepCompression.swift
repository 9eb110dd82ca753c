// Holds a policy's budget while tokens are generated: watches each step's attention, then evicts.

import CMartletKernels
import MartletKernels

/// One cache's evictor at work. The engine's thread owns it.
final class StepCompression {
    private let chosen: Compression
    private let evictor: any StepEvictor
    private let shape: KVShape
    private let group: Int
    private let pool: WorkerPool
    private let probes: [AttentionProbe]
    private var slices: [AttentionSlice] = []
    /// Attention of each slice's newest token, by slice and KV head, then slot.
    private var weights: [[Float]] = []

    init(
        _ chosen: Compression, evictor: any StepEvictor, shape: KVShape, group: Int,
        pool: WorkerPool, probes: [AttentionProbe]
    ) {
        self.chosen = chosen
        self.evictor = evictor
        self.shape = shape
        self.group = group
        self.pool = pool
        self.probes = probes
    }

    /// Names the slices of the step that are generated tokens.
    func begin(_ slices: [AttentionSlice], cache: KVCache) {
        self.slices.removeAll(keepingCapacity: true)
        for slice in slices where cache.memory(of: slice.sequence)?.caps.isEmpty == false {
            precondition(
                slice.count == 1,
                "StepCompression: got \(slice.count) tokens in a step, expected generated ones singly"
            )
            self.slices.append(slice)
        }
    }

    /// Folds one layer's attention of the newest tokens into what is remembered.
    func observe(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
        guard !slices.isEmpty else { return }
        let heads = shape.keyValueHeadCount
        if evictor.readsWeights { weigh(layer: layer, cache: cache, q: q, stride: stride) }
        let width = evictor.width
        for (index, slice) in slices.enumerated() {
            guard let state = cache.memory(of: slice.sequence) else { continue }
            let first = index * heads
            if evictor.readsWeights, evictor.averagesLayer { averageLayer(first..<first + heads) }
            let step = slice.position - state.promptCount
            for head in 0..<heads {
                let table = layer * heads + head
                state.memories[table].append(contentsOf: repeatElement(0, count: width))
                guard evictor.readsWeights else { continue }
                state.memories[table].withUnsafeMutableBufferPointer { memory in
                    weights[first + head].withUnsafeBufferPointer { received in
                        evictor.foldAll(memory, received, step: step)
                    }
                }
            }
        }
    }

    /// Computes the weights that the newest tokens give to each slot.
    private func weigh(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
        let (heads, width) = (shape.keyValueHeadCount, group * shape.headDimension)
        let units = slices.count * heads
        while weights.count < units { weights.append([]) }
        weights.withUnsafeMutableBufferPointer { weights in
            pool.run(units) { unit, worker in
                let (index, head) = unit.quotientAndRemainder(dividingBy: heads)
                let slice = slices[index]
                let table = cache.table(slice.sequence, layer: layer, head: head)
                let count = table.length + 1
                weights[unit].removeAll(keepingCapacity: true)
                weights[unit].append(contentsOf: repeatElement(0, count: count))
                weights[unit].withUnsafeMutableBufferPointer { sums in
                    guard let target = sums.baseAddress else { return }
                    do {
                        try probes[worker].addWeights(
                            of: q + slice.firstRow * stride + head * width, count: 1,
                            stride: stride, firstEnd: count, table: table, cache: cache, to: target)
                    } catch { preconditionFailure("StepCompression: \(error)") }
                }
            }
        }
    }

    /// Replaces the heads' weights by those of the mean query head of the layer.
    private func averageLayer(_ units: Range<Int>) {
        let scale = 1 / Float(units.count * group)
        for slot in weights[units.lowerBound].indices {
            var sum: Float = 0
            for unit in units { sum += weights[unit][slot] }
            for unit in units { weights[unit][slot] = sum * scale }
        }
    }

    /// Takes the lowest tokens out of heads that hold more than they may. Runs after the commit.
    func finish(cache: KVCache) {
        let width = evictor.width
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence) else { continue }
            let step = slice.position - state.promptCount
            guard (step + 1) % evictor.interval == 0 else { continue }
            let growth = evictor.growth(step: step)
            for table in 0..<shape.tableCount {
                let (layer, head) = table.quotientAndRemainder(
                    dividingBy: shape.keyValueHeadCount)
                let (cap, overflow) = state.caps[table].addingReportingOverflow(growth)
                while !overflow, state.memories[table].count > cap * width {
                    guard
                        let slot = victim(
                            state, table, newest: slice.position,
                            of: cache.table(slice.sequence, layer: layer, head: head), cache),
                        cache.evict(slice.sequence, layer: layer, head: head, slot: slot)
                    else { break }
                    let last = state.memories[table].count / width - 1
                    for i in 0..<width {
                        state.memories[table].swapAt(slot * width + i, last * width + i)
                    }
                    state.memories[table].removeLast(width)
                }
            }
        }
    }

    /// The slot of the lowest rank among tokens that are neither sinks nor recent; the oldest on ties.
    private func victim(
        _ state: PolicyMemory, _ table: Int, newest: Int, of view: PageTableView, _ cache: KVCache
    ) -> Int? {
        let firstOpen = evictor.sparesPrompt ? state.promptCount : chosen.sinks
        let firstRecent = newest + 1 - max(1, evictor.recent ?? chosen.recent)
        let count = state.memories[table].count / evictor.width
        let pages = (0..<KVPage.count(forSlots: count)).map { cache.positions(ofPage: view[$0]) }
        return state.memories[table].withUnsafeBufferPointer { memory in
            evictor.lowest(
                memory, pages: pages, open: firstOpen..<max(firstOpen, firstRecent),
                newest: newest)
        }
    }
}
