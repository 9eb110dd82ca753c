// Training on the examples that are hard (2307.06440, section 5; Jiang et al. 2019).

import CMartletKernels
import Foundation
import MartletKernels

/// Forwards every row, and keeps it with probability percentile(loss)^beta among the last losses; trains when a
/// batch is full. The forwards are charged.
final class SelectiveBackpropagation: TrainingMethod {
    private let forward: PhaseGraph
    private let beta: Double
    private let seed: UInt64
    private var history: [Double] = []
    private var next = 0
    private var waiting: [PackedRow] = []
    private static let historyLength = 5000

    init(
        _ model: TrainableModel, phase: RunLength.Phase, seed: UInt64, beta: Double = 1,
        machine: TrainingMachine
    ) throws(TrainingError) {
        forward = try PhaseGraph.languageModel(model, phase, machine: machine, isTraining: false)
        self.beta = beta
        self.seed = seed
    }

    func rows(
        _ loop: TrainingLoop, _ phase: RunLength.Phase, progress: Double
    ) throws(TrainingError) -> [PackedRow]? {
        let wanted = phase.sequences * phase.accumulation
        while waiting.count < wanted {
            let rows = (0..<phase.sequences).map {
                loop.plan.composer.row(
                    1 << 40 | (next + $0), length: phase.length, progress: progress)
            }
            next += phase.sequences
            forward.load(rows[...], total: 1)
            forward.run.forward()
            loop.referenceSeconds += forward.forwardSeconds
            for (place, row) in rows.enumerated() { consider(row, loss: loss(place)) }
        }
        defer { waiting.removeFirst(wanted) }
        return Array(waiting.prefix(wanted))
    }

    private func consider(_ row: PackedRow, loss: Double) {
        let below = history.isEmpty ? 1 : history.filter { $0 <= loss }.count
        let percentile = Double(below) / Double(max(1, history.count))
        var random = CounterRandom(
            seed: seed, stream: UInt64(next &+ waiting.count &+ history.count))
        if random.unit() < pow(percentile, beta) { waiting.append(row) }
        history.append(loss)
        if history.count > Self.historyLength { history.removeFirst() }
    }

    /// Mean cross-entropy of one row of the last forward.
    private func loss(_ place: Int) -> Double {
        let (run, batch) = (forward.run, forward.batch)
        let vocabulary = run.graph.shape(forward.logits).columns
        let (logits, targets) = (run.elements(forward.logits), run.elements(batch.targets))
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
