// Prompts are computed in chunks that leave room for those who wait for their next token.

import MartletCache
import Testing

@testable import MartletEngine

@Suite struct StepBudgetTests {
    /// Two cores and half a billion weights in 8 bits: most of a step is the weights, and each token is arithmetic.
    static let cost = StepCost(fixed: 0.028, perToken: 0.0083, perRead: 1.4e-6)

    static func request(
        _ prompt: Int, _ maximumTokens: Int, from start: Int = 0,
        _ change: (inout GenerationRequest) -> Void = { _ in }
    ) -> GenerationRequest {
        var sampling = SamplingParameters.greedy
        sampling.maximumTokens = maximumTokens
        var request = GenerationRequest(
            promptTokens: (0..<prompt).map {
                Int32(($0 + start) * 7 % PrefixHashModel.vocabulary)
            },
            sampling: sampling)
        change(&request)
        return request
    }

    /// A long prompt arrives while eight chains decode: no gap is longer than wished for, and no step wastes the time.
    @Test(arguments: [0.15, 0.4]) func gapsAreKept(gap: Double) throws {
        let loop = try TimedLoop(cost: Self.cost) { $0.targetGap = .seconds(gap) }
        let decoding = (0..<8).map { loop.submit(Self.request(20, 150, from: $0)) }
        for _ in 0..<12 { loop.step() }
        let begin = loop.steps.count
        let long = loop.submit(Self.request(600, 2))
        while loop.harness.heard[long]?[0].tokens.isEmpty == true { loop.step() }
        let during = loop.steps[begin...]
        #expect(during.map(\.seconds).max() ?? 0 <= gap * 1.02)
        // Filled: all but the first steps, which try, and the last.
        let full = during.dropFirst(6).dropLast(1)
        #expect(full.allSatisfy { $0.seconds > gap - 2 * Self.cost.perToken })
        for id in decoding { #expect(loop.longestGap(id, from: 2) <= gap * 1.02) }
        try loop.harness.loop.checkIntegrity()
    }

    /// Without one the step is as full as it may be, and a decode waits for it.
    @Test func withoutAGapStepsAreFull() throws {
        let loop = try TimedLoop(cost: Self.cost)
        loop.submit(Self.request(20, 60))
        for _ in 0..<5 { loop.step() }
        loop.submit(Self.request(1500, 2))
        for _ in 0..<2 { loop.step() }
        #expect(loop.harness.loop.statistics.largestStep == 512)
    }

    /// A request may ask for a gap of its own, and nobody else pays when it has ended.
    @Test func aRequestHasItsOwnGap() throws {
        let loop = try TimedLoop(cost: Self.cost)
        let quick = loop.submit(Self.request(20, 12) { $0.targetGap = .milliseconds(200) })
        for _ in 0..<4 { loop.step() }
        loop.submit(Self.request(1500, 2, from: 5))
        loop.run()
        #expect(loop.longestGap(quick, from: 1) <= 0.21)
        #expect(loop.harness.loop.statistics.largestStep == 512)
    }

    /// Where those that decode take all the time there is, prompts get on all the same.
    @Test func promptsAlwaysGetOn() throws {
        let loop = try TimedLoop(cost: Self.cost) { $0.targetGap = .milliseconds(1) }
        let first = loop.submit(Self.request(20, 200))
        for _ in 0..<4 { loop.step() }
        let second = loop.submit(Self.request(100, 2, from: 3))
        for _ in 0..<(100 / StepLimit.leastTokens + 1) { loop.step() }
        #expect(loop.harness.heard[second]?[0].tokens.isEmpty == false)
        #expect(loop.harness.heard[first]?[0].end == nil)
    }

    /// What a step may have, as it is told, is what a prompt that arrives then is given.
    @Test(arguments: [nil, 0.001, 0.15, 0.4]) func whatAStepMayHaveIsTold(gap: Double?) throws {
        let loop = try TimedLoop(cost: Self.cost) { $0.targetGap = gap.map { .seconds($0) } }
        #expect(loop.harness.loop.statistics.stepRoom == StepRoom(tokens: 512))
        for index in 0..<8 { loop.submit(Self.request(20, 1200, from: index)) }
        for round in 1...4 {
            for _ in 0..<12 { loop.step() }
            let told = loop.harness.loop.statistics.stepRoom
            #expect((told.seconds != nil) == (gap != nil))
            if let seconds = told.seconds {
                #expect(abs(seconds - (loop.steps.last?.seconds ?? 0)) < 0.01, "\(seconds)")
            }
            loop.submit(Self.request(600, 2, from: 40 * round))
            loop.step()
            #expect(loop.steps.last?.tokens == told.tokens, "round \(round)")
            // Until the prompt has its two tokens.
            while loop.harness.loop.statistics.runningChains > 8 { loop.step() }
        }
    }

    @Test func aGapIsATime() throws {
        let loop = try TimedLoop(cost: Self.cost)
        let id = loop.submit(Self.request(5, 5) { $0.targetGap = .zero })
        #expect(loop.harness.errors[id]?.description.hasPrefix("targetGap: got") == true)
    }

    // MARK: What is known

    @Test func stepsTeachTheirCost() throws {
        var times = StepTimes()
        #expect(times.cost == nil && times.mostTokens == 16)
        var random = Seeded(5)
        for step in 0..<200 {
            let tokens = step % 3 == 0 ? Int.random(in: 1...8, using: &random) : step % 90 + 1
            let reads = Double(tokens * Int.random(in: 10...2000, using: &random))
            let noise = Double.random(in: 0.97...1.03, using: &random)
            times.note(
                .init(
                    tokens: tokens, reads: reads,
                    seconds: Self.cost.seconds(tokens: tokens, reads: reads) * noise))
            // Now and then something else runs.
            if step % 25 == 24 {
                times.note(.init(tokens: 4, reads: 100, seconds: 3))
            }
        }
        let cost = try #require(times.cost)
        for (tokens, reads) in [(1, 100.0), (8, 8000), (64, 64_000), (256, 20_000)] {
            let truth = Self.cost.seconds(tokens: tokens, reads: reads)
            #expect(abs(cost.seconds(tokens: tokens, reads: reads) / truth - 1) < 0.1)
        }
        #expect(times.mostTokens == 180)
    }

    /// A machine that becomes slower is believed after a few steps.
    @Test func aSlowerMachineIsNoticed() throws {
        var times = StepTimes()
        for factor in [1.0, 5] {
            for step in 0..<80 {
                let tokens = step % 20 + 1
                times.note(
                    .init(
                        tokens: tokens, reads: 0,
                        seconds: factor * Self.cost.seconds(tokens: tokens, reads: 0)))
            }
        }
        let cost = try #require(times.cost)
        let ratio = cost.seconds(tokens: 10, reads: 0) / Self.cost.seconds(tokens: 10, reads: 0)
        #expect(abs(ratio - 5) < 0.5)
    }

    /// Random loads: no chain that decodes misses a step unless it gave way, and no step has more tokens than it may.
    @Test(arguments: 0..<8) func nobodyMissesAStep(seed: UInt64) throws {
        var random = Seeded(seed)
        let budget = StepBudget(maximumTokens: Int.random(in: 16...200, using: &random))
        let gap: Duration? = seed % 2 == 0 ? .milliseconds(250) : nil
        let loop = try TimedLoop(cost: Self.cost, tokens: 4000, budget: budget) {
            $0.targetGap = gap
            $0.policy = seed % 3 == 0 ? ShortestPromptFirst() : FirstComeFirstServed()
        }
        var ids: [RequestID] = []
        var said: [RequestID: Int] = [:]
        for step in 0..<300 {
            if step < 200, Int.random(in: 0..<12, using: &random) == 0 {
                ids.append(
                    loop.submit(
                        Self.request(
                            Int.random(in: 1...300, using: &random),
                            Int.random(in: 1...30, using: &random), from: step)))
            }
            let preemptions = loop.harness.loop.statistics.preemptions
            loop.step()
            for id in ids {
                guard let heard = loop.harness.heard[id]?[0] else { continue }
                if let before = said[id], before > 0, heard.end == nil,
                    loop.harness.loop.statistics.preemptions == 0, preemptions == 0
                {
                    #expect(heard.tokens.count == before + 1)
                }
                said[id] = heard.tokens.count
            }
        }
        loop.run()
        #expect(loop.steps.allSatisfy { $0.tokens <= budget.maximumTokens })
        #expect(loop.harness.cache.statistics.bytesHeld == 0)
    }
}
