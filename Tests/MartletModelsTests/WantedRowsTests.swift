// Rows that are asked for have the same bits whether the others are, or not.

import MartletCache
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct WantedRowsTests {
    private static let wishes: [LogitsWanted] = [.last, .none, .all, .last, .none]

    private static func tokens(_ count: Int, _ seed: Int) -> [Int32] {
        (0..<count).map { Int32(($0 * 31 + seed * 17) % 131) }
    }

    /// Rows of logits of a step whose sequences want these, by sequence.
    private static func rows(
        _ model: LanguageModel, _ wishes: [LogitsWanted]
    ) throws -> [[Float]] {
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f32), budgetBytes: 16 << 20,
            layerWindows: model.shape.layerWindows)
        let runner = try ModelRunner(model, maximumBatchTokens: 128, cache: cache)
        let parts = [9, 40, 3, 33, 1].enumerated().map { index, count in
            (id: cache.makeSequence(), tokens: tokens(count, index))
        }
        try cache.reserve(parts.map { ($0.id, $0.tokens.count) })
        let logits = try runner.forward(
            ForwardBatch(
                slices: zip(parts, wishes).map {
                    SequenceSlice(sequence: $0.id, tokens: $0.tokens, logits: $1)
                }), cache: cache)
        var (next, all) = (0, [[Float]]())
        for (part, wish) in zip(parts, wishes) {
            let count = wish == .none ? 0 : wish == .last ? 1 : part.tokens.count
            let size = count * model.shape.vocabularySize
            all.append(Array(logits[next..<next + size]))
            next += size
        }
        #expect(next == logits.count)
        // What comes after it reads what all of them have written.
        try cache.reserve(parts.map { ($0.id, 1) })
        let after = try runner.forward(
            ForwardBatch(
                slices: parts.map { SequenceSlice(sequence: $0.id, tokens: [7], logits: .last) }),
            cache: cache)
        return all + [Array(after)]
    }

    @Test(arguments: WeightType.allCases, [("llama", 2), ("gpt_neox", 6), ("phi3", 3)])
    func aRowHasTheSameBits(weights: WeightType, family: (name: String, keyValueHeads: Int)) throws
    {
        let shape = DecoderShape(
            family: family.name, layerCount: 3, hiddenSize: 72, intermediateSize: 100, headCount: 6,
            keyValueHeadCount: family.keyValueHeads, headDimension: 12,
            vocabularySize: 131, contextLength: 8192, tiesEmbeddings: true,
            layerWindows: [nil, 24, nil], rotary: RotaryParameters(base: 10_000))
        for threads in [1, 2] {
            let model = try LanguageModel(
                randomShape: shape, weights: weights, seed: 7, kernels: .selected(),
                pool: WorkerPool(threadCount: threads))
            let vocabulary = model.shape.vocabularySize
            let wanted = try Self.rows(model, Self.wishes)
            let all = try Self.rows(
                model, Self.wishes.map { _ in .all })
            for (index, wish) in Self.wishes.enumerated() {
                switch wish {
                case .none: #expect(wanted[index].isEmpty)
                case .last: #expect(wanted[index] == Array(all[index].suffix(vocabulary)))
                case .all: #expect(wanted[index] == all[index])
                }
            }
            #expect(wanted.last == all.last)
        }
    }
}
