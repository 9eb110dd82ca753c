// Stops a step between two layers, and goes on with it later.

import MartletAttention
package import MartletCache
import MartletKernels

extension ModelRunner: PausingForwardPass {
    /// What stages remember of a step they remember of the one at hand, so that none may be there.
    package func canPause(_ cache: KVCache) -> Bool { cache.plan.makers.isEmpty }

    /// Runs a batch until it is told to stop; see ``PausingForwardPass``.
    package func forward(
        _ batch: ForwardBatch, cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        precondition(paused == nil, "ModelRunner.forward: another batch has stopped")
        let sources = try lay(batch, cache: cache)
        if step.rows > 0 { model.loaded.decoder.embed(step) }
        return try run(sources, batch, from: 0, cache: cache, pausing: pauses)
    }

    /// Goes on with the batch that stopped; see ``PausingForwardPass``.
    package func resume(
        cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        guard let stopped = paused else {
            preconditionFailure("ModelRunner.resume: no batch has stopped")
        }
        paused = nil
        let sources = try lay(stopped.batch, cache: cache)
        step.hidden.update(
            from: stopped.hidden.base, count: step.rows * model.shape.hiddenSize)
        return try run(
            sources, stopped.batch, from: stopped.layer, cache: cache, pausing: pauses)
    }

    /// Forgets the batch that stopped.
    package func abandon() { paused = nil }

    private func run(
        _ sources: [SequenceSlice], _ batch: ForwardBatch, from layer: Int, cache: KVCache,
        pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        let layers = model.loaded.decoder.layers
        if step.rows > 0, let next = step.run(layers, from: layer, pausing: pauses) {
            let count = step.rows * model.shape.hiddenSize
            let hidden: AlignedBuffer<Float>
            do {
                hidden = try AlignedBuffer(count: count, purpose: "a step that stopped")
            } catch { throw ModelError.kernel(error) }
            hidden.base.update(from: step.hidden, count: count)
            paused = PausedBatch(batch: batch, layer: next, hidden: hidden)
            return nil
        }
        return try complete(sources, cache: cache)
    }
}
