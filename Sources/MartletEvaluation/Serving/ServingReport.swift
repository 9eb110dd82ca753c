/// What a served workload comes to: times, rates, and the shares that met a target.

package import MartletFormats

/// Quantiles of one kind of time, in seconds.
public struct TimeQuantiles: Sendable, Hashable {
    /// How many times.
    public let count: Int
    /// The mean, the quantiles at 50, 90 and 99 %, and the largest.
    public let mean, median, ninetieth, ninetyNinth, largest: Double

    /// Nil without times. A quantile is the smallest time that at least its share are not above.
    public init?(_ times: [Double]) {
        guard !times.isEmpty else { return nil }
        let sorted = times.sorted()
        func quantile(_ share: Double) -> Double {
            let place = (share * Double(sorted.count)).rounded(.up)
            return sorted[min(max(Int(place) - 1, 0), sorted.count - 1)]
        }
        count = sorted.count
        mean = sorted.reduce(0, +) / Double(sorted.count)
        median = quantile(0.5)
        ninetieth = quantile(0.9)
        ninetyNinth = quantile(0.99)
        largest = sorted[sorted.count - 1]
    }

    /// For programs; seconds.
    package var json: JSONValue {
        [
            "count": .integer(count), "mean": .number(mean), "p50": .number(median),
            "p90": .number(ninetieth), "p99": .number(ninetyNinth), "maximum": .number(largest),
        ]
    }
}

/// The figures of a run, of which some are about time, some about targets.
public struct ServingReport: Sendable, Hashable {
    /// What is asked of an answer.
    public let target: FluidityTarget
    /// Requests.
    public let requests: Int
    /// How many ended in each way.
    public let endings: [RequestTimeline.Ending: Int]
    /// Seconds from the first arrival to the last end.
    public let seconds: Double
    /// Seconds to the first token, between tokens, before anything is computed, and from arrival to end for each token.
    public let timeToFirstToken, gap, queueTime, perToken: TimeQuantiles?
    /// Tokens generated and tokens of prompts in a second.
    public let tokensPerSecond, promptTokensPerSecond: Double
    /// The part of prompts' tokens that was not computed because it was known.
    public let cachedShare: Double
    /// The mean fluidity index, and the part of all requests whose index is at least 0.9 (``fluidLeast``).
    public let fluidity, fluidShare: Double
    /// Answers a second that met both the first token's and every gap's target (goodput, DistServe), and that met FastGen's:
    /// the first token in a second for each 512 of the prompt, then a moving average of at least 4 tokens a second
    /// (effective throughput).
    public let goodput, effectiveThroughput: Double

    /// The index from which an answer counts as fluid.
    public static let fluidLeast = 0.9

    /// Counts a run. Requests that were not answered meet no target.
    ///
    /// - Parameters:
    ///   - timelines: what happened.
    ///   - target: what is asked.
    ///   - promptSeconds: what a prompt of so many tokens takes on an idle machine.
    public init(
        _ timelines: [RequestTimeline], target: FluidityTarget,
        promptSeconds: (Int) -> Double = { _ in 0 }
    ) {
        self.target = target
        requests = timelines.count
        endings = Dictionary(timelines.map { ($0.ending, 1) }, uniquingKeysWith: +)
        let start = timelines.map(\.arrival).min() ?? 0
        seconds = max(0, (timelines.map(\.ended).max() ?? 0) - start)
        let answered = timelines.filter { $0.ending == .answered }
        timeToFirstToken = TimeQuantiles(answered.compactMap(\.timeToFirstToken))
        gap = TimeQuantiles(answered.flatMap(\.gaps))
        queueTime = TimeQuantiles(answered.compactMap(\.queueTime))
        perToken = TimeQuantiles(
            answered.filter { !$0.tokens.isEmpty }.map {
                ($0.ended - $0.arrival) / Double($0.tokens.count)
            })
        let all = seconds > 0 ? seconds : .infinity
        tokensPerSecond = Double(timelines.reduce(0) { $0 + $1.tokens.count }) / all
        let prompts = answered.reduce(0) { $0 + $1.promptTokens }
        promptTokensPerSecond = Double(prompts) / all
        cachedShare =
            prompts > 0 ? Double(answered.reduce(0) { $0 + $1.cachedTokens }) / Double(prompts) : 0
        let indices = answered.map { each in
            Fluidity.index(
                gaps: each.waits, first: target.first + promptSeconds(each.promptTokens),
                gap: target.gap)
        }
        let count = Double(max(1, timelines.count))
        fluidity = indices.reduce(0, +) / count
        fluidShare = Double(indices.count { $0 >= Self.fluidLeast }) / count
        let good = answered.count { each in
            guard let first = each.timeToFirstToken else { return false }
            return first <= target.first + promptSeconds(each.promptTokens)
                && each.gaps.allSatisfy { $0 <= target.gap }
        }
        goodput = Double(good) / all
        effectiveThroughput = Double(answered.count(where: Self.isEffective)) / all
    }

    /// FastGen's two promises (arXiv 2401.08671).
    private static func isEffective(_ each: RequestTimeline) -> Bool {
        guard let first = each.timeToFirstToken, first <= Double(each.promptTokens) / 512 else {
            return false
        }
        var average: Double?
        for gap in each.gaps {
            average = average.map { 0.9 * $0 + 0.1 * gap } ?? gap
            if (average ?? 0) > 0.25 { return false }
        }
        return true
    }

    /// For programs.
    package var json: JSONValue {
        func times(_ quantiles: TimeQuantiles?) -> JSONValue { quantiles?.json ?? .null }
        return [
            "requests": .integer(requests),
            "endings": .object(
                JSONObject(
                    RequestTimeline.Ending.allCases.map {
                        .init(key: $0.rawValue, value: .integer(endings[$0] ?? 0))
                    })),
            "seconds": .number(seconds), "tokensPerSecond": .number(tokensPerSecond),
            "promptTokensPerSecond": .number(promptTokensPerSecond),
            "cachedShare": .number(cachedShare), "timeToFirstToken": times(timeToFirstToken),
            "gap": times(gap), "queueTime": times(queueTime), "perToken": times(perToken),
            "target": ["first": .number(target.first), "gap": .number(target.gap)],
            "fluidity": .number(fluidity), "fluidShare": .number(fluidShare),
            "goodput": .number(goodput), "effectiveThroughput": .number(effectiveThroughput),
        ]
    }
}
