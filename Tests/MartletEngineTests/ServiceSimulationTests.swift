// The engine without a model: times that follow from a cost.

import Foundation
import MartletCache
import Testing

@testable import MartletEngine

@Suite struct ServiceSimulationTests {
    private static let cost = StepBudgetTests.cost

    private static func simulated(
        _ arrival: Double, prompt: Int, completion: Int, from start: Int = 0, tenant: String = ""
    ) -> SimulatedRequest {
        SimulatedRequest(
            arrival: .seconds(arrival),
            request: StepBudgetTests.request(prompt, completion, from: start) {
                $0.tenant = tenant
            })
    }

    /// One request alone: a step for its prompt, and one for each token after the first.
    @Test func aRequestAloneTakesWhatItsStepsTake() throws {
        let simulation = ServiceSimulation(cost: Self.cost, cacheTokens: 4096)
        let result = try simulation.run([Self.simulated(1, prompt: 100, completion: 4)])
        let first = Self.cost.seconds(tokens: 100, reads: 5050)
        let request = result.requests[0]
        #expect(abs((request.timeToFirstToken ?? .zero) / .seconds(1) - first) < 1e-6)
        #expect(request.tokens.count == 4)
        for (index, gap) in request.gaps.enumerated() {
            let seconds = Self.cost.seconds(tokens: 1, reads: Double(101 + index))
            #expect(abs(gap / .seconds(1) - seconds) < 1e-6)
        }
    }

    /// The times are those of the engine that computes, in simulated time: the objects are the same.
    @Test(arguments: 0..<4) func timesAreThoseOfTheEngine(seed: UInt64) throws {
        var random = Seeded(seed)
        var arrival = 0.0
        let requests = (0..<12).map { index in
            arrival += Double.random(in: 0...1.5, using: &random)
            return Self.simulated(
                arrival, prompt: Int.random(in: 1...200, using: &random),
                completion: Int.random(in: 1...12, using: &random), from: index % 4)
        }
        var configuration = EngineConfiguration()
        configuration.budget = StepBudget(maximumTokens: 64, maximumSequences: 4)
        configuration.targetGap = .milliseconds(300)
        configuration.prefixReuse = PrefixReuse()
        configuration.policy = seed % 2 == 0 ? ShortestPromptFirst() : FirstComeFirstServed()
        let settings = configuration
        let result = try ServiceSimulation(
            cost: Self.cost, layers: 1, cacheTokens: 4096, configuration: settings
        ).run(requests)

        let loop = try TimedLoop(cost: Self.cost, tokens: 4096, budget: settings.budget) {
            $0.targetGap = settings.targetGap
            $0.prefixReuse = settings.prefixReuse
            $0.policy = settings.policy
        }
        var ids: [RequestID] = []
        while ids.count < requests.count || !loop.harness.loop.scheduler.isEmpty {
            if loop.harness.loop.scheduler.isEmpty, ids.count < requests.count {
                loop.time.pass(until: requests[ids.count].arrival)
            }
            while ids.count < requests.count, requests[ids.count].arrival <= loop.time.now {
                var request = requests[ids.count].request
                request.sampling.ignoreEOS = true
                ids.append(loop.submit(request))
            }
            loop.step()
        }
        for (id, times) in zip(ids, result.requests) {
            #expect(loop.times[id]?.count == times.tokens.count)
            for (real, simulated) in zip(loop.times[id] ?? [], times.tokens) {
                #expect(abs((real - simulated) / .seconds(1)) < 1e-4)
            }
        }
        #expect(result.statistics.prefixes.hits == loop.harness.loop.statistics.prefixes.hits)
    }

    /// What one tenant asked before cannot be told by another from the time that an answer takes; by the tenant itself it
    /// can, and by all where it was meant for everyone.
    @Test(arguments: [PrefixScope.tenant, .everyone])
    func timeTellsATenantItsOwnAlone(scope: PrefixScope) throws {
        func firstToken(askedBefore: Bool, by tenant: String) throws -> Duration {
            var configuration = EngineConfiguration()
            configuration.prefixReuse = PrefixReuse()
            let simulation = ServiceSimulation(
                cost: Self.cost, cacheTokens: 8192, configuration: configuration)
            var before = Self.simulated(
                0, prompt: 900, completion: 2, from: askedBefore ? 0 : 1, tenant: "a")
            before.request.prefixScope = scope
            let result = try simulation.run([
                before, Self.simulated(60, prompt: 900, completion: 2, tenant: tenant),
            ])
            return try #require(result.requests[1].timeToFirstToken)
        }
        #expect(try firstToken(askedBefore: true, by: "a") < .milliseconds(100))
        let (told, untold) = (
            try firstToken(askedBefore: true, by: "b"), try firstToken(askedBefore: false, by: "b")
        )
        #expect(scope == .tenant ? told == untold : told < untold / 10)
    }

    /// Ninety requests a minute of which five in a hundred are long: the figures that the budget of a step and the order
    /// are chosen by.
    @Test func aSmallBudgetBoundsTheGapAndTheOrderTheWait() throws {
        var random = Seeded(1)
        var arrival = 0.0
        let requests = (0..<40).map { index in
            arrival += -log(Double.random(in: 0.001...1, using: &random)) / 0.25
            return Self.simulated(
                arrival, prompt: index % 20 == 7 ? 2000 : Int.random(in: 40...160, using: &random),
                completion: Int.random(in: 10...60, using: &random), from: index)
        }
        func run(_ change: (inout EngineConfiguration) -> Void) throws -> (
            gap: Double, shortWait: Double
        ) {
            var configuration = EngineConfiguration()
            configuration.budget.maximumSequences = 16
            change(&configuration)
            // One layer: a step does not stop for a prompt, whose second token would wait for its rest.
            let result = try ServiceSimulation(
                cost: Self.cost, layers: 1, cacheTokens: 1 << 16, configuration: configuration
            ).run(requests)
            let gaps = result.requests.flatMap(\.gaps).map { $0 / .seconds(1) }
            let waits = zip(requests, result.requests)
                .filter { $0.0.request.promptTokens.count < 500 }
                .compactMap { $0.1.timeToFirstToken.map { $0 / .seconds(1) } }.sorted()
            return (gaps.max() ?? 0, waits[waits.count * 95 / 100])
        }
        let full = try run { _ in }
        let bounded = try run { $0.targetGap = .milliseconds(200) }
        let ordered = try run {
            $0.targetGap = .milliseconds(200)
            $0.policy = ShortestPromptFirst()
        }
        #expect(full.gap > 3 && bounded.gap < 0.25 && ordered.gap < 0.25)
        #expect(ordered.shortWait < 0.7 * bounded.shortWait)
    }
}
