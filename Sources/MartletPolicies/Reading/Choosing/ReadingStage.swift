// Runs a page selector: asks it for every head of every generated token, and counts what is read.

import CMartletKernels
import MartletAttention
import MartletCache
import MartletKernels

/// One cache's page selector at work.
final class ReadingStage: CacheStage {
    /// What one head reads in this layer.
    struct HeadReads {
        /// Page ids to attend over in place of the table; empty for the whole table.
        var ids: [Int32] = []
        /// Slots in them, the newest token's the last.
        var slots = 0
        /// By slot of `ids`, in whole tiles: hidden ones are seen until before the first position.
        var until: [Int32] = []
        /// By slot of `ids`, in whole tiles: what is added to its score; empty for nothing.
        var bias: [Float] = []
    }

    private let selector: any DecodePageSelector
    /// Its place in the plan, under which the cache holds its memories.
    private let index: Int
    private let shape: KVShape
    private let group: Int
    private let kernels: KernelSet
    private let pool: WorkerPool
    private let probes: [AttentionProbe]
    /// Slices of the step that are generated tokens, by index in the step.
    private var slices: [(index: Int, slice: AttentionSlice)] = []
    /// By slice of the step and KV head; no heads for a slice of a prompt.
    private var choices: [[HeadReads]] = []
    /// By slice of the step: what it has read in the layers so far; nil for a slice of a prompt.
    private var stepReads: [StepReads?] = []

    init(
        _ selector: any DecodePageSelector, _ context: StageContext, index: Int
    ) throws(KernelError) {
        self.selector = selector
        self.index = index
        shape = context.shape
        kernels = context.kernels
        pool = context.pool
        group = context.group
        probes = try context.makeProbes()
    }

    private func memory(of id: SequenceID, _ cache: KVCache) -> ReadingMemory {
        guard let memory = cache.memory(of: id, stage: index) as? ReadingMemory else {
            preconditionFailure("ReadingStage: the cache runs another plan")
        }
        return memory
    }

    var replacesTables: Bool { !slices.isEmpty }
    var changesReads: Bool { !slices.isEmpty }

    /// Names the slices of the step.
    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        if selector.readsSentences, let tokens { noteSentences(slices, tokens, cache) }
        _ = probes.takeTouches()
        self.slices.removeAll(keepingCapacity: true)
        choices.removeAll(keepingCapacity: true)
        stepReads.removeAll(keepingCapacity: true)
        for (index, slice) in slices.enumerated() {
            guard cache.promptCount(slice.sequence) != nil, slice.count == 1 else {
                choices.append([])
                stepReads.append(nil)
                continue
            }
            memory(of: slice.sequence, cache).prepare(
                tableCount: shape.tableCount, layerCount: shape.layerCount)
            self.slices.append((index, slice))
            choices.append(Array(repeating: HeadReads(), count: shape.keyValueHeadCount))
            stepReads.append(StepReads())
        }
    }

    private func noteSentences(
        _ slices: [AttentionSlice], _ tokens: UnsafePointer<Int32>, _ cache: KVCache
    ) {
        for slice in slices {
            let memory = memory(of: slice.sequence, cache)
            for offset in 0..<slice.count
            where cache.sentenceTokens.contains(tokens[slice.firstRow + offset]) {
                memory.sentenceEnds.append(Int32(slice.position + offset))
            }
        }
    }

    /// Chooses for one layer, after its keys were appended.
    func willAttend(_ queries: QueryRows, layer: Int, cache: KVCache) {
        let (q, stride) = (queries.base, queries.stride)
        for (index, slice) in slices {
            let shared = memory(of: slice.sequence, cache)
            let (heads, first) = (shape.keyValueHeadCount, layer * shape.keyValueHeadCount)
            var chosen = [HeadReads](repeating: HeadReads(), count: heads)
            var reads = [StepReads](repeating: .init(), count: heads)
            let (ends, weights) = (shared.sentenceEnds, cache.weights(of: slice.sequence))
            let isDense = layer < selector.denseLayers
            shared.heads.withUnsafeMutableBufferPointer { memories in
                chosen.withUnsafeMutableBufferPointer { chosen in
                    reads.withUnsafeMutableBufferPointer { reads in
                        pool.run(heads) { head, worker in
                            let table = cache.table(slice.sequence, layer: layer, head: head)
                            let view = SelectionView(
                                layer: layer, head: head, group: group,
                                dimension: shape.headDimension, layerCount: shape.layerCount,
                                step: shared.steps, position: slice.position,
                                q: q + slice.firstRow * stride + head * group * shape.headDimension,
                                shared: shared, sentenceEnds: ends, cache: cache, table: table,
                                kernels: kernels,
                                probe: probes[worker])
                            let choice =
                                isDense ? .all : selector.choose(view, &memories[first + head])
                            (chosen[head], reads[head]) = resolve(
                                choice, view, bias: weights[first + head])
                            // Two vectors describe a page: as much as the key and the value of one
                            // token.
                            reads[head].tokens += view.touches.bounds
                            reads[head].otherBytes += view.touches.take()
                        }
                    }
                }
            }
            shared.nextLayers[layer] = selector.finishLayer(
                layer, heads: shared.heads[first..<first + heads])
            for read in reads {
                stepReads[index]?.tokens += read.tokens
                stepReads[index]?.attentionBytes += read.attentionBytes
                stepReads[index]?.otherBytes += read.otherBytes
            }
            choices[index] = chosen
        }
    }

    func count(_ reads: inout StepReads, slice: Int, cache: KVCache) {
        guard let own = stepReads[slice] else { return }
        reads.tokens = own.tokens
        reads.attentionBytes = own.attentionBytes
        reads.otherBytes += own.otherBytes
    }

    /// Counts a generated token.
    func finishStep(cache: KVCache) {
        for (_, slice) in slices {
            let memory = memory(of: slice.sequence, cache)
            memory.steps += 1
            memory.layers = memory.nextLayers
        }
    }

    func slotCount(slice: Int, head: Int) -> Int? {
        guard !choices[slice].isEmpty, !choices[slice][head].ids.isEmpty else { return nil }
        return choices[slice][head].slots
    }

    func withReads(
        of unit: StageUnit, _ reads: UnitReads, cache: KVCache, _ body: (UnitReads) -> Void
    ) {
        guard !choices[unit.slice].isEmpty, !choices[unit.slice][unit.head].ids.isEmpty else {
            return body(reads)
        }
        let choice = choices[unit.slice][unit.head]
        choice.ids.withUnsafeBufferPointer { ids in
            choice.until.withUnsafeBufferPointer { until in
                choice.bias.withUnsafeBufferPointer { bias in
                    var reads = UnitReads(table: PageTableView(pages: ids, length: choice.slots))
                    reads.until = until.isEmpty ? nil : until.baseAddress
                    reads.bias = bias.isEmpty ? nil : bias.baseAddress
                    body(reads)
                }
            }
        }
    }

    private func resolve(
        _ choice: PageChoice, _ view: SelectionView, bias: [Float]
    ) -> (HeadReads, StepReads) {
        let newest = Int32(view.pages - 1)
        var pages: [Int32]
        var slots: [Int32]?
        switch choice {
        case .all: pages = []
        case .pages(let some):
            pages = some
            if pages.last != newest { pages.append(newest) }
        case .slots(var some):
            if some.last != Int32(view.slots - 1) { some.append(Int32(view.slots - 1)) }
            pages = []
            for slot in some where pages.last != slot / Int32(KVPage.tokens) {
                pages.append(slot / Int32(KVPage.tokens))
            }
            slots = some.count == view.slots ? nil : some
        }
        guard !pages.isEmpty, slots != nil || pages.count < view.pages else {
            return (
                HeadReads(),
                StepReads(tokens: view.slots, attentionBytes: view.pages * shape.pageBytes)
            )
        }
        var result = HeadReads()
        result.ids = pages.map { view.table[Int($0)] }
        let inNewest = view.slots - (view.pages - 1) * KVPage.tokens
        result.slots = (pages.count - 1) * KVPage.tokens + inNewest
        var tokens = result.slots
        if let slots {
            let tile = Int(MK_TILE)
            result.until = Array(
                repeating: .min, count: (result.slots + tile - 1) / tile * tile)
            var place = 0
            for slot in slots {
                while pages[place] != slot / Int32(KVPage.tokens) { place += 1 }
                result.until[place * KVPage.tokens + Int(slot) % KVPage.tokens] = .max
            }
            tokens = slots.count
        }
        if !bias.isEmpty {
            for page in pages {
                let first = Int(page) * KVPage.tokens
                result.bias += bias[first..<first + KVPage.tokens]
            }
            let tile = Int(MK_TILE)
            let missing = (result.slots + tile - 1) / tile * tile - result.bias.count
            result.bias.append(contentsOf: repeatElement(0, count: missing))
        }
        return (result, StepReads(tokens: tokens, attentionBytes: pages.count * shape.pageBytes))
    }
}
