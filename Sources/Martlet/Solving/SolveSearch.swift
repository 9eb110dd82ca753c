/// One search: chains of one prompt, counted as they end, until the answer is settled or time is up.

import MartletCache
import MartletEngine
import MartletTasks
import Synchronization

/// Runs a configuration on an engine of its own, whose cache is the memory budget.
struct SolveSearch: Sendable {
    let loaded: LoadedModel
    let tokens: [Int32]
    let configuration: SolveConfiguration
    let options: SolveOptions
    /// Takes the reasoning out of a chain's text, which answers a message.
    let said: @Sendable (String) -> String
    let seed: UInt64
    /// Bytes of the engine's cache.
    let cacheBytes: Int
    /// Bytes of adapters that are in memory, whichever form searches.
    let adapterBytes: Int
    /// When the caller asked.
    let start: ContinuousClock.Instant
    /// When it wants its answer.
    let deadline: ContinuousClock.Instant?
    /// Time before the deadline at which chains are stopped: one step, and the work after it.
    let margin: Duration

    /// The chains and votes so far. The reader of the engine's events writes it; reports of progress read it.
    private struct State {
        var tally: VoteTally
        /// Votes of chains that were cut off; they count only when no other chain voted.
        var guesses: VoteTally
        var chains: [Int: SolvedChain] = [:]
        var tokens = 0
        var peakBytes = 0
        var heldBytes = 0

        mutating func add(_ chain: SolvedChain, isFinal: Bool) {
            chains[chain.index] = chain
            peakBytes = max(peakBytes, chain.usage.peakCacheBytes)
            guard let answer = chain.answer else { return }
            if isFinal {
                tally.add(
                    answer, chain: chain.index, meanLogprob: chain.meanLogprob,
                    isVerified: chain.isVerified)
            } else {
                guesses.add(
                    answer, chain: chain.index, meanLogprob: chain.meanLogprob,
                    isVerified: chain.isVerified)
            }
        }

        /// The votes that count.
        var votes: VoteTally { tally.leader == nil ? guesses : tally }
    }

    /// Why something ended.
    private enum Signal {
        case settled, exhausted, late, ticked
    }

    /// Runs the search and reports its events. Returns the result and the time in which chains were computed. Throws
    /// when the engine refuses the request or fails.
    func run(_ tell: @escaping @Sendable (SolveEvent) -> Void) async throws(MartletError)
        -> (result: SolveResult, decoding: Duration)
    {
        let model = try await Model(loaded, budgetBytes: cacheBytes)
        // The engine frees its pages after its last step; the answer does not wait for that.
        defer { Task { await model.shutdown() } }
        let began = ContinuousClock.now
        let stream = try model.generate(
            tokens, options: generation, chainCount: configuration.width)
        let state = Mutex(
            State(
                tally: VoteTally(
                    options.aggregation, hasChecker: options.checker != nil, kind: kind),
                guesses: VoteTally(options.aggregation, kind: kind)))
        // A class to share what a closure cannot copy.
        let shared = Shared(state)
        var (ending, end) = (SolveResult.Ending.exhausted, began)
        do {
            (ending, end) = try await withThrowingTaskGroup(of: Signal.self) { group in
                group.addTask { try await read(stream, shared, tell) }
                group.addTask { await report(model, shared, tell) }
                if let deadline {
                    let stop = max(start, deadline - margin)
                    group.addTask {
                        try? await Task.sleep(until: stop, clock: .continuous)
                        return .late
                    }
                }
                defer { group.cancelAll() }
                while let signal = try await group.next() {
                    switch signal {
                    case .ticked: continue
                    case .settled: return (.agreed, .now)
                    case .exhausted: return (Task.isCancelled ? .cancelled : .exhausted, .now)
                    case .late:
                        if Task.isCancelled { return (.cancelled, .now) }
                        let end = ContinuousClock.now
                        // The engine ends the chains within one step, with the text that they have.
                        stream.cancel()
                        group.addTask {
                            if let deadline {
                                // The margin leaves time for printing and for a busy machine.
                                try? await Task.sleep(
                                    until: deadline - margin / 2, clock: .continuous)
                            }
                            return .settled
                        }
                        _ = try await group.next()
                        return (.deadline, end)
                    }
                }
                return (.cancelled, .now)
            }
        } catch { throw MartletError(any: error) }
        return (shared.result(self, ending), end - began)
    }

    private var kind: AnswerKind { options.kind ?? options.extraction.kind }

    private var generation: GenerationOptions {
        var generation = GenerationOptions()
        generation.maximumTokens = configuration.length
        generation.temperature = options.temperature ?? (configuration.width > 1 ? 0.7 : 0)
        generation.topK = options.topK
        generation.topP = options.topP
        generation.minP = options.minP
        generation.seed = seed
        generation.stop = options.stop
        generation.stopsAfterText = options.stopsAfterText
        generation.stopTokens = options.stopTokens
        generation.logprobs = 0
        generation.adapter = options.adapter
        return generation
    }

    private func read(
        _ stream: ChainStream, _ shared: Shared,
        _ tell: @Sendable (SolveEvent) -> Void
    ) async throws(MartletError) -> Signal {
        var isSettled = false
        for try await piece in stream {
            guard let response = piece.part.response else {
                shared.state.withLock { $0.tokens += 1 }
                continue
            }
            let (chain, isFinal) = chain(piece.chain, response)
            let settles = shared.state.withLock { state in
                state.add(chain, isFinal: isFinal)
                let remaining = configuration.width - state.chains.count
                return remaining > 0 && state.tally.isSettled(remaining: remaining)
            }
            tell(.chain(chain))
            if settles, !isSettled {
                // The other chains still end, within a step, with what they used.
                isSettled = true
                stream.cancel()
            }
        }
        return isSettled ? .settled : .exhausted
    }

    /// A chain that has ended, and whether its answer is more than a guess.
    private func chain(_ index: Int, _ response: Response) -> (SolvedChain, isFinal: Bool) {
        let found = options.extraction.find(
            in: said(response.text), isComplete: response.finishReason == .stop)
        let answer = found?.answer
        let sum = response.logprobs.reduce(0.0) { $0 + Double($1) }
        let isVerified = answer.flatMap { answer in options.checker.map { $0(answer) } }
        let chain = SolvedChain(
            index: index, text: response.text, answer: answer,
            tokens: response.usage.completionTokens,
            meanLogprob: response.logprobs.isEmpty ? 0 : sum / Double(response.logprobs.count),
            isVerified: isVerified, finishReason: response.finishReason, usage: response.usage)
        // An answer that the checker accepts is final even when the chain was cut off.
        return (chain, found?.isFinal == true || isVerified == true)
    }

    /// Tells ten times a second how far the search is, until it is cancelled.
    private func report(
        _ model: Model, _ shared: Shared, _ tell: @Sendable (SolveEvent) -> Void
    ) async -> Signal {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(100))
            guard !Task.isCancelled, let cache = await model.engine.statistics?.cache else { break }
            let progress = shared.state.withLock { state in
                state.heldBytes = cache.bytesHeld
                state.peakBytes = max(state.peakBytes, cache.peakBytes)
                return SolveProgress(
                    chainsEnded: state.chains.count, chains: configuration.width,
                    tokens: state.tokens, votes: Self.votes(state.votes),
                    cacheBytes: state.heldBytes, elapsed: ContinuousClock.now - start)
            }
            tell(.progress(progress))
        }
        return .ticked
    }

    private static func votes(_ tally: VoteTally) -> [Vote] {
        tally.ranking.map { Vote(answer: $0.answer, count: $0.count) }
    }

    private final class Shared: Sendable {
        let state: Mutex<State>

        init(_ state: consuming sending Mutex<State>) { self.state = state }

        func result(_ search: SolveSearch, _ ending: SolveResult.Ending) -> SolveResult {
            state.withLock { state in
                let chains = state.chains.values.sorted { $0.index < $1.index }
                let leader = state.votes.leader
                return SolveResult(
                    answer: leader?.answer, isVerified: leader?.isVerified,
                    votes: SolveSearch.votes(state.votes), kind: search.kind, chains: chains,
                    configuration: search.configuration,
                    elapsed: ContinuousClock.now - search.start, peakCacheBytes: state.peakBytes,
                    adapterBytes: search.adapterBytes,
                    kvReads: chains.reduce(0) { $0 + $1.usage.kvReads },
                    bytesMoved: chains.reduce(0) { $0 + $1.usage.bytesMoved },
                    seed: search.seed, ending: ending)
            }
        }
    }
}
