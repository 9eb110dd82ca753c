/// A model that computes nothing and takes the time that a cost says.

import MartletCache
import MartletModels
import Synchronization

/// Time that passes when something says so.
package final class SimulatedTime: Sendable {
    private let time = Mutex(Duration.zero)

    /// Time zero.
    package init() {}

    /// The time that has passed.
    package var now: Duration { time.withLock { $0 } }

    /// Lets time pass.
    package func pass(_ duration: Duration) { time.withLock { $0 += duration } }

    /// Lets time pass until a moment, unless that is over.
    package func pass(until moment: Duration) { time.withLock { $0 = max($0, moment) } }

    /// A clock that shows it.
    package var clock: EngineClock { EngineClock(now: { self.now }) }
}

/// Stands where a model stands in an engine, and always says the first token of its vocabulary. Scheduler, cache and reuse of prompts are those
/// of an engine that answers; only arithmetic is left out.
final class SimulatedModel: PausingForwardPass {
    static let vocabulary = 256
    let vocabularySize = SimulatedModel.vocabulary
    let contextLength = Int.max
    let maximumBatchTokens: Int
    private let cost: StepCost
    private let layers: Int
    private let time: SimulatedTime
    private let row: UnsafeMutableBufferPointer<Float>
    private var stopped: (batch: ForwardBatch, layer: Int)?

    /// - Parameters:
    ///   - cost: what a step takes.
    ///   - layers: parts of a step between which it can stop.
    init(cost: StepCost, layers: Int, maximumBatchTokens: Int, time: SimulatedTime) {
        self.cost = cost
        self.layers = max(1, layers)
        self.time = time
        self.maximumBatchTokens = maximumBatchTokens
        row = .allocate(capacity: maximumBatchTokens * Self.vocabulary)
        row.initialize(repeating: 0)
    }

    deinit { row.deallocate() }

    func canPause(_ cache: KVCache) -> Bool { true }
    func abandon() { stopped = nil }

    func forward(_ batch: ForwardBatch, cache: KVCache) throws -> UnsafeBufferPointer<Float> {
        time.pass(seconds(batch, cache))
        return finish(batch, cache)
    }

    func forward(
        _ batch: ForwardBatch, cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        run(batch, from: 0, cache, pauses)
    }

    func resume(
        cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        guard let (batch, layer) = stopped else {
            preconditionFailure("SimulatedModel.resume: no batch has stopped")
        }
        stopped = nil
        return run(batch, from: layer, cache, pauses)
    }

    private func run(
        _ batch: ForwardBatch, from first: Int, _ cache: KVCache, _ pauses: () -> Bool
    ) -> UnsafeBufferPointer<Float>? {
        let part = seconds(batch, cache) / layers
        for layer in first..<layers {
            if layer > first, pauses() {
                stopped = (batch, layer)
                return nil
            }
            time.pass(part)
        }
        return finish(batch, cache)
    }

    private func seconds(_ batch: ForwardBatch, _ cache: KVCache) -> Duration {
        var (tokens, reads) = (0, 0.0)
        for slice in batch.slices {
            let start = cache.count(slice.sequence)
            for visibility in cache.visibilities {
                reads +=
                    Double(
                        visibility.readCount(rows: start..<start + slice.tokens.count))
                    / Double(cache.visibilities.count)
            }
            tokens += slice.tokens.count
        }
        return .seconds(cost.seconds(tokens: tokens, reads: reads))
    }

    private func finish(_ batch: ForwardBatch, _ cache: KVCache) -> UnsafeBufferPointer<Float> {
        var rows = 0
        for slice in batch.slices {
            rows += slice.logits.rowCount(tokenCount: slice.tokens.count)
            cache.commit(
                slice.sequence, tokens: slice.tokens.count, isDecode: slice.isDecode)
            if slice.completesPrompt { cache.completePrompt(slice.sequence) }
        }
        return UnsafeBufferPointer(rebasing: row[..<(rows * Self.vocabulary)])
    }
}
