// Training on the examples that are hard (2307.06440, section 5; Jiang et al. 2019).

import Foundation
import MartletKernels

/// Forwards every row, and keeps it with probability percentile(loss)^beta among the last losses; trains when a
/// batch is full. The forwards are charged.
final class SelectiveBackpropagation: TrainingMethod {
    private let scorer: RowScorer
    private let beta: Double
    private let seed: UInt64
    private let historyLength: Int
    private var history: [Double] = []
    private var next = 0
    private var waiting: [PackedRow] = []
    /// Published: the last 5,000 losses beside batches of 1,536. In losses of longer ago a model that still
    /// learns quickly finds nothing hard any more, and throws nearly everything away.
    private static let batchesRemembered = 5000.0 / 1536

    init(
        _ model: TrainableModel, phase: RunLength.Phase, seed: UInt64, beta: Double = 1,
        machine: TrainingMachine
    ) throws(TrainingError) {
        scorer = try RowScorer(model, phase: phase, machine: machine)
        self.beta = beta
        self.seed = seed
        historyLength = Int(
            (Self.batchesRemembered * Double(phase.sequences * phase.accumulation)).rounded(.up))
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
            let losses = scorer.losses(rows[...])
            loop.referenceSeconds += scorer.secondsPerBatch
            for (place, row) in rows.enumerated() {
                consider(row, loss: losses[place], number: next - phase.sequences + place)
            }
        }
        defer { waiting.removeFirst(wanted) }
        return Array(waiting.prefix(wanted))
    }

    private func consider(_ row: PackedRow, loss: Double, number: Int) {
        let below = history.isEmpty ? 1 : history.filter { $0 <= loss }.count
        let percentile = Double(below) / Double(max(1, history.count))
        var random = CounterRandom(seed: seed, stream: UInt64(number))
        if random.unit() < pow(percentile, beta) { waiting.append(row) }
        history.append(loss)
        if history.count > historyLength { history.removeFirst() }
    }
}
