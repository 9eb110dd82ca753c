// A retrofit of a trained model, to a model directory or an adapter.

import MartletTasks
import MartletFormats
import MartletKernels
import MartletModels

/// A run that makes a trained model compress its own cache, and its report.
public final class Retrofit {
    /// The run; the model in it is the student.
    public let run: TrainingRun
    private let teacher: TrainableModel
    /// What it began with.
    let beginning: RetrofitBeginning?
    let plan: RetrofitPlan
    /// The folder of the trained model, or its GGUF file.
    let basePath: String
    /// The digest of its weights as they were read; nil where they are trained too.
    let baseDigest: String?
    private let machine: TrainingMachine
    private let tokenizer: ModelTokenizer

    /// Prepares a retrofit, or goes on with one.
    ///
    /// - Parameters:
    ///   - path: the folder of the trained model.
    ///   - plan: the method, its target and its steps.
    ///   - directory: the folder of the run, which receives the retrofitted model, or its adapter.
    ///   - resumes: whether to go on with a run that is in the folder.
    ///   - machine: the threads and kernels.
    public convenience init(
        model path: String, plan: RetrofitPlan, directory: String, resumes: Bool,
        machine: TrainingMachine
    ) throws(TrainingError) {
        try self.init(
            base: RetrofitBase(directory: path), plan: plan, directory: directory, resumes: resumes,
            machine: machine)
    }

    /// Prepares a retrofit of a model that is open, or goes on with one.
    ///
    /// - Parameters:
    ///   - base: the trained model.
    ///   - plan: the method, its target and its steps.
    ///   - directory: the folder of the run, which receives the retrofitted model, or its adapter.
    ///   - resumes: whether to go on with a run that is in the folder.
    ///   - machine: the threads and kernels.
    public init(
        base: RetrofitBase, plan given: RetrofitPlan, directory: String, resumes: Bool,
        machine: TrainingMachine
    ) throws(TrainingError) {
        try RunFolder.check(
            directory, resumes: resumes,
            sources: [base.path] + (given.beginning.map { [$0] } ?? []))
        try given.check()
        try base.check(given)
        var plan = given
        if resumes, let recorded = try Self.recordedPlan(directory) {
            if plan.products == nil {
                plan.products =
                    recorded["products"]?.stringValue.map { word in
                        TrainingMachine.Products(rawValue: word)
                    } ?? .f32
            }
            if plan.accumulation == nil {
                plan.accumulation = recorded["accumulation"]?.intValue ?? 1
            }
        }
        // What was recorded must fit what is given now.
        try plan.check()
        let products = plan.products ?? machine.quickestProducts()
        plan.products = products
        let machine = try machine.multiplying(in: products)
        let (checkpoint, tokenizer) = (base.checkpoint, base.tokenizer)
        let student = try TrainableModel(
            checkpoint, configuration: plan.configuration(checkpoint.configuration.root)
        ) { plan.trainsBase || $0.contains("dms_proj_alpha") }
        let digest = WeightsDigest(checkpoint.tensors)
        // As they were read: files that are replaced while the run goes on are no longer its base.
        do {
            baseDigest = try plan.trainsBase ? nil : digest.value()
        } catch { throw .format(error) }
        if plan.lowRank > 0 {
            student.lowRank = try LowRankParts(student.plan, rank: plan.lowRank, seed: plan.seed)
        }
        guard student.plan.table.has(.marks) else {
            throw .invalid(
                subject: base.path, got: "a GPT-2 model",
                expected: "one of the Llama kind, whose engine can mark tokens")
        }
        beginning = try plan.beginning.map { (path) throws(TrainingError) in
            try RetrofitBeginning(directory: path, of: checkpoint.tensors, digest, plan)
        }
        if let beginning {
            try beginning.fill(student)
            plan.start = beginning.ratio
        }
        // The engine carries out delayed verdicts alone: with these weights it would be silently wrong.
        if plan.decisions.timing != .delayed {
            student.storedChanges = [("dms_disable_eviction", .bool(true))]
        }
        // Only what is trained changes, so frozen weights are their own teacher.
        let teacher = plan.trainsBase ? try student.frozenCopy() : student
        let trained = student.trained
        let optimiser: Optimiser
        let schedule: LearningRateSchedule
        do throws(OptimiserError) {
            optimiser = try Optimiser(
                .adamW(AdamW(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0)),
                parameters: trained.map(\.info), kernels: machine.kernels)
            schedule = try LearningRateSchedule(
                peak: plan.learningRate,
                shape: .warmUpStableDecay(decayFraction: 1 - plan.rampShare, decay: .linear),
                warmUp: .steps(Double(plan.warmUp)), minimum: 0.1 * plan.learningRate)
        } catch { throw .invalid(subject: "optimiser", got: "\(error)", expected: "usable values") }
        let composer = BatchComposer(
            shares: try DataShare.of(
                plan.data, tokenizer, promptWeight: plan.promptWeight, file: "the retrofit's data"),
            seed: plan.seed &+ 1, padding: tokenizer.endToken)
        let loop = TrainingLoop(
            LoopPlan(
                length: RunLength(steps: plan.totalSteps, phases: [plan.phase]),
                schedule: schedule,
                clipping: .globalNorm(1), noise: nil, composer: composer, parameters: trained,
                seed: plan.seed,
                rateFactors: trained.map {
                    $0.name.contains("dms_proj_alpha")
                        ? 1 : plan.baseLearningRate / plan.learningRate
                }),
            optimiser: optimiser, machine: machine
        ) { (phase) throws(TrainingError) in
            try PhaseGraph.retrofit(
                student, teacher: plan.method == .dms ? teacher : nil, plan: plan, phase: phase,
                machine: machine)
        }
        var canonical = plan.canonical
        if let beginning {
            canonical = canonical.setting("beginning", to: .string(beginning.digest))
        }
        run = try TrainingRun(
            model: student, tokenizer: tokenizer, loop: loop, directory: directory,
            plan: canonical, checkpointEvery: plan.checkpointEvery, kept: 2,
            logEvery: plan.logEvery, weights: plan.weights, writesModel: !plan.writesAdapter,
            frozenBase: baseDigest, resumes: resumes)
        basePath = base.path
        self.teacher = teacher
        self.plan = plan
        self.machine = machine
        self.tokenizer = tokenizer
    }

    /// The plan of the run that a folder holds; nil without one.
    private static func recordedPlan(_ directory: String) throws(TrainingError) -> JSONObject? {
        let store = CheckpointStore(
            directory: directory + "/" + RunFolder.checkpointsName, kept: 1)
        guard let path = store.paths.last else { return nil }
        return try RunState.read(path + "/" + CheckpointStore.stateName).state.plan
    }

    /// Measures the student with hard decisions on problems that were held out.
    ///
    /// - Parameter batches: how many batches; nil takes eight, or fewer that have ``RetrofitPlan/reportTokens`` tokens.
    public func report(batches: Int? = nil) throws(TrainingError) -> RetrofitReport {
        // The memory of a step is not needed any more, and a report needs some.
        run.loop.releaseGraph()
        let phase = plan.phase
        let batches =
            batches ?? max(1, min(8, plan.reportTokens / (plan.sequences * plan.length)))
        let composer = BatchComposer(
            shares: try DataShare.of(
                plan.data, tokenizer, promptWeight: plan.promptWeight, file: "the retrofit's data",
                split: .heldOut),
            seed: 7, padding: tokenizer.endToken)
        let rows = (0..<batches * plan.sequences).map {
            composer.row($0, length: phase.length, progress: 1)
        }
        return try RetrofitReport(
            model: run.model, teacher: teacher, plan: plan, phase: phase, rows: rows,
            // Marks near their threshold fall as they do in the engine, which rounds no factor.
            machine: try machine.multiplying(in: .f32))
    }
}
