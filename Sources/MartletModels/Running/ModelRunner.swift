// Runs a model over ragged batches: the forward pass that the engine sees.

import CMartletKernels
import MartletAttention
package import MartletCache
import MartletKernels

/// A forward pass over a ``LanguageModel``, with its own workspace.
///
/// One thread owns it. A step does: lay out rows, run the layers, project the rows whose logits are
/// wanted, commit the tokens to the cache.
package final class ModelRunner: ForwardPass {
    /// The model that runs.
    package let model: LanguageModel
    /// Rows in one step.
    package let maximumBatchTokens: Int
    let step: Step
    private var logits: AlignedBuffer<Float>
    /// What stopped between two layers.
    var paused: PausedBatch?

    /// Logits of a row.
    package var vocabularySize: Int { model.shape.vocabularySize }

    /// Bytes of the workspace: those of steps, and rows of logits as they were asked for so far.
    package var workspaceBytes: Int { step.byteCount + logits.byteCount }

    /// Plans the workspace for steps of up to `maximumBatchTokens` tokens against `cache`'s shape.
    ///
    /// - Parameter pieceRows: the most of them that run through an MLP at once, whose inside is the widest part of a step
    ///   by far (MOM, 2504.12526): a prompt may then be computed in long steps within little memory. No bit depends on it.
    package init(
        _ model: LanguageModel, maximumBatchTokens: Int = 512, pieceRows: Int = 128, cache: KVCache
    ) throws(ModelError) {
        self.model = model
        self.maximumBatchTokens = max(1, maximumBatchTokens)
        let heads = [model.shape.evictionHead] + model.adapters.values.map(\.evictionHead)
        let methods = heads.compactMap { $0?.method }
        if let wanted = cache.traits.marks, !methods.contains(where: { $0.kind == wanted }) {
            throw .policyNeedsHeads(policy: cache.traits.name, has: methods.first?.rawValue)
        }
        if cache.traits.assumesPlainScores, model.loaded.plan.bendsScores {
            throw .policyNeedsPlainScores(policy: cache.traits.name, family: model.shape.family)
        }
        // A model's own heads are multiplied where those of adapters are.
        let own = model.shape.evictionHead?.projects == true ? model.shape.keyValueHeadCount : 0
        do {
            step = try Step(
                plan: model.loaded.plan, innerWidth: model.loaded.innerWidth,
                lowRankWidth: model.adapters.values.reduce(own) { max($0, $1.lowRankWidth) },
                capacity: self.maximumBatchTokens, pieceRows: pieceRows, cache: cache,
                outputs: model.loaded.decoder.outputs,
                sinkLogits: model.loaded.decoder.sinkLogits, kernels: model.kernels,
                pool: model.pool)
            logits = try AlignedBuffer(count: model.shape.vocabularySize, purpose: "logits")
        } catch { throw .kernel(error) }
    }

    /// Learned positions end; rotations do not, but the model was made for this many.
    package var contextLength: Int {
        model.shape.isPositionLearned ? model.shape.contextLength : Int.max
    }

    /// The names of the adapters that slices may ask for.
    package var adapterNames: [String] { model.adapters.keys.sorted() }

    /// The threads that compute batches.
    package var threadCount: Int { model.pool.threadCount }

    /// Runs a loop on them.
    package func run(_ count: Int, _ body: (_ iteration: Int, _ worker: Int) -> Void) {
        model.pool.run(count, body)
    }

    /// Runs the batch once; see ``ForwardPass``.
    package func forward(_ batch: ForwardBatch, cache: KVCache) throws -> UnsafeBufferPointer<Float>
    {
        let count = try advance(batch, cache: cache, then: project)
        return UnsafeBufferPointer(start: logits.base, count: count * vocabularySize)
    }

    /// Runs the batch once, as ``forward(_:cache:)`` does, and returns the rows before the output projection, after the
    /// last norm: `hiddenSize` floats each, valid until the next step. What completes a prompt that is read again runs such
    /// steps itself: no slice may.
    package func states(
        _ batch: ForwardBatch, cache: KVCache
    ) throws -> UnsafeBufferPointer<Float> {
        let count = try advance(batch, cache: cache, then: normalise)
        return UnsafeBufferPointer(start: step.normed, count: count * model.shape.hiddenSize)
    }

    /// Runs the layers and commits the batch; `finish` makes of its rows what is asked for, and returns their number.
    private func advance(
        _ batch: ForwardBatch, cache: KVCache,
        then finish: () throws -> Int
    ) throws -> Int {
        let sources = try lay(batch, cache: cache)
        if step.rows > 0 { model.loaded.decoder(step) }
        return try commit(sources, cache: cache, then: finish)
    }

    /// Checks a batch, lays its rows out, and returns the slices that have any.
    func lay(_ batch: ForwardBatch, cache: KVCache) throws -> [SequenceSlice] {
        var slices: [AttentionSlice] = []
        var rows = 0
        let sources = batch.slices.filter { !$0.tokens.isEmpty }
        var adapters: [LiveAdapter?] = []
        for name in sources.map(\.adapter) {
            if let name, model.adapters[name] == nil {
                throw ModelError.unknownAdapter(got: name, available: adapterNames)
            }
            adapters.append(name.flatMap { model.adapters[$0] })
        }
        for (slice, adapter) in zip(sources, adapters) {
            let position = cache.count(slice.sequence)
            let head = adapter?.evictionHead
            for token in slice.tokens where token < 0 || Int(token) >= vocabularySize {
                throw ModelError.tokenOutOfRange(got: token, vocabularySize: vocabularySize)
            }
            if position + slice.tokens.count > contextLength {
                throw ModelError.contextExceeded(
                    position: position + slice.tokens.count - 1, contextLength: contextLength)
            }
            slices.append(
                AttentionSlice(
                    sequence: slice.sequence, firstRow: rows, count: slice.tokens.count,
                    position: position,
                    markWindow: head?.method.kind == cache.traits.marks ? head?.window : nil))
            rows += slice.tokens.count
        }
        guard rows <= maximumBatchTokens else {
            throw ModelError.batchTooLarge(got: rows, maximum: maximumBatchTokens)
        }
        try step.begin(slices, tokens: sources, adapters: adapters, cache: cache)
        return sources
    }

    /// Makes of the rows what is asked for, and commits the batch.
    private func commit(
        _ sources: [SequenceSlice], cache: KVCache,
        then finish: () throws -> Int
    ) throws -> Int {
        try model.loaded.decoder.vocabulary.checkIntact()
        let count = try finish()
        for (index, source) in sources.enumerated() {
            let reads = step.attention.reads(
                slice: index, isDecode: source.isDecode, cache: cache)
            cache.commit(
                source.sequence, tokens: source.tokens.count, isDecode: source.isDecode,
                reads: reads)
        }
        try step.attention.finishStep(cache: cache)
        for source in sources where source.completesPrompt {
            try reread(source.sequence, adapter: source.adapter, cache: cache)
            try step.attention.completePrompt(source.sequence, cache: cache)
        }
        return count
    }

    /// Commits a batch whose layers have all run, and returns its rows of logits.
    func complete(
        _ sources: [SequenceSlice], cache: KVCache
    ) throws -> UnsafeBufferPointer<Float> {
        let count = try commit(sources, cache: cache, then: project)
        return UnsafeBufferPointer(start: logits.base, count: count * vocabularySize)
    }

    /// Seals what can be of a sequence between two steps; see ``ForwardPass``.
    package func demote(_ sequence: SequenceID, cache: KVCache) throws -> Int {
        try step.attention.demote(sequence, cache: cache)
    }

    /// Appends `tokens` random keys and values to a sequence, for timing; see
    /// ``KVCache/fillForTiming(_:tokens:seed:kernels:pool:)``.
    package func fill(_ id: SequenceID, tokens: Int, cache: KVCache, seed: UInt64) throws {
        try cache.fillForTiming(
            id, tokens: tokens, seed: seed, kernels: model.kernels, pool: model.pool)
    }

    /// Ends the "prompt" of a filled sequence, for timing; see ``PagedAttention``.
    package func completeFilled(_ id: SequenceID, cache: KVCache, seed: UInt64) throws {
        try step.attention.completeFilled(id, cache: cache, seed: seed)
    }

    /// Final norm of the rows that the layers left; returns their number.
    private func normalise() -> Int {
        let count = step.rows
        let (base, size) = (step.normed, model.shape.hiddenSize)
        let (norm, scale) = (model.loaded.decoder.finalNorm, model.loaded.plan.logitScale)
        for row in 0..<count {
            norm(model.kernels, step.hidden + row * size, count: size, out: base + row * size)
            // The norm's weights hold the factor of logits, which are not asked for.
            if scale != 1 { for i in 0..<size { base[row * size + i] /= scale } }
        }
        return count
    }

    /// Final norm and output projection of the rows that the layers left; returns their number.
    private func project() throws -> Int {
        let size = model.shape.hiddenSize
        let count = step.rows
        if logits.count < count * vocabularySize {
            do {
                logits = try AlignedBuffer(count: count * vocabularySize, purpose: "logits")
            } catch {
                throw ModelError.kernel(error)
            }
        }
        guard count > 0 else { return 0 }
        let vocabulary = model.loaded.decoder.vocabulary
        let rows = step.allRows
        let activation = rows.activation(
            of: step.hidden, stride: size, columns: size,
            norm: model.loaded.decoder.finalNorm,
            quantised: vocabulary.head.type.quantisesActivations)
        rows.multiply(
            vocabulary.head, activation, bias: nil, out: logits.base,
            outStride: vocabularySize, epilogue: .store)
        let (cap, all, width) = (model.loaded.plan.logitCap, logits.base, vocabularySize)
        if cap > 0 {
            let soften = step.kernels.table.pointee.soft_cap
            rows.forEach(cost: width) { row in soften(all + row * width, Int32(width), cap) }
        }
        return count
    }
}
