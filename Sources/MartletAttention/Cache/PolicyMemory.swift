/// What a policy remembers of one sequence.

/// Signals recorded from its prompt, what was taken out, merged, sealed or chosen.
package final class PolicyMemory {
    /// Whether the prompt is complete and its tokens were chosen.
    package internal(set) var isPromptComplete = false
    /// Whether any token was taken out.
    package internal(set) var hasEvicted = false
    /// What is recorded of the prompt; nil before its first token and after its last.
    var recorder: PromptRecorder?
    /// Tokens that each head may hold while tokens are generated, by table; empty for no bound.
    var caps: [Int] = []
    /// Tokens of the complete prompt.
    var promptCount = 0
    /// By table and slot, whole tiles: the log of how many tokens a slot stands for; empty while each
    /// stands for itself.
    var biases: [[Float]] = []
    /// The prompt's tokens, where a compressor reads it a second time.
    var promptTokens: [Int32] = []
    /// What a ``StepEvictor`` remembers of each slot, by table.
    var memories: [[Float]] = []

    /// What the model's own marks did, by table; empty unless it decides.
    var learned: [EvictionTable] = []

    /// What a page selector remembers; nil before the first generated token.
    var selection: SelectionMemory?
    /// Positions of tokens that end a sentence, where a selector asks for them.
    var sentenceEnds: [Int32] = []
    /// What a page selector let this step read, over all tables; nil when it did not choose.
    var stepReads: StepReads?

    /// Tokens attended to, pages read, and pages whose bounds were read.
    struct StepReads {
        var tokens = 0
        var pages = 0
        var describedPages = 0

        mutating func add(_ other: StepReads) {
            tokens += other.tokens
            pages += other.pages
            describedPages += other.describedPages
        }
    }

    /// Slots over all tables that are held in this step and seen by nobody.
    var hiddenSlots = 0

    /// What is sealed of each table; empty while nothing is.
    var sealed: [SealedPart] = []
    /// Kind of sealed page by table, where heads differ.
    var sealKinds: [Int] = []
    /// Queries by which salient tokens are known; nil unless the policy asks.
    var probes: ProbeQueries?

    /// The sealed front of one table.
    struct SealedPart {
        /// Pages at the front that are sealed.
        var pages = 0
        /// Their bytes.
        var bytes = 0
    }

    /// Whether tokens can be forgotten: nothing was taken out, recorded or remembered.
    var canTruncate: Bool {
        !hasEvicted && recorder == nil && memories.isEmpty && learned.isEmpty && sealed.isEmpty
            && probes == nil
    }

    /// Sets what is added to the scores of one slot.
    func setBias(_ bias: Float, table: Int, slot: Int) {
        extendBias(table: table, to: slot + 1)
        biases[table][slot] = bias
    }

    /// Makes sure that the biases cover whole tiles of `slots` slots.
    func extendBias(table: Int, to slots: Int) {
        let missing = (slots + 127) / 128 * 128 - biases[table].count
        if missing > 0 { biases[table].append(contentsOf: repeatElement(0, count: missing)) }
    }

    /// Whether a step may take single tokens out, for which a shared page must be copied.
    var evictsAtSteps: Bool { !caps.isEmpty || (!learned.isEmpty && isPromptComplete) }

    /// Bytes beside the pages.
    package var byteCount: Int {
        memories.reduce(caps.count * 8) { $0 + $1.count * 4 }
            + biases.reduce(0) { $0 + $1.count * 4 } + promptTokens.count * 4
            + learned.reduce(0) { $0 + $1.byteCount } + (selection?.byteCount ?? 0)
            + (recorder?.byteCount ?? 0) + (probes?.byteCount ?? 0) + sentenceEnds.count * 4
            + (sealed.count * 2 + sealKinds.count) * 8
    }

    init() {}

    /// The same for a fork.
    func copy() -> PolicyMemory {
        let copy = PolicyMemory()
        copy.isPromptComplete = isPromptComplete
        copy.hasEvicted = hasEvicted
        copy.recorder = recorder?.copy()
        copy.caps = caps
        copy.memories = memories
        copy.promptCount = promptCount
        copy.biases = biases
        copy.promptTokens = promptTokens
        copy.learned = learned
        copy.selection = selection?.copy()
        copy.sentenceEnds = sentenceEnds
        copy.sealed = sealed
        copy.sealKinds = sealKinds
        copy.probes = probes
        return copy
    }
}
