/// The engine in one function: ``EngineLoop/step()``. Read it first.
///
/// This type knows requests, tokens and logits. It does not know threads (see ``Engine``), text beyond
/// what stop strings need (see ``TextDecoding``), or how logits are computed (see `ForwardPass`).

import MartletCache
import MartletModels

/// Serves requests step by step. One thread owns it; nothing in it waits.
final class EngineLoop {
    let forward: any ForwardPass
    let cache: KVCache
    let configuration: EngineConfiguration
    let footprint: PageFootprint
    var scheduler: Scheduler
    /// One for each thread of the forward pass: each has scratch of its own.
    var samplers: [Sampler]
    var generations: [RequestID: ActiveGeneration] = [:]
    var scorings: [RequestID: ActiveScoring] = [:]
    var endings: [Ending] = []
    var kept = KeptSequences()
    /// Seconds that it took last to free a page by storing others in fewer bits.
    var demotionSeconds = 0.0
    let prefixKeys: PrefixKeys
    /// What giving up all that is kept would free, and when that was counted.
    var keptBytesAt: (version: [Int], bytes: Int)?
    /// The chain that there was no room for when admission was last tried.
    var blockage: Blockage?
    var counters: EngineStatistics

    /// What steps took.
    var times: StepTimes
    /// A step that stopped between two layers.
    var paused: PausedStep?
    /// What is being read from the storage, by the name of the first segment.
    var fetches: [String: PrefixFetch] = [:]
    /// Begins to read away from the engine's thread, and has ``fetched(_:_:)`` told of it later; nil reads at once.
    var beginFetch: ((String, @escaping @Sendable () -> FetchedSegments) -> Void)?

    /// Throws `invalidParameter` for a step budget without tokens or sequences.
    init(parts: EngineParts, configuration: EngineConfiguration) throws(EngineError) {
        var budget = configuration.budget
        guard budget.maximumTokens > 0, budget.maximumSequences > 0 else {
            throw .invalidParameter(
                name: "step budget",
                got: "\(budget.maximumTokens) tokens, \(budget.maximumSequences) sequences",
                expected: "at least one of each")
        }
        budget.maximumTokens = min(budget.maximumTokens, parts.forward.maximumBatchTokens)
        forward = parts.forward
        cache = parts.cache
        self.configuration = configuration
        footprint = PageFootprint(
            cache: parts.cache, chunk: budget.maximumTokens,
            compression: configuration.expectedCompression)
        scheduler = Scheduler(
            budget: budget, policy: configuration.policy,
            promptRule: .init(parts.cache))
        samplers = (0..<max(1, parts.forward.threadCount)).map { _ in
            Sampler(vocabularySize: parts.forward.vocabularySize)
        }
        let reuse = configuration.prefixReuse ?? PrefixReuse()
        prefixKeys =
            reuse.storage.map { PrefixKeys(KeyedHash(key: $0.hashKey.low, $0.hashKey.high)) }
            ?? reuse.makeKeys()
        times = StepTimes(cost: configuration.stepCost)
        counters = EngineStatistics(cache: parts.cache.statistics)
    }

    /// One step: form a ragged batch, reserve its pages, run the model once, turn logits into tokens,
    /// retire what has ended, tell consumers. Returns whether there is more to do.
    ///
    /// A step that computes a prompt stops between two layers when `hasNews` says that something has arrived. The next
    /// call goes on with it, after a step for what is more urgent.
    @discardableResult
    func step(hasNews: () -> Bool = { false }) -> Bool {
        let begin = configuration.clock.now()
        dropFetches()
        scheduler.order(at: moment)
        admit()
        if paused.map({ !isIntact($0) }) == true { abandon() }
        if let stopped = paused, !goesAhead(of: stopped) {
            resume(stopped, hasNews: hasNews)
        } else {
            run(since: begin, hasNews: hasNews)
        }
        glance()
        retire()
        for generation in generations.values where generation.pacing == .eachStep {
            generation.tell()
        }
        return !scheduler.isEmpty
    }

    /// Plans a step and runs it.
    private func run(since begin: Duration, hasNews: () -> Bool) {
        var plan = plan()
        reserve(&plan)
        guard !plan.isEmpty else { return }
        noteBeginning(of: plan, at: begin)
        let measured = measure(plan)
        do {
            let batch = batch(for: plan)
            guard let logits = try start(batch, of: plan, hasNews: hasNews) else { return }
            advance(plan)
            sample(plan, from: logits)
        } catch {
            fail(plan, .forwardFailed(error))
        }
        times.note(measured((configuration.clock.now() - begin) / .seconds(1)))
    }

    private func noteBeginning(of plan: StepPlan, at begin: Duration) {
        for slice in plan.slices {
            guard let generation = generations[slice.id.request], generation.began == nil else {
                continue
            }
            generation.began = max(begin, generation.arrival)
            tellPrompt(of: generation, computed: generation.cachedPromptTokens)
        }
    }

    // MARK: The batch

    /// Rows of logits that a slice of this chain yields: a prompt's inner chunks need none.
    private func logitsWanted(_ state: SequenceState, _ count: Int) -> LogitsWanted {
        if state.scoringChunk != nil { return .all }
        return count == state.remaining ? .last : .none
    }

    func batch(for plan: StepPlan) -> ForwardBatch {
        ForwardBatch(
            slices: plan.slices.map { slice in
                guard let state = scheduler[slice.id], let sequence = state.sequence else {
                    preconditionFailure("EngineLoop: \(slice.id) is planned but does not run")
                }
                return SequenceSlice(
                    sequence: sequence,
                    tokens: Array(state.tokens[state.computed..<(state.computed + slice.count)]),
                    logits: logitsWanted(state, slice.count),
                    isDecode: slice.count == 1 && state.computed >= state.promptCount,
                    completesPrompt: state.scoringChunk == nil
                        && state.computed + slice.count == state.promptCount,
                    adapter: generations[slice.id.request]?.adapter
                        ?? scorings[slice.id.request]?.adapter)
            })
    }

    func advance(_ plan: StepPlan) {
        counters.steps += 1
        counters.computedTokens += plan.tokenCount
        counters.largestStep = max(counters.largestStep, plan.tokenCount)
        for slice in plan.slices {
            if let branch = scheduler.advance(slice.id, by: slice.count) { keepBranch(of: branch) }
            if let generation = generations[slice.id.request], generation.watched != nil,
                let computed = scheduler[slice.id]?.computed
            {
                tellPrompt(of: generation, computed: min(computed, generation.promptCount))
            }
        }
    }

    // MARK: The rows

    /// Hands each slice its rows, which come in slice order. Tokens are chosen side by side and accepted in order.
    func sample(_ plan: StepPlan, from logits: UnsafeBufferPointer<Float>) {
        let width = forward.vocabularySize
        var offset = 0
        func next(_ rowCount: Int) -> UnsafeBufferPointer<Float> {
            defer { offset += rowCount * width }
            return UnsafeBufferPointer(rebasing: logits[offset..<(offset + rowCount * width)])
        }
        var choices: [DueRow] = []
        for slice in plan.slices {
            guard let state = scheduler[slice.id] else { continue }
            if state.scoringChunk != nil {
                score(
                    slice.id, from: state.computed - slice.count, count: slice.count,
                    isLast: state.remaining == 0, next(slice.count))
            } else if state.remaining == 0 {
                fork(slice.id, into: state.pendingForks, of: state.sequence, next(1), &choices)
            }
        }
        choose(choices)
        precondition(
            offset == logits.count,
            "EngineLoop: got \(logits.count / width) rows of logits, expected \(offset / width)")
    }

    // MARK: Between steps

    /// What the engine has done and holds.
    var statistics: EngineStatistics {
        var statistics = counters
        statistics.waitingChains = scheduler.waiting.count
        statistics.runningChains = scheduler.running.count
        statistics.keptSequences = kept.all.count
        statistics.stepCost = times.cost
        statistics.stepRoom = scheduler.room(within: stepLimit)
        statistics.prefixes.keptTokens = kept.all.reduce(0) { $0 + $1.tokens.count }
        statistics.prefixes.reclaimableBytes = keptBytes
        statistics.cache = cache.statistics
        return statistics
    }

    /// Proves, between steps, that scheduler, requests and cache agree.
    func checkIntegrity() throws(EngineError) {
        try scheduler.checkIntegrity()
        do { try cache.checkIntegrity() } catch { throw .brokenIntegrity("\(error)") }
        for state in scheduler.running {
            guard let sequence = state.sequence, cache.count(sequence) == state.computed else {
                throw .brokenIntegrity("\(state.id): cache and scheduler count differently")
            }
        }
        try checkKept()
        for state in scheduler.running + scheduler.waiting {
            guard generations[state.id.request] != nil || scorings[state.id.request] != nil else {
                throw .brokenIntegrity("\(state.id) belongs to no request")
            }
        }
    }

    private func checkKept() throws(EngineError) {
        do { try kept.checkIntegrity() } catch { throw .brokenIntegrity("\(error)") }
        for (chain, running) in kept.running where scheduler[chain]?.sequence != running.sequence {
            throw .brokenIntegrity("the prefix index has another sequence for \(chain)")
        }
        let held = cache.statistics.sequenceCount
        guard held == scheduler.running.count + kept.all.count else {
            throw .brokenIntegrity(
                "the cache has \(held) sequences for \(scheduler.running.count) running chains and "
                    + "\(kept.all.count) kept ones")
        }
        for kept in kept.all where cache.count(kept.sequence) != kept.tokens.count {
            throw .brokenIntegrity("a kept sequence has not the tokens that it is kept for")
        }
    }
}
