// Loss, every gradient and ten steps of AdamW, against PyTorch in float64.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct ModelGoldenTests {
    static let families = ["llama", "qwen2", "qwen3", "gpt2"]

    /// Loss and gradients within 1e-4 of the largest of their tensor; the training form is f32.
    @Test(arguments: families)
    func stepMatchesPyTorch(family: String) throws {
        let golden = try Golden(family)
        let model = try TrainableModel(try Checkpoint(directory: golden.directory))
        let machine = try TrainingMachine(threads: 2)
        let graph = try golden.graph(model, machine)
        graph.run.forward()
        graph.run.backward()
        let losses = try golden.floats("losses")
        #expect(abs(graph.run.loss - losses[0]) < 1e-4 * losses[0])
        for parameter in model.parameters.all {
            let expected = try golden.floats("grad." + parameter.name)
            let largest = expected.reduce(Float(1e-6)) { max($0, abs($1)) }
            let worst = zip(parameter.gradient!, expected).reduce(Float(0)) {
                max($0, abs($1.0 - $1.1))
            }
            #expect(worst < 1e-4 * largest, "\(family) \(parameter.name): \(worst) of \(largest)")
        }
    }

    /// Losses of ten steps within 1e-4, and the weights after them.
    @Test(arguments: families)
    func tenStepsMatchPyTorch(family: String) throws {
        let golden = try Golden(family)
        let model = try TrainableModel(try Checkpoint(directory: golden.directory))
        let graph = try golden.graph(model, try TrainingMachine(threads: 1))
        var rule = AdamW()
        (rule.beta1, rule.beta2, rule.epsilon, rule.weightDecay) = (0.9, 0.95, 1e-8, 0.1)
        let optimiser = try Optimiser(
            .adamW(rule), parameters: model.parameters.all.map(\.info))
        let losses = try golden.floats("losses")
        for step in 0..<10 {
            graph.run.graph.clearGradients()
            graph.run.forward()
            #expect(abs(graph.run.loss - losses[step]) < 1e-4 * losses[step], "step \(step)")
            graph.run.backward()
            var squares = 0.0
            for parameter in model.parameters.all {
                squares += GradientClipping.squaredNorm(
                    parameter.gradient!.baseAddress!, count: parameter.count)
            }
            let scale = GradientClipping.globalNorm(1).scale(forNorm: squares.squareRoot())
            for (index, parameter) in model.parameters.all.enumerated() {
                optimiser.step(
                    parameter: index, values: parameter.values.baseAddress!,
                    gradient: parameter.gradient!.baseAddress!, learningRate: 1e-3,
                    gradientScale: scale)
            }
            optimiser.advance()
        }
        // A bias on all keys changes no softmax: its gradient is rounding, which AdamW makes as large as any.
        for parameter in model.parameters.all where !parameter.name.hasSuffix("c_attn.bias") {
            let expected = try golden.floats("after10." + parameter.name)
            let worst = zip(parameter.values, expected).reduce(Float(0)) {
                max($0, abs($1.0 - $1.1))
            }
            #expect(worst < 1e-4, "\(family) \(parameter.name): \(worst)")
        }
    }
}

/// One family's files.
struct Golden {
    let directory: String
    private let file: SafetensorsFile

    init(_ family: String) throws {
        directory =
            URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Goldens/\(family)").path
        file = try SafetensorsFile(path: directory + "/golden.safetensors")
    }

    func floats(_ name: String) throws -> [Float] {
        try #require(file[name], "\(name) is in the golden").floats()
    }

    private func integers(_ name: String) throws -> [Int32] {
        let entry = try #require(file[name])
        return (0..<entry.elementCount).map {
            entry.bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)
        }
    }

    /// The golden's batch in a graph that predicts the next token.
    func graph(
        _ model: TrainableModel, _ machine: TrainingMachine,
        recomputingAbove most: Int = GraphRun.mostActivationBytes
    ) throws -> PhaseGraph {
        let phase = RunLength.Phase(until: 1, sequences: 2, length: 19, accumulation: 1)
        let graph = try PhaseGraph.languageModel(
            model, phase, machine: machine, recomputingAbove: most)
        let tokens = try integers("tokens")
        let targets = try integers("targets")
        let weights = try floats("weights")
        for row in 0..<38 {
            graph.run.elements(graph.batch.tokens)[row] = tokens[row]
            graph.run.elements(graph.batch.targets)[row] = targets[row]
            graph.run.elements(graph.batch.positions)[row] = Int32(row % 19)
            graph.run.elements(graph.batch.starts)[row] = 0
            graph.run.elements(graph.batch.weights)[row] = weights[row]
        }
        graph.run.elements(graph.batch.total)[0] = weights.reduce(0, +)
        return graph
    }
}
