// Methods at equal reference time, beside a baseline whose learning rate is fully decayed.

import Foundation
import MartletTasks
import MartletFormats
import MartletKernels
import MartletModels

/// Trains a recipe's model by several methods, each for the same reference time and with several seeds
/// (Kaddour et al. 2023, No Train No Gain, arXiv 2307.06440).
public struct EqualBudgetComparison {
    private let recipe: String
    private let file: String
    private let machine: TrainingMachine

    /// The names of all methods: optimisers, then ways of training with AdamW.
    public static let methods =
        OptimiserConfiguration.all.map(\.name) + ["stacking", "layer-dropping", "selective", "rho"]
    /// The fractions of the budget at which the held-out loss is measured.
    public static let marks = [0.25, 0.5, 1.0]

    /// The result of one method with one seed.
    public struct Outcome: Sendable {
        /// The method.
        public let method: String
        /// The seed.
        public let seed: UInt64
        /// Held-out loss in nats at the marks.
        public internal(set) var losses: [Double] = []
        /// Steps made within the budget.
        public internal(set) var steps = 0
        /// Reference seconds spent.
        public internal(set) var referenceSeconds = 0.0
        /// Seconds on this machine.
        public internal(set) var seconds = 0.0
    }

    /// - Parameters:
    ///   - recipe: the text of a recipe. Without another budget, its steps are the budget.
    ///   - file: the recipe's name in errors.
    ///   - machine: the threads and kernels.
    public init(recipe: String, file: String, machine: TrainingMachine) {
        self.recipe = recipe
        self.file = file
        self.machine = machine
    }

    /// Trains by one method.
    ///
    /// - Parameters:
    ///   - method: a name in ``methods``.
    ///   - seed: decides the weights and the data.
    ///   - budget: reference seconds; nil takes the cost of the recipe's steps with AdamW.
    ///   - learningRate: the peak. Nil takes the published one for an optimiser that is not the recipe's, and the
    ///     recipe's for everything else.
    public func run(
        method: String, seed: UInt64, budget: Double?, learningRate: Double? = nil
    ) throws(TrainingError) -> Outcome {
        guard Self.methods.contains(method) else {
            throw .invalid(
                subject: "method", got: "'\(method)'",
                expected: "one of \(Self.methods.joined(separator: ", "))")
        }
        let recipe = try Recipe(recipe, file: file, seed: seed)
        guard recipe.tokenizer == "bytes" else {
            throw .invalid(
                subject: "tokenizer", got: recipe.tokenizer, expected: "bytes, for comparisons")
        }
        let model = try fresh(recipe, seed: seed)
        let phase = recipe.length.phases[recipe.length.phases.count - 1]
        var seconds = budget
        if seconds == nil { seconds = try Self.cost(recipe, model, machine) }
        let configuration = OptimiserConfiguration.all.first { $0.name == method }
        var plan = LoopPlan(
            length: RunLength(steps: recipe.length.steps, phases: [phase]),
            schedule: recipe.schedule, clipping: recipe.clipping, noise: nil,
            composer: try composer(
                recipe, .training, part: method == "rho" ? .remainder : .all, seed: seed &+ 1),
            parameters: model.parameters.all, seed: seed)
        plan.budgetSeconds = seconds
        let optimiser: Optimiser
        do throws(OptimiserError) {
            if let configuration, configuration.name != recipe.optimiser.name {
                plan.schedule = try recipe.schedule.scaled(
                    to: learningRate ?? configuration.suggestedLearningRate)
            } else if let learningRate {
                plan.schedule = try recipe.schedule.scaled(to: learningRate)
            }
            let own = configuration?.name == recipe.optimiser.name ? recipe.optimiser : nil
            optimiser = try Optimiser(
                own ?? configuration ?? recipe.optimiser,
                parameters: model.parameters.all.map(\.info), kernels: machine.kernels)
        } catch { throw .invalid(subject: method, got: "\(error)", expected: "usable values") }
        var layered: LayerMethod?
        switch method {
        case "stacking": layered = LayerStacking(model)
        case "layer-dropping": layered = LayerDropping(model, seed: seed)
        case "selective":
            plan.method = try SelectiveBackpropagation(
                model, phase: phase, seed: seed, machine: machine)
        case "rho":
            plan.method = try ReducibleLossSelection(
                model,
                reference: try reference(recipe, phase, seed: seed, budget: plan.budgetSeconds),
                phase: phase, machine: machine)
        default: break
        }
        if let layered { plan.method = layered }
        let machine = machine
        let loop = TrainingLoop(plan, optimiser: optimiser, machine: machine) {
            (phase) throws(TrainingError) in
            try PhaseGraph.languageModel(model, phase, machine: machine, layers: layered?.layers)
        }
        let heldOut = try HeldOutLoss(
            model, composer: try composer(recipe, .heldOut, seed: 77), phase: phase,
            machine: machine)
        return try Self.follow(loop, Outcome(method: method, seed: seed), heldOut)
    }

    private func fresh(_ recipe: Recipe, seed: UInt64) throws(TrainingError) -> TrainableModel {
        try TrainableModel(
            configuration: recipe.model.setting(
                "vocab_size", to: recipe.model["vocab_size"] ?? 257),
            seed: seed, source: file + ": model")
    }

    private func composer(
        _ recipe: Recipe, _ split: TaskSplit, part: TrainingPart = .all, seed: UInt64
    ) throws(TrainingError) -> BatchComposer {
        let tokenizer = try ModelTokenizer.bytes()
        return BatchComposer(
            shares: try DataShare.of(
                recipe.data, tokenizer, promptWeight: recipe.promptWeight, file: file,
                split: split, part: part), seed: seed, padding: tokenizer.endToken)
    }

    /// A model of the recipe's kind, trained with the recipe's optimiser and for the same budget on the fifth of the
    /// data that the other models never see.
    private func reference(
        _ recipe: Recipe, _ phase: RunLength.Phase, seed: UInt64, budget: Double?
    ) throws(TrainingError) -> TrainableModel {
        let model = try fresh(recipe, seed: seed &+ 0x4EF)
        var plan = LoopPlan(
            length: RunLength(steps: recipe.length.steps, phases: [phase]),
            schedule: recipe.schedule, clipping: recipe.clipping, noise: nil,
            composer: try composer(recipe, .training, part: .fifth, seed: seed &+ 2),
            parameters: model.parameters.all, seed: seed)
        plan.budgetSeconds = budget
        let optimiser: Optimiser
        do throws(OptimiserError) {
            optimiser = try Optimiser(
                recipe.optimiser, parameters: model.parameters.all.map(\.info),
                kernels: machine.kernels)
        } catch {
            throw .invalid(subject: "the optimiser", got: "\(error)", expected: "usable values")
        }
        let machine = machine
        let loop = TrainingLoop(plan, optimiser: optimiser, machine: machine) {
            (phase) throws(TrainingError) in
            try PhaseGraph.languageModel(model, phase, machine: machine)
        }
        while !loop.isFinished { _ = try loop.runStep() }
        return model
    }

    private static func follow(
        _ loop: TrainingLoop, _ start: Outcome, _ heldOut: HeldOutLoss
    ) throws(TrainingError) -> Outcome {
        var outcome = start
        var clock = ContinuousClock.now
        var spent = Duration.zero
        while !loop.isFinished {
            _ = try loop.runStep()
            guard outcome.losses.count < marks.count,
                loop.progress >= marks[outcome.losses.count]
            else { continue }
            spent += ContinuousClock.now - clock
            outcome.losses.append(heldOut.measure())
            clock = .now
        }
        outcome.seconds = Double((spent + (ContinuousClock.now - clock)) / .milliseconds(1)) / 1000
        outcome.steps = loop.step
        outcome.referenceSeconds = loop.referenceSeconds
        return outcome
    }

    /// Reference seconds of all of a recipe's steps in its last phase's size.
    private static func cost(
        _ recipe: Recipe, _ model: TrainableModel, _ machine: TrainingMachine
    ) throws(TrainingError) -> Double {
        let phase = recipe.length.phases[recipe.length.phases.count - 1]
        let graph = try PhaseGraph.languageModel(model, phase, machine: machine)
        let update =
            Double(model.parameters.count) * ReferenceSystem.updateSeconds(.adamW(AdamW()))
        return Double(recipe.length.steps)
            * (Double(phase.accumulation) * graph.trainingSeconds + update)
    }
}

extension LearningRateSchedule {
    /// The schedule with another peak and the same shape.
    func scaled(to peak: Double) throws(OptimiserError) -> LearningRateSchedule {
        try LearningRateSchedule(
            peak: peak, shape: shape, warmUp: warmUp, warmUpStart: warmUpStart,
            minimum: minimum * peak / self.peak)
    }
}
