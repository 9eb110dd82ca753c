/// What must be true of a scheduler between two steps.

import MartletCache

extension Scheduler {
    /// Throws when the lists are out of order, name a chain or a sequence twice, or count wrongly.
    func checkIntegrity() throws(EngineError) {
        var chains: Set<ChainID> = []
        var sequences: Set<SequenceID> = []
        for state in waiting {
            try check(chains.insert(state.id).inserted, "\(state.id) is listed twice")
            try check(
                state.sequence == nil && state.computed == 0,
                "\(state.id) waits but has \(state.computed) tokens in the cache")
        }
        for state in running {
            try check(chains.insert(state.id).inserted, "\(state.id) is listed twice")
            guard let sequence = state.sequence else {
                throw .brokenIntegrity("\(state.id) runs without a sequence")
            }
            try check(
                sequences.insert(sequence).inserted, "\(state.id) shares its sequence's name")
            try check(
                state.computed >= 0 && state.computed < state.target,
                "\(state.id) has computed \(state.computed) of \(state.target) tokens")
        }
        for list in [waiting, running] {
            for (first, second) in zip(list, list.dropFirst()) {
                try check(
                    first.place < second.place, "\(second.id) stands after \(first.id)")
            }
        }
    }

    private func check(_ holds: Bool, _ finding: @autoclosure () -> String) throws(EngineError) {
        guard holds else { throw .brokenIntegrity(finding()) }
    }
}
