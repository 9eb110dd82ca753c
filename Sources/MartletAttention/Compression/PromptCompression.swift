// Runs a compressor: records signals while the prompt is computed, chooses and frees at its end.

import CMartletKernels
import Foundation
import MartletKernels

/// One cache's compressor at work. The engine's thread owns it.
final class PromptCompression {
    let chosen: Compression
    let shape: KVShape
    let headCount: Int
    let frequencies: [Double]
    let pool: WorkerPool
    private let kernels: KernelSet
    let probes: [AttentionProbe]
    private(set) var slices: [AttentionSlice] = []
    /// How a budget in bytes is held.
    private let hold: ByteHold?
    /// The part of a prompt that the step at hand repeats, if it does.
    var repeated: RepeatedChunk?
    /// What holds the budget afterwards, if the policy does.
    private(set) var steps: StepCompression?

    init(
        _ chosen: Compression, shape: KVShape, headCount: Int, scale: Float, frequencies: [Double],
        kernels: KernelSet, pool: WorkerPool
    ) throws(KernelError) {
        self.chosen = chosen
        self.shape = shape
        self.headCount = headCount
        self.frequencies = frequencies
        self.pool = pool
        self.kernels = kernels
        hold = chosen.hold(shape: shape)
        var probes: [AttentionProbe] = []
        for _ in 0..<pool.threadCount {
            probes.append(
                try AttentionProbe(
                    shape: shape, group: headCount / shape.keyValueHeadCount, scale: scale,
                    kernels: kernels))
        }
        self.probes = probes
        if let evictor = chosen.compressor.steps {
            steps = StepCompression(
                chosen, evictor: evictor, shape: shape,
                group: headCount / shape.keyValueHeadCount, pool: pool, probes: probes)
        }
    }

    /// Names the slices of the step whose queries will be recorded.
    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        self.slices.removeAll(keepingCapacity: true)
        let signals = chosen.compressor.signals
        guard !signals.isEmpty || chosen.choosesAgain else { return }
        guard repeated == nil else {
            self.slices = slices
            return
        }
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence),
                !state.isPromptComplete || chosen.choosesAgain
            else { continue }
            if state.recorder == nil {
                state.recorder = makeRecorder()
            }
            self.slices.append(slice)
            if signals.rereadChunk > 0, let tokens {
                state.promptTokens += UnsafeBufferPointer(
                    start: tokens + slice.firstRow, count: slice.count)
            }
        }
    }

    /// Gives a filled sequence signals that mean nothing.
    func inventSignals(of id: SequenceID, cache: KVCache, seed: UInt64) {
        guard let state = cache.memory(of: id) else { return }
        let recorder = makeRecorder()
        recorder.invent(count: cache.count(id), tables: shape.tableCount, seed: seed)
        state.recorder = recorder
    }

    private func makeRecorder() -> PromptRecorder {
        PromptRecorder(
            signals: chosen.compressor.signals, layerCount: shape.layerCount,
            headCount: headCount, keyValueHeadCount: shape.keyValueHeadCount,
            dimension: shape.headDimension)
    }

    /// Records what the compressor wants of one layer's rotated queries, `stride` floats apart.
    func record(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
        if let repeated {
            return record(repeated, layer: layer, cache: cache, q: q, stride: stride)
        }
        for slice in slices {
            guard let recorder = cache.memory(of: slice.sequence)?.recorder else { continue }
            let rows = q + slice.firstRow * stride
            recorder.keepQueries(
                layer: layer, position: slice.position, count: slice.count, queries: rows,
                stride: stride)
            if recorder.signals.queryMoments {
                recordMoments(recorder, slice, layer: layer, rows: rows, stride: stride)
            }
            if recorder.signals.columnMass {
                recordMass(recorder, slice, layer: layer, cache: cache, rows: rows, stride: stride)
            }
        }
    }

    private func recordMoments(
        _ recorder: PromptRecorder, _ slice: AttentionSlice, layer: Int,
        rows: UnsafePointer<Float>, stride: Int
    ) {
        let (dimension, isTurned) = (shape.headDimension, !frequencies.isEmpty)
        let skipped = min(slice.count, max(0, recorder.signals.momentSinks - slice.position))
        let (cosines, sines) = turns(of: slice)
        cosines.withUnsafeBufferPointer { cosines in
            sines.withUnsafeBufferPointer { sines in
                recorder.withMoments(layer: layer) { sums, products in
                    pool.run(headCount) { head, _ in
                        var turns: (UnsafePointer<Float>, UnsafePointer<Float>)?
                        if isTurned, let c = cosines.baseAddress, let s = sines.baseAddress {
                            turns = (c, s)
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

    private func turns(of slice: AttentionSlice) -> ([Float], [Float]) {
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
                            stride: stride, firstEnd: table.length + 1, table: table,
                            cache: cache, to: target)
                    } catch { preconditionFailure("PromptCompression: \(error)") }
                }
            }
        }
    }

    /// Chooses which tokens of a complete prompt stay, and frees the others.
    func complete(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {
        guard let state = cache.memory(of: sequence), !state.isPromptComplete else { return }
        let count = cache.count(sequence)
        let budget = hold?.kept ?? chosen.budget?.kept(of: count, shape: shape) ?? count
        var verdicts = [HeadVerdict](repeating: HeadVerdict(), count: shape.tableCount)
        if budget < count || chosen.budget == nil {
            verdicts = choose(sequence, cache: cache, budget: budget)
        }
        if let evictor = chosen.compressor.steps {
            remember(
                evictor, of: sequence, state, kept: verdicts.map(\.kept), cache: cache
            )
        }
        try carryOut(verdicts, sequence, state, cache)
        state.promptCount = count
        state.isPromptComplete = true
        if !chosen.choosesAgain { state.recorder = nil }
    }

    /// Chooses again among all that is held, where the method or a budget in bytes wants that and it is
    /// time. Runs after the commit of a step.
    func finishStep(cache: KVCache) throws(CacheError) {
        guard repeated == nil, hold != nil || chosen.compressor.interval != nil else { return }
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence) else { continue }
            let count = cache.count(slice.sequence)
            let interval =
                state.isPromptComplete
                ? hold?.block ?? chosen.compressor.interval : hold?.block
            guard let interval, !state.isPromptComplete || chosen.choosesAgain,
                (count - state.promptCount) % interval == 0
            else { continue }
            let tokens =
                hold?.kept ?? chosen.budget?.kept(of: Int(Int32.max), shape: shape) ?? count
            let verdicts = choose(slice.sequence, cache: cache, budget: tokens)
            try carryOut(verdicts, slice.sequence, state, cache)
        }
    }

    private func carryOut(
        _ verdicts: [HeadVerdict], _ sequence: SequenceID, _ state: PolicyMemory, _ cache: KVCache
    ) throws(CacheError) {
        try cache.retain(sequence, verdicts.map(\.kept))
        if let recorder = state.recorder, !recorder.mass.isEmpty {
            for (table, verdict) in verdicts.enumerated() {
                guard let kept = verdict.kept, !recorder.mass[table].isEmpty else { continue }
                recorder.mass[table] = kept.map { recorder.mass[table][Int($0)] }
            }
        }
        guard verdicts.contains(where: { !$0.merges.isEmpty }) else { return }
        if state.biases.isEmpty { state.biases = Array(repeating: [], count: shape.tableCount) }
        for (index, verdict) in verdicts.enumerated() where !verdict.merges.isEmpty {
            var places: [Int32: Int] = [:]
            for (place, slot) in (verdict.kept ?? []).enumerated() { places[slot] = place }
            for merge in verdict.merges {
                let slot = verdict.kept == nil ? Int(merge.slot) : places[merge.slot]
                guard let slot else {
                    preconditionFailure("PromptCompression: slot \(merge.slot) does not stay")
                }
                try cache.rewrite(
                    sequence, table: index, slot: slot, key: merge.key, value: merge.value,
                    append: kernels.table.pointee.append)
                state.setBias(log(merge.count), table: index, slot: slot)
            }
        }
    }

    /// Starts what the evictor remembers of the survivors. A head may hold as many tokens as the policy
    /// says, or as it kept where that is a share of the prompt.
    private func remember(
        _ evictor: any StepEvictor, of sequence: SequenceID, _ state: PolicyMemory,
        kept: [[Int32]?], cache: KVCache
    ) {
        func length(_ table: Int) -> Int {
            let (layer, head) = table.quotientAndRemainder(dividingBy: shape.keyValueHeadCount)
            return cache.table(sequence, layer: layer, head: head).length
        }
        state.caps = kept.enumerated().map { table, slots in
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
        state.memories = kept.enumerated().map { table, slots in
            let view = view(
                sequence, layer: table / shape.keyValueHeadCount, cache: cache, probe: probes[0])
            let memory = evictor.initial(state.recorder, table: table, view: view)
            let width = evictor.width
            guard !memory.isEmpty else {
                return [Float](repeating: 0, count: (slots?.count ?? length(table)) * width)
            }
            return slots?.flatMap { memory[Int($0) * width..<(Int($0) + 1) * width] } ?? memory
        }
    }
}
