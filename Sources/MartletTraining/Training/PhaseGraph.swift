// The graph of one phase of a run, and how a batch gets into it.

/// A runnable graph for batches of one size.
public final class PhaseGraph {
    let run: GraphRun
    let batch: BatchInputs
    /// The model's logits; nil where the loss takes them block by block.
    let logits: Value?
    /// Sets what depends on the step: noise, targets of compression. (step, micro-batch, progress)
    let prepare: (Int, Int, Double) -> Void
    /// Figures of the last micro-batch beside the loss.
    let metrics: () -> [(name: String, value: Double)]
    /// Reference seconds of one forward and backward, and of a forward alone.
    let trainingSeconds: Double
    let forwardSeconds: Double

    init(
        run: GraphRun, batch: BatchInputs, logits: Value? = nil,
        prepare: @escaping (Int, Int, Double) -> Void = { _, _, _ in },
        metrics: @escaping () -> [(name: String, value: Double)] = { [] }
    ) {
        self.run = run
        self.batch = batch
        self.logits = logits
        self.prepare = prepare
        self.metrics = metrics
        trainingSeconds = ReferenceSystem.trainingSeconds(run.graph)
        forwardSeconds = ReferenceSystem.forwardSeconds(run.graph)
    }

    /// Copies rows into the graph's inputs.
    func load(_ rows: ArraySlice<PackedRow>, total: Float) {
        precondition(rows.count == batch.sequences, "PhaseGraph: got \(rows.count) rows")
        func copy(_ integers: Integers, _ part: (PackedRow) -> [Int32]) {
            let out = run.elements(integers)
            for (place, row) in rows.enumerated() {
                for (index, value) in part(row).enumerated() {
                    out[place * batch.length + index] = value
                }
            }
        }
        copy(batch.tokens) { $0.tokens }
        copy(batch.positions) { $0.positions }
        copy(batch.starts) { $0.starts }
        copy(batch.targets) { $0.targets }
        let (weights, real) = (run.elements(batch.weights), run.elements(batch.real))
        for (place, row) in rows.enumerated() {
            for (index, value) in row.weights.enumerated() {
                weights[place * batch.length + index] = value
                real[place * batch.length + index] = index < row.filled ? 1 : 0
            }
        }
        run.elements(batch.total)[0] = max(total, 1e-6)
    }

    /// A graph that predicts the next token: the loss is the mean cross-entropy in nats.
    static func languageModel(
        _ model: TrainableModel, _ phase: RunLength.Phase, machine: TrainingMachine,
        isTraining: Bool = true, layers: [Int]? = nil,
        recomputingAbove most: Int = GraphRun.mostActivationBytes
    ) throws(TrainingError) -> PhaseGraph {
        let graph = Graph()
        let batch = BatchInputs(graph, sequences: phase.sequences, length: phase.length)
        let rotations = DecoderGraph.rotations(model, positions: phase.length)
        var decoder = DecoderGraph(graph, model, batch, rotations: rotations)
        decoder.layers = layers
        let logits = decoder.logits()
        graph.addLoss(
            graph.crossEntropy(
                logits, targets: batch.targets, weights: batch.weights, total: batch.total))
        graph.keep(logits)
        let run = try GraphRun(
            graph, machine, isTraining: isTraining, recomputingAbove: most)
        return PhaseGraph(run: run, batch: batch, logits: logits)
    }
}
