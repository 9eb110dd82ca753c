// The graph of a retrofit: the compressed student, its teacher or targets, and the budget.

import Foundation
import MartletKernels
import MartletModels

/// A compression method inside every attention, and its decisions, over which the budget is counted.
protocol DecidingVariant: AttentionVariant {
    /// Logistic noise of every layer, filled before each forward; zeros decide as inference does.
    var noise: [Value] { get }
    /// Bits of every layer.
    var bits: [Value] { get }
    /// The factor of borrowed channels in attention, from 1 to 0; nil with adapters.
    var fade: Value? { get }
}

extension PhaseGraph {
    /// A retrofit's graph.
    ///
    /// DMS distils: KL(student || teacher) over the weighted places, the teacher being the same network with no
    /// mask, or a frozen copy where the base is trained. DMC has the cross-entropy alone. To both comes the
    /// one-sided loss of the budget, in both papers with the coefficient 1.
    ///
    /// - Parameter teacher: the model whose logits are wanted; nil for cross-entropy.
    static func retrofit(
        _ model: TrainableModel, teacher: TrainableModel?, plan: RetrofitPlan,
        phase: RunLength.Phase, machine: TrainingMachine
    ) throws(TrainingError) -> PhaseGraph {
        let graph = Graph()
        let batch = BatchInputs(graph, sequences: phase.sequences, length: phase.length)
        let rotations = DecoderGraph.rotations(model, positions: phase.length)
        let target = graph.given(rows: 1, columns: 1, name: "share to mark")
        let variant = plan.variant(graph, model, batch, plan.decisions)
        // The teacher first: only its last rows are in memory while the student computes.
        var wanted = HeadTarget.tokens(batch.targets)
        if let teacher {
            let (rows, head) = DecoderGraph(graph, teacher, batch, rotations: rotations)
                .rowsAndHead()
            wanted = .teacher(rows: rows, head: head)
        }
        let (rows, head) = DecoderGraph(
            graph, model, batch, rotations: rotations, variant: variant, lowRank: model.lowRank
        ).rowsAndHead()
        let fit = graph.headLoss(
            rows, head: head, target: wanted, weights: batch.weights, total: batch.total,
            learns: true)
        // A mean over sequences, of which each part of a batch has some.
        let budget = graph.budget(
            variant.bits, target: target, batch: batch,
            weight: plan.budgetWeight / Double(phase.accumulation))
        graph.addLoss(fit)
        graph.addLoss(budget.loss)
        graph.keep(budget.shares)
        let run = try GraphRun(graph, machine, recomputingAbove: plan.mostActivationBytes)
        let ramp = plan.ramp
        return PhaseGraph(
            run: run, batch: batch,
            prepare: { step, part, _ in
                let stage = plan.stage(step)
                run.elements(target)[0] = stage.isFading ? 0 : Float(ramp.share(at: stage.step))
                if let fade = variant.fade { run.elements(fade)[0] = Float(stage.fade) }
                Self.fill(
                    variant.noise, run, seed: plan.seed, step: step, part: part,
                    isDense: stage.isFading)
            },
            metrics: {
                let shares = run.elements(budget.shares)
                let mean =
                    (0..<batch.sequences).reduce(0.0) { $0 + Double(shares[2 * $1]) }
                    / Double(batch.sequences)
                return [
                    // Over the weight of the whole batch; the loop takes the mean of its parts.
                    (
                        teacher == nil ? "crossEntropy" : "divergence",
                        Double(run[fit][0]) * Double(phase.accumulation)
                    ),
                    ("marked", mean),
                ]
            })
    }

    /// Fills the noise of a step, which depends on the step alone. While the channel fades, the noise is far below zero,
    /// so that every decision is no.
    private static func fill(
        _ noise: [Value], _ run: GraphRun, seed: UInt64, step: Int, part: Int, isDense: Bool
    ) {
        for (layer, value) in noise.enumerated() {
            let elements = run.elements(value)
            guard !isDense else {
                elements.update(repeating: -1000)
                continue
            }
            var random = CounterRandom(
                seed: seed &+ 0xD15, stream: UInt64(step) << 24 | UInt64(part) << 12 | UInt64(layer)
            )
            for index in elements.indices { elements[index] = Float(random.logistic()) }
        }
    }
}

extension RetrofitPlan {
    /// The method's part in a graph.
    func variant(
        _ graph: Graph, _ model: TrainableModel, _ batch: BatchInputs,
        _ decisions: EvictionParameters
    ) -> any DecidingVariant {
        switch method {
        case .dms:
            SparsificationVariant(graph, model: model, batch: batch, parameters: decisions)
        case .dmc:
            CompressionVariant(graph, model: model, batch: batch, parameters: decisions)
        }
    }

    /// The place of a step in the retrofit.
    struct Stage {
        let isFading: Bool
        /// Steps since compression began.
        let step: Double
        /// What is left of a borrowed channel.
        let fade: Double
    }

    func stage(_ step: Int) -> Stage {
        let fading = source == .channel ? fadeSteps : 0
        let left = step - fading
        guard left < 0 else {
            return Stage(isFading: false, step: Double(max(0, left)), fade: 0)
        }
        // Gone after four fifths, so that the rest is trained without it.
        return Stage(
            isFading: true, step: 0, fade: max(0, 1 - Double(step) / (0.8 * Double(fading))))
    }

    var ramp: CompressionRamp {
        CompressionRamp(
            from: start, target: target, length: max(1, Double(steps) * rampShare))
    }

    /// Steps of the whole run.
    var totalSteps: Int { steps + (source == .channel ? fadeSteps : 0) }
}
