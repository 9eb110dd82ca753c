/// ThinK: channels of keys that matter least to the prompt's last queries are set to zero (2407.21018).

import CMartletKernels
import MartletAttention
import MartletCache
import MartletKernels

/// When the prompt is complete and tokens have been chosen, a KV head's channel scores the mean square of its
/// last `window` queries, over them and the heads of the group, times the mean square of the keys held. The
/// `ratio` of the channels with the lowest scores become zero in the prompt's keys, but for the newest `recent`
/// tokens; keys of generated tokens stay whole. The mean over a group is kvpress's; the authors' code looks at
/// each query head alone. **It frees nothing**: a page is as wide as before. It shows what pruning channels
/// does to a model.
struct ThinK: CacheMethod {
    let ratio: Double
    let window: Int
    let recent: Int

    var decision: PolicyDecision { .pruning }

    func describe(_ traits: inout CacheTraits) {
        traits.actsAfterPrompt = true
        traits.prefixSharing = .never
    }

    var maker: StageMaker? {
        StageMaker(
            memory: { ThinKMemory() },
            stage: { context, index throws(KernelError) in ThinKStage(self, context, index: index) }
        )
    }
}

/// The last queries of a prompt that is not complete.
final class ThinKMemory: StageMemory {
    var recorder: PromptRecorder?

    func copy() -> any StageMemory {
        let copy = ThinKMemory()
        copy.recorder = recorder?.copy()
        return copy
    }

    var byteCount: Int { recorder?.byteCount ?? 0 }

    /// Generated tokens can be taken back; a prompt's own where nothing was recorded of them.
    func canCut(to count: Int, from current: Int, promptCount: Int?) -> Bool {
        promptCount.map { count >= $0 } ?? (recorder == nil)
    }
}

/// One cache's pruning at work.
final class ThinKStage: CacheStage {
    private let method: ThinK
    private let context: StageContext
    private let index: Int
    private var slices: [AttentionSlice] = []
    private var isRepeating = false

    init(_ method: ThinK, _ context: StageContext, index: Int) {
        self.method = method
        self.context = context
        self.index = index
    }

    private func memory(of id: SequenceID, _ cache: KVCache) -> ThinKMemory {
        guard let memory = cache.memory(of: id, stage: index) as? ThinKMemory else {
            preconditionFailure("ThinKStage: the cache runs another plan")
        }
        return memory
    }

    private func makeRecorder() -> PromptRecorder {
        PromptRecorder(
            signals: PromptSignals(lastQueries: method.window),
            layerCount: context.shape.layerCount, headCount: context.headCount,
            keyValueHeadCount: context.shape.keyValueHeadCount,
            dimension: context.shape.headDimension)
    }

    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        self.slices.removeAll(keepingCapacity: true)
        guard !isRepeating else { return }
        for slice in slices where cache.promptCount(slice.sequence) == nil {
            let memory = memory(of: slice.sequence, cache)
            if memory.recorder == nil { memory.recorder = makeRecorder() }
            self.slices.append(slice)
        }
    }

    func repeating(_ part: RepeatedPart?) { isRepeating = part != nil }

    func adopt(_ sequence: SequenceID, cache: KVCache, seed: UInt64) {
        let recorder = makeRecorder()
        recorder.invent(
            count: cache.count(sequence), tables: context.shape.tableCount, seed: seed)
        memory(of: sequence, cache).recorder = recorder
    }

    func willAttend(_ queries: QueryRows, layer: Int, cache: KVCache) {
        for slice in slices {
            memory(of: slice.sequence, cache).recorder?.keepQueries(
                layer: layer, position: slice.position, count: slice.count,
                queries: queries.base + slice.firstRow * queries.stride, stride: queries.stride)
        }
    }

    func completePrompt(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        let memory = memory(of: sequence, cache)
        let (shape, count) = (context.shape, cache.count(sequence))
        let cut = Int(Double(shape.headDimension) * method.ratio)
        guard cut > 0, let recorder = memory.recorder else { return memory.recorder = nil }
        var pruned = [[Int]](repeating: [], count: shape.tableCount)
        pruned.withUnsafeMutableBufferPointer { pruned in
            context.pool.run(shape.tableCount) { table, _ in
                let scores = scores(of: table, sequence, recorder, count: count, cache)
                let kept = Set(Ranking.largest(shape.headDimension - cut, of: scores))
                pruned[table] = scores.indices.filter { !kept.contains(Int32($0)) }
            }
        }
        try cache.changeKeys(sequence, before: count - method.recent, kernels: context.kernels) {
            table, key in for channel in pruned[table] { key[channel] = 0 }
        }
        memory.recorder = nil
    }

    /// Of each channel of a table's keys.
    private func scores(
        of table: Int, _ sequence: SequenceID, _ recorder: PromptRecorder, count: Int,
        _ cache: KVCache
    ) -> [Float] {
        let (shape, ring) = (context.shape, method.window)
        let (dimension, group) = (shape.headDimension, context.group)
        let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
        var queries = [Double](repeating: 0, count: dimension)
        let rows = max(0, count - ring)..<count
        for position in rows {
            for member in 0..<group {
                let row = (layer * ring + position % ring) * context.headCount
                let first = (row + head * group + member) * dimension
                for i in 0..<dimension {
                    let q = Double(recorder.queries[first + i])
                    queries[i] += q * q
                }
            }
        }
        var keys = [Double](repeating: 0, count: dimension)
        var held = 0
        cache.visitSlots(sequence, layer: layer, head: head) { _, key, _ in
            for i in 0..<dimension { keys[i] += Double(key[i]) * Double(key[i]) }
            held += 1
        }
        let scale = 1 / Double(max(1, rows.count * group) * max(1, held))
        return (0..<dimension).map { Float(queries[$0] * keys[$0] * scale) }
    }
}

extension CachePolicyEntry {
    static let think = CachePolicyEntry(
        name: "think",
        summary:
            "sets the key channels that matter least to the last queries to zero; frees nothing",
        source: "ThinK (2407.21018)",
        parameters: [
            CachePolicyParameter(
                name: "ratio", domain: .decimal(0...0.9999), defaultValue: .decimal(0.4),
                summary: "fraction of a head's channels that become zero"),
            CachePolicyParameter(
                name: "window", domain: .integer(1...4096), defaultValue: .integer(32),
                summary: "last tokens of the prompt whose queries decide"),
            CachePolicyParameter(
                name: "recent", domain: .integer(0...65_536), defaultValue: .integer(32),
                summary: "newest tokens of the prompt whose keys stay whole"),
        ],
        phases: [], sharesPrefix: false,
        signals: "the last window's queries, and all keys once: n·d products a head",
        examples: ["think(ratio=0.5, window=8, recent=4)"],
        sweep: [SweepForm(11, .prompt, "think(ratio={cut})")],
        sized: { _ in ["think(ratio=0.5)"] }
    ) {
        [
            ThinK(
                ratio: $0.decimal("ratio"), window: $0.integer("window"),
                recent: $0.integer("recent"))
        ]
    }
}
