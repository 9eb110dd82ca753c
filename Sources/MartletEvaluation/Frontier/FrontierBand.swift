/// How far a front moves when problems are drawn anew.

/// The 95 % band of a series' front against one cost.
public struct FrontierBand: Sendable, Hashable {
    /// From a cost on, where the best accuracy lies in 95 of 100 draws.
    public struct Step: Sendable, Hashable {
        /// The cost.
        public let cost: Double
        /// The best accuracy within it.
        public let range: ClosedRange<Double>
    }

    /// The name of the series.
    public let series: String
    /// The cost.
    public let cost: FrontierCost
    /// By rising cost.
    public let steps: [Step]

    /// - Parameter places: the series' points among all.
    init(
        series: String, cost: FrontierCost, places: [Int], points: [FrontierPoint],
        samples: ResampledAccuracies
    ) {
        self.series = series
        self.cost = cost
        let known = places.filter { points[$0].costs[cost] != nil }.map {
            (place: $0, cost: points[$0].costs[cost] ?? 0)
        }.sorted { ($0.cost, $0.place) < ($1.cost, $1.place) }
        // The best of all that cost no more, in each draw.
        var best = [Double](repeating: 0, count: samples.drawCount)
        var steps: [Step] = []
        for (index, each) in known.enumerated() {
            for (draw, value) in samples.draws(of: each.place).enumerated() {
                best[draw] = max(best[draw], value)
            }
            let isLast = index + 1 == known.count || known[index + 1].cost > each.cost
            guard isLast, let range = Bootstrap.interval(best) else { continue }
            if steps.last?.range != range { steps.append(Step(cost: each.cost, range: range)) }
        }
        self.steps = steps
    }
}
