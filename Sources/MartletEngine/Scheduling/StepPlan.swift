/// The plan of one step: which chains, how many tokens each. Its pages are not reserved yet.

import MartletCache

/// Bounds on one step.
package struct StepBudget: Sendable, Hashable {
    /// The most tokens computed in one step, over all sequences; long prompts are cut into chunks.
    package var maximumTokens: Int
    /// The most sequences in one step.
    package var maximumSequences: Int

    /// Bounds a step.
    package init(maximumTokens: Int = 512, maximumSequences: Int = 64) {
        self.maximumTokens = maximumTokens
        self.maximumSequences = maximumSequences
    }
}

/// The tokens `computed ..< computed + count` of one chain.
struct PlannedSlice: Sendable, Hashable {
    var id: ChainID
    var count: Int
}

/// The slices of one step, in the order in which their logits will come.
struct StepPlan: Sendable, Hashable {
    var slices: [PlannedSlice] = []
    /// Whether a slice of it is of a prompt.
    var hasPrompt = false

    var isEmpty: Bool { slices.isEmpty }
    var tokenCount: Int { slices.reduce(0) { $0 + $1.count } }
}

/// The pages that there are, and the pages that a sequence needs.
struct PageSupply {
    /// Whether so many pages can be had.
    var fits: (_ count: Int) -> Bool
    /// Pages of a sequence of `tokens` tokens, over all layers and KV heads.
    var pages: (_ tokens: Int) -> Int
}

/// What a chain starts with.
struct Opening {
    /// Its sequence in the cache.
    var sequence: SequenceID
    /// How many of its tokens are there already.
    var computed: Int
    /// Where others branch off from the same beginning.
    var branch: Int?
}
