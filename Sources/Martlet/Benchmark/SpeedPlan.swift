/// What a speed measurement is asked to do and what it finds, as values.

/// The cases to measure.
package struct SpeedPlan: Sendable, Hashable {
    /// Prompt lengths to prefill; none for no prefill.
    package var prompts: [Int]
    /// Steps of a decode run; 0 for no decode.
    package var steps: Int
    /// Tokens in the cache before decoding, each combined with every batch.
    package var depths: [Int]
    /// Sequences decoded together.
    package var batches: [Int]
    /// Instead of depths of their own, all sequences share a prompt of this many tokens.
    package var sharedPrompt: Int?
    /// Runs of each case, of which the median counts; at least 3.
    package var runs = 3

    /// Describes the cases.
    package init(
        prompts: [Int], steps: Int, depths: [Int], batches: [Int], sharedPrompt: Int? = nil,
        runs: Int = 3
    ) {
        self.prompts = prompts
        self.steps = steps
        self.depths = depths
        self.batches = batches
        self.sharedPrompt = sharedPrompt
        self.runs = max(3, runs)
    }

    /// The cases in the order in which they are measured.
    package var cases: [SpeedCase] {
        var cases = prompts.map {
            SpeedCase(kind: .prefill, prompt: $0, depth: 0, batch: 1, isShared: false)
        }
        guard steps > 0 else { return cases }
        for depth in sharedPrompt.map({ [$0] }) ?? depths {
            for batch in batches {
                cases.append(
                    SpeedCase(
                        kind: .decode, prompt: sharedPrompt ?? 0, depth: depth, batch: batch,
                        isShared: sharedPrompt != nil))
            }
        }
        return cases
    }
}

/// One thing to measure.
package struct SpeedCase: Sendable, Hashable {
    /// What is measured.
    package enum Kind: String, Sendable, Hashable {
        /// Computing a prompt.
        case prefill
        /// Computing one token of each sequence at a time.
        case decode
    }

    /// What is measured.
    package let kind: Kind
    /// Tokens of the prompt: computed by a prefill, shared by a decode's sequences, else 0.
    package let prompt: Int
    /// Tokens in each sequence before the first step.
    package let depth: Int
    /// Sequences.
    package let batch: Int
    /// Whether the sequences are forks of one prompt.
    package let isShared: Bool
}

/// What a case took.
package struct SpeedResult: Sendable, Hashable {
    /// The case.
    package let speedCase: SpeedCase
    /// Tokens of all sequences a second: the median run, the slowest and the fastest.
    package let tokensPerSecond: Double
    /// The slowest run.
    package let minimum: Double
    /// The fastest run.
    package let maximum: Double
    /// Bytes of weights and cache that a step reads, divided by its tokens.
    package let bytesPerToken: Double
    /// Share of the machine's read bandwidth that `bytesPerToken` at this speed is.
    package let bandwidthFraction: Double
    /// Share of the time of a prefill that its multiplications take at the machine's peak; nil for a decode, and where
    /// the policy may leave some out.
    package let arithmeticFraction: Double?
    /// Bytes of the buffers of steps, beside weights and cache.
    package let workspaceBytes: Int
}

/// A case that was measured, or why it was not.
package enum SpeedOutcome: Sendable {
    /// Its figures.
    case measured(SpeedResult)
    /// The cache needs more memory than the machine has free.
    case skipped(SpeedCase, neededBytes: Int, availableBytes: Int)
}
