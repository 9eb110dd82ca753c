/// What a compressor remembers of one sequence.

import MartletCache

/// Signals of its prompt until it is complete, and what an evictor remembers of each slot afterwards.
final class KeepingMemory: StageMemory {
    /// What is recorded of the prompt; nil before its first token and after its last.
    var recorder: PromptRecorder?
    /// The prompt's tokens, where the compressor reads it a second time.
    var promptTokens: [Int32] = []
    /// Tokens that each head may hold while tokens are generated, by table; empty for no bound.
    var caps: [Int] = []
    /// What takes tokens out then, and which it may not take; nil where ``caps`` are empty.
    var holding: (evictor: any StepEvictor, division: TokenDivision)?
    /// What a ``StepEvictor`` remembers of each slot, by table.
    var slots: [[Float]] = []

    /// Bytes that were touched beside attention in the step at hand, to weigh tokens.
    var touchedBytes = 0

    private let rewritesAll: Bool

    init(rewritesAll: Bool) { self.rewritesAll = rewritesAll }

    func copy() -> any StageMemory {
        let copy = KeepingMemory(rewritesAll: rewritesAll)
        copy.recorder = recorder?.copy()
        copy.promptTokens = promptTokens
        copy.caps = caps
        copy.holding = holding
        copy.slots = slots
        return copy
    }

    var byteCount: Int {
        slots.reduce(caps.count * 8) { $0 + $1.count * 4 } + promptTokens.count * 4
            + (recorder?.byteCount ?? 0)
    }

    /// Generated tokens can be taken back where only the prompt is thinned out; a prompt's own, until it is
    /// complete, where nothing was recorded of them.
    func canCut(to count: Int, from current: Int, promptCount: Int?) -> Bool {
        guard let promptCount else { return recorder == nil && promptTokens.isEmpty }
        return !rewritesAll && caps.isEmpty && count >= promptCount
    }

    func rewrites(table: Int) -> PageRewrites {
        if rewritesAll { return .all(from: 0) }
        return caps.isEmpty ? .none : .one
    }
}
