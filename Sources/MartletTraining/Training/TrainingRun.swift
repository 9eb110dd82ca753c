// A run from a recipe: data, model, loop, checkpoints and the log, under one folder.

import MartletTasks
import MartletFormats
import MartletKernels
import MartletModels
import MartletTokenizers

/// The progress of a run.
public struct TrainingProgress: Sendable {
    /// The step that was just done.
    public let report: StepReport
    /// Steps of the whole run.
    public let steps: Int
    /// Tokens a second since the last report.
    public let tokensPerSecond: Double
    /// Seconds left at this speed.
    public let secondsLeft: Double
    /// What the factors of products are rounded to.
    public let products: TrainingMachine.Products
}

/// Trains a model as a recipe says, in a folder: `checkpoints/`, `metrics.jsonl`, and the finished model.
public final class TrainingRun {
    /// The model in training.
    public let model: TrainableModel
    /// The folder of the run.
    public let directory: String
    let loop: TrainingLoop
    let tokenizer: ModelTokenizer
    private let store: CheckpointStore
    /// Held until the run is complete or stopped, so that no other run writes here meanwhile.
    private var folder: RunFolder?
    private let plan: JSONObject
    private let logEvery: Int
    private let checkpointEvery: Int
    private let weights: StoredWeights
    /// Whether the end of the run is a model in its folder.
    private let writesModel: Bool
    private var smoothed: Double?
    private var best: Double?
    private var lastCheckpoint: String?
    private var heldOut: (() throws(TrainingError) -> Double)?

    /// Where metrics go, a JSON object a line.
    public static let metricsName = RunFolder.metricsName

    /// - Parameter frozenBase: the digest of the weights that stay as the model was read with them; nil where all are trained.
    init(
        model: TrainableModel, tokenizer: ModelTokenizer, loop: TrainingLoop, directory: String,
        plan: JSONObject, checkpointEvery: Int, kept: Int, logEvery: Int, weights: StoredWeights,
        writesModel: Bool = true, frozenBase: String? = nil, resumes: Bool
    ) throws(TrainingError) {
        self.model = model
        self.tokenizer = tokenizer
        self.loop = loop
        self.directory = directory
        self.plan = plan
        self.logEvery = logEvery
        self.checkpointEvery = checkpointEvery
        self.weights = weights
        self.writesModel = writesModel
        store = CheckpointStore(
            directory: directory + "/" + RunFolder.checkpointsName, kept: kept,
            frozenBase: frozenBase)
        try RunFolder.check(directory, resumes: resumes)
        folder = try RunFolder(directory)
        if let state = try store.restore(model: model, optimiser: loop.optimiser, plan: plan) {
            guard state.step <= loop.plan.length.steps else {
                throw .resume(
                    directory: directory,
                    reason: "its checkpoint is of step \(state.step), but the run has "
                        + "\(loop.plan.length.steps)")
            }
            loop.step = state.step
            loop.referenceSeconds = state.referenceSeconds
            smoothed = state.smoothedLoss
            best = state.bestLoss
            lastCheckpoint = store.paths.last
        }
    }

    /// Mean cross-entropy of the model, in nats a token, on batches of the last phase's size that are held out;
    /// nil for retrofits, which have ``Retrofit/report(batches:)``.
    public func heldOutLoss() throws(TrainingError) -> Double? { try heldOut?() }

    /// Steps that were done before, when the run was resumed.
    public var stepsDone: Int { loop.step }

    /// Trains to the end, or until told to stop, and writes the model.
    ///
    /// - Parameters:
    ///   - shouldStop: called after each step; when it returns true, the run ends with a checkpoint.
    ///   - report: called with the progress every few steps.
    /// - Returns: whether the run is complete.
    /// - Throws: ``TrainingError`` when numbers go wrong, with the last good checkpoint named, or when a
    ///   file cannot be written.
    @discardableResult
    public func run(
        shouldStop: () -> Bool = { false }, report: (TrainingProgress) -> Void = { _ in }
    ) throws(TrainingError) -> Bool {
        if folder == nil { folder = try RunFolder(directory) }
        defer { folder = nil }
        let log: JSONLinesFile
        do throws(FormatError) {
            log = try MetricsLog.open(directory + "/" + Self.metricsName, after: loop.step)
        } catch { throw .format(error) }
        var clock = ContinuousClock.now
        var tokens = 0
        while !loop.isFinished {
            let step: StepReport
            do throws(TrainingError) { step = try loop.runStep() } catch { throw located(error) }
            tokens += step.tokens
            try check(step)
            let isLast = loop.isFinished
            if step.step % logEvery == 0 || isLast {
                let now = ContinuousClock.now
                let seconds = max(1e-9, Double((now - clock) / .microseconds(1)) / 1e6)
                let speed = Double(tokens) / seconds
                let left =
                    Double(loop.plan.length.steps - step.step) * Double(step.tokens) / speed
                let progress = TrainingProgress(
                    report: step, steps: loop.plan.length.steps, tokensPerSecond: speed,
                    secondsLeft: left, products: loop.machine.products)
                do throws(FormatError) { try log.append(progress.json) } catch {
                    throw .format(error)
                }
                report(progress)
                (clock, tokens) = (now, 0)
            }
            let stops = shouldStop()
            if step.step % checkpointEvery == 0 || isLast || stops { try checkpoint() }
            if stops, !isLast { return false }
        }
        try finish()
        return true
    }

    private func checkpoint() throws(TrainingError) {
        lastCheckpoint = try store.write(
            RunState(
                step: loop.step, referenceSeconds: loop.referenceSeconds,
                optimiserSteps: loop.optimiser.stepCount, startSteps: loop.optimiser.startSteps,
                smoothedLoss: smoothed, bestLoss: best, plan: plan),
            model: model, optimiser: loop.optimiser, tokenizer: tokenizer)
    }

    private func finish() throws(TrainingError) {
        guard writesModel else { return }
        do {
            try model.write(to: directory, tokenizer: tokenizer, weights: weights, replacing: true)
            if let longest = loop.plan.composer.longestCompletion {
                try AtomicFile.write(
                    ([
                        "eos_token_id": .integer(Int(tokenizer.endToken)),
                        "max_new_tokens": .integer(longest),
                    ] as JSONValue).serialized(indentation: 2),
                    to: directory + "/generation_config.json")
            }
        } catch let error as FormatError {
            throw .format(error)
        } catch {
            throw .resume(directory: directory, reason: "the model cannot be written: \(error)")
        }
    }

    /// Throws `diverged` when the loss has stayed far above its best for long: further steps do not repair that.
    private func check(_ step: StepReport) throws(TrainingError) {
        let mean = smoothed.map { 0.98 * $0 + 0.02 * step.loss } ?? step.loss
        smoothed = mean
        let least = min(best ?? mean, mean)
        best = least
        guard mean <= least + max(3, 2 * least) else {
            throw .diverged(step: step.step, loss: mean, best: least, checkpoint: lastCheckpoint)
        }
    }

    private func located(_ error: TrainingError) -> TrainingError {
        guard case .notFinite(let step, let tensor, let got, _) = error else { return error }
        return .notFinite(step: step, tensor: tensor, got: got, checkpoint: lastCheckpoint)
    }
}

extension TrainingRun {
    /// A run of a recipe.
    ///
    /// - Parameters:
    ///   - recipe: the recipe.
    ///   - directory: the folder of the run.
    ///   - resumes: whether to go on with a run that is in the folder.
    ///   - machine: the threads and kernels.
    public convenience init(
        _ recipe: Recipe, directory: String, resumes: Bool, machine: TrainingMachine
    ) throws(TrainingError) {
        try RunFolder.check(directory, resumes: resumes, sources: recipe.from.map { [$0] } ?? [])
        let machine = try machine.multiplying(in: recipe.products)
        let tokenizer =
            recipe.tokenizer == "bytes"
            ? try ModelTokenizer.bytes() : try ModelTokenizer.load(directory: recipe.tokenizer)
        let model = try recipe.startingModel(tokenizer)
        guard model.plan.shape.vocabularySize >= tokenizer.vocabularySize else {
            throw .recipe(
                file: recipe.file, key: "model.vocab_size",
                got: "\(model.plan.shape.vocabularySize)",
                expected: "at least the tokenizer's \(tokenizer.vocabularySize)")
        }
        let composer = try recipe.composer(.training, tokenizer)
        let optimiser: Optimiser
        let noise: GradientNoise?
        do throws(OptimiserError) {
            optimiser = try Optimiser(
                recipe.optimiser, parameters: model.parameters.all.map(\.info),
                kernels: machine.kernels)
            noise =
                recipe.noise > 0
                ? try GradientNoise(eta: recipe.noise, seed: recipe.seed &+ 2) : nil
        } catch { throw .malformedRecipe(file: recipe.file, reason: "\(error)") }
        let loop = TrainingLoop(
            LoopPlan(
                length: recipe.length, schedule: recipe.schedule, clipping: recipe.clipping,
                noise: noise, composer: composer, parameters: model.parameters.all,
                seed: recipe.seed),
            optimiser: optimiser, machine: machine
        ) { (phase) throws(TrainingError) in
            try PhaseGraph.languageModel(model, phase, machine: machine)
        }
        try self.init(
            model: model, tokenizer: tokenizer, loop: loop, directory: directory,
            plan: recipe.canonical, checkpointEvery: recipe.checkpointEvery,
            kept: recipe.checkpointsKept, logEvery: recipe.logEvery, weights: recipe.weights,
            resumes: resumes)
        let phase = recipe.length.phases[recipe.length.phases.count - 1]
        let held = try recipe.composer(.heldOut, tokenizer)
        heldOut = { () throws(TrainingError) in
            try HeldOutLoss(model, composer: held, phase: phase, machine: machine).measure()
        }
    }
}

extension Recipe {
    /// The model before the first step.
    fileprivate func startingModel(
        _ tokenizer: ModelTokenizer
    ) throws(TrainingError) -> TrainableModel {
        guard let from else {
            return try TrainableModel(
                configuration:
                    model
                    .setting(
                        "vocab_size", to: model["vocab_size"] ?? .integer(tokenizer.vocabularySize)
                    )
                    .setting("eos_token_id", to: .integer(Int(tokenizer.endToken))),
                seed: seed, source: file + ": model")
        }
        let checkpoint: Checkpoint
        do { checkpoint = try Checkpoint(directory: from) } catch { throw .format(error) }
        var configuration = checkpoint.configuration.root
        for member in model.members {
            configuration = configuration.setting(member.key, to: member.value)
        }
        return try TrainableModel(checkpoint, configuration: configuration, mergesHeads: true)
    }

    /// The batches of a split. Held-out batches do not depend on the recipe's seed.
    fileprivate func composer(
        _ split: TaskSplit, _ tokenizer: ModelTokenizer
    ) throws(TrainingError) -> BatchComposer {
        BatchComposer(
            shares: try DataShare.of(
                data, tokenizer, promptWeight: promptWeight, file: file, split: split),
            seed: split == .training ? seed &+ 1 : 7, padding: tokenizer.endToken)
    }
}

extension ModelTokenizer {
    /// The number of tokens, the end token included.
    var vocabularySize: Int { max(tokenizer.vocabularySize, Int(endToken) + 1) }
}

extension Parameter {
    /// What an optimiser is told.
    package var info: ParameterInfo {
        ParameterInfo(name: name, rows: rows, columns: columns, isEmbedding: isTable)
    }
}
