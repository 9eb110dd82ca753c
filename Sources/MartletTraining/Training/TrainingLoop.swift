// Steps of an optimiser over batches.
// This file knows neither files nor models: it is given phases of graphs and parameters.

import Foundation
import MartletKernels

/// The figures of one step.
public struct StepReport: Sendable {
    /// Steps done, this one included.
    public let step: Int
    /// Mean loss over the step's weighted tokens.
    public let loss: Double
    /// Norm of the gradient before clipping.
    public let gradientNorm: Double
    /// The step's learning rate.
    public let learningRate: Double
    /// Tokens of the batch, padding included.
    public let tokens: Int
    /// Reference-system seconds of the run so far.
    public let referenceSeconds: Double
    /// Further figures, such as the share of tokens marked.
    public let metrics: [(name: String, value: Double)]
}

/// The parts and settings of a loop.
public struct LoopPlan {
    let length: RunLength
    var schedule: LearningRateSchedule
    let clipping: GradientClipping
    let noise: GradientNoise?
    let composer: BatchComposer
    let parameters: [Parameter]
    let seed: UInt64
    /// For each parameter the factor of its learning rate over the schedule's; empty means 1 for all.
    var rateFactors: [Double] = []
    /// The budget of the run in reference seconds, which then decides its progress and its end. Nil lets the number of
    /// steps decide.
    var budgetSeconds: Double?
    /// A method that changes the model or the data during the run.
    var method: (any TrainingMethod)?
}

/// A way of training that does more than step: grows the model, drops layers, chooses examples.
protocol TrainingMethod: AnyObject {
    /// Called before each step. Returns whether the graph must be built anew.
    func begin(_ loop: TrainingLoop, progress: Double) -> Bool
    /// The rows to train on, or nil for the next ones of the mixture.
    func rows(
        _ loop: TrainingLoop, _ phase: RunLength.Phase, progress: Double
    ) throws(TrainingError) -> [PackedRow]?
}

extension TrainingMethod {
    func begin(_ loop: TrainingLoop, progress: Double) -> Bool { false }
    func rows(
        _ loop: TrainingLoop, _ phase: RunLength.Phase, progress: Double
    ) throws(TrainingError) -> [PackedRow]? { nil }
}

/// Runs steps. A step depends only on the parameters, the optimiser's state, its own number and the plan, so a loop
/// restored from a checkpoint continues with the same bits.
public final class TrainingLoop {
    let plan: LoopPlan
    let optimiser: Optimiser
    let machine: TrainingMachine
    /// Steps done.
    public internal(set) var step = 0
    /// Reference seconds so far.
    public internal(set) var referenceSeconds = 0.0
    private let makePhase: (RunLength.Phase) throws(TrainingError) -> PhaseGraph
    private var current: (index: Int, graph: PhaseGraph)?
    private let updateSeconds: Double

    init(
        _ plan: LoopPlan, optimiser: Optimiser, machine: TrainingMachine,
        makePhase: @escaping (RunLength.Phase) throws(TrainingError) -> PhaseGraph
    ) {
        self.plan = plan
        self.optimiser = optimiser
        self.machine = machine
        self.makePhase = makePhase
        updateSeconds =
            Double(plan.parameters.reduce(0) { $0 + $1.count })
            * ReferenceSystem.updateSeconds(optimiser.configuration)
    }

    /// Whether all steps are done, or the budget is spent.
    public var isFinished: Bool {
        plan.budgetSeconds.map { referenceSeconds >= $0 } ?? (step >= plan.length.steps)
    }

    /// The part of the run that is done, from 0 to 1.
    public var progress: Double {
        min(
            1,
            plan.budgetSeconds.map { referenceSeconds / $0 }
                ?? Double(step) / Double(plan.length.steps))
    }

    /// The graph of the phase that the next step belongs to.
    func phaseGraph() throws(TrainingError) -> (phase: RunLength.Phase, graph: PhaseGraph) {
        let index = plan.length.phase(at: progress)
        let phase = plan.length.phases[index]
        if let current, current.index == index { return (phase, current.graph) }
        // Frees the last phase's arena before the next one is allocated.
        current = nil
        let graph = try makePhase(phase)
        current = (index, graph)
        return (phase, graph)
    }

    /// Frees the memory of steps; the next step allocates it again.
    func releaseGraph() { current = nil }

    /// Runs one step.
    ///
    /// - Throws: ``TrainingError/notFinite(step:tensor:got:checkpoint:)`` naming the first tensor.
    public func runStep() throws(TrainingError) -> StepReport {
        let progress = progress
        if plan.method?.begin(self, progress: progress) == true { current = nil }
        let (phase, graph) = try phaseGraph()
        let rows =
            try plan.method?.rows(self, phase, progress: progress)
            ?? composeRows(phase, progress: progress)
        let weight = rows.reduce(Float(0)) { $0 + $1.weights.reduce(0, +) }
        let micro = phase.sequences
        if optimiser.needsHessian {
            estimateCurvature(phase, graph, rows, total: weight, progress: progress)
        }
        graph.run.graph.clearGradients()
        var loss = 0.0
        var metrics: [(name: String, value: Double)] = []
        for part in 0..<phase.accumulation {
            graph.load(rows[part * micro..<(part + 1) * micro], total: weight)
            graph.prepare(step, part, progress)
            graph.run.forward()
            loss += Double(graph.run.loss)
            guard loss.isFinite else { throw notFinite("the loss", loss) }
            graph.run.backward()
            let figures = graph.metrics()
            if metrics.isEmpty {
                metrics = figures
            } else {
                for index in metrics.indices { metrics[index].value += figures[index].value }
            }
        }
        for index in metrics.indices { metrics[index].value /= Double(phase.accumulation) }
        referenceSeconds += Double(phase.accumulation) * graph.trainingSeconds + updateSeconds
        let total = Double(plan.length.steps)
        let rate = plan.schedule.rate(at: progress * total, of: total)
        let norm = try update(learningRate: rate)
        step += 1
        return StepReport(
            step: step, loss: loss, gradientNorm: norm, learningRate: rate, tokens: phase.tokens,
            referenceSeconds: referenceSeconds, metrics: metrics)
    }

    func composeRows(_ phase: RunLength.Phase, progress: Double) -> [PackedRow] {
        let count = phase.sequences * phase.accumulation
        // Rows are numbered by step, so that phases of different sizes never draw the same rows.
        let first = step << 16
        return (0..<count).map {
            plan.composer.row(first + $0, length: phase.length, progress: progress)
        }
    }

    private func update(learningRate: Double) throws(TrainingError) -> Double {
        let pool = machine.pool
        let parallel: ParallelLoop = { count, body in
            pool.run(count) { iteration, _ in body(iteration) }
        }
        var squares = 0.0
        for (index, parameter) in plan.parameters.enumerated() {
            // Parameters that this step did not use, for instance of a dropped layer, keep their values.
            guard parameter.hasGradient, let gradient = parameter.gradient?.baseAddress else {
                continue
            }
            plan.noise?.add(
                to: gradient, count: parameter.count, parameter: index, step: step,
                parallel: parallel)
            let sum = GradientClipping.squaredNorm(
                gradient, count: parameter.count, parallel: parallel)
            guard sum.isFinite else {
                throw notFinite("the gradient of \(parameter.name)", sum)
            }
            squares += sum
        }
        let norm = squares.squareRoot()
        let scale = plan.clipping.scale(forNorm: norm)
        for (index, parameter) in plan.parameters.enumerated() {
            guard parameter.hasGradient, let gradient = parameter.gradient?.baseAddress else {
                continue
            }
            optimiser.step(
                parameter: index, values: parameter.values.baseAddress!, gradient: gradient,
                learningRate: learningRate
                    * (plan.rateFactors.isEmpty ? 1 : plan.rateFactors[index]),
                gradientScale: scale, parallel: parallel)
        }
        optimiser.advance()
        return norm
    }

    /// Sophia-G's estimate: the gradient against labels drawn from the model's own predictions.
    private func estimateCurvature(
        _ phase: RunLength.Phase, _ graph: PhaseGraph, _ rows: [PackedRow], total: Float,
        progress: Double
    ) {
        guard let kept = graph.logits else {
            preconditionFailure("TrainingLoop: Sophia needs the logits of its model")
        }
        graph.load(rows[0..<phase.sequences], total: total)
        graph.prepare(step, 0, progress)
        graph.run.graph.clearGradients()
        graph.run.forward()
        let vocabulary = graph.run.graph.shape(kept).columns
        let logits = graph.run.elements(kept)
        let targets = graph.run.elements(graph.batch.targets)
        var random = CounterRandom(seed: plan.seed &+ 0x50F1A, stream: UInt64(step))
        for row in targets.indices {
            let line = UnsafeMutableBufferPointer(
                rebasing: logits[row * vocabulary..<(row + 1) * vocabulary])
            targets[row] = Self.draw(line, random.unit())
        }
        graph.run.forward()
        graph.run.backward()
        referenceSeconds += graph.trainingSeconds + graph.forwardSeconds
        for (index, parameter) in plan.parameters.enumerated() where parameter.hasGradient {
            guard let gradient = parameter.gradient?.baseAddress else { continue }
            optimiser.updateHessian(
                parameter: index, sampledLabelGradient: gradient,
                batchTokens: phase.sequences * phase.length)
        }
    }

    /// A class drawn from softmax(logits).
    private static func draw(_ logits: UnsafeMutableBufferPointer<Float>, _ unit: Double) -> Int32 {
        let top = Double(logits.max() ?? 0)
        let sum = logits.reduce(0.0) { $0 + exp(Double($1) - top) }
        var left = unit * sum
        for (index, logit) in logits.enumerated() {
            left -= exp(Double(logit) - top)
            if left < 0 { return Int32(index) }
        }
        return Int32(logits.count - 1)
    }

    private func notFinite(_ tensor: String, _ got: Double) -> TrainingError {
        .notFinite(step: step + 1, tensor: tensor, got: "\(got)", checkpoint: nil)
    }
}
