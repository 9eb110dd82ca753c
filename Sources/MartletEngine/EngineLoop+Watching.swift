/// Glances at what the cache holds for requests that are watched.

import MartletCache

extension EngineLoop {
    /// Tells a request that is watched how many tokens of its prompt are there. One that gave way and comes again is not told
    /// what it knew before.
    func tellPrompt(of generation: ActiveGeneration, computed: Int) {
        guard let watched = generation.watched, let began = generation.began,
            watched.toldTokens.map({ computed > $0 }) ?? true
        else { return }
        let isFirst = watched.toldTokens == nil
        generation.watched?.toldTokens = computed
        watched.watch.leave(
            PromptStep(
                cached: generation.cachedPromptTokens, computed: computed,
                time: isFirst ? .zero : configuration.clock.now() - began))
        if computed >= generation.promptCount { watched.watch.endPrompt() }
    }

    /// Takes the glances that are due. Runs at the end of a step, before chains that ended give their pages back.
    func glance() {
        for (id, generation) in generations {
            guard let watched = generation.watched else { continue }
            let now = configuration.clock.now()
            let isEnding = endings.contains { $0.id.request == id }
            if let last = watched.glancedAt, now - last < watched.watch.interval, !isEnding {
                continue
            }
            glance(at: id, generation, now)
        }
    }

    private func glance(at id: RequestID, _ generation: ActiveGeneration, _ now: Duration) {
        let chains = scheduler.running.filter { $0.id.request == id && $0.sequence != nil }
        let sequences = chains.compactMap(\.sequence)
        guard !sequences.isEmpty, var watched = generation.watched else { return }
        var live = [Double](repeating: 0, count: cache.shape.tableCount)
        var (reads, moved, tokens) = (0.0, 0, 0)
        for (chain, sequence) in zip(chains, sequences) {
            let counts = cache.liveTokens(of: sequence).counts
            for (index, count) in counts.enumerated() { live[index] += Double(count) }
            let all = cache.reads(of: sequence)
            var before = watched.reads[chain.id.chain] ?? CacheReads()
            // A chain that gave way and came back counts from zero.
            if before.decodeTokens > all.decodeTokens { before = CacheReads() }
            watched.reads[chain.id.chain] = all
            reads += all.kvReads - before.kvReads
            moved += all.bytesMoved - before.bytesMoved
            tokens += all.decodeTokens - before.decodeTokens
        }
        watched.glancedAt = now
        generation.watched = watched
        let count = Double(sequences.count)
        watched.watch.leave(
            CacheGlance(
                keyValueHeadCount: cache.shape.keyValueHeadCount,
                liveTokens: live.map { $0 / count },
                logicalTokens: chains.map(\.computed).max() ?? 0,
                cachedTokens: generation.cachedPromptTokens,
                bytesHeld: cache.bytesHeld(by: sequences), peakBytes: generation.peakOwnBytes,
                readsPerToken: tokens > 0 ? reads / Double(tokens) : nil,
                bytesMovedPerToken: tokens > 0 ? Double(moved) / Double(tokens) : nil))
    }
}
