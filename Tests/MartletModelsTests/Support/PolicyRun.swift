// A small random model under a cache policy, for tests of policies.

import MartletCache
import MartletPolicies
import MartletKernels
import Testing

@testable import MartletModels

/// A random model under a policy, and what it does.
final class PolicyRun {
    let model: LanguageModel
    let cache: KVCache
    let runner: ModelRunner

    /// - Parameters:
    ///   - given: the model; nil for a random one.
    ///   - last: a stage behind those of the policy, which sees what these leave.
    init(
        _ policy: String, codec: CacheCodec = .f16, threads: Int = 1, budgetBytes: Int = 8 << 20,
        model given: LanguageModel? = nil, last: StageMaker? = nil
    ) throws {
        let shape = DecoderShape(
            family: "llama", layerCount: 3, hiddenSize: 48, intermediateSize: 80, headCount: 6,
            keyValueHeadCount: 2, headDimension: 16, vocabularySize: 131, contextLength: 4096,
            tiesEmbeddings: true, layerWindows: [nil, nil, nil],
            rotary: RotaryParameters(base: 10_000))
        model =
            try given
            ?? LanguageModel(
                randomShape: shape, weights: .f32, seed: 5, kernels: KernelSet.selected(),
                pool: WorkerPool(threadCount: threads))
        let cacheShape = model.cacheShape(codec: codec)
        let plan = try CachePolicy(policy).plan(for: cacheShape)
        cache = try KVCache(
            shape: cacheShape, budgetBytes: budgetBytes,
            plan: CachePlan(traits: plan.traits, makers: plan.makers + (last.map { [$0] } ?? [])),
            layerWindows: model.shape.layerWindows)
        runner = try ModelRunner(model, maximumBatchTokens: 1024, cache: cache)
    }

    func step(_ slices: [SequenceSlice]) throws -> [UInt32] {
        try cache.reserve(slices.map { ($0.sequence, $0.tokens.count) })
        return try runner.forward(ForwardBatch(slices: slices), cache: cache).map(\.bitPattern)
    }

    /// Computes a prompt in chunks and decodes what follows; bits of all rows, and what is held.
    func decode(
        _ prompt: [Int32], _ following: [Int32], chunk: Int
    ) throws -> (rows: [[UInt32]], held: [[Int]]) {
        let id = cache.makeSequence()
        defer { cache.release(id) }
        var rows: [[UInt32]] = []
        var start = 0
        while start < prompt.count {
            var end = min(prompt.count, start + chunk)
            if let piece = cache.promptPiece {
                end = min(end, start + piece - start % piece)
            }
            rows.append(
                try step([
                    SequenceSlice(
                        sequence: id, tokens: Array(prompt[start..<end]), logits: .last,
                        completesPrompt: end == prompt.count)
                ]))
            start = end
        }
        rows = rows.suffix(1)
        for token in following {
            rows.append(
                try step([
                    SequenceSlice(sequence: id, tokens: [token], logits: .last, isDecode: true)
                ]))
            try cache.checkIntegrity()
        }
        let (layers, heads) = (model.shape.layerCount, model.shape.keyValueHeadCount)
        let held = (0..<layers * heads).map {
            cache.heldPositions(id, layer: $0 / heads, head: $0 % heads).sorted()
        }
        return (rows, held)
    }
}

func randomTokens(_ count: Int, seed: UInt64) -> [Int32] {
    var random = CounterRandom(seed: seed)
    return (0..<count).map { _ in Int32(random.next() % 131) }
}
