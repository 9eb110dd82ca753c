/// How requests enter the loop and leave it.

import MartletCache
import MartletModels

extension EngineLoop {
    /// Takes a request in, or refuses it through `deliver`.
    ///
    /// - Parameter arrival: when it was sent, which may be a step ago; nil for now.
    func submit(
        _ request: GenerationRequest, id: RequestID, arrival: Duration? = nil,
        deliver: @escaping (Delivery) -> Void
    ) {
        let arrival = arrival ?? configuration.clock.now()
        do {
            try check(
                prompt: request.promptTokens, computedTokens: request.promptTokens.count,
                within: request.maximumBytes, demoting: true)
            try check(request)
        } catch {
            return deliver(.failed(error))
        }
        let sampling = request.sampling
        let seed = sampling.seed ?? configuration.drawSeed()
        let promptCount = request.promptTokens.count
        // The last token need not be computed, so one more than the context can be chosen.
        let room = forward.contextLength - promptCount
        let limit = min(sampling.maximumTokens, room == .max ? room : room + 1)
        let output = ChainOutput(
            decoder: configuration.makeTextDecoder?(),
            // A stop text inside of what must match would leave it incomplete.
            matcher: StopMatcher(
                stops: request.mask == nil ? sampling.stop : [], afterText: sampling.stopsAfterText),
            history: sampling.hasPenalties ? PenaltyHistory(prompt: request.promptTokens) : nil,
            maskState: request.mask?.start ?? TokenMaskState())
        generations[id] = ActiveGeneration(
            sampling: sampling, seed: seed, promptCount: promptCount, limit: limit,
            arrival: arrival, pacing: request.pacing,
            conversation: request.conversation?.id, mask: request.mask, adapter: request.adapter,
            prefix: prefix(of: request),
            chains: Array(repeating: output, count: request.chainCount),
            leadingWidths: request.leadingWidths, deliver: deliver)
        generations[id]?.watched = request.watch.map { WatchedRequest(watch: $0) }
        generations[id]?.maximumBytes = request.maximumBytes
        if let conversation = request.conversation { kept.begin(conversation.id) }
        deliver(.events([.started(promptTokens: promptCount, seed: seed)]))
        guard limit > 0 else {
            for chain in 0..<request.chainCount { end(ChainID(request: id, chain: chain), .length) }
            return retire()
        }
        scheduler.enqueue(
            SequenceState(
                id: ChainID(request: id, chain: 0), priority: request.priority,
                prompt: request.promptTokens, pendingForks: request.chainCount - 1,
                arrival: arrival, target: request.firstTokenTarget,
                gap: request.targetGap), at: moment)
    }

    /// Takes a text to score, or refuses it through `deliver`.
    ///
    /// - Parameter arrival: when it was sent, which may be a step ago; nil for now.
    func submit(
        _ request: ScoringRequest, id: RequestID, arrival: Duration? = nil,
        deliver: @escaping (Result<ScoringResult, EngineError>) -> Void
    ) {
        let arrival = arrival ?? configuration.clock.now()
        // The last token predicts nothing that is asked for, so it is not computed.
        let computed = request.tokens.dropLast()
        do {
            // What is scored is to be exact.
            try check(
                prompt: request.tokens, computedTokens: computed.count, demoting: false)
            try check(adapter: request.adapter)
            try check(request.chunk > 0, "chunk", request.chunk, "1 or more")
            try check(
                (0...forward.vocabularySize).contains(request.topCount), "topCount",
                request.topCount, "0 ... \(forward.vocabularySize) (the vocabulary)")
        } catch {
            return deliver(.failure(error))
        }
        scorings[id] = ActiveScoring(
            tokens: request.tokens, topCount: request.topCount,
            arrival: arrival, adapter: request.adapter, deliver: deliver)
        let chain = ChainID(request: id, chain: 0)
        guard !computed.isEmpty else {
            end(chain, .length)
            return retire()
        }
        scheduler.enqueue(
            SequenceState(
                id: chain, priority: request.priority, prompt: Array(computed),
                scoringChunk: request.chunk, arrival: arrival), at: moment)
    }

    /// Ends a request now; its pages are free when this returns. Does nothing when it has ended.
    func cancel(_ id: RequestID) {
        if scorings[id] != nil { return failRequest(id, .cancelled) }
        for chain in generations[id]?.chains.indices ?? 0..<0 {
            end(ChainID(request: id, chain: chain), .cancelled)
        }
        retire()
    }

    /// Ends every request and every conversation now, and keeps nothing.
    func cancelAll() {
        for id in kept.conversations { endConversation(id) }
        for id in (Array(generations.keys) + Array(scorings.keys)).sorted() { cancel(id) }
        releaseKept()
    }

    // MARK: Refusals

    private func check(
        prompt: [Int32], computedTokens: Int, within limit: Int? = nil, demoting: Bool
    ) throws(EngineError) {
        guard !prompt.isEmpty else { throw .emptyPrompt }
        for (index, token) in prompt.enumerated()
        where token < 0 || Int(token) >= forward.vocabularySize {
            throw .tokenOutOfRange(
                token: token, index: index, vocabularySize: forward.vocabularySize)
        }
        guard computedTokens <= forward.contextLength else {
            throw .promptTooLong(
                promptTokens: prompt.count, contextLength: forward.contextLength)
        }
        let needed = footprint.leastPages(computedTokens, demoting: demoting)
        let bytes = needed * footprint.bytesPerPage
        guard needed <= cache.pageCapacity, bytes <= limit ?? .max else {
            throw .promptExceedsBudget(
                promptTokens: prompt.count, neededBytes: bytes,
                budgetBytes: min(limit ?? .max, cache.statistics.budgetBytes))
        }
    }

    private func check(adapter: String?) throws(EngineError) {
        guard let adapter, !forward.adapterNames.contains(adapter) else { return }
        throw .unknownAdapter(got: adapter, available: forward.adapterNames)
    }

    private func check(_ request: GenerationRequest) throws(EngineError) {
        try check(adapter: request.adapter)
        try request.sampling.validate(vocabularySize: forward.vocabularySize)
        try check(
            (1...0xFFFF).contains(request.chainCount), "chainCount", request.chainCount,
            "1 ... 65535")
        for (name, time) in [
            ("firstTokenTarget", request.firstTokenTarget), ("targetGap", request.targetGap),
        ] {
            guard let time, time <= .zero else { continue }
            throw .invalidParameter(name: name, got: "\(time)", expected: "a time above zero")
        }
        try check(
            request.conversation == nil || request.chainCount == 1, "chainCount",
            request.chainCount, "1, because it goes on with a conversation")
        try check(
            request.sampling.stop.isEmpty || configuration.makeTextDecoder != nil, "stop",
            request.sampling.stop.count, "none, because this engine has no text decoder")
    }

    private func check(
        _ holds: Bool, _ name: String, _ got: Int, _ expected: String
    ) throws(EngineError) {
        guard holds else {
            throw .invalidParameter(name: name, got: "\(got)", expected: expected)
        }
    }

    // MARK: Endings

    /// Marks a chain as ended; ``retire()`` does the rest at the end of the step.
    func end(_ id: ChainID, _ reason: FinishReason, _ match: StopMatch? = nil) {
        if let generation = generations[id.request] {
            guard !generation.chains[id.chain].hasEnded else { return }
            generation.chains[id.chain].hasEnded = true
        }
        endings.append(Ending(id: id, reason: reason, match: match))
    }

    /// Tells requests about chains that ended, and gives their pages back.
    func retire() {
        guard !endings.isEmpty else { return }
        let ended = endings
        endings = []
        for ending in ended {
            let held = cache.statistics.bytesHeld
            if let state = scheduler.remove(ending.id) { closeSequence(of: state) }
            if scorings[ending.id.request] != nil {
                retireScoring(ending.id.request, heldBytes: held)
            } else {
                retireChain(ending, heldBytes: held)
            }
        }
        for id in Set(ended.map(\.id.request)) { generations[id]?.tell() }
    }

    private func retireChain(_ ending: Ending, heldBytes: Int) {
        guard let generation = generations[ending.id.request] else { return }
        var ending = ending
        let chain = ending.id.chain
        let text = generation.chains[chain].tail(&ending)
        let output = generation.chains[chain]
        var usage = Usage()
        usage.promptTokens = generation.promptCount
        usage.cachedPromptTokens = generation.cachedPromptTokens
        usage.completionTokens = output.completionCount
        usage.queueTime = generation.began.map { $0 - generation.arrival }
        usage.timeToFirstToken = output.timeToFirstToken
        usage.duration = configuration.clock.now() - generation.arrival
        usage.cacheBytes = heldBytes
        usage.peakCacheBytes = generation.peakBytes
        usage.peakRequestBytes = generation.peakOwnBytes
        usage.leadingPeakBytes = generation.leading.map(\.peakBytes)
        usage.kvReads = output.kvReads
        usage.bytesMoved = output.bytesMoved
        usage.peakTokens = output.peakTokens
        usage.demotedTokens = output.demotedTokens
        generation.openChains -= 1
        generation.untold.append(
            .finished(
                ChainEnd(
                    chain: chain, reason: ending.reason, match: ending.match, text: text,
                    usage: usage)))
        guard generation.openChains == 0 else { return }
        generations[ending.id.request] = nil
        counters.endedRequests += 1
        generation.tell()
        generation.deliver(.ended)
    }

    private func retireScoring(_ id: RequestID, heldBytes: Int) {
        guard let scoring = scorings.removeValue(forKey: id) else { return }
        scoring.result.usage.duration = configuration.clock.now() - scoring.arrival
        scoring.result.usage.cacheBytes = heldBytes
        counters.endedRequests += 1
        scoring.deliver(.success(scoring.result))
    }

    /// Fails the requests of a plan whose forward pass failed: what it left in the cache is unknown.
    func fail(_ plan: StepPlan, _ error: EngineError) {
        for id in Set(plan.slices.map(\.id.request)).sorted() { failRequest(id, error) }
    }

    /// Ends a request with an error and gives its pages back.
    func failRequest(_ id: RequestID, _ error: EngineError) {
        for chain in 0..<(generations[id]?.chains.count ?? 1) {
            guard let state = scheduler.remove(ChainID(request: id, chain: chain)) else { continue }
            releaseSequence(of: state)
        }
        endings.removeAll { $0.id.request == id }
        counters.endedRequests += 1
        let generation = generations.removeValue(forKey: id)
        generation?.tell()
        generation?.deliver(.failed(error))
        scorings.removeValue(forKey: id)?.deliver(.failure(error))
    }
}

extension ChainOutput {
    /// The text still held back. It may complete a stop string, which then is why the chain ended.
    fileprivate mutating func tail(_ ending: inout Ending) -> String {
        guard matcher.match == nil else { return "" }
        let text = matcher.append(decoder?.finish() ?? "")
        guard let stop = matcher.match else { return text + matcher.flush() }
        ending.reason = .stop
        ending.match = .text(stop)
        return text
    }
}
