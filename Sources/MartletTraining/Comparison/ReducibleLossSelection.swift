// Training on what can still be learned (RHO-loss: Mindermann et al. 2022, arXiv 2206.07137; 2307.06440, section 5).

import MartletKernels

/// Draws twice the rows of a batch and keeps the half with the largest reducible loss: what the model loses on a row
/// now, less what a model loses that was trained on other data.
///
/// The model's own forwards are charged. The other model's are not, nor is its training: the published
/// comparison gives both away.
final class ReducibleLossSelection: TrainingMethod {
    private let own: RowScorer
    private let irreducible: RowScorer
    /// Rows that are looked at for each one that is kept.
    private static let candidates = 2

    /// - Parameters:
    ///   - model: the model in training.
    ///   - reference: the model that was trained on the part of the data that this one never sees.
    init(
        _ model: TrainableModel, reference: TrainableModel, phase: RunLength.Phase,
        machine: TrainingMachine
    ) throws(TrainingError) {
        own = try RowScorer(model, phase: phase, machine: machine)
        irreducible = try RowScorer(reference, phase: phase, machine: machine)
    }

    func rows(
        _ loop: TrainingLoop, _ phase: RunLength.Phase, progress: Double
    ) throws(TrainingError) -> [PackedRow]? {
        let wanted = phase.sequences * phase.accumulation
        let first = loop.step * wanted * Self.candidates
        let rows = (0..<wanted * Self.candidates).map {
            loop.plan.composer.row(1 << 40 | (first + $0), length: phase.length, progress: progress)
        }
        var reducible: [Double] = []
        for start in stride(from: 0, to: rows.count, by: phase.sequences) {
            let batch = rows[start..<start + phase.sequences]
            reducible += zip(own.losses(batch), irreducible.losses(batch)).map { $0 - $1 }
            loop.referenceSeconds += own.secondsPerBatch
        }
        return Self.largest(wanted, of: reducible).map { rows[$0] }
    }

    /// The places of the `count` largest numbers, in ascending order; the earlier of equals first.
    static func largest(_ count: Int, of numbers: [Double]) -> [Int] {
        numbers.indices.sorted {
            numbers[$0] == numbers[$1] ? $0 < $1 : numbers[$0] > numbers[$1]
        }.prefix(count).sorted()
    }
}
