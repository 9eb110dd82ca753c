/// What the engine's own steps took, and the cost that follows. A plain value: time is handed to it.

/// Fits a ``StepCost`` to the latest steps of every size.
package struct StepTimes: Sendable, Hashable {
    /// Steps of a size that are remembered, where a size is a power of two of tokens.
    private static let remembered = 8
    /// A step that took this many times what was foreseen is left out, unless the next ones do too: something else ran.
    private static let outlier = 3.0
    private static let mostOutliers = 3

    /// What a step costs; nil before the first.
    package private(set) var cost: StepCost?
    /// The most tokens that a step had.
    package private(set) var largestStep = 0
    private var bySize: [Int: [StepCost.Measurement]] = [:]
    private var notes = 0
    private var outliers = 0

    /// Knows nothing, or what was measured before.
    package init(cost: StepCost? = nil) { self.cost = cost }

    /// Remembers a step.
    package mutating func note(_ step: StepCost.Measurement) {
        guard step.seconds > 0, step.seconds.isFinite, step.tokens > 0 else { return }
        if let cost, notes > Self.remembered,
            step.seconds > Self.outlier * cost.seconds(tokens: step.tokens, reads: step.reads)
        {
            outliers += 1
            guard outliers > Self.mostOutliers else { return }
            // The machine is another one now.
            bySize = [:]
            notes = 0
        }
        outliers = 0
        largestStep = max(largestStep, step.tokens)
        let size = Int.bitWidth - step.tokens.leadingZeroBitCount
        var steps = bySize[size] ?? []
        if steps.count == Self.remembered { steps.removeFirst() }
        steps.append(step)
        bySize[size] = steps
        notes += 1
        // A fit takes as long as a few tokens; the first ones change much.
        guard notes < 2 * Self.remembered || notes % Self.remembered == 0 else { return }
        cost = StepCost(fitting: bySize.keys.sorted().flatMap { bySize[$0] ?? [] })
    }

    /// The most tokens of a step that what is known speaks for: twice what was tried, so that a step that was too long was
    /// half as much too long at most.
    package var mostTokens: Int {
        largestStep == 0 && cost != nil ? .max : max(Self.firstTokens, 2 * largestStep)
    }

    /// Tokens of the first step, of whose time nothing is known.
    private static let firstTokens = 16
}

/// How much a step may have at a moment.
package struct StepRoom: Sendable, Hashable {
    /// Tokens, those of the chains that decode included.
    package var tokens = 0
    /// Seconds that those chains take alone, as far as that is known; nil where nobody waits for a time that matters.
    package var seconds: Double?
}

/// How long a step may take, and how that is known.
struct StepLimit: Sendable {
    /// What a step costs.
    var cost: StepCost
    /// Seconds that it may take.
    var seconds: Double
    /// The most tokens that the cost speaks for.
    var mostTokens: Int
    /// Tokens that the rows at these positions read, averaged over layers.
    var reads: @Sendable (Range<Int>) -> Double

    /// Prompts get on by at least this many tokens in a step, even where those that decode take all of its time.
    static let leastTokens = 4

    /// The most tokens from `position` on, of `wanted`, whose time is at most `seconds`.
    func tokens(_ wanted: Int, from position: Int, within seconds: Double) -> Int {
        func takes(_ count: Int) -> Double {
            cost.perToken * Double(count) + cost.perRead * reads(position..<position + count)
        }
        guard takes(wanted) > seconds else { return wanted }
        var (low, high) = (0, wanted)
        while high - low > 1 {
            let middle = (low + high) / 2
            if takes(middle) <= seconds { low = middle } else { high = middle }
        }
        return low
    }
}
