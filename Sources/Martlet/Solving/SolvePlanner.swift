/// How a budget is spent: arithmetic on what chains cost, with no model in it.

import Foundation

/// Chooses width and length under a budget.
///
/// When a sweep measured the accuracy of every candidate, the configuration with the highest expected accuracy wins. A
/// chain that the deadline will cut counts with the length that it reaches by then. Without a sweep, length comes before
/// width, because a chain that is cut off has no answer. Among equals the candidate that is named first wins: callers
/// name those first that change less of the model's results.
struct SolvePlanner {
    /// One way to run: a model under a policy.
    struct Candidate {
        /// Its place among the models that were loaded.
        let index: Int
        /// Expected bytes of cache as a function of width and length.
        let bytes: (Int, Int) -> Int
        /// Expected seconds, prompt included, as a function of width and length; nil when no cost is known.
        let seconds: ((Int, Int) -> Double)?
        /// The most tokens that may follow the prompt.
        let longest: Int
        /// Tokens that a chain usually needs at most; a plan exceeds it only on request.
        var usual = 1024
        /// Whether its cache loses tokens.
        var isLossy = false
        /// Its measured accuracies, if any.
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

    /// The largest width that a plan chooses by itself: further chains gain little.
    static let mostWidth = 16
    /// The smallest length that a plan chooses by itself: fewer tokens hold no answer.
    static let leastLength = 16
    /// The part of its limit that a chain is expected to write, where no sweep says.
    static let expectedShare = 0.4
    /// The expected need of all chains together may exceed the memory by this factor. Chains end at different times, so
    /// they hold less at once (about 0.8 of their sum, `docs/lab.md`); when the memory does not suffice, some wait.
    static let overcommitment = 1.25
    /// The part of the deadline that a plan may fill; the rest is for slow steps and for printing the answer.
    static let deadlineShare = 0.85

    /// The gain in accuracy for which a later configuration replaces an earlier, wider one. A smaller gain is noise, and
    /// a wide search ends early when its vote is settled.
    static let leastGain = 0.005
    /// The gain in accuracy for which a lossy cache replaces an exact one: a sweep of a hundred problems is not more
    /// exact than this.
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

    /// The configuration with the highest expected accuracy. Nil unless a sweep measured every candidate, because a
    /// measured candidate cannot be compared with one that was not.
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

    /// Whether the memory holds one chain of this length, and the expected tokens of all chains. When chains write more
    /// than expected, some wait for pages.
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

    /// The tokens, at most `length`, that the longest chain can write before the deadline. All chains write until their
    /// expected end; after that the longest one goes on alone.
    ///
    /// The tokens written by the deadline do not depend on the limit, so a shorter limit never helps against the clock.
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
        // No configuration is expected to end in time: run one chain, or the width asked for, until the deadline.
        for length in lengths(candidate) where fits(candidate, width ?? 1, length) {
            return choice(candidate, width ?? 1, length)
        }
        return nil
    }

    /// Whether the memory holds a configuration. A width or length that the caller fixed need not fit whole: chains wait
    /// for each other's pages, and a chain that outgrows the cache ends.
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
