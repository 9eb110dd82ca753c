// A step that stops between two layers, lets others run, and goes on, has the bits of one that did not stop.

import MartletCache
import MartletKernels
import MartletPolicies
import Testing

@testable import MartletModels

@Suite struct PausingTests {
    private static let layers = 5

    private static func shape(family: String) -> DecoderShape {
        DecoderShape(
            family: family, layerCount: layers, hiddenSize: 72, intermediateSize: 100, headCount: 6,
            keyValueHeadCount: 2, headDimension: 22, vocabularySize: 131, contextLength: 8192,
            tiesEmbeddings: true, layerWindows: [nil, 24, nil, 24, nil],
            rotary: RotaryParameters(base: 10_000))
    }

    private static func tokens(_ count: Int, _ seed: Int) -> [Int32] {
        (0..<count).map { Int32(($0 * 31 + seed * 17) % 131) }
    }

    private static func slices(_ sequences: [(SequenceID, [Int32])]) -> ForwardBatch {
        ForwardBatch(
            slices: sequences.map { SequenceSlice(sequence: $0.0, tokens: $0.1, logits: .all) })
    }

    private static func array(_ rows: UnsafeBufferPointer<Float>) -> [Float] { Array(rows) }

    @Test(
        arguments: WeightType.allCases.map { ($0, CacheCodec.f32) }
            + CacheCodec.allCases.map { (WeightType.f32, $0) })
    func aStoppedStepHasTheSameBits(weights: WeightType, codec: CacheCodec) throws {
        let model = try LanguageModel(
            randomShape: Self.shape(family: "llama"), weights: weights, seed: 7,
            kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 2))
        func run(stoppingBefore stops: Set<Int>) throws -> (rows: [Float], others: [Float]) {
            let cache = try KVCache(
                shape: model.cacheShape(codec: codec), budgetBytes: 16 << 20,
                layerWindows: model.shape.layerWindows)
            let runner = try ModelRunner(model, maximumBatchTokens: 64, cache: cache)
            let (first, second, third) = (
                cache.makeSequence(), cache.makeSequence(), cache.makeSequence()
            )
            // A chunk that is complete, then one beside a short prompt that stops.
            try cache.reserve([(first, 30)])
            _ = try runner.forward(Self.slices([(first, Self.tokens(30, 1))]), cache: cache)
            let batch = [(first, Self.tokens(41, 2)), (second, Self.tokens(7, 3))]
            try cache.reserve(batch.map { ($0.0, $0.1.count) })
            var layer = 0
            func pauses() -> Bool {
                layer += 1
                return stops.contains(layer)
            }
            var others: [Float] = []
            var rows = try runner.forward(Self.slices(batch), cache: cache, pausing: pauses)
                .map(Self.array)
            while rows == nil {
                let other = Self.tokens(11, others.count)
                try cache.reserve([(third, other.count)])
                others += Self.array(
                    try runner.forward(Self.slices([(third, other)]), cache: cache))
                rows = try runner.resume(cache: cache, pausing: pauses).map(Self.array)
            }
            // What comes after it reads the pages that it wrote.
            try cache.reserve([(first, 1)])
            let last = Self.array(
                try runner.forward(Self.slices([(first, [5])]), cache: cache))
            try cache.checkIntegrity()
            #expect(others.count == stops.count * 11 * 131)
            return (try #require(rows) + last, others)
        }
        let whole = try run(stoppingBefore: [])
        for layer in 1..<Self.layers {
            #expect(try run(stoppingBefore: [layer]).rows == whole.rows, "before layer \(layer)")
        }
        #expect(try run(stoppingBefore: [1, 2, 4]).rows == whole.rows)
    }

    /// A step that is forgotten leaves nothing behind.
    @Test func aForgottenStepIsComputedAgain() throws {
        let model = try LanguageModel(
            randomShape: Self.shape(family: "llama"), weights: .f32, seed: 7,
            kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 1))
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f16), budgetBytes: 16 << 20,
            layerWindows: model.shape.layerWindows)
        let runner = try ModelRunner(model, maximumBatchTokens: 64, cache: cache)
        let (first, second) = (cache.makeSequence(), cache.makeSequence())
        try cache.reserve([(first, 40), (second, 40)])
        let text = Self.tokens(40, 4)
        #expect(
            try runner.forward(Self.slices([(first, text)]), cache: cache, pausing: { true }) == nil
        )
        runner.abandon()
        let again = Self.array(try runner.forward(Self.slices([(first, text)]), cache: cache))
        let alone = Self.array(try runner.forward(Self.slices([(second, text)]), cache: cache))
        #expect(again == alone)
    }

    @Test func stagesKeepAStepTogether() throws {
        let model = try LanguageModel(
            randomShape: Self.shape(family: "llama"), weights: .f32, seed: 7,
            kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 1))
        for (policy, expected) in [
            ("dense", true), ("window(sinks=0, recent=64)", true),
            ("window(sinks=4, recent=64)", false),
        ] {
            let cache = try KVCache(
                shape: model.cacheShape(codec: .f16), budgetBytes: 16 << 20,
                policy: CachePolicy(policy), layerWindows: model.shape.layerWindows)
            let runner = try ModelRunner(model, maximumBatchTokens: 64, cache: cache)
            #expect(runner.canPause(cache) == expected)
        }
    }
}
