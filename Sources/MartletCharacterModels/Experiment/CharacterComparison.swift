// Models, texts, budgets and seeds, each with each, at equal cost.
// This file knows the order of runs and their results; it refuses to know how they are shown.

import Foundation
public import MartletFormats
public import MartletTraining

/// What one run gave.
public struct CharacterResult: Sendable {
    /// The text.
    public let corpus: String
    /// The model.
    public let plan: CharacterModelPlan
    /// The run's seed.
    public let seed: UInt64
    /// Weights.
    public let parameters: Int
    /// Steps that fitted into the budget.
    public let steps: Int
    /// Seconds on the reference system that were used.
    public let referenceSeconds: Double
    /// Held-out text.
    public let evaluation: CharacterEvaluation

    /// One line of a log, and of `--json`.
    public var json: JSONValue {
        func rounded(_ value: Double) -> JSONValue {
            value.isFinite ? .number((value * 1e4).rounded() / 1e4) : .null
        }
        return .object(
            JSONObject(
                [
                    ("corpus", .string(corpus)), ("model", .string("\(plan)")),
                    ("seed", .integer(Int(truncatingIfNeeded: seed))),
                    ("parameters", .integer(parameters)), ("steps", .integer(steps)),
                    ("referenceSeconds", rounded(referenceSeconds)),
                    ("shorteningFactor", rounded(evaluation.shorteningFactor)),
                    ("bitsPerCharacter", rounded(evaluation.bitsPerCharacter)),
                    ("characters", .integer(evaluation.characters)),
                ].map { .init(key: $0.0, value: $0.1) }))
    }
}

/// Trains models on texts, all with the same budgets.
public struct CharacterComparison {
    /// The models; the first is the one whose steps a budget in steps means.
    public let plans: [CharacterModelPlan]
    /// What they share.
    public let settings: CharacterSettings
    /// Seeds of each model.
    public let seeds: Int
    private let machine: TrainingMachine

    /// - Throws: ``TrainingError/invalid(subject:got:expected:)`` when a model does not fit the context.
    public init(
        _ plans: [CharacterModelPlan], settings: CharacterSettings, seeds: Int,
        machine: TrainingMachine
    ) throws(TrainingError) {
        for plan in plans { try settings.check(plan) }
        self.plans = plans
        self.settings = settings
        self.seeds = seeds
        self.machine = machine
    }

    /// Reference seconds of `steps` steps of the first model, measured on one: steps cost the same unless the
    /// model pools segments.
    public func referenceSeconds(
        ofSteps steps: Int, on corpus: CharacterCorpus
    ) throws(TrainingError) -> Double {
        let trainer = try CharacterTrainer(
            plans[0], corpus, settings, budget: .steps(steps), seed: settings.seed, machine: machine
        )
        try trainer.runStep()
        return trainer.referenceSeconds * Double(steps)
    }

    /// Trains and scores one model.
    ///
    /// - Parameters:
    ///   - number: which of the seeds, from 0.
    ///   - shouldStop: asked after each step.
    ///   - report: hears of each step.
    /// - Returns: the trained model and what it gave; nil when it was stopped.
    public func run(
        _ plan: CharacterModelPlan, on corpus: CharacterCorpus, budget: CharacterBudget,
        number: Int = 0, shouldStop: () -> Bool = { false },
        report: (CharacterTrainer) -> Void = { _ in }
    ) throws(TrainingError) -> (model: CharacterModel, result: CharacterResult)? {
        let seed = settings.seed &+ UInt64(number)
        let trainer = try CharacterTrainer(
            plan, corpus, settings, budget: budget, seed: seed, machine: machine)
        while !trainer.isFinished {
            try trainer.runStep()
            report(trainer)
            if shouldStop() { return nil }
        }
        let evaluation = try CharacterEvaluation(
            trainer.model, corpus, settings, machine: machine)
        return (
            trainer.model,
            CharacterResult(
                corpus: corpus.name, plan: plan, seed: seed, parameters: trainer.model.count,
                steps: trainer.step, referenceSeconds: trainer.referenceSeconds,
                evaluation: evaluation)
        )
    }
}
