// The loss of a model on rows, without learning from them.

import CMartletKernels
import MartletKernels

/// Computes the loss of rows under a model's current weights.
struct RowScorer {
    private let forward: PhaseGraph
    private let logits: Value

    /// - Parameter phase: the size of the batches that rows are forwarded in.
    init(
        _ model: TrainableModel, phase: RunLength.Phase, machine: TrainingMachine
    ) throws(TrainingError) {
        forward = try PhaseGraph.languageModel(model, phase, machine: machine, isTraining: false)
        guard let kept = forward.logits else {
            preconditionFailure("RowScorer: a language model keeps its logits")
        }
        logits = kept
    }

    /// Reference seconds of one batch.
    var secondsPerBatch: Double { forward.forwardSeconds }

    /// Mean cross-entropy of each row in nats a weighted token; exactly as many rows as a batch has.
    func losses(_ rows: ArraySlice<PackedRow>) -> [Double] {
        forward.load(rows, total: 1)
        forward.run.forward()
        return rows.indices.map { loss($0 - rows.startIndex) }
    }

    private func loss(_ place: Int) -> Double {
        let (run, batch) = (forward.run, forward.batch)
        let vocabulary = run.graph.shape(logits).columns
        let (logits, targets) = (run.elements(logits), run.elements(batch.targets))
        let weights = run.elements(batch.weights)
        var (sum, weight) = (0.0, 0.0)
        for row in place * batch.length..<(place + 1) * batch.length where weights[row] != 0 {
            let line = logits.baseAddress! + row * vocabulary
            let lse = run.kernels.log_sum_exp(line, Int32(vocabulary))
            sum += Double(weights[row]) * Double(lse - line[Int(targets[row])])
            weight += Double(weights[row])
        }
        return weight > 0 ? sum / weight : 0
    }
}
