// Requests are sent when they are due, to an engine and to what only pretends to answer.

import Foundation
import Martlet
import Synchronization
import Testing

@testable import MartletEvaluation

/// Answers after a while, or once so many were sent, and remembers how many were under way.
private final class SlowTarget: ServingTarget {
    struct State {
        var open = 0
        var mostOpen = 0
        var sent: [Int] = []
    }

    let state = Mutex(State())
    let seconds: Double
    let waitsFor: Int

    init(seconds: Double, waitsFor: Int = 0) {
        self.seconds = seconds
        self.waitsFor = waitsFor
    }

    func prepare(
        _ index: Int, of workload: Workload, seed: UInt64
    ) throws -> any PreparedRequest {
        Prepared(target: self, index: index, promptTokens: workload.requests[index].promptTokens)
    }

    struct Prepared: PreparedRequest {
        let target: SlowTarget
        let index: Int
        let promptTokens: Int

        func send(arrival: Double, now: @escaping @Sendable () -> Double) async -> RequestTimeline {
            target.state.withLock { state in
                state.open += 1
                state.mostOpen = max(state.mostOpen, state.open)
                state.sent.append(index)
            }
            repeat {
                try? await Task.sleep(for: .seconds(target.seconds))
            } while target.state.withLock { $0.sent.count } < target.waitsFor
            target.state.withLock { $0.open -= 1 }
            return RequestTimeline(
                arrival: arrival, tokens: [now()], promptTokens: promptTokens, ended: now())
        }
    }
}

@Suite struct LoadGeneratorTests {
    /// An open loop does not wait for answers: what comes while others are slow is under way beside them.
    @Test(.timeLimit(.minutes(1))) func anOpenLoopSendsWhatIsDue() async throws {
        let target = SlowTarget(seconds: 0.01, waitsFor: 6)
        let workload = Workload(requests: 6, prompt: 3, completion: 1)
            .arriving(.random(rate: 200), seed: 1)
        let timelines = try await LoadGenerator(target: target, workload: workload, seed: 0).run()
        #expect(target.state.withLock { $0.mostOpen } == 6)
        #expect(timelines.count == 6)
        for (request, timeline) in zip(workload.requests, timelines) {
            #expect(timeline.arrival == request.arrival)
            #expect((timeline.timeToFirstToken ?? 0) >= 0.01)
        }
    }

    /// A closed loop has so many under way and no more; a request counts from its turn on.
    @Test func aClosedLoopHoldsItsNumber() async throws {
        let target = SlowTarget(seconds: 0.02, waitsFor: 2)
        let timelines = try await LoadGenerator(
            target: target, workload: Workload(requests: 9, prompt: 3, completion: 1), seed: 0,
            concurrency: 2
        ).run()
        #expect(target.state.withLock { $0.mostOpen } == 2)
        #expect(target.state.withLock { $0.sent.sorted() } == Array(0..<9))
        #expect((timelines.last?.arrival ?? 0) >= 0.06)
    }

    /// A model in this process: as many tokens as were asked for, and what was known of the prompt.
    @Test func aModelAnswersWithWhatWasAsked() async throws {
        var options = ModelOptions()
        options.promptReuse = PromptReuse()
        options.memoryBudget = 4 << 20
        let model = try await Model.load("random:tiny", options: options)
        let workload = Workload(requests: 3, prompt: 40, completion: 5, shared: 32)
        let timelines = try await LoadGenerator(
            target: ModelTarget(model), workload: workload, seed: 1, concurrency: 1
        ).run()
        await model.shutdown()
        #expect(timelines.map(\.tokens.count) == [5, 5, 5])
        #expect(timelines.allSatisfy { $0.ending == .answered && $0.promptTokens == 40 })
        #expect(timelines[0].cachedTokens == 0 && timelines[1].cachedTokens == 32)
        for timeline in timelines {
            let queue = try #require(timeline.queueTime)
            #expect(queue >= 0 && queue <= (timeline.timeToFirstToken ?? 0))
        }
    }

    /// What does not fit is refused, and the others are answered.
    @Test func whatNeverFitsIsRefused() async throws {
        var options = ModelOptions()
        options.memoryBudget = 1 << 18
        let model = try await Model.load("random:tiny", options: options)
        let workload = Workload(
            name: "two",
            requests: [
                .init(arrival: 0, promptTokens: 1 << 16, completionTokens: 1),
                .init(arrival: 0, promptTokens: 4, completionTokens: 2),
            ])
        let timelines = try await LoadGenerator(
            target: ModelTarget(model), workload: workload, seed: 1
        ).run()
        await model.shutdown()
        #expect(timelines.map(\.ending) == [.refused, .answered])
    }
}
