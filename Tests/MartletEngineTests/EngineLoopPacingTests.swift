// When consumers are told: the same events, in fewer deliveries.

import Testing

@testable import MartletEngine

@Suite struct EngineLoopPacingTests {
    private func request(_ pacing: EventPacing) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.temperature = 1
        sampling.maximumTokens = 30
        sampling.seed = 5
        sampling.stopTokens = [3, 14, 15]
        return GenerationRequest(
            promptTokens: [1, 2, 3], sampling: sampling, chainCount: 6, pacing: pacing)
    }

    private func deliveries(_ pacing: EventPacing) throws -> [[GenerationEvent]] {
        let harness = try LoopHarness()
        let id = harness.submit(request(pacing))
        let other = harness.submit(request(.eachStep))
        try harness.run()
        #expect(harness.ended == [id, other])
        return try #require(harness.deliveries[id])
    }

    private func ends(_ events: [GenerationEvent]) -> Int {
        events.count { if case .finished = $0 { true } else { false } }
    }

    @Test func theSameEventsInTheSameOrder() throws {
        let (steps, chains) = (try deliveries(.eachStep), try deliveries(.chainEnds))
        #expect(steps.flatMap(\.self) == chains.flatMap(\.self))
        #expect(ends(steps.flatMap(\.self)) == 6)
        #expect(chains.count < steps.count)
    }

    @Test func aStepsEventsComeTogether() throws {
        let deliveries = try deliveries(.eachStep)
        // The start, then one delivery a step: each open chain has one token or its end in it.
        for events in deliveries.dropFirst() {
            let chains = events.compactMap {
                if case .token(let token) = $0 { token.chain } else { nil }
            }
            #expect(Set(chains).count == chains.count)
        }
        #expect(deliveries[1].count >= 6)
    }

    @Test func nothingComesBeforeAChainEnds() throws {
        let deliveries = try deliveries(.chainEnds)
        #expect(deliveries[0].count == 1)
        for events in deliveries.dropFirst() { #expect(ends(events) > 0) }
    }

    /// What was said before a failure is heard before it.
    @Test func aFailureComesLast() throws {
        for pacing in [EventPacing.eachStep, .chainEnds] {
            let model = PrefixHashModel()
            struct Broken: Error {}
            var calls = 0
            model.beforeForward = { _ in
                calls += 1
                if calls == 4 { throw Broken() }
            }
            let harness = try LoopHarness(model: model)
            var request = request(pacing)
            request.sampling.stopTokens = []
            let id = harness.submit(request)
            try harness.run()
            #expect(harness.errors[id] != nil)
            #expect(harness.heard[id]?.map(\.tokens.count) == Array(repeating: 3, count: 6))
        }
    }
}
