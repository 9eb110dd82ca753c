/// The results of a sweep: methods, comparisons, the highest compression without a significant loss.

/// The results of a sweep, computed from its points.
public struct FrontierReport: Sendable {
    /// A method's points: with one codec, or with all of them.
    public struct Series: Sendable {
        /// The method.
        public let method: String
        /// The codec; nil for all codecs together, where a sweep has several.
        public let codec: String?
        /// The method, and the codec where the sweep has several.
        public let name: String
        /// Its points.
        public let points: [FrontierPoint]
        /// Their places among all points.
        let places: [Int]
    }

    /// How a series compares with another at one cost.
    public struct Comparison: Sendable {
        /// The name of the series.
        public let method: String
        /// What it is compared with.
        public let over: String
        /// Whether both also have the dense cache, which is every method's compression of 1.
        public let withDense: Bool
        /// The cost.
        public let cost: FrontierCost
        /// How they compare.
        public let result: FrontierComparison
    }

    /// Two series that are compared.
    package struct Pair: Sendable, Hashable {
        package let method: String
        package let over: String
        package let withDense: Bool
    }

    /// A cost at which nothing is compared, because some configurations were recorded without it.
    public struct MissingCost: Sendable, Hashable {
        /// The cost.
        public let cost: FrontierCost
        /// The configurations that lack it.
        public let points: Int
    }

    /// All measured configurations.
    public let points: [FrontierPoint]
    /// Methods in the order in which they were asked for, and where there are several codecs also each method with each.
    public let series: [Series]
    /// Whether there are several codecs.
    public let hasCodecs: Bool
    /// The costs that are known of every configuration: the axes of the report.
    public let costs: [FrontierCost]
    /// The other costs: records of an older version lack some.
    public let missingCosts: [MissingCost]
    /// Every method over dense and the learned one over every other, at every cost; with several codecs also each method
    /// over dense with the same codec, and dense with each codec over dense with the first.
    public let comparisons: [Comparison]
    /// For each method and codec the highest compression without a significant loss.
    public let safeRatios: [SafeCompression]
    /// How far the fronts of dense, the learned method and the control move when problems are drawn anew.
    public let bands: [FrontierBand]
    /// How problems were drawn anew for the intervals.
    public let draws: ProblemDraws

    /// Computes the results.
    ///
    /// - Parameters:
    ///   - points: the measured configurations, of any methods, in the order in which methods are listed.
    ///   - draws: the bootstrap's.
    ///   - budgets: at which budgets methods are compared; those that both cover where nothing is said.
    public init(
        _ points: [FrontierPoint], draws: ProblemDraws = ProblemDraws(),
        budgets: [FrontierCost: ClosedRange<Double>] = [:]
    ) {
        self.points = points
        self.draws = draws
        let (methods, codecs) = (
            Self.distinct(points.map(\.configuration.method)),
            Self.distinct(points.map(\.configuration.codec))
        )
        let hasCodecs = codecs.count > 1
        self.hasCodecs = hasCodecs
        func makeSeries(_ method: String, _ codec: String?) -> Series? {
            let places = points.indices.filter {
                points[$0].configuration.method == method
                    && (codec == nil || points[$0].configuration.codec == codec)
            }
            guard !places.isEmpty else { return nil }
            let name = hasCodecs ? codec.map { "\(method) \($0)" } : nil
            return Series(
                method: method, codec: codec, name: name ?? method,
                points: places.map { points[$0] }, places: places)
        }
        let whole = methods.compactMap { makeSeries($0, hasCodecs ? nil : codecs.first) }
        let parts =
            hasCodecs
            ? methods.flatMap { method in codecs.compactMap { makeSeries(method, $0) } } : []
        series = whole + parts
        let missing = FrontierCost.allCases.map { cost in
            MissingCost(cost: cost, points: points.count { $0.costs[cost] == nil })
        }
        missingCosts = missing.filter { $0.points > 0 }
        costs = missing.filter { $0.points == 0 }.map(\.cost)
        let samples = ResampledAccuracies(points, draws)
        comparisons = Self.compared(
            Self.pairs(whole, parts), points, costs, samples, budgets)
        let drawn = [FrontierMethod.reference, FrontierMethod.learned, FrontierMethod.control]
        let known = costs
        bands = whole.filter { drawn.contains($0.method) }.flatMap { series in
            known.map {
                FrontierBand(
                    series: series.name, cost: $0, places: series.places, points: points,
                    samples: samples)
            }
        }
        let judged = hasCodecs ? parts : whole
        let dense = judged.filter {
            $0.method.hasPrefix(FrontierMethod.reference) && $0.method != FrontierMethod.control
        }
        safeRatios = SafeCompression.judged(
            judged.filter { !Self.isUncompressed($0.method) }.compactMap { each in
                // Beside the dense cache of its own model.
                let models = Set(each.points.map(\.configuration.model))
                let own = dense.first {
                    $0.codec == each.codec
                        && !models.isDisjoint(with: $0.points.map(\.configuration.model))
                }
                let usual = dense.first {
                    $0.codec == each.codec && $0.method == FrontierMethod.reference
                }
                return (own ?? usual).map { (each.places, $0.places) }
            }, of: points, draws)
    }

    /// A dense cache of another model is no compression of this one.
    private static func isUncompressed(_ method: String) -> Bool {
        method == FrontierMethod.control || method.hasPrefix(FrontierMethod.reference)
    }

    private static func distinct(_ names: [String]) -> [String] {
        var result: [String] = []
        for name in names where !result.contains(name) { result.append(name) }
        return result
    }

    private typealias Plan = (Pair, own: [Int], others: [Int])

    /// What is compared with what.
    private static func pairs(_ whole: [Series], _ parts: [Series]) -> [Plan] {
        var plans: [Plan] = []
        func add(_ a: Series, _ b: Series, with dense: [Int]? = nil) {
            plans.append(
                (
                    Pair(method: a.name, over: b.name, withDense: dense != nil),
                    a.places + (dense ?? []), b.places + (dense ?? [])
                ))
        }
        let dense = whole.first { $0.method == FrontierMethod.reference }
        let learned = whole.first { $0.method == FrontierMethod.learned }
        if let dense {
            for each in whole where each.method != dense.method { add(each, dense) }
        }
        if let learned {
            for each in whole where ![dense?.method, learned.method].contains(each.method) {
                add(learned, each)
                if let dense { add(learned, each, with: dense.places) }
            }
        }
        let references = parts.filter { $0.method == FrontierMethod.reference }
        for each in parts where each.method != FrontierMethod.reference {
            if let same = references.first(where: { $0.codec == each.codec }) { add(each, same) }
        }
        if let first = references.first {
            for each in references.dropFirst() { add(each, first) }
        }
        return plans
    }

    private static func compared(
        _ plans: [Plan], _ points: [FrontierPoint], _ costs: [FrontierCost],
        _ samples: ResampledAccuracies, _ budgets: [FrontierCost: ClosedRange<Double>]
    ) -> [Comparison] {
        costs.flatMap { cost -> [Comparison] in
            var sources: [[Int]: FrontSource] = [:]
            func source(_ places: [Int]) -> FrontSource {
                if let known = sources[places] { return known }
                let made = FrontSource(points, cost: cost, of: places)
                sources[places] = made
                return made
            }
            return plans.compactMap { pair, own, others in
                FrontierComparison(
                    source(own), over: source(others), range: budgets[cost], samples: samples
                ).map {
                    Comparison(
                        method: pair.method, over: pair.over, withDense: pair.withDense, cost: cost,
                        result: $0)
                }
            }
        }
    }

    /// Which costs are left out and why; nil where none is.
    public var missingNote: String? {
        guard !missingCosts.isEmpty else { return nil }
        let parts = missingCosts.map {
            "\($0.cost.title) (\($0.points) of \(points.count) configurations)"
        }
        return parts.joined(separator: ", ")
            + ", which some records lack: those of an older version, and seconds of a sweep that was killed inside a "
            + "configuration or of several machines; a sweep into a new folder, in one piece, has it."
    }

    /// What was compared with what, in order.
    package var pairs: [Pair] {
        var pairs: [Pair] = []
        for each in comparisons {
            let pair = Pair(method: each.method, over: each.over, withDense: each.withDense)
            if !pairs.contains(pair) { pairs.append(pair) }
        }
        return pairs
    }

    /// How a series compares with another at a cost; nil where it was not measured.
    package func comparison(
        of method: String, over other: String, withDense: Bool = false, _ cost: FrontierCost
    ) -> FrontierComparison? {
        comparisons.first {
            $0.method == method && $0.over == other && $0.withDense == withDense
                && $0.cost == cost
        }?.result
    }
}

extension FrontierResults {
    /// The report. Everything in it follows from the results.
    ///
    /// - Parameters:
    ///   - budgets: at which budgets methods are compared, instead of those that the plan states.
    ///   - draws: bootstrap draws.
    package func report(
        budgets: [FrontierCost: ClosedRange<Double>] = [:], draws: Int = 1000
    ) -> FrontierReport {
        FrontierReport(
            points,
            draws: ProblemDraws(
                seedCount: plan.seeds.count, sharesProblems: sharesProblems, count: draws,
                seed: plan.seeds.first ?? 0),
            budgets: plan.budgets.merging(budgets) { $1 })
    }
}
