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
    /// Tokens of the longest prompt, from which budgets are computed.
    private let promptTokens: Int

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
        try require(
            plan.isMeasurable, "policies", "a grid of at most 100,000 configurations")
        let names = plan.others.map { $0.split(separator: "/").last ?? "" }
        try require(
            Set(names).count == names.count, "model",
            "models whose names end differently, by which they are told apart")
        for method in plan.methodsWithoutModels {
            try require(
                false, "policies",
                "a model for \(method.name) at one of the ratios (it needs one of its own for each compression)"
            )
        }
        promptTokens = try Self.longestPrompt(self.plan, task)
        // A text that is no policy is refused before anything is loaded.
        for each in configurations {
            do { _ = try CachePolicy(each.policy) } catch { throw MartletError(error) }
        }
    }

    /// The longest prompt of the plan's problems, in the tokens of its first model.
    private static func longestPrompt(
        _ plan: FrontierPlan, _ task: any EvaluationTask
    ) throws(MartletError) -> Int {
        let prompts = try PromptEncoder(of: plan.model)
        var longest = 1
        for seed in plan.seeds {
            let evaluation = try evaluation(plan, task, seed: seed)
            for index in 0..<plan.samples {
                let sample = task.sample(seed: seed, index: index, split: .heldOut)
                longest = max(longest, try evaluation.promptTokens(sample, prompts).count)
            }
        }
        return longest
    }

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
            let model = try await load(name, options)
            loaded = (name, model)
            counts[name] = try count(model)
            return model
        }
        let all = configurations
        let groups = shard?.groups(in: all) ?? FrontierGroup.byModel(all)
        let missing = groups.map { self.missing($0, all, records) }
        var clock = SweepClock(zip(groups, missing).map { $0.work * Double($1.count) })
        for (number, group) in groups.enumerated() {
            let configuration = all[group.widest]
            guard !Task.isCancelled else { break }
            // Also where there are records: prompts are counted with the model's tokens.
            let model = try await model(configuration.model)
            let open = group.places.map { all[$0] }.filter {
                !records.isComplete($0, of: plan.problemCount)
            }
            guard !open.isEmpty else { continue }
            let policy = try model.under(configuration.policy)
            onStart(
                FrontierProgress(
                    configuration: configuration, number: number + 1, count: groups.count,
                    doneShare: clock.doneShare, secondsLeft: clock.secondsLeft, notes: policy.notes)
            )
            try await measure(
                configuration, open, policy, records, missing[number], counts[configuration.model])
            clock.finish(number)
        }
        return results(groups.flatMap(\.places), all, records, counts)
    }

    /// Problems that some configuration of a group lacks.
    private func missing(
        _ group: FrontierGroup, _ all: [FrontierConfiguration], _ records: FrontierRecords
    ) -> Set<Int> {
        group.places.reduce(into: []) { missing, place in
            missing.formUnion(records.missing(all[place], of: plan.problemCount))
        }
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
                        movedByStep: $0.iso.weights, movedByRead: $0.iso.cachedToken,
                        prompts: ResultColumn($0.prompts.map(Double.init)))
                }
            }, rows: rows)
    }

    private func count(_ model: LoadedModel) throws(MartletError) -> FlopCount {
        var prompts: [Int] = []
        for seed in plan.seeds {
            let evaluation = try Self.evaluation(plan, task, seed: seed)
            for index in 0..<plan.samples {
                let sample = task.sample(seed: seed, index: index, split: .heldOut)
                prompts.append(try evaluation.promptTokens(sample, model.prompts).count)
            }
        }
        return FlopCount(
            model.model.shape,
            activeParameterCount: model.model.activeParameterCount
                + model.model.adapterParameterCount,
            prompts: prompts)
    }

    private static func evaluation(
        _ plan: FrontierPlan, _ task: any EvaluationTask, seed: UInt64,
        _ change: (inout EvaluationOptions) -> Void = { _ in }
    ) throws(MartletError) -> TaskEvaluation {
        var options = EvaluationOptions()
        options.samples = plan.samples
        options.seed = seed
        options.temperature = plan.temperature
        options.form = plan.form
        options.instruction = plan.instruction
        change(&options)
        return try TaskEvaluation(task, options: options)
    }

    /// A model under a dense cache; for the directory of a retrofit's adapter, the plan's own model with it.
    private func load(
        _ name: String, _ options: ModelOptions
    ) async throws(MartletError) -> LoadedModel {
        let isAdapter = try isAdapter(name)
        return try await onOwnThread(named: "martlet-load") { [plan] () throws(MartletError) in
            var dense = options
            dense.cachePolicy = "dense"
            // All chains of a problem share their steps.
            dense.maximumBatchSequences = max(
                dense.maximumBatchSequences, plan.widths.max() ?? 1)
            guard isAdapter else { return try LoadedModel(name, options: dense) }
            dense.adapters[Self.adapterName] = name
            return try LoadedModel(plan.model, options: dense)
        }
    }

    /// What the adapter of a configuration is called while it runs.
    private static let adapterName = "retrofit"

    private func isAdapter(_ name: String) throws(MartletError) -> Bool {
        guard case .directory(let folder) = try ModelSource(name) else { return false }
        return AdapterCard.isIn(folder)
    }

    /// Measures problems under the widest configuration of a group; the first chains of each are the results of the
    /// others. The problems of all seeds are numbered through, so that they are in flight together.
    private func measure(
        _ widest: FrontierConfiguration, _ open: [FrontierConfiguration], _ loaded: LoadedModel,
        _ records: FrontierRecords, _ missing: Set<Int>, _ count: FlopCount?
    ) async throws(MartletError) {
        let adapter = try isAdapter(widest.model) ? Self.adapterName : nil
        let change: (inout EvaluationOptions) -> Void = { options in
            options.width = widest.width
            options.leadingWidths = plan.widths.sorted().filter { $0 < widest.width }
            options.maximumTokens = widest.length
            options.parallel = max(64, widest.width)
            options.adapter = adapter
        }
        let evaluation = try Self.evaluation(plan, task, seed: plan.seeds[0], change)
        var problems: [TaskEvaluation.Problem] = []
        for (number, seed) in plan.seeds.enumerated() {
            let own = number * plan.samples..<(number + 1) * plan.samples
            guard own.contains(where: missing.contains) else { continue }
            problems += try Self.evaluation(plan, task, seed: seed, change).problems(for: loaded)
                .map { $0.numbered($0.index + own.lowerBound) }
                .filter { missing.contains($0.index) }
        }
        guard !problems.isEmpty else {
            for each in open { try records.append(seconds: 0, problems: 0, each) }
            return
        }
        let model = try await Model(
            loaded, budgetBytes: try evaluation.cacheBytes(problems, loaded))
        let lacking = open.map {
            (configuration: $0, problems: Set(records.missing($0, of: plan.problemCount)))
        }
        var work = [Double](repeating: 0, count: open.count)
        var allWork = 0.0
        func operations(_ result: SampleResult) -> Double {
            count?.flops(
                problem: result.index, tokens: Double(result.tokens), reads: result.kvReads)
                ?? Double(result.tokens)
        }
        let clock = ContinuousClock()
        let start = clock.now
        let report = try await evaluation.run(problems, on: model) { result throws(MartletError) in
            allWork += operations(result)
            for (place, each) in lacking.enumerated() {
                guard let own = result.leading(each.configuration.width) else { continue }
                work[place] += operations(own)
                if each.problems.contains(result.index) {
                    try records.append(
                        own, score: plan.scoring.score(own), each.configuration)
                }
            }
        }
        await model.shutdown()
        // Also of a part that was answered before a stop, so that the sweep which goes on knows its time.
        let answered = report.samples.count
        guard answered > 0 else { return }
        let seconds = (clock.now - start).seconds
        for (place, each) in open.enumerated() {
            // Steps are filled with the chains of many problems, so that fewer chains take their share of the time: that of
            // the operations, to which a prompt contributes once.
            let share = allWork > 0 ? work[place] / allWork : 1
            try records.append(seconds: seconds * share, problems: answered, each)
        }
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
