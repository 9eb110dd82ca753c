// Runs a compressor: records signals while the prompt is computed, chooses and frees at its end.

import CMartletKernels
import Foundation
import MartletKernels

/// One cache's compressor at work. The engine's thread owns it.
final class PromptCompression {
    private let chosen: Compression
    private let shape: KVShape
    private let headCount: Int
    private let frequencies: [Double]
    private let pool: WorkerPool
    private let probes: [AttentionProbe]
    private var slices: [AttentionSlice] = []
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
    func begin(_ slices: [AttentionSlice], cache: KVCache) {
        self.slices.removeAll(keepingCapacity: true)
        let signals = chosen.compressor.signals
        guard !signals.isEmpty else { return }
        for slice in slices {
            guard let state = cache.memory(of: slice.sequence), !state.isPromptComplete else {
                continue
            }
            if state.recorder == nil {
                state.recorder = PromptRecorder(
                    signals: signals, layerCount: shape.layerCount, headCount: headCount,
                    keyValueHeadCount: shape.keyValueHeadCount, dimension: shape.headDimension)
            }
            self.slices.append(slice)
        }
    }

    /// Records what the compressor wants of one layer's rotated queries, `stride` floats apart.
    func record(layer: Int, cache: KVCache, q: UnsafePointer<Float>, stride: Int) {
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
        let (first, seen) = (layer * heads, slice.position + slice.count)
        for head in 0..<heads {
            let missing = seen - recorder.mass[first + head].count
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
                            stride: stride, firstEnd: slice.position + 1, table: table,
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
        let budget = chosen.budget.kept(of: count, shape: shape)
        var kept = [[Int32]?](repeating: nil, count: shape.tableCount)
        if budget < count {
            kept = choose(sequence, cache: cache, recorder: state.recorder, budget: budget)
            try cache.retain(sequence, kept)
        }
        if let evictor = chosen.compressor.steps {
            remember(evictor, of: state, kept: kept, count: count, budget: budget)
        }
        state.isPromptComplete = true
        state.recorder = nil
    }

    /// Starts what the evictor remembers of the survivors. A head may hold as many tokens as the policy
    /// says, or as it kept where that is a share of the prompt.
    private func remember(
        _ evictor: any StepEvictor, of state: PolicyMemory, kept: [[Int32]?], count: Int,
        budget: Int
    ) {
        state.caps = kept.map { slots in
            switch chosen.budget {
            case .tokens(let tokens): max(tokens, slots?.count ?? 0)
            case .ratio: slots?.count ?? count
            case .bytes:
                max(slots?.count ?? 0, chosen.budget.kept(of: Int(Int32.max), shape: shape))
            }
        }
        state.memories = kept.enumerated().map { table, slots in
            let memory = evictor.initial(state.recorder, table: table)
            guard !memory.isEmpty else {
                return [Float](repeating: 0, count: slots?.count ?? count)
            }
            return slots?.map { memory[Int($0)] } ?? memory
        }
    }

    private func choose(
        _ sequence: SequenceID, cache: KVCache, recorder: PromptRecorder?, budget: Int
    ) -> [[Int32]?] {
        let (heads, layers) = (shape.keyValueHeadCount, shape.layerCount)
        let count = cache.count(sequence)
        let chosen = chosen
        var ratio: Double?
        if case .ratio(let fraction) = chosen.budget { ratio = fraction }
        let share = ratio
        var kept = [[[Int32]?]](repeating: [], count: layers)
        kept.withUnsafeMutableBufferPointer { kept in
            pool.run(layers) { layer, worker in
                let view = LayerView(
                    layer: layer, headCount: heads, group: headCount / heads,
                    dimension: shape.headDimension, count: count, frequencies: frequencies,
                    recorder: recorder, cache: cache, sequence: sequence, probe: probes[worker])
                let layerBudget = chosen.rule.layerBudget(
                    budget, of: count, ratio: share, layer: layer, layerCount: layers)
                kept[layer] = chosen.rule.select(
                    chosen.protect(chosen.compressor.scores(view)), budget: layerBudget)
            }
        }
        return kept.flatMap(\.self)
    }
}
