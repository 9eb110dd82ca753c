/// How a budget is spent: arithmetic on what chains cost, with no model in it.

import Foundation

/// Chooses width and length under a budget.
///
/// Where a sweep has measured how right the candidates are, the configuration that it expects most of wins: a chain
/// that the deadline will cut counts as one of the length that it reaches. Otherwise length comes before width, since
/// a chain that is cut off has no answer. Among equals the configuration that changes less of the model's results
/// wins, which is the one named first.
struct SolvePlanner {
    /// One way to run: a model under a policy.
    struct Candidate {
        /// Its place among the models that were loaded.
        let index: Int
        /// Bytes of cache that chains are expected to need: width, length.
        let bytes: (Int, Int) -> Int
        /// Seconds that they are expected to take, prompt included: width, length. Nil where no cost is known.
        let seconds: ((Int, Int) -> Double)?
        /// The most tokens that may follow the prompt.
        let longest: Int
        /// The tokens that a chain may need; more are planned only when asked for.
        var usual = 1024
        /// Whether its cache loses tokens.
        var isLossy = false
        /// How right it is, where that was measured.
        var frontier: MeasuredFrontier?
    }

    /// What was chosen.
    struct Choice: Equatable {
        let index: Int
        let width: Int
        let length: Int
        let bytes: Int
        let seconds: Double?
    }

    /// Width where the budget leaves it open: further chains gain little.
    static let mostWidth = 16
    /// Fewer tokens hold no answer.
    static let leastLength = 16
    /// How much of the most tokens chains are expected to need.
    static let expectedShare = 0.4
    /// How many times the cache all chains together may be expected to need: they end at different times, so that less
    /// is held at once (about 0.8 of this in a sweep of the package's model, `docs/lab.md`), and where it is too much they
    /// wait.
    static let overcommitment = 1.25
    /// Part of the deadline that a plan may fill: steps differ, and the answer must be printed.
    static let deadlineShare = 0.85

    /// Less is noise, and then the wider search wins: its vote is surer, and it ends when it is settled.
    static let leastGain = 0.005
    /// Less is no reason to begin to lose tokens of the cache: a sweep of a hundred problems is not that exact.
    static let leastLossyGain = 0.02

    let memory: Int?
    let deadline: Double?
    let width: Int?
    let length: Int?
    /// Seconds before the deadline at which the search is ended.
    var margin = 0.0

    /// Seconds that a plan may fill; nil without a deadline.
    private var available: Double? {
        deadline.map { max(0, min($0 * Self.deadlineShare, $0 - margin)) }
    }

    /// The best choice, or nil when nothing fits.
    func choose(_ candidates: [Candidate]) -> Choice? {
        if let choice = chooseMeasured(candidates) { return choice }
        var best: Choice?
        for candidate in candidates {
            guard let choice = choose(candidate) else { continue }
            if let best, (choice.length, choice.width) <= (best.length, best.width) { continue }
            best = choice
        }
        return best
    }

    /// The configuration from which most is expected; nil unless every candidate was measured, since nothing says
    /// how a measured one compares with another.
    private func chooseMeasured(_ candidates: [Candidate]) -> Choice? {
        var best: (accuracy: Double, isLossy: Bool, choice: Choice)?
        for candidate in candidates {
            guard let frontier = candidate.frontier else { return nil }
            for width in widths where self.width != nil || width <= frontier.widest {
                for length in lengths(candidate)
                where fits(candidate, frontier, width, length) {
                    let accuracy = frontier.accuracy(
                        width: width, length: reach(candidate, frontier, width, length))
                    let begins = candidate.isLossy && best?.isLossy == false
                    let needed = begins ? Self.leastLossyGain : Self.leastGain
                    if accuracy > best.map({ $0.accuracy + needed }) ?? -1 {
                        best = (
                            accuracy, candidate.isLossy, choice(candidate, width, length)
                        )
                    }
                }
            }
        }
        return best?.choice
    }

    /// Whether the cache holds a chain of this length, and what all chains are expected to write together: they wait
    /// for each other's pages where some write more.
    private func fits(
        _ candidate: Candidate, _ frontier: MeasuredFrontier, _ width: Int, _ length: Int
    ) -> Bool {
        guard let memory, self.width == nil, self.length == nil else {
            return fits(candidate, width, length)
        }
        return candidate.bytes(1, length) <= memory
            && Double(candidate.bytes(width, frontier.expectedTokens(length: length)))
                <= (width > 1 ? Self.overcommitment : 1) * Double(memory)
    }

    /// The tokens of a chain that the deadline leaves time for, up to a length: all chains write until the length that
    /// they are expected to end at, and then the longest goes on alone.
    ///
    /// What chains write by then does not depend on how long they might have become, so that a shorter limit is never
    /// planned for the sake of the clock: among equals the longest comes first.
    private func reach(
        _ candidate: Candidate, _ frontier: MeasuredFrontier, _ width: Int, _ length: Int
    ) -> Int {
        guard let limit = available, let seconds = candidate.seconds else { return length }
        func time(_ tokens: Int) -> Double {
            let together = min(tokens, frontier.expectedTokens(length: tokens))
            return seconds(width, together) + seconds(1, tokens) - seconds(1, together)
        }
        guard time(length) > limit else { return length }
        var (fits, late) = (0, length)
        while late - fits > 1 {
            let middle = (fits + late) / 2
            if time(middle) <= limit { fits = middle } else { late = middle }
        }
        return fits
    }

    private func choose(_ candidate: Candidate) -> Choice? {
        for length in lengths(candidate) {
            for width in widths where fits(candidate, width, length) {
                let expected = self.length ?? Int(Self.expectedShare * Double(length))
                let isInTime = available.flatMap { limit in
                    candidate.seconds.map { $0(width, expected) <= limit }
                }
                guard isInTime ?? true else { continue }
                return choice(candidate, width, length)
            }
        }
        // Nothing is expected to end in time: one chain, or as many as were asked for, until the deadline.
        for length in lengths(candidate) where fits(candidate, width ?? 1, length) {
            return choice(candidate, width ?? 1, length)
        }
        return nil
    }

    /// Whether the cache holds a configuration. What the caller fixed need not fit as a whole: chains wait for
    /// each other's pages, and one that outgrows the cache ends.
    private func fits(_ candidate: Candidate, _ width: Int, _ length: Int) -> Bool {
        guard let memory else { return true }
        return candidate.bytes(
            self.width == nil ? width : 1,
            self.length == nil ? length : min(length, Self.leastLength)) <= memory
    }

    private func choice(_ candidate: Candidate, _ width: Int, _ length: Int) -> Choice {
        let bytes = candidate.bytes(width, length)
        return Choice(
            index: candidate.index, width: width, length: length,
            bytes: memory.map { min($0, bytes) } ?? bytes,
            seconds: candidate.seconds?(width, length))
    }

    private var widths: [Int] {
        if let width { return [width] }
        return [Self.mostWidth, 12, 8, 6, 4, 3, 2, 1]
    }

    private func lengths(_ candidate: Candidate) -> [Int] {
        if let length { return length <= candidate.longest ? [length] : [] }
        let most = min(candidate.usual, candidate.longest)
        var lengths: [Int] = []
        var next = Double(most)
        while Int(next) > Self.leastLength {
            lengths.append(Int(next))
            next *= 0.75
        }
        return lengths + [min(most, Self.leastLength)]
    }
}
