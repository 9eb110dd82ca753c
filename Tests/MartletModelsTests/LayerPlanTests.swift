// Models whose layers differ: what runs is compared with plain float64, what does not is refused by name.

import MartletCache
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct LayerPlanTests {
    /// Three layers: full attention with a long base, a window with a short one, full without rotation.
    private static var mixed: DecoderShape {
        var shape = DecoderShape(
            family: "llama", layerCount: 3, hiddenSize: 40, intermediateSize: 56, headCount: 4,
            keyValueHeadCount: 2, headDimension: 16, vocabularySize: 67, contextLength: 512,
            tiesEmbeddings: true, layerWindows: [nil, 9, nil],
            rotary: RotaryParameters(base: 1_000_000))
        shape.layers[1].rotary = RotaryParameters(base: 100)
        shape.layers[2].rotary = nil
        return shape
    }

    private func load(_ shape: DecoderShape) throws -> LanguageModel {
        try LanguageModel(
            randomShape: shape, weights: .f32, seed: 3, kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 2))
    }

    private func logits(_ model: LanguageModel, _ tokens: [Int32], chunk: Int) throws -> [Float] {
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f32), budgetBytes: 1 << 20, plan: .dense,
            layerWindows: model.shape.layerWindows)
        let runner = try ModelRunner(model, maximumBatchTokens: 64, cache: cache)
        let id = cache.makeSequence()
        var rows: [Float] = []
        for start in stride(from: 0, to: tokens.count, by: chunk) {
            let part = Array(tokens[start..<min(tokens.count, start + chunk)])
            try cache.reserve([(id, part.count)])
            let slice = SequenceSlice(sequence: id, tokens: part, logits: .all)
            rows += try runner.forward(ForwardBatch(slices: [slice]), cache: cache)
        }
        return rows
    }

    @Test func layersRotateByTheirOwnBase() throws {
        let model = try load(Self.mixed)
        let tokens = (0..<41).map { Int32(($0 * 29 + 5) % 67) }
        let expected = PlainDecoder(model: model).logits(tokens).flatMap(\.self)
        for chunk in [41, 7, 1] {
            let got = try logits(model, tokens, chunk: chunk)
            let worst = zip(got, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
            #expect(got.count == expected.count && worst < 2e-4, "chunk \(chunk): \(worst)")
        }
    }

    @Test func aRotationOfOneLayerMatters() throws {
        var other = Self.mixed
        other.layers[1].rotary = RotaryParameters(base: 200)
        let tokens = (0..<20).map { Int32($0 * 3) }
        let first = try logits(load(Self.mixed), tokens, chunk: 20)
        #expect(try logits(load(other), tokens, chunk: 20) != first)
    }

    @Test func whatCannotRunIsRefusedByName() {
        func message(_ change: (inout LayerPlan) -> Void) -> String {
            var shape = Self.mixed
            change(&shape.layers[2])
            do {
                _ = try load(shape)
                return "nothing"
            } catch { return "\(error)" }
        }
        #expect(
            message { $0.mixing = .state("mamba2") }.contains(
                "layer 2 is a state (mamba2), expected attention over a cache"))
        #expect(
            message { $0.keyValueSource = 0 }.contains(
                "layer 2 is reading layer 0's keys and values, expected its own"))
        #expect(
            message { $0.headDimension = 8 }.contains(
                "layer 2 is 4 heads, 2 KV heads of 8, expected those of layer 0"))
        #expect(message { $0.keyValueHeadCount = 1 }.contains("layer 2 is 4 heads, 1 KV heads"))
    }

    /// Every tensor of a family's table is asked for, and no other.
    @Test(arguments: ModelRegistry.families.map(\.modelType))
    func theEngineBindsTheWholeTable(family: String) throws {
        var shape = Self.mixed
        shape.family = family
        shape.layers = shape.layers.map { layer in
            var layer = layer
            layer.keyValueHeadCount = 4
            return layer
        }
        shape.isPositionLearned = family == "gpt2"
        shape.tiesEmbeddings = false
        shape.hiddenSize = 64
        let plan = try ModelRegistry.family(named: family).plan(shape)
        let source = NameRecorder()
        _ = try Decoder(plan, weights: source)
        #expect(source.asked == Set(plan.tensors.map(\.name)))
        #expect(plan.tensors.map(\.count).reduce(0, +) == plan.parameterCount)
    }
}

/// Random weights that remember what they were asked for.
private final class NameRecorder: WeightSource {
    private let random = RandomWeights(type: .f32, seed: 1, pool: WorkerPool(threadCount: 1))
    private(set) var asked: Set<String> = []
    var type: WeightType? { .f32 }

    func contains(_ name: String) -> Bool { true }

    func vector(_ name: String, count: Int) throws(ModelError) -> WeightVector {
        asked.insert(name)
        return try random.vector(name, count: count)
    }

    func vectors(_ parts: [(name: String, count: Int)]) throws(ModelError) -> WeightVector {
        asked.formUnion(parts.map(\.name))
        return try random.vectors(parts)
    }

    func areStoredAlike(_ names: [String]) -> Bool { true }

    func matrices(_ parts: [MatrixPart], columns: Int, layout: PanelLayout, type: WeightType?)
        throws(ModelError) -> [PackedMatrix]
    {
        asked.formUnion(parts.map(\.name))
        return try random.matrices(parts, columns: columns, layout: layout, type: type)
    }

    func table(_ name: String, rows: Int, columns: Int) throws(ModelError) -> WeightVector {
        asked.insert(name)
        return try random.table(name, rows: rows, columns: columns)
    }

    func embedding(_ name: String, rows: Int, columns: Int) throws(ModelError) -> EmbeddingTable {
        asked.insert(name)
        return try random.embedding(name, rows: rows, columns: columns)
    }
}
