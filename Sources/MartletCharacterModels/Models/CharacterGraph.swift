// A character model over a batch of windows, from symbols to the loss, ready to run.
// This file knows what a batch holds; it refuses to know where windows come from.

import Foundation
import MartletKernels
import MartletTraining

/// What a batch of windows is made of, in the graph.
struct CharacterInputs {
    let sequences: Int
    let length: Int
    let symbols: Integers
    let targets: Integers
    let weights: Value
    let total: Value
    /// Boundaries that are known, or that a predictor shall learn.
    let boundaries: Value
    /// Logistic noise of sampled boundaries.
    let noise: Value

    init(_ graph: Graph, sequences: Int, length: Int) {
        self.sequences = sequences
        self.length = length
        let rows = sequences * length
        symbols = graph.integers(count: rows)
        targets = graph.integers(count: rows)
        weights = graph.given(rows: rows, columns: 1, name: "weights")
        total = graph.given(rows: 1, columns: 1, name: "total weight")
        boundaries = graph.given(rows: rows, columns: 1, name: "boundaries")
        noise = graph.given(rows: rows, columns: 1, name: "noise")
    }
}

/// Symbols with those that follow them.
struct CharacterWindow {
    var symbols: ArraySlice<Int32>
    var targets: ArraySlice<Int32>
    /// What each place counts in the loss.
    var weight: (Int) -> Float = { _ in 1 }
    /// Boundaries to learn, of a unigram predictor in training.
    var pieces: ArraySlice<Bool> = []
}

/// A model in a graph with its memory.
final class CharacterGraph {
    let model: CharacterModel
    let run: GraphRun
    let inputs: CharacterInputs
    let logits: Value
    private let table: SegmentTable?

    /// - Parameter isTraining: whether to plan for backward and to add the loss of a predictor.
    init(
        _ model: CharacterModel, sequences: Int, length: Int, machine: TrainingMachine,
        isTraining: Bool
    ) throws(TrainingError) {
        guard length % model.plan.divisor == 0 else {
            throw .invalid(
                subject: "the context of \(model.plan)", got: "\(length)",
                expected: "a length that \(model.plan.divisor) divides")
        }
        self.model = model
        let graph = Graph()
        let inputs = CharacterInputs(graph, sequences: sequences, length: length)
        let layers = StackGraph(graph: graph, model: model)
        let layout = RowLayout(sequences: sequences, length: length)
        let x = graph.embedding(inputs.symbols, layers.parameter("embedding.weight"))
        let rows: Value
        var pooling: (PoolingGraph, PoolingGraph.Output)?
        switch model.plan.kind {
        case .vanilla(let count, _):
            rows = try layers.stack(
                x, 0, layers: count, at: StackGraph.Resolution(layout: layout, factor: 1))
        case .hourglass(let hierarchy, let down, let up):
            rows = try HourglassGraph(
                layers: layers, hierarchy: hierarchy, shortening: down, upsampling: up,
                sequences: sequences
            ).output(x, length: length)
        case .pooling(let stacks, let boundaries):
            let parts = PoolingGraph(
                layers: layers, stacks: stacks, boundaries: boundaries, inputs: inputs)
            let output = try parts.output(x)
            rows = output.rows
            pooling = (parts, output)
        }
        logits = layers.linear(rows, "output", layout)
        if isTraining, let (parts, output) = pooling,
            let loss = parts.loss(output, logits: logits)
        {
            graph.addLoss(loss)
        }
        graph.addLoss(
            graph.crossEntropy(
                logits, targets: inputs.targets, weights: inputs.weights, total: inputs.total))
        table = pooling?.1.table
        self.inputs = inputs
        run = try GraphRun(graph, machine, isTraining: isTraining)
    }

    /// Copies windows into the graph; sequences without one count nothing.
    ///
    /// - Parameters:
    ///   - total: what the sum of losses is divided by.
    ///   - noise: logistic noise, in order; nil for the most probable boundaries.
    func load(_ windows: [CharacterWindow], total: Float, noise: (() -> Float)? = nil) {
        let length = inputs.length
        precondition(
            windows.count <= inputs.sequences, "CharacterGraph: got \(windows.count) windows")
        let (symbols, targets) = (run[inputs.symbols], run[inputs.targets])
        let (weights, cuts, noises) = (
            run[inputs.weights], run[inputs.boundaries], run[inputs.noise]
        )
        for sequence in 0..<inputs.sequences {
            let isThere = sequence < windows.count
            let window = windows[min(sequence, windows.count - 1)]
            for place in 0..<length {
                let row = sequence * length + place
                symbols[row] = window.symbols[window.symbols.startIndex + place]
                targets[row] = window.targets[window.targets.startIndex + place]
                weights[row] = isThere ? window.weight(place) : 0
                cuts[row] = isCut(window, place) ? 1 : 0
                noises[row] = noise?() ?? 0
            }
        }
        run[inputs.total][0] = total
    }

    private func isCut(_ window: CharacterWindow, _ place: Int) -> Bool {
        switch model.plan.boundaries {
        case .fixed(let k): place % k == 0
        case .whitespace:
            model.vocabulary.isSpace(window.symbols[window.symbols.startIndex + place])
        case .unigram:
            place < window.pieces.count && window.pieces[window.pieces.startIndex + place]
        case .entropy, .gumbel, nil: false
        }
    }

    /// Characters and boundaries of the last forward; nil when there are no segments.
    var segments: (characters: Int, boundaries: Int)? {
        guard let table else { return nil }
        return (
            inputs.sequences * inputs.length, table.layout.rows(run) - table.layout.sequences
        )
    }
}
