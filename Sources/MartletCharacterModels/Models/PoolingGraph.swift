// Shortening by segments of any length: boundaries, pooling, and the losses of a predictor.
// This file knows who sets boundaries; it refuses to know how text is cut into windows.

import MartletKernels
import MartletTraining

/// h = pre(x); s = LN(means of h's segments); post(spread(mid(s)) + h) (2211.09761, section 3.1).
struct PoolingGraph {
    let layers: StackGraph
    let stacks: [Int]
    let boundaries: CharacterModelPlan.Boundaries
    let inputs: CharacterInputs
    private var graph: Graph { layers.graph }

    struct Output {
        let rows: Value
        let table: SegmentTable
        /// The predictor's logits and what it decided.
        let predicted: (logits: Value, boundaries: Value)?
    }

    func output(_ x: Value) throws(TrainingError) -> Output {
        let layout = RowLayout(sequences: inputs.sequences, length: inputs.length)
        let whole = StackGraph.Resolution(layout: layout, factor: 1)
        let hidden = try layers.stack(x, 0, layers: stacks[0], at: whole)
        var cuts = inputs.boundaries
        var predicted: (logits: Value, boundaries: Value)?
        if boundaries.isPredicted {
            let inner = graph.gelu(
                layers.linear(hidden, "boundary.in", layout), isApproximate: false)
            let logits = layers.linear(inner, "boundary.out", layout)
            var noise: Value?
            if case .gumbel = boundaries { noise = inputs.noise }
            cuts = graph.boundaries(logits, noise: noise)
            predicted = (logits, cuts)
        }
        let table = graph.segments(cuts, sequences: inputs.sequences, length: inputs.length)
        let short = StackGraph.Resolution(layout: table.layout, factor: 1)
        let pooled = layers.norm(
            graph.segmentMeans(
                hidden, null: layers.parameter(CharacterLayout.null), boundaries: cuts, table),
            "pool.norm", table.layout)
        let middle = try layers.stack(pooled, 1, layers: stacks[1], at: short)
        let sum = graph.add(graph.spreadSegments(middle, table), hidden)
        return Output(
            rows: try layers.stack(sum, 2, layers: stacks[2], at: whole), table: table,
            predicted: predicted)
    }

    /// What trains the predictor; nil when there is none.
    func loss(_ output: Output, logits: Value) -> Value? {
        guard let predicted = output.predicted else { return nil }
        switch boundaries {
        case .fixed, .whitespace: return nil
        case .unigram:
            return graph.binaryCrossEntropy(predicted.logits, targets: inputs.boundaries)
        case .entropy:
            return graph.binaryCrossEntropy(
                predicted.logits, targets: graph.entropySpikes(logits, length: inputs.length))
        case .gumbel(let prior):
            return graph.binomialPrior(predicted.boundaries, prior: prior, length: inputs.length)
        }
    }
}
