/// Measures the configurations of a plan, model after model.

public import Martlet
import MartletFormats
import MartletPolicies
import MartletTasks

/// A sweep over lengths, widths, compressions and codecs under each method.
public struct FrontierSweep: Sendable {
    private var plan: FrontierPlan
    private let shard: FrontierShard?
    private let task: any EvaluationTask

    /// Prepares a sweep, or one of its parts. Throws `invalidParameter` for a task or a grid that cannot be.
    public init(_ plan: FrontierPlan, shard: FrontierShard? = nil) throws(MartletError) {
        self.plan = plan
        self.shard = shard
        do {
            task = try TaskLocator.task(plan.task, allowsPrograms: plan.allowsPrograms)
        } catch { throw MartletError(error) }
        if let count = task.problemCount { self.plan.samples = min(plan.samples, count) }
        func require(_ holds: Bool, _ name: String, _ expected: String) throws(MartletError) {
            guard !holds else { return }
            throw MartletError(
                code: .invalidParameter, subject: name,
                message: "\(name): expected \(expected); correct or remove it")
        }
        try require(!plan.methods.isEmpty, "policies", "at least one")
        try require(
            !plan.lengths.isEmpty && plan.lengths.allSatisfy { $0 >= 1 }, "lengths",
            "numbers of tokens from 1")
        try require(
            !plan.widths.isEmpty && plan.widths.allSatisfy { (1...4096).contains($0) }, "widths",
            "numbers of chains from 1 to 4096")
        try require(
            plan.ratios.allSatisfy { FrontierPlan.ratioRange.contains($0) }, "ratios",
            "numbers from 1 to 1000")
        try require(!plan.codecs.isEmpty, "codecs", "at least one, such as f16")
        try require(
            !plan.seeds.isEmpty && Set(plan.seeds).count == plan.seeds.count, "seeds",
            "different numbers, at least one")
        try require(
            plan.problemCount <= FrontierPlan.mostProblems, "samples",
            "at most \(FrontierPlan.mostProblems) problems of all seeds together")
        for method in plan.methodsWithoutModels {
            try require(
                false, "policies",
                "a model for \(method.name) at one of the ratios (it needs one of its own for each compression)"
            )
        }
        // A text that is no policy is refused before anything is loaded.
        for each in configurations {
            do { _ = try CachePolicy(each.policy) } catch { throw MartletError(error) }
        }
    }

    /// An upper bound of a prompt's tokens (its characters), from which budgets are computed.
    private var promptTokens: Int { task.maximumPromptLength }

    /// The plan with as many problems as the task has.
    package var measuredPlan: FrontierPlan { plan }

    /// The configurations of the whole plan, in the order in which results list them.
    public var configurations: [FrontierConfiguration] {
        plan.configurations(promptTokens: promptTokens)
    }

    /// Measures every problem that has no record yet, and returns the results of the configurations that are complete.
    ///
    /// A cancelled task ends within a step; what was answered by then stays in the records. Models come one after
    /// another, each loaded once, whatever the order of results.
    ///
    /// - Parameters:
    ///   - options: how models are loaded; the policy is the sweep's.
    ///   - records: the sweep's file: earlier results are read from it, new ones added.
    ///   - onStart: called before each configuration is measured.
    /// - Throws: what loading, evaluating or writing throws.
    public func run(
        _ options: ModelOptions, records: FrontierRecords,
        onStart: (FrontierProgress) -> Void = { _ in }
    ) async throws(MartletError) -> FrontierResults {
        var loaded: (name: String, model: LoadedModel)?
        var counts: [String: FlopCount] = [:]
        /// Loads a model where it is not the last one, and counts what its steps multiply.
        func model(_ name: String) async throws(MartletError) -> LoadedModel {
            if let loaded, loaded.name == name { return loaded.model }
            let model = try await Self.load(name, options)
            loaded = (name, model)
            counts[name] = try count(model)
            return model
        }
        let all = configurations
        let places = shard?.places(in: all) ?? FrontierShard.byModel(all)
        var clock = SweepClock(
            places.map { place in
                all[place].work * Double(records.missing(all[place], of: plan.problemCount).count)
            })
        for (number, place) in places.enumerated() {
            let configuration = all[place]
            guard !Task.isCancelled else { break }
            // Also where there are records: prompts are counted with the model's tokens.
            let model = try await model(configuration.model)
            guard !records.isComplete(configuration, of: plan.problemCount) else { continue }
            let policy = try model.under(configuration.policy)
            onStart(
                FrontierProgress(
                    configuration: configuration, number: number + 1, count: places.count,
                    doneShare: clock.doneShare, secondsLeft: clock.secondsLeft, notes: policy.notes)
            )
            try await measure(configuration, policy, records)
            clock.finish(number)
        }
        return results(places, all, records, counts)
    }

    private func results(
        _ places: [Int], _ all: [FrontierConfiguration], _ records: FrontierRecords,
        _ counts: [String: FlopCount]
    ) -> FrontierResults {
        let rows = places.sorted().compactMap { place -> FrontierResults.Row? in
            guard let count = counts[all[place].model] else { return nil }
            let storage = (try? CachePolicy(all[place].policy))?.storage
            return records.row(
                all[place], place: place, storage: storage ?? all[place].codec,
                prompts: count.prompts)
        }
        let names = plan.seeds.flatMap { seed in
            (0..<plan.samples).map { task.sample(seed: seed, index: $0, split: .heldOut).task }
        }
        var kinds: [String] = []
        var kindPlaces: [String: UInt16] = [:]
        for name in names where kindPlaces[name] == nil && kinds.count <= ResultColumn.mostLevel {
            kindPlaces[name] = UInt16(kinds.count)
            kinds.append(name)
        }
        var order: [String] = []
        for row in rows where !order.contains(row.configuration.model) {
            order.append(row.configuration.model)
        }
        // Whether programs may run is the machine's business.
        var kept = plan
        kept.allowsPrograms = false
        return FrontierResults(
            facts: JSONObject(records.header.members.filter { $0.key != "run" }), plan: kept,
            promptBound: promptTokens, shard: shard,
            sharesProblems: task.problemCount != nil, kinds: kinds,
            kindOf: names.map { kindPlaces[$0] ?? 0 },
            models: order.compactMap { name in
                counts[name].map {
                    FrontierResults.ModelFacts(
                        model: name, perToken: $0.perToken, perRead: $0.perRead,
                        prompts: ResultColumn($0.prompts.map(Double.init)))
                }
            }, rows: rows)
    }

    private func count(_ model: LoadedModel) throws(MartletError) -> FlopCount {
        var prompts: [Int] = []
        for seed in plan.seeds {
            for index in 0..<plan.samples {
                let sample = task.sample(seed: seed, index: index, split: .heldOut)
                prompts.append(try model.text.encode(utf8: Array(sample.prompt.utf8)).count)
            }
        }
        return FlopCount(
            model.model.shape, activeParameterCount: model.model.activeParameterCount,
            prompts: prompts)
    }

    private func evaluation(
        _ configuration: FrontierConfiguration, seed: UInt64
    ) throws(MartletError) -> TaskEvaluation {
        var options = EvaluationOptions()
        options.samples = plan.samples
        options.seed = seed
        options.width = configuration.width
        options.temperature = plan.temperature
        options.maximumTokens = configuration.length
        options.parallel = max(64, configuration.width)
        return try TaskEvaluation(task, options: options)
    }

    private static func load(
        _ name: String, _ options: ModelOptions
    ) async throws(MartletError) -> LoadedModel {
        try await onOwnThread(named: "martlet-load") { () throws(MartletError) in
            var dense = options
            dense.cachePolicy = "dense"
            return try LoadedModel(name, options: dense)
        }
    }

    /// The problems of all seeds, numbered through, so that they are in flight together.
    private func measure(
        _ configuration: FrontierConfiguration, _ loaded: LoadedModel, _ records: FrontierRecords
    ) async throws(MartletError) {
        let evaluation = try evaluation(configuration, seed: plan.seeds[0])
        let missing = Set(records.missing(configuration, of: plan.problemCount))
        var problems: [TaskEvaluation.Problem] = []
        for (number, seed) in plan.seeds.enumerated() {
            let own = number * plan.samples..<(number + 1) * plan.samples
            guard own.contains(where: missing.contains) else { continue }
            problems += try self.evaluation(configuration, seed: seed).problems(for: loaded)
                .map { $0.numbered($0.index + own.lowerBound) }
                .filter { missing.contains($0.index) }
        }
        guard !problems.isEmpty else {
            return try records.append(seconds: 0, problems: 0, configuration)
        }
        let model = try await Model(
            loaded, budgetBytes: try evaluation.cacheBytes(problems, loaded))
        let clock = ContinuousClock()
        let start = clock.now
        let report = try await evaluation.run(problems, on: model) { result throws(MartletError) in
            try records.append(result, configuration)
        }
        await model.shutdown()
        guard report.samples.count == problems.count else { return }
        try records.append(
            seconds: (clock.now - start).seconds, problems: problems.count, configuration)
    }
}

extension TaskEvaluation.Problem {
    /// The same at another place.
    fileprivate func numbered(_ index: Int) -> Self {
        Self(
            index: index, sample: sample, seed: seed, tokens: tokens, limit: limit,
            refusal: refusal)
    }
}
