// The loss on data that is never trained on.

import MartletTasks
import MartletFormats
import MartletKernels

/// Mean cross-entropy of a model, in nats a token, on fixed batches.
struct HeldOutLoss {
    private let graph: PhaseGraph
    private let rows: [PackedRow]

    /// - Parameters:
    ///   - composer: draws from the held-out split.
    ///   - phase: the size of a batch.
    ///   - batches: the number of batches.
    init(
        _ model: TrainableModel, composer: BatchComposer, phase: RunLength.Phase,
        machine: TrainingMachine, batches: Int = 8
    ) throws(TrainingError) {
        graph = try PhaseGraph.languageModel(model, phase, machine: machine, isTraining: false)
        rows = (0..<batches * phase.sequences).map {
            composer.row($0, length: phase.length, progress: 1)
        }
    }

    /// The loss of the model as it is now.
    func measure() -> Double {
        let size = graph.batch.sequences
        var (sum, weight) = (0.0, 0.0)
        for start in stride(from: 0, to: rows.count, by: size) {
            let batch = rows[start..<start + size]
            let total = batch.reduce(Float(0)) { $0 + $1.weights.reduce(0, +) }
            guard total > 0 else { continue }
            graph.load(batch, total: total)
            graph.run.forward()
            sum += Double(graph.run.loss) * Double(total)
            weight += Double(total)
        }
        return sum / max(1, weight)
    }
}
