// One arena: nothing that lives at the same time shares bytes, and threads change no bit.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct MemoryPlanTests {
    /// A run whose arena is filled with NaN before each pass computes the same: nothing reads what was not
    /// written, and nothing was overwritten too early.
    @Test(arguments: ModelGoldenTests.families, [1, 3])
    func poisonedArenaChangesNothing(family: String, threads: Int) throws {
        let golden = try Golden(family)
        let model = try TrainableModel(try Checkpoint(directory: golden.directory))
        let graph = try golden.graph(model, try TrainingMachine(threads: threads))
        graph.run.forward()
        graph.run.backward()
        let loss = graph.run.loss
        let gradients = model.parameters.all.map { Array($0.gradient!).map(\.bitPattern) }
        graph.run.poison()
        graph.run.graph.clearGradients()
        graph.run.forward()
        graph.run.backward()
        #expect(graph.run.loss.bitPattern == loss.bitPattern)
        #expect(model.parameters.all.map { Array($0.gradient!).map(\.bitPattern) } == gradients)
        // And it shares: the plan is smaller than its parts.
        let parts = graph.run.graph.entries.reduce(0) { $0 + $1.rows * $1.columns * 8 }
        #expect(graph.run.arenaBytes < parts)
    }

    @Test(arguments: ModelGoldenTests.families)
    func threadsChangeNoBit(family: String) throws {
        let golden = try Golden(family)
        var all: [[[UInt32]]] = []
        for threads in [1, 2, 5] {
            let model = try TrainableModel(try Checkpoint(directory: golden.directory))
            let graph = try golden.graph(model, try TrainingMachine(threads: threads))
            graph.run.forward()
            graph.run.backward()
            all.append(model.parameters.all.map { $0.gradient!.map(\.bitPattern) })
        }
        #expect(all[0] == all[1] && all[0] == all[2])
    }

    /// What runs again is what derivatives read, and what that is made of, right before them.
    @Test func segmentsRunAgainBeforeTheirDerivatives() {
        let nodes = [
            Schedule.Node(inputs: [], outputs: [0], kept: nil),
            Schedule.Node(inputs: [0], outputs: [1], kept: []),
            Schedule.Node(inputs: [1], outputs: [2], kept: [2]),
            Schedule.Node(inputs: [0, 2], outputs: [3], kept: []),
            Schedule.Node(inputs: [3], outputs: [4], kept: [3]),
        ]
        let plain = Schedule(nodes, isTraining: true, segments: [])
        #expect(plain.backwardSteps == [4, 3, 2, 1].map { .backward($0) })
        let again = Schedule(nodes, isTraining: true, segments: [1..<4])
        #expect(
            again.backwardSteps
                == [.backward(4), .again(1), .again(2), .backward(3), .backward(2), .backward(1)])
        #expect(again.steps.count == 5 + 6)
        #expect(Schedule(nodes, isTraining: false, segments: [1..<4]).backwardSteps.isEmpty)
    }

    /// Layers that are computed a second time give the same bits in less memory, and read nothing that is gone.
    @Test(arguments: ModelGoldenTests.families)
    func recomputingChangesNoBit(family: String) throws {
        let golden = try Golden(family)
        var all: [[[UInt32]]] = []
        var bytes: [Int] = []
        for most in [Int.max, 0] {
            let model = try TrainableModel(try Checkpoint(directory: golden.directory))
            let graph = try golden.graph(
                model, try TrainingMachine(threads: 2), recomputingAbove: most)
            #expect(graph.run.recomputes == (most == 0))
            for _ in 0..<2 {
                graph.run.poison()
                graph.run.graph.clearGradients()
                graph.run.forward()
                graph.run.backward()
                all.append(
                    model.parameters.all.map { $0.gradient!.map(\.bitPattern) }
                        + [[graph.run.loss.bitPattern]])
            }
            bytes.append(graph.run.arenaBytes)
        }
        #expect(all.allSatisfy { $0 == all[0] })
        #expect(bytes[1] < bytes[0])
    }

    /// Gradients of two halves add up to those of the whole batch.
    @Test func accumulation() throws {
        try TrainingRunTests.withFolder { folder in
            func gradients(_ sequences: Int, _ accumulation: Int) throws -> [Float] {
                let text = TrainingRunTests.recipe().replacingOccurrences(
                    of: "sequences: 2, length: 48, accumulation: 2",
                    with: "sequences: \(sequences), length: 48, accumulation: \(accumulation)")
                let run = try TrainingRunTests.run(text, "\(folder)/\(sequences)")
                _ = try run.loop.runStep()
                return run.model.parameters.all.flatMap { Array($0.gradient!) }
            }
            let (whole, parts) = (try gradients(4, 1), try gradients(1, 4))
            let largest = whole.reduce(0) { max($0, abs($1)) }
            let worst = zip(whole, parts).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(worst < 1e-5 * largest)
        }
    }
}

extension GraphRun {
    /// Fills activations and gradients with NaN.
    func poison() { arenaElements.update(repeating: .nan) }
}
