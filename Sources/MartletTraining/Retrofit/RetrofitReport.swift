// What a retrofitted model keeps and what that costs, on data it has not seen.

import Foundation
import MartletFormats
import MartletKernels
import MartletModels
import MartletPictures

/// Loss and compression of a retrofitted model with hard decisions, beside the dense model on the same data.
public struct RetrofitReport: Sendable {
    /// Mean cross-entropy in nats of the dense model (its teacher, or itself before).
    public private(set) var denseLoss = 0.0
    /// Of the compressed model.
    public private(set) var loss = 0.0
    /// Tokens measured.
    public private(set) var tokens = 0
    /// For each layer and KV head, tokens of all documents over the slots that are left of them after the
    /// last: what the cache holds, windows included.
    public private(set) var ratios: [[Double]] = []
    /// For each layer and KV head, tokens over tokens that are not marked: the decisions alone.
    public private(set) var decisionRatios: [[Double]] = []
    /// Tokens over slots, of all heads together.
    public private(set) var ratio = 1.0
    /// Tokens over tokens not marked, of all heads together.
    public private(set) var decisionRatio = 1.0
    /// Cache tokens read over those that the dense model reads, over whole documents.
    public private(set) var readShare = 1.0

    init(
        model: TrainableModel, teacher: TrainableModel, plan: RetrofitPlan, phase: RunLength.Phase,
        rows: [PackedRow], machine: TrainingMachine
    ) throws(TrainingError) {
        let dense = try PhaseGraph.dense(teacher, phase, machine: machine)
        let hard = try HardRetrofitGraph(model, plan: plan, phase: phase, machine: machine)
        let shape = model.plan.shape
        var count = LiveCount(layers: shape.layerCount, heads: shape.keyValueHeadCount)
        var weight = 0.0
        for start in stride(from: 0, to: rows.count, by: phase.sequences) {
            let batch = rows[start..<start + phase.sequences]
            let total = batch.reduce(Float(0)) { $0 + $1.weights.reduce(0, +) }
            guard total > 0 else { continue }
            dense.load(batch, total: total)
            dense.run.forward()
            hard.phase.load(batch, total: total)
            hard.forward()
            denseLoss += Double(dense.run.loss) * Double(total)
            loss += Double(hard.phase.run.loss) * Double(total)
            weight += Double(total)
            for (place, row) in batch.enumerated() {
                for layer in 0..<shape.layerCount {
                    count.add(
                        row, layer: layer, bits: hard.bits(layer, sequence: place),
                        window: plan.method == .dms ? plan.decisions.maskWindow : 0,
                        shift: plan.decisions.timing == .late ? plan.decisions.window : 1)
                }
            }
        }
        denseLoss /= max(weight, 1)
        loss /= max(weight, 1)
        tokens = count.tokens / max(1, shape.layerCount)
        ratios = count.ratios(count.live)
        decisionRatios = count.ratios(count.unmarked)
        ratio = count.ratio(count.live)
        decisionRatio = count.ratio(count.unmarked)
        readShare = count.readShare
    }

    /// ``ratios`` as an SVG picture, a cell for each layer and KV head.
    public var picture: String {
        HeatMap(
            title: "tokens a slot (all heads: \(String(format: "%.1f", ratio)))", rowName: "layer",
            columnName: "KV head", values: ratios
        ).svg
    }
}

extension PhaseGraph {
    /// The mean cross-entropy of a model without compression, and no logits.
    fileprivate static func dense(
        _ model: TrainableModel, _ phase: RunLength.Phase, machine: TrainingMachine
    ) throws(TrainingError) -> PhaseGraph {
        let graph = Graph()
        let batch = BatchInputs(graph, sequences: phase.sequences, length: phase.length)
        let (rows, head) = DecoderGraph(
            graph, model, batch,
            rotations: DecoderGraph.rotations(model, positions: phase.length)
        ).rowsAndHead()
        graph.addLoss(
            graph.headLoss(
                rows, head: head, target: .tokens(batch.targets), weights: batch.weights,
                total: batch.total, learns: false))
        return PhaseGraph(
            run: try GraphRun(graph, machine, isTraining: false), batch: batch)
    }
}

/// Slots that decisions leave, counted as the cache would.
struct LiveCount {
    private(set) var live: [[Int]]
    private(set) var unmarked: [[Int]]
    private(set) var tokens = 0
    private var reads = 0
    private var denseReads = 0

    init(layers: Int, heads: Int) {
        live = [[Int]](repeating: [Int](repeating: 0, count: heads), count: layers)
        unmarked = live
    }

    /// Adds one row's documents in one layer. A token is gone for queries more than `window` after it when
    /// the token `shift` after it, in its document, was marked.
    mutating func add(_ row: PackedRow, layer: Int, bits: [Float], window: Int, shift: Int) {
        let heads = live[layer].count
        var start = 0
        while start < row.filled {
            var end = start + 1
            while end < row.filled, Int(row.starts[end]) == start { end += 1 }
            tokens += end - start
            for head in 0..<heads {
                for token in start..<end {
                    if bits[token * heads + head] == 0 { unmarked[layer][head] += 1 }
                    let isEvicted = token + shift < end && bits[(token + shift) * heads + head] != 0
                    // It is seen by queries up to this one.
                    let last = isEvicted ? min(end - 1, token + window) : end - 1
                    // Left is what a next token would see.
                    if !isEvicted || token + window >= end { live[layer][head] += 1 }
                    reads += last - token + 1
                    denseReads += end - token
                }
            }
            start = end
        }
    }

    private var layerTokens: Int { tokens / max(1, live.count) }

    func ratios(_ counts: [[Int]]) -> [[Double]] {
        counts.map { $0.map { Double(layerTokens) / Double(max(1, $0)) } }
    }

    func ratio(_ counts: [[Int]]) -> Double {
        let sum = counts.reduce(0) { $0 + $1.reduce(0, +) }
        let heads = counts.reduce(0) { $0 + $1.count }
        return Double(layerTokens * heads) / Double(max(1, sum))
    }

    var readShare: Double { Double(reads) / Double(max(1, denseReads)) }
}

/// The student with hard decisions and no noise, as inference runs it.
final class HardRetrofitGraph {
    let phase: PhaseGraph
    private let bitValues: [Value]

    init(
        _ model: TrainableModel, plan: RetrofitPlan, phase size: RunLength.Phase,
        machine: TrainingMachine
    ) throws(TrainingError) {
        let graph = Graph()
        let batch = BatchInputs(graph, sequences: size.sequences, length: size.length)
        let rotations = DecoderGraph.rotations(model, positions: size.length)
        var decisions = plan.decisions
        // So cold that sigmoids are steps.
        decisions.temperature = 1e-6
        let variant = plan.variant(graph, model, batch, decisions)
        let (rows, head) = DecoderGraph(
            graph, model, batch, rotations: rotations, variant: variant, lowRank: model.lowRank
        ).rowsAndHead()
        graph.addLoss(
            graph.headLoss(
                rows, head: head, target: .tokens(batch.targets), weights: batch.weights,
                total: batch.total, learns: false))
        for value in variant.bits { graph.keep(value) }
        let run = try GraphRun(graph, machine, isTraining: false)
        phase = PhaseGraph(run: run, batch: batch)
        bitValues = variant.bits
        // Given values begin as zeros: no noise, and nothing left of a borrowed channel.
        if let fade = variant.fade { run.elements(fade)[0] = 0 }
    }

    func forward() { phase.run.forward() }

    /// Bits of one sequence in one layer, token after token.
    func bits(_ layer: Int, sequence: Int) -> [Float] {
        let values = phase.run.elements(bitValues[layer])
        let count = phase.batch.length * phase.run.graph.shape(bitValues[layer]).columns
        return Array(values[sequence * count..<(sequence + 1) * count])
    }
}
