/// Room made by storing pages of chains that go on in fewer bits, where the policy allows that.

import MartletCache
import MartletModels

extension EngineLoop {
    /// Seals pages of one chain, unless giving way costs less: of the least urgent class that can, the one that it frees most
    /// of. What is sealed is its alone, and nobody goes on with it. False where nothing was sealed.
    func demote(_ lack: Lack, below priority: Int = .max) -> Bool {
        guard cache.traits.demotes, !lack.isOfPlaces,
            let chosen = demotable(where: { $0.key.priority < priority })
        else { return false }
        if let victim = victim(lack, below: priority),
            returnSeconds(of: victim, lack) <= demotionSeconds
        {
            return false
        }
        return demote(chosen)
    }

    /// Seals pages of a request that holds more than it may.
    func demote(_ request: RequestID) -> Bool {
        guard cache.traits.demotes, let chosen = demotable(where: { $0.id.request == request })
        else { return false }
        return demote(chosen)
    }

    private func demote(_ chosen: (state: SequenceState, bytes: Int)) -> Bool {
        guard let sequence = chosen.state.sequence else { return false }
        // First: nobody may go on with it any more, however far the sealing comes.
        kept.unregister(chosen.state.id)
        let start = configuration.clock.now()
        guard let pages = try? forward.demote(sequence, cache: cache), pages > 0 else {
            return false
        }
        let seconds = (configuration.clock.now() - start) / .seconds(1)
        demotionSeconds = seconds * Double(footprint.bytesPerPage) / Double(chosen.bytes)
        counters.demotions += 1
        return true
    }

    /// The chain of these whose pages are sealed next, and the bytes that this frees. What is scored is to be exact.
    private func demotable(
        where mayBe: (SequenceState) -> Bool
    ) -> (state: SequenceState, bytes: Int)? {
        var best: (state: SequenceState, bytes: Int)?
        for state in scheduler.running.reversed() where mayBe(state) {
            if let best, best.state.key.priority < state.key.priority { break }
            guard let sequence = state.sequence, !isPaused(sequence),
                generations[state.id.request] != nil
            else { continue }
            let bytes = cache.demotableBytes(of: sequence)
            if bytes > best?.bytes ?? 0 { best = (state, bytes) }
        }
        return best
    }
}
