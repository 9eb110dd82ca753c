// The training form and the engine are one model: the same logits, the same tokens kept.

import Foundation
import MartletCache
import MartletPolicies
import MartletFormats
import MartletKernels
import MartletModels
import Testing

@testable import MartletTraining

@Suite struct EngineParityTests {
    static let count = 24
    static let tokens: [Int32] = (0..<count).map { Int32(($0 * 17 + 5) % 61) }

    /// Logits of every place, from a directory, by the engine.
    static func engineLogits(
        _ directory: String, _ tokens: [Int32], policy: CachePolicy = .dense
    ) throws -> (logits: [Float], live: LiveTokens) {
        let model = try LanguageModel(
            try Checkpoint(directory: directory), weights: .f32, kernels: try KernelSet.selected(),
            pool: WorkerPool(threadCount: 1))
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f32), budgetBytes: 64 << 20, policy: policy)
        let runner = try ModelRunner(model, maximumBatchTokens: 64, cache: cache)
        let sequence = cache.makeSequence()
        try cache.reserve([(sequence, tokens.count)])
        let slice = SequenceSlice(
            sequence: sequence, tokens: tokens, logits: .all, completesPrompt: true)
        let rows = try runner.forward(ForwardBatch(slices: [slice]), cache: cache)
        return (Array(rows), cache.liveTokens(of: sequence))
    }

    /// Logits of every place in training form.
    static func trainingLogits(
        _ graph: PhaseGraph, _ tokens: [Int32], vocabulary: Int
    ) -> [Float] {
        for (index, token) in tokens.enumerated() {
            graph.run.elements(graph.batch.tokens)[index] = token
            graph.run.elements(graph.batch.positions)[index] = Int32(index)
            graph.run.elements(graph.batch.weights)[index] = 1
            graph.run.elements(graph.batch.real)[index] = 1
        }
        graph.run.elements(graph.batch.total)[0] = Float(tokens.count)
        graph.run.forward()
        guard let logits = graph.logits else { return [] }
        return Array(graph.run.elements(logits)[0..<tokens.count * vocabulary])
    }

    static func worst(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test(arguments: ModelGoldenTests.families)
    func logitsAgree(family: String) throws {
        let directory = try Golden(family).directory
        let model = try TrainableModel(try Checkpoint(directory: directory))
        let phase = RunLength.Phase(until: 1, sequences: 1, length: Self.count, accumulation: 1)
        let graph = try PhaseGraph.languageModel(
            model, phase, machine: try TrainingMachine(threads: 2), isTraining: false)
        let ours = Self.trainingLogits(graph, Self.tokens, vocabulary: 61)
        let engine = try Self.engineLogits(directory, Self.tokens)
        #expect(Self.worst(ours, engine.logits) < 2e-4)
    }

    /// A retrofitted checkpoint, loaded by the engine, keeps exactly what training counted and says the same.
    @Test(arguments: RetrofitPlan.Method.allCases, [RetrofitPlan.Source.adapter, .channel])
    func retrofittedModelsAgree(method: RetrofitPlan.Method, source: RetrofitPlan.Source) throws {
        guard method == .dms || source == .channel else { return }
        let golden = try Golden("qwen3").directory
        var plan = RetrofitPlan()
        (plan.method, plan.source, plan.trainsBase) = (method, source, true)
        plan.decisions.window = method == .dms ? 5 : 4
        (plan.decisions.scale, plan.decisions.offset) = (8, 0.2)
        let checkpoint = try Checkpoint(directory: golden)
        let model = try TrainableModel(
            checkpoint, configuration: plan.configuration(checkpoint.configuration.root))
        // Heads that mark about half of the tokens.
        var random = CounterRandom(seed: 3)
        for parameter in model.parameters.all where parameter.name.contains("dms_proj_alpha.weight")
        {
            for index in 0..<parameter.count { parameter.values[index] = random.signedUnit() }
        }
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "retrofit-\(UInt32.random(in: 0...UInt32.max))").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try model.write(to: folder, tokenizer: nil, weights: .f32)
        let phase = RunLength.Phase(until: 1, sequences: 1, length: Self.count, accumulation: 1)
        let hard = try HardRetrofitGraph(
            model, plan: plan, phase: phase, machine: try TrainingMachine(threads: 1))
        let ours = Self.trainingLogits(hard.phase, Self.tokens, vocabulary: 61)
        let policy = try CachePolicy(method.rawValue)
        let engine = try Self.engineLogits(folder, Self.tokens, policy: policy)
        #expect(Self.worst(ours, engine.logits) < 2e-4)
        var row = PackedRow(length: Self.count, padding: 0)
        let example = TrainingExample(
            tokens: Self.tokens + [0], weights: [Float](repeating: 1, count: Self.count + 1))
        row.append(example)
        let shape = model.plan.shape
        var count = LiveCount(layers: shape.layerCount, heads: shape.keyValueHeadCount)
        for layer in 0..<shape.layerCount {
            count.add(
                row, layer: layer, bits: hard.bits(layer, sequence: 0),
                window: method == .dms ? plan.decisions.window : 0, shift: 1)
        }
        var kept = 0
        for layer in 0..<shape.layerCount {
            for head in 0..<shape.keyValueHeadCount {
                #expect(engine.live[layer, head] == count.live[layer][head])
                kept += count.live[layer][head]
            }
        }
        #expect(kept < Self.count * shape.layerCount * shape.keyValueHeadCount)
    }
}
