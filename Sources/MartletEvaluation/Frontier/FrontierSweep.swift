/// Measures the configurations of a plan one after another.

public import Martlet
import MartletTasks

/// A sweep over lengths, widths and compressions under each method.
public struct FrontierSweep: Sendable {
    private var plan: FrontierPlan
    private let task: any EvaluationTask

    /// Prepares a sweep. Throws `invalidParameter` for a task or a grid that cannot be.
    public init(_ plan: FrontierPlan) throws(MartletError) {
        self.plan = plan
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
            plan.ratios.allSatisfy { $0 > 1 && $0 <= 1000 }, "ratios", "numbers above 1")
        let needsModels = plan.methods.contains(where: \.hasOwnModels)
        try require(
            !needsModels || plan.ratios.contains { plan.compressed[$0] != nil }, "policies",
            "a model for dms at one of the ratios (dms needs a retrofitted one for each)")
    }

    /// An upper bound of a prompt's tokens (its characters), from which budgets are computed.
    private var promptTokens: Int { task.maximumPromptLength }

    /// The configurations in the order in which they are measured.
    public var configurations: [FrontierConfiguration] {
        plan.configurations(promptTokens: promptTokens)
    }

    /// Measures every problem that has no record yet, and returns the points that are complete.
    ///
    /// A cancelled task ends within a step; what was answered by then stays in the records.
    ///
    /// - Parameters:
    ///   - options: how models are loaded; the policy is the sweep's.
    ///   - records: the sweep's file: earlier results are read from it, new ones added.
    ///   - onStart: called before each configuration is measured, with the configuration and its place.
    /// - Throws: what loading, evaluating or writing throws.
    public func run(
        _ options: ModelOptions, records: FrontierRecords,
        onStart: (FrontierConfiguration, Int) -> Void = { _, _ in }
    ) async throws(MartletError) -> [FrontierPoint] {
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
        for (place, configuration) in all.enumerated() {
            guard !Task.isCancelled else { break }
            guard !records.isComplete(configuration, of: plan.samples) else { continue }
            onStart(configuration, place)
            let policy = try await model(configuration.model).under(configuration.policy)
            try await measure(configuration, policy, records)
        }
        // Models whose problems all had records.
        for name in Set(all.map(\.model)) where counts[name] == nil && !Task.isCancelled {
            _ = try await model(name)
        }
        return all.compactMap { records.point($0, of: plan.samples, counts[$0.model]) }
    }

    private func count(_ model: LoadedModel) throws(MartletError) -> FlopCount {
        var prompts: [Int] = []
        for index in 0..<plan.samples {
            let sample = task.sample(seed: plan.seed, index: index, split: .heldOut)
            prompts.append(try model.text.encode(utf8: Array(sample.prompt.utf8)).count)
        }
        return FlopCount(
            model.model.shape, activeParameterCount: model.model.activeParameterCount,
            prompts: prompts)
    }

    private func evaluation(
        _ configuration: FrontierConfiguration
    ) throws(MartletError) -> TaskEvaluation {
        var options = EvaluationOptions()
        options.samples = plan.samples
        options.seed = plan.seed
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

    private func measure(
        _ configuration: FrontierConfiguration, _ loaded: LoadedModel, _ records: FrontierRecords
    ) async throws(MartletError) {
        let evaluation = try evaluation(configuration)
        let missing = Set(records.missing(configuration, of: plan.samples))
        let problems = try evaluation.problems(for: loaded).filter { missing.contains($0.index) }
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
