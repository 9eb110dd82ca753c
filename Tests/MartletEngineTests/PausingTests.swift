// Something urgent interrupts a long prompt, which goes on as if nothing had happened.

import MartletCache
import MartletModels
import Testing

@testable import MartletEngine

/// Stops before any of its layers; computes when the last has run.
private final class PausingModel: PausingForwardPass {
    static let layers = 8
    let base: PrefixHashModel
    /// Told of every layer, and of the batch that it is of.
    var layer: (ForwardBatch) -> Void = { _ in }
    private var stopped: (batch: ForwardBatch, layer: Int)?

    init(_ base: PrefixHashModel) { self.base = base }

    var vocabularySize: Int { base.vocabularySize }
    var maximumBatchTokens: Int { base.maximumBatchTokens }
    var contextLength: Int { base.contextLength }

    func canPause(_ cache: KVCache) -> Bool { true }
    func abandon() { stopped = nil }

    func forward(
        _ batch: ForwardBatch, cache: KVCache
    ) throws -> UnsafeBufferPointer<Float> {
        for _ in 0..<Self.layers { layer(batch) }
        return try base.forward(batch, cache: cache)
    }

    func forward(
        _ batch: ForwardBatch, cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        precondition(stopped == nil)
        return try run(batch, from: 0, cache, pauses)
    }

    func resume(
        cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        guard let (batch, layer) = stopped else { preconditionFailure("nothing has stopped") }
        stopped = nil
        return try run(batch, from: layer, cache, pauses)
    }

    private func run(
        _ batch: ForwardBatch, from first: Int, _ cache: KVCache, _ pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>? {
        for index in first..<Self.layers {
            if index > first, pauses() {
                stopped = (batch, index)
                return nil
            }
            layer(batch)
        }
        return try base.forward(batch, cache: cache)
    }
}

@Suite struct PausingTests {
    /// What happens when something arrives in the third layer of a step of 500 tokens.
    private func arrive(priority: Int) throws -> (waited: Double, harness: LoopHarness) {
        let time = SimulatedTime()
        let base = PrefixHashModel()
        let model = PausingModel(base)
        let harness = try LoopHarness(
            tokens: 1 << 14, model: base, forward: model
        ) { $0.clock = time.clock }
        var begun: [RequestID: Duration] = [:]
        var urgent: RequestID?
        model.layer = { batch in
            let isUrgent = batch.slices.contains { $0.tokens.first == 60 }
            if isUrgent, let urgent, begun[urgent] == nil { begun[urgent] = time.now }
            let tokens = batch.slices.reduce(0) { $0 + $1.tokens.count }
            time.pass(.microseconds(1000 * tokens))
        }
        let long = StepBudgetTests.request(1200, 3)
        let id = harness.submit(long)
        let arrival = Duration.milliseconds(1300)
        let wanted = StepBudgetTests.request(40, 3) {
            $0.promptTokens[0] = 60
            $0.priority = priority
        }
        while harness.loop.step(hasNews: { urgent == nil && time.now >= arrival }) || urgent == nil
        {
            try harness.loop.checkIntegrity()
            if urgent == nil, time.now >= arrival { urgent = harness.submit(wanted) }
        }
        #expect(harness.heard[id]?[0].tokens == (try expected(long, chain: 0, seed: 99)))
        let other = try #require(urgent)
        #expect(harness.heard[other]?[0].tokens == (try expected(wanted, chain: 0, seed: 99)))
        return (((begun[other] ?? .zero) - arrival) / .seconds(1), harness)
    }

    /// It waits for one layer, not for the step.
    @Test func whatIsUrgentWaitsForALayer() throws {
        let (urgent, harness) = try arrive(priority: 1)
        #expect(urgent < 0.52)
        #expect(harness.loop.statistics.interruptions == 1)
        // Nothing was computed twice.
        #expect(harness.loop.statistics.computedTokens == 1200 + 2 + 40 + 2)
        let (equal, other) = try arrive(priority: 0)
        #expect(equal > 2)
        #expect(other.loop.statistics.computedTokens == 1200 + 2 + 40 + 2)
    }

    /// Steps that stop at any time, requests that come, are cancelled and give way meanwhile: each says what it says
    /// alone.
    @Test(arguments: 0..<14) func anythingMayHappenMeanwhile(seed: UInt64) throws {
        var random = Seeded(seed)
        let base = PrefixHashModel()
        let model = PausingModel(base)
        let harness = try LoopHarness(
            tokens: Int.random(in: 20...60, using: &random) * 16,
            budget: StepBudget(
                maximumTokens: Int.random(in: 32...200, using: &random),
                maximumSequences: Int.random(in: 1...6, using: &random)),
            model: base, forward: model
        ) {
            $0.prefixReuse = seed % 2 == 0 ? PrefixReuse() : nil
            $0.policy = seed % 3 == 0 ? ShortestPromptFirst() : FirstComeFirstServed()
        }
        var asked: [(id: RequestID, request: GenerationRequest, isCancelled: Bool)] = []
        var pauses = Seeded(seed &+ 100)
        func step() throws {
            harness.loop.step(hasNews: { Int.random(in: 0..<4, using: &pauses) == 0 })
            try harness.loop.checkIntegrity()
        }
        for index in 0..<20 {
            let request = StepBudgetTests.request(
                Int.random(in: 1...200, using: &random), Int.random(in: 1...10, using: &random),
                from: index % 3
            ) {
                $0.priority = Int.random(in: 0...2, using: &random)
                $0.sampling.seed = 1
                if index % 5 == 2 { $0.chainCount = 3 }
            }
            let isCancelled = Int.random(in: 0..<6, using: &random) == 0
            let id = harness.submit(request)
            asked.append((id, request, isCancelled))
            for _ in 0..<Int.random(in: 0...5, using: &random) { try step() }
            if isCancelled { harness.loop.cancel(id) }
        }
        var steps = 0
        while !harness.loop.scheduler.isEmpty {
            try step()
            steps += 1
            try #require(steps < 10_000)
        }
        for (id, request, isCancelled) in asked {
            #expect(harness.errors[id] == nil)
            for chain in 0..<request.chainCount {
                let said = try expected(request, chain: chain, seed: 1)
                let heard = try #require(harness.heard[id]?[chain])
                #expect(heard.tokens == said || isCancelled)
                #expect(heard.tokens == Array(said.prefix(heard.tokens.count)))
            }
        }
        #expect(harness.loop.statistics.interruptions > 0)
        harness.loop.cancelAll()
        #expect(harness.cache.statistics.bytesHeld == 0)
    }
}
