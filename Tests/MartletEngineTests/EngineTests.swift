// The actor in front: streams, cancellation, shutdown, its own thread.

import Foundation
import MartletCache
import MartletModels
import Synchronization
import Testing

@testable import MartletEngine

@Suite(.timeLimit(.minutes(1))) struct EngineTests {
    func engine(
        _ observe: @escaping @Sendable (ForwardBatch) throws -> Void = { _ in }
    ) async throws -> Engine {
        var configuration = EngineConfiguration()
        configuration.makeTextDecoder = { LetterDecoder() }
        return try await Engine(configuration: configuration) {
            #expect(Thread.current.name == "martlet-engine")
            let model = PrefixHashModel(contextLength: 100_000)
            model.beforeForward = observe
            return EngineParts(forward: model, cache: try KVCache.tiny(tokens: 4096))
        }
    }

    func request(_ prompt: [Int32], maximumTokens: Int = 10) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.seed = 5
        sampling.maximumTokens = maximumTokens
        return GenerationRequest(promptTokens: prompt, sampling: sampling)
    }

    func tokens(_ stream: GenerationStream) async throws -> [Int32] {
        var tokens: [Int32] = []
        for try await event in stream {
            if case .token(let token) = event { tokens.append(token.id) }
        }
        return tokens
    }

    /// Waits until the engine has nothing left to do.
    func isAtRest(_ engine: Engine) async throws {
        while true {
            guard let statistics = await engine.statistics else { return }
            if statistics.runningChains + statistics.waitingChains == 0 { break }
            await Task.yield()
        }
        try await engine.checkIntegrity()
    }

    @Test func streamsInOrderFromItsOwnThread() async throws {
        let names = Mutex<Set<String>>([])
        let engine = try await engine { _ in
            _ = names.withLock { $0.insert(Thread.current.name ?? "") }
        }
        var events: [GenerationEvent] = []
        for try await event in engine.generate(request([1, 2, 3])) { events.append(event) }
        #expect(events.first == .started(promptTokens: 3, seed: 5))
        guard case .finished(let end) = events.last else {
            Issue.record("the last event is not the end")
            return
        }
        #expect(end.reason == .length)
        #expect(end.usage.completionTokens == 10 && events.count == 12)
        #expect(names.withLock { $0 } == ["martlet-engine"])
        await engine.shutdown()
    }

    @Test func manyConsumersHearWhatEachAskedFor() async throws {
        let engine = try await engine()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<24 as Range<Int32> {
                let request = request([index, index + 1])
                group.addTask {
                    let heard = try await tokens(engine.generate(request))
                    #expect(heard == (try expected(request, chain: 0, seed: 5)))
                }
            }
            try await group.waitForAll()
        }
        try await isAtRest(engine)
        #expect(await engine.statistics?.endedRequests == 24)
    }

    @Test func refusalIsThrown() async throws {
        let engine = try await engine()
        await #expect(throws: EngineError.self) {
            _ = try await tokens(engine.generate(request([])))
        }
        await #expect(throws: EngineError.self) {
            _ = try await engine.score(ScoringRequest(tokens: []))
        }
    }

    @Test func cancelByName() async throws {
        let engine = try await engine()
        let stream = engine.generate(request([1], maximumTokens: 100_000))
        var reason: FinishReason?
        var count = 0
        for try await event in stream {
            switch event {
            case .token:
                count += 1
                if count == 3 { engine.cancel(stream.id) }
            case .finished(let end): reason = end.reason
            case .started: break
            }
        }
        #expect(reason == .cancelled)
        try await isAtRest(engine)
    }

    @Test func cancelledTaskAndAbandonedStreamCancel() async throws {
        let engine = try await engine()
        let task = Task {
            var count = 0
            for try await _ in engine.generate(request([1], maximumTokens: 100_000)) { count += 1 }
            return count
        }
        while await engine.statistics?.runningChains == 0 { await Task.yield() }
        task.cancel()
        _ = try await task.value
        try await isAtRest(engine)
        // Left after the first event.
        for try await _ in engine.generate(request([2], maximumTokens: 100_000)) { break }
        try await isAtRest(engine)
        // Never read.
        _ = engine.generate(request([3], maximumTokens: 100_000))
        try await isAtRest(engine)
    }

    /// A cancellation that comes while the model runs is the last thing that the request hears of.
    @Test func cancellationTakesEffectWithinOneStep() async throws {
        let names = Mutex<(engine: Engine?, id: RequestID?, steps: Int)>((nil, nil, 0))
        let engine = try await engine { _ in
            names.withLock {
                $0.steps += 1
                if $0.steps == 5, let id = $0.id { $0.engine?.cancel(id) }
            }
        }
        let gate = request([1], maximumTokens: 100_000)
        let stream = names.withLock { names in
            let stream = engine.generate(gate)
            names = (engine, stream.id, 0)
            return stream
        }
        _ = try await tokens(stream)
        try await isAtRest(engine)
        #expect(names.withLock { $0.steps } == 5)
        names.withLock { $0.engine = nil }
    }

    @Test func shutdownEndsEverything() async throws {
        let engine = try await engine()
        let stream = engine.generate(request([1], maximumTokens: 100_000))
        var iterator = stream.makeAsyncIterator()
        _ = try await iterator.next()
        await engine.shutdown()
        var last: GenerationEvent?
        while let event = try await iterator.next() { last = event }
        guard case .finished(let end) = last else {
            Issue.record("no end was heard")
            return
        }
        #expect(end.reason == .cancelled)
        #expect(await engine.statistics == nil)
        await #expect(throws: EngineError.self) {
            _ = try await tokens(engine.generate(request([1])))
        }
        await #expect(throws: EngineError.self) {
            _ = try await engine.score(ScoringRequest(tokens: [1, 2]))
        }
    }

    @Test func scoresWhileGenerating() async throws {
        let engine = try await engine()
        async let heard = tokens(engine.generate(request([1], maximumTokens: 30)))
        let text = ScoringRequest(tokens: (0..<50).map { Int32($0) })
        let result = try await engine.score(text)
        #expect(result.logprobs == (try LoopHarness().score(text)).logprobs)
        #expect(try await heard.count == 30)
    }

    @Test func cancelledScoringThrows() async throws {
        let (started, starter) = AsyncStream.makeStream(of: Void.self)
        let engine = try await engine { _ in starter.yield() }
        let task = Task {
            try await engine.score(
                ScoringRequest(tokens: Array(repeating: 1, count: 4000), chunk: 1))
        }
        for await _ in started { break }
        task.cancel()
        await #expect(throws: EngineError.self) { try await task.value }
        try await isAtRest(engine)
    }

    @Test func failingPartsFailTheStart() async {
        await #expect(throws: EngineError.self) {
            _ = try await Engine { throw CacheError.budgetTooSmall(budgetBytes: 1, neededBytes: 2) }
        }
    }

    /// An engine that nobody holds ends its thread and frees its model.
    @Test func isFreedWithItsModel() async throws {
        final class Witness: Sendable {}
        weak var freed: Witness?
        do {
            let witness = Witness()
            freed = witness
            let engine = try await engine { [witness] _ in _ = witness }
            _ = try await tokens(engine.generate(request([1])))
        }
        for _ in 0..<10_000 where freed != nil { await Task.yield() }
        #expect(freed == nil)
    }
}
