/// The paper's cost of a prompt and of a step, for the shapes of Qwen2.5.

import Testing

@testable import MartletEvaluation
@testable import MartletModels

@Suite struct SparseAttentionCostTests {
    private static func shape(
        _ layers: Int, _ hidden: Int, _ heads: Int, _ groups: Int, _ inner: Int
    )
        -> DecoderShape
    {
        DecoderShape(
            family: "qwen2", hiddenSize: hidden, intermediateSize: inner, vocabularySize: 152_064,
            contextLength: 131_072, tiesEmbeddings: false, isPositionLearned: false,
            layers: [LayerPlan](
                repeating: LayerPlan(
                    mixing: .full, rotary: nil, headCount: heads, keyValueHeadCount: groups,
                    headDimension: 128), count: layers))
    }

    private static let lengths: [Double] = [16_384, 32_768, 65_536, 131_072]

    @Test(arguments: [
        (shape(28, 3584, 28, 4, 18_944), [0.319, 0.483, 0.652, 0.789], [1.34, 1.63, 2.09, 2.71]),
        (shape(48, 5120, 40, 8, 13_824), [0.367, 0.537, 0.698, 0.822], [1.42, 1.75, 2.27, 2.92]),
        (shape(64, 5120, 40, 8, 27_648), [0.252, 0.403, 0.575, 0.730], [1.25, 1.48, 1.85, 2.40]),
        (shape(80, 8192, 64, 8, 29_568), [0.232, 0.377, 0.547, 0.707], [1.23, 1.43, 1.78, 2.30]),
    ])
    func promptsOfThePaper(shape: DecoderShape, shares: [Double], gains: [Double]) {
        let cost = SparseAttentionCost(shape)
        for (length, (share, gain)) in zip(Self.lengths, zip(shares, gains)) {
            let dense = cost.prefill(length: length, density: 1)
            #expect(abs(cost.denseAttention(length: length) / dense - share) < 0.001)
            #expect(
                abs(dense / cost.prefill(length: length, density: 0.2) - gain) < 0.006)
        }
    }

    @Test(arguments: [
        (shape(28, 3584, 28, 4, 18_944), [0.06, 0.33, 0.33, 0.80, 0.80, 0.97]),
        (shape(48, 5120, 40, 8, 13_824), [0.09, 0.45, 0.45, 0.87, 0.87, 0.98]),
        (shape(80, 8192, 64, 8, 29_568), [0.03, 0.21, 0.21, 0.68, 0.68, 0.94]),
    ])
    func stepsOfThePaper(shape: DecoderShape, shares: [Double]) {
        let cost = SparseAttentionCost(shape)
        for (index, batch) in [1.0, 8, 64].enumerated() {
            for (end, length) in [16_384.0, 131_072].enumerated() {
                let share =
                    batch * cost.cache(length)
                    / cost.decode(length: length, density: 1, batch: batch)
                #expect(abs(share - shares[2 * index + end]) < 0.006)
            }
        }
        let dense = cost.cache(16_384)
        #expect(abs(cost.questIndexing(length: 16_384, page: 16) / dense - 1.0 / 16) < 1e-12)
    }
}
