// Equal reference time: what is charged, and that wall time changes nothing.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct ComparisonTests {
    private static let recipe = TrainingRunTests.recipe(steps: 20, rate: "1.0e-2")
        .replacingOccurrences(of: "num_hidden_layers: 2", with: "num_hidden_layers: 4")
        .replacingOccurrences(of: "  noise: 0.001\n", with: "")

    private func run(_ method: String, threads: Int = 1, budget: Double? = 0.02) throws
        -> EqualBudgetComparison.Outcome
    {
        try EqualBudgetComparison(
            recipe: Self.recipe, file: "test.yaml", machine: try TrainingMachine(threads: threads)
        ).run(method: method, seed: 1, budget: budget)
    }

    @Test(arguments: EqualBudgetComparison.methods)
    func everyMethodSpendsItsBudget(method: String) throws {
        let outcome = try run(method)
        #expect(outcome.losses.count == 3 && outcome.losses.allSatisfy(\.isFinite))
        #expect(outcome.referenceSeconds >= 0.02 && outcome.referenceSeconds < 0.03)
        #expect(outcome.steps > 2)
    }

    /// A slower machine has the same steps, the same rates and the same loss.
    @Test func wallTimeChangesNothing() throws {
        let (fast, slow) = (try run("adamw", threads: 2), try run("adamw", threads: 1))
        #expect(fast.losses == slow.losses && fast.steps == slow.steps)
    }

    /// Fewer layers buy more steps; forwards that choose examples cost some.
    @Test func chargesWhatIsUsed() throws {
        let base = try run("adamw")
        #expect(try run("stacking").steps > base.steps)
        #expect(try run("layer-dropping").steps > base.steps)
        let selective = try run("selective")
        #expect(selective.steps < base.steps)
        // Twice the rows of a batch are forwarded for each one that is learned from.
        #expect(try run("rho").steps < base.steps)
    }

    /// Selection looks back a few batches, so that about half of the rows stay: a model that
    /// learns quickly would find nothing hard beside losses of long ago.
    @Test func selectionKeepsAboutHalf() throws {
        let (base, chosen) = (
            try run("adamw", budget: 0.1), try run("selective", budget: 0.1)
        )
        let ratio = Double(base.steps) / Double(chosen.steps)
        #expect(ratio > 1.3 && ratio < 2.4, "\(base.steps) and \(chosen.steps) steps")
    }

    @Test func theLargestComeInOrder() {
        #expect(ReducibleLossSelection.largest(2, of: [1, 3, 3, 3]) == [1, 2])
        #expect(ReducibleLossSelection.largest(2, of: [5, -1, 7]) == [0, 2])
        #expect(ReducibleLossSelection.largest(0, of: [1]).isEmpty)
    }

    /// Dropping is asymptotically (3 L - 1) / 4 layers deep.
    @Test func meanDepth() throws {
        let model = try Recipe(Self.recipe, file: "test.yaml").model
        let trainable = try TrainableModel(
            configuration: model.setting("vocab_size", to: .integer(257)), seed: 0)
        let dropping = LayerDropping(trainable, seed: 3, gamma: 1e9)
        let run = try TrainingRunTests.run(
            Self.recipe,
            FileManager.default.temporaryDirectory
                .appending(path: "depth-\(UInt64.random(in: 0...UInt64.max))").path)
        defer { try? FileManager.default.removeItem(atPath: run.directory) }
        var depth = 0
        for step in 0..<4000 {
            run.loop.step = step
            _ = dropping.begin(run.loop, progress: 0.5)
            depth += dropping.layers.count
        }
        #expect(abs(Double(depth) / 4000 - (3 * 4 - 1) / 4.0) < 0.05)
    }

    @Test func unknownMethod() {
        #expect(throws: TrainingError.self) { try run("sgd") }
    }
}
