// Runs a compressor: records signals while the prompt is computed, chooses and frees at its end, and holds
// its budget afterwards.

import CMartletKernels
import Foundation
import MartletAttention
import MartletCache
import MartletKernels

/// One cache's compressor at work.
final class KeepingStage: CacheStage {
    let chosen: ScoredKeeping
    let shape: KVShape
    let headCount: Int
    /// By layer; see ``StageContext``.
    let frequencies: [[Double]]
    let outputs: OutputProjection?
    let pool: WorkerPool
    private let kernels: KernelSet
    let probes: [AttentionProbe]
    /// Its place in the plan, under which the cache holds its memories.
    private let index: Int
    /// The slices of the step whose queries are recorded.
    private(set) var slices: [AttentionSlice] = []
    /// All slices of the step.
    private var allSlices: [AttentionSlice] = []
    /// How a budget in bytes is held.
    private let hold: ByteHold?
    /// The part of a prompt that the step at hand repeats, if it does.
    private(set) var repeated: RepeatedPart?
    /// What holds the budget afterwards, if the policy does.
    private var steps: StepEviction?

    init(_ chosen: ScoredKeeping, _ context: StageContext, index: Int) throws(KernelError) {
        self.chosen = chosen
        self.index = index
        shape = context.shape
        headCount = context.headCount
        frequencies = context.frequencies
        outputs = context.outputs
        pool = context.pool
        kernels = context.kernels
        hold = chosen.hold(shape: context.shape)
        probes = try context.makeProbes()
        if let evictor = chosen.steps {
            steps = StepEviction(evictor: evictor, context, stage: index, probes: probes)
        }
    }

    func memory(of id: SequenceID, _ cache: KVCache) -> KeepingMemory {
        guard let memory = cache.memory(of: id, stage: index) as? KeepingMemory else {
            preconditionFailure("KeepingStage: the cache runs another plan")
        }
        return memory
    }

    /// Names the slices of the step whose queries will be recorded.
    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        _ = probes.takeTouches()
        allSlices = slices
        for slice in slices { memory(of: slice.sequence, cache).touchedBytes = 0 }
        steps?.begin(slices, cache: cache)
        self.slices.removeAll(keepingCapacity: true)
        let signals = chosen.compressor.signals
        guard !signals.isEmpty || chosen.choosesAgain else { return }
        guard repeated == nil else {
            self.slices = slices
            return
        }
        for slice in slices
        where cache.promptCount(slice.sequence) == nil || chosen.choosesAgain {
            let memory = memory(of: slice.sequence, cache)
            if memory.recorder == nil { memory.recorder = makeRecorder() }
            self.slices.append(slice)
            if signals.rereadPart > 0, let tokens {
                memory.promptTokens += UnsafeBufferPointer(
                    start: tokens + slice.firstRow, count: slice.count)
            }
        }
    }

    func count(_ reads: inout StepReads, slice: Int, cache: KVCache) {
        reads.otherBytes += memory(of: allSlices[slice].sequence, cache).touchedBytes
    }

    func repeating(_ part: RepeatedPart?) { repeated = part }

    func adopt(_ sequence: SequenceID, cache: KVCache, seed: UInt64) {
        let recorder = makeRecorder()
        recorder.invent(count: cache.count(sequence), tables: shape.tableCount, seed: seed)
        memory(of: sequence, cache).recorder = recorder
    }

    private func makeRecorder() -> PromptRecorder {
        PromptRecorder(
            signals: chosen.compressor.signals, layerCount: shape.layerCount,
            headCount: headCount, keyValueHeadCount: shape.keyValueHeadCount,
            dimension: shape.headDimension)
    }

    func willAttend(_ queries: QueryRows, layer: Int, cache: KVCache) {
        record(layer: layer, cache: cache, queries)
        steps?.observe(layer: layer, cache: cache, q: queries.base, stride: queries.stride)
    }

    /// Records what the compressor wants of one layer's rotated queries.
    private func record(layer: Int, cache: KVCache, _ queries: QueryRows) {
        if let repeated {
            return record(repeated, layer: layer, cache: cache, queries)
        }
        let stride = queries.stride
        for slice in slices {
            let memory = memory(of: slice.sequence, cache)
            guard let recorder = memory.recorder else { continue }
            let rows = queries.base + slice.firstRow * stride
            recordQueries(recorder, slice, layer: layer, cache: cache, rows: rows, stride: stride)
            if recorder.signals.queryMoments {
                recordMoments(recorder, slice, layer: layer, rows: rows, stride: stride)
            }
            if recorder.signals.columnMass {
                recordMass(recorder, slice, layer: layer, cache: cache, rows: rows, stride: stride)
            }
            memory.touchedBytes += probes.takeTouches()
        }
    }

    private func recordMoments(
        _ recorder: PromptRecorder, _ slice: AttentionSlice, layer: Int,
        rows: UnsafePointer<Float>, stride: Int
    ) {
        let (dimension, isTurned) = (shape.headDimension, !frequencies[layer].isEmpty)
        let skipped = min(slice.count, max(0, recorder.signals.momentSinks - slice.position))
        let half = frequencies[layer].count
        let (cosines, sines) = turns(of: slice, frequencies[layer])
        cosines.withUnsafeBufferPointer { cosines in
            sines.withUnsafeBufferPointer { sines in
                recorder.withMoments(layer: layer) { sums, products in
                    pool.run(headCount) { head, _ in
                        var turns: (UnsafePointer<Float>, UnsafePointer<Float>, Int)?
                        if isTurned, let c = cosines.baseAddress, let s = sines.baseAddress {
                            turns = (c, s, half)
                        }
                        PromptRecorder.addMoments(
                            of: rows + head * dimension, count: slice.count, stride: stride,
                            skipping: skipped, dimension: dimension, turns: turns,
                            sums: sums + head * dimension,
                            products: products + head * dimension * dimension)
                    }
                }
            }
        }
    }

    private func turns(
        of slice: AttentionSlice, _ frequencies: [Double]
    ) -> ([Float], [Float]) {
        var cosines: [Float] = []
        var sines: [Float] = []
        for token in 0..<slice.count {
            for frequency in frequencies {
                let angle = Double(slice.position + token) * frequency
                cosines.append(Float(cos(angle)))
                sines.append(Float(sin(angle)))
            }
        }
        return (cosines, sines)
    }

    private func recordMass(
        _ recorder: PromptRecorder, _ slice: AttentionSlice, layer: Int, cache: KVCache,
        rows: UnsafePointer<Float>, stride: Int
    ) {
        let (heads, dimension) = (shape.keyValueHeadCount, shape.headDimension)
        let group = headCount / heads
        let first = layer * heads
        for head in 0..<heads {
            let held = cache.table(slice.sequence, layer: layer, head: head).length
            let missing = held + slice.count - recorder.mass[first + head].count
            recorder.mass[first + head].append(contentsOf: repeatElement(0, count: missing))
        }
        recorder.mass.withUnsafeMutableBufferPointer { mass in
            pool.run(heads) { head, worker in
                let table = cache.table(slice.sequence, layer: layer, head: head)
                mass[first + head].withUnsafeMutableBufferPointer { sums in
                    guard let target = sums.baseAddress else { return }
                    do {
                        try probes[worker].addWeights(
                            of: rows + head * group * dimension, count: slice.count,
                            stride: stride, firstEnd: table.length + 1, head: (layer, head),
                            table: table, cache: cache, to: target)
                    } catch { preconditionFailure("KeepingStage: \(error)") }
                }
            }
        }
    }

    /// Chooses which tokens of a complete prompt stay, and frees the others.
    func completePrompt(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        let memory = memory(of: sequence, cache)
        let count = cache.count(sequence)
        let budget = hold?.kept ?? chosen.budget?.kept(of: count, shape: shape) ?? count
        var verdicts = [HeadVerdict](repeating: HeadVerdict(), count: shape.tableCount)
        if budget < count || chosen.budget == nil {
            verdicts = choose(sequence, cache: cache, budget: budget)
        }
        if let evictor = chosen.compressor.steps(keeping: kept(budget)) {
            memory.holding = (evictor, chosen.division(of: kept(budget)))
            remember(
                evictor, of: sequence, memory, verdicts.map(\.kept), budget: budget, cache: cache)
        }
        try carryOut(verdicts, sequence, memory, cache)
        if !chosen.choosesAgain { memory.recorder = nil }
    }

    /// Takes tokens out of heads that hold more than they may, or chooses again among all that is held, where
    /// the method or a budget in bytes wants that and it is time.
    func finishStep(cache: KVCache) throws(CacheError) {
        if chosen.compressor.signals.readsOutputs, outputs == nil {
            throw .policyNeedsOutputs(policy: cache.traits.text)
        }
        steps?.finish(cache: cache)
        guard repeated == nil, hold != nil || chosen.compressor.interval != nil else { return }
        for slice in slices {
            let count = cache.count(slice.sequence)
            let promptCount = cache.promptCount(slice.sequence)
            let interval =
                promptCount != nil ? hold?.piece ?? chosen.compressor.interval : hold?.piece
            guard let interval, promptCount == nil || chosen.choosesAgain,
                (count - (promptCount ?? 0)) % interval == 0
            else { continue }
            let tokens =
                hold?.kept ?? chosen.budget?.kept(of: Int(Int32.max), shape: shape) ?? count
            let verdicts = choose(slice.sequence, cache: cache, budget: tokens)
            try carryOut(verdicts, slice.sequence, memory(of: slice.sequence, cache), cache)
        }
    }

    private func carryOut(
        _ verdicts: [HeadVerdict], _ sequence: SequenceID, _ memory: KeepingMemory, _ cache: KVCache
    ) throws(CacheError) {
        try cache.retain(sequence, verdicts.map(\.kept))
        if let recorder = memory.recorder, !recorder.mass.isEmpty {
            for (table, verdict) in verdicts.enumerated() {
                guard let kept = verdict.kept, !recorder.mass[table].isEmpty else { continue }
                recorder.mass[table] = kept.map { recorder.mass[table][Int($0)] }
            }
        }
        guard verdicts.contains(where: { !$0.merges.isEmpty }) else { return }
        for (index, verdict) in verdicts.enumerated() where !verdict.merges.isEmpty {
            var places: [Int32: Int] = [:]
            for (place, slot) in (verdict.kept ?? []).enumerated() { places[slot] = place }
            for merge in verdict.merges {
                let slot = verdict.kept == nil ? Int(merge.slot) : places[merge.slot]
                guard let slot else {
                    preconditionFailure("KeepingStage: slot \(merge.slot) does not stay")
                }
                try cache.rewrite(
                    sequence, table: index, slot: slot, key: merge.key, value: merge.value,
                    tokens: merge.count, kernels: kernels)
            }
        }
    }

    /// Starts what the evictor remembers of the survivors. A head may hold as many tokens as the policy
    /// says, or as it kept where that is a share of the prompt.
    private func remember(
        _ evictor: any StepEvictor, of sequence: SequenceID, _ memory: KeepingMemory,
        _ kept: [[Int32]?], budget average: Int, cache: KVCache
    ) {
        func length(_ table: Int) -> Int {
            let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            return cache.table(sequence, layer: layer, head: head).length
        }
        memory.caps = kept.enumerated().map { table, slots in
            let held = slots?.count ?? length(table)
            let budget =
                switch chosen.budget {
                case .tokens(let tokens)?: max(tokens, held)
                case .ratio?, nil: held
                case .bytes?:
                    chosen.rule == .uniform ? hold?.steady ?? held : held
                }
            return evictor.capacity(table: table, kept: held, budget: budget)
        }
        memory.slots = kept.enumerated().map { table, slots in
            let view = view(
                sequence, layer: table / shape.keyValueHeadCount, cache: cache, probe: probes[0],
                budget: average)
            let initial = evictor.initial(memory.recorder, table: table, view: view)
            let width = evictor.width
            guard !initial.isEmpty else {
                return [Float](repeating: 0, count: (slots?.count ?? length(table)) * width)
            }
            return slots?.flatMap { initial[Int($0) * width..<(Int($0) + 1) * width] } ?? initial
        }
    }
}
