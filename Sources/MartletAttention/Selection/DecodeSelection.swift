// Runs a page selector: asks it for every head of every generated token, and counts what is read.

import CMartletKernels
import MartletKernels

/// One cache's page selector at work. The engine's thread owns it.
final class DecodeSelection {
    /// What one head reads in this layer.
    struct Choice {
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
    private let shape: KVShape
    private let group: Int
    private let kernels: KernelSet
    private let pool: WorkerPool
    private let probes: [AttentionProbe]
    /// Slices of the step that are generated tokens, by index in the step.
    private var slices: [(index: Int, slice: AttentionSlice)] = []
    /// By index of the slice in the step and KV head.
    private var choices: [Int: [Choice]] = [:]

    init(
        _ selector: any DecodePageSelector, shape: KVShape, headCount: Int, scale: Float,
        kernels: KernelSet, pool: WorkerPool
    ) throws(KernelError) {
        self.selector = selector
        self.shape = shape
        self.kernels = kernels
        self.pool = pool
        group = headCount / shape.keyValueHeadCount
        var probes: [AttentionProbe] = []
        for _ in 0..<pool.threadCount {
            probes.append(
                try AttentionProbe(shape: shape, group: group, scale: scale, kernels: kernels))
        }
        self.probes = probes
    }

    /// Whether any slice of the step is a generated token.
    var isActive: Bool { !slices.isEmpty }

    /// Names the slices of the step.
    func begin(
        _ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache
    ) {
        if selector.readsSentences, let tokens { noteSentences(slices, tokens, cache) }
        self.slices.removeAll(keepingCapacity: true)
        choices.removeAll(keepingCapacity: true)
        for (index, slice) in slices.enumerated() {
            guard let memory = cache.memory(of: slice.sequence), memory.isPromptComplete,
                slice.count == 1
            else { continue }
            if memory.selection == nil {
                memory.selection = SelectionMemory(
                    tableCount: shape.tableCount, layerCount: shape.layerCount)
            }
            memory.stepReads = PolicyMemory.StepReads()
            self.slices.append((index, slice))
            choices[index] = Array(repeating: Choice(), count: shape.keyValueHeadCount)
        }
    }

    private func noteSentences(
        _ slices: [AttentionSlice], _ tokens: UnsafePointer<Int32>, _ cache: KVCache
    ) {
        for slice in slices {
            guard let memory = cache.memory(of: slice.sequence) else { continue }
            for offset in 0..<slice.count
            where cache.sentenceTokens.contains(tokens[slice.firstRow + offset]) {
                memory.sentenceEnds.append(Int32(slice.position + offset))
            }
        }
    }

    /// Chooses for one layer, after its keys were appended.
    func choose(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
        for (index, slice) in slices {
            guard let memory = cache.memory(of: slice.sequence), let shared = memory.selection
            else { continue }
            let (heads, first) = (shape.keyValueHeadCount, layer * shape.keyValueHeadCount)
            var chosen = [Choice](repeating: Choice(), count: heads)
            var reads = [PolicyMemory.StepReads](repeating: .init(), count: heads)
            let (ends, biases) = (memory.sentenceEnds, memory.biases)
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
                            let bias = biases.isEmpty ? [] : biases[first + head]
                            (chosen[head], reads[head]) = resolve(choice, view, bias: bias)
                            if !isDense, selector.readsBounds {
                                reads[head].describedPages += view.pages
                            }
                        }
                    }
                }
            }
            shared.nextLayers[layer] = selector.finishLayer(
                layer, heads: shared.heads[first..<first + heads])
            for read in reads { memory.stepReads?.add(read) }
            choices[index] = chosen
        }
    }

    /// Counts a generated token.
    func finish(cache: KVCache) {
        for (_, slice) in slices {
            guard let shared = cache.memory(of: slice.sequence)?.selection else { continue }
            shared.steps += 1
            shared.layers = shared.nextLayers
        }
    }

    /// What a head of a slice reads; nil for its whole table.
    func choice(slice: Int, head: Int) -> Choice? {
        guard let choice = choices[slice]?[head], !choice.ids.isEmpty else { return nil }
        return choice
    }

    private func resolve(
        _ choice: PageChoice, _ view: SelectionView, bias: [Float]
    ) -> (Choice, PolicyMemory.StepReads) {
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
            return (Choice(), .init(tokens: view.slots, pages: view.pages))
        }
        var result = Choice()
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
        return (result, .init(tokens: tokens, pages: pages.count))
    }
}
