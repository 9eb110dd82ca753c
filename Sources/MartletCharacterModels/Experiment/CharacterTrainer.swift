// Trains one character model on one text within a budget.
// This file knows steps, windows and the reference clock; it refuses to know files and tables.

import Foundation
import MartletKernels
public import MartletTraining

/// One model in training.
///
/// The learning rate is a function of the share of the budget that is used, so that it has fully decayed at
/// the end of every budget (Kaddour et al. 2023, arXiv 2307.06440, section 3).
public final class CharacterTrainer {
    /// The model.
    public let model: CharacterModel
    /// Steps done.
    public private(set) var step = 0
    /// Reference seconds so far.
    public private(set) var referenceSeconds = 0.0
    /// Mean cross-entropy of the last step in nats, with the predictor's loss.
    public private(set) var loss = 0.0
    private let corpus: CharacterCorpus
    private let settings: CharacterSettings
    private let budget: CharacterBudget
    private let machine: TrainingMachine
    private let seed: UInt64
    private let graph: CharacterGraph
    private let optimiser: Optimiser
    private let schedule: LearningRateSchedule
    private let pieces: [Bool]

    /// A new model.
    ///
    /// - Throws: ``TrainingError`` when the context does not fit the model, or memory is short.
    public init(
        _ plan: CharacterModelPlan, _ corpus: CharacterCorpus, _ settings: CharacterSettings,
        budget: CharacterBudget, seed: UInt64, machine: TrainingMachine
    ) throws(TrainingError) {
        try settings.check(plan)
        self.corpus = corpus
        self.settings = settings
        self.budget = budget
        self.machine = machine
        self.seed = seed
        model = try CharacterModel(
            plan, shape: settings.shape, vocabulary: corpus.vocabulary, seed: seed)
        graph = try CharacterGraph(
            model, sequences: settings.batch, length: settings.context, machine: machine,
            isTraining: true)
        if case .unigram(let count) = plan.boundaries {
            let segmenter = UnigramSegmenter(
                corpus.training, pieces: count, isSpace: corpus.vocabulary.isSpace)
            pieces = segmenter.boundaries(
                Array(corpus.training), isSpace: corpus.vocabulary.isSpace)
        } else {
            pieces = []
        }
        var rule = AdamW()
        rule.weightDecay = 0
        do throws(OptimiserError) {
            optimiser = try Optimiser(
                .adamW(rule), parameters: model.parameters.map(\.info), kernels: machine.kernels)
            schedule = try LearningRateSchedule(
                peak: settings.learningRate, shape: .cosine, warmUp: .fraction(0.05))
        } catch { throw .invalid(subject: "\(plan)", got: "\(error)", expected: "other settings") }
    }

    /// The share of the budget that is used.
    public var progress: Double {
        switch budget {
        case .steps(let steps): Double(step) / Double(steps)
        case .referenceSeconds(let seconds): referenceSeconds / seconds
        }
    }

    /// Whether the budget is used up.
    public var isFinished: Bool { progress >= 1 }

    /// Does one step.
    ///
    /// - Throws: ``TrainingError/notFinite(step:tensor:got:checkpoint:)`` naming the first tensor.
    public func runStep() throws(TrainingError) {
        let rate = schedule.rate(at: progress, of: 1)
        load()
        graph.run.graph.clearGradients()
        graph.run.forward()
        loss = Double(graph.run.loss)
        guard loss.isFinite else { throw notFinite("the loss", loss) }
        graph.run.backward()
        try update(rate)
        let weights = Double(model.count)
        referenceSeconds +=
            ReferenceSystem.seconds(graph.run, isTraining: true)
            + weights * ReferenceSystem.updateSeconds(optimiser.configuration)
        step += 1
    }

    /// Windows from anywhere in the text; which ones depends on the seed and the step alone.
    private func load() {
        var random = CounterRandom(seed: seed, stream: UInt64(step) &* 2)
        var noise = CounterRandom(seed: seed, stream: UInt64(step) &* 2 &+ 1)
        let places = corpus.trainingCount - settings.context
        let windows = (0..<settings.batch).map { _ in
            let start = min(places - 1, Int(random.unit() * Double(places)))
            let range = start..<start + settings.context
            return CharacterWindow(
                symbols: corpus.symbols[range],
                targets: corpus.symbols[start + 1..<start + settings.context + 1],
                pieces: pieces.isEmpty ? [] : pieces[range])
        }
        graph.load(windows, total: Float(settings.batch * settings.context)) {
            Float(noise.logistic())
        }
    }

    private func update(_ rate: Double) throws(TrainingError) {
        let pool = machine.pool
        let parallel: ParallelLoop = { count, body in
            pool.run(count) { iteration, _ in body(iteration) }
        }
        var squares = 0.0
        for parameter in model.parameters {
            guard let gradient = parameter.gradient?.baseAddress else { continue }
            if !parameter.hasGradient { gradient.update(repeating: 0, count: parameter.count) }
            let sum = GradientClipping.squaredNorm(
                gradient, count: parameter.count, parallel: parallel)
            guard sum.isFinite else { throw notFinite("the gradient of \(parameter.name)", sum) }
            squares += sum
        }
        let scale = GradientClipping.globalNorm(settings.clipping).scale(
            forNorm: squares.squareRoot())
        for (index, parameter) in model.parameters.enumerated() {
            guard let gradient = parameter.gradient?.baseAddress else { continue }
            optimiser.step(
                parameter: index, values: parameter.values.baseAddress!, gradient: gradient,
                learningRate: rate, gradientScale: scale, parallel: parallel)
        }
        optimiser.advance()
    }

    private func notFinite(_ tensor: String, _ got: Double) -> TrainingError {
        .notFinite(step: step + 1, tensor: tensor, got: "\(got)", checkpoint: nil)
    }
}
