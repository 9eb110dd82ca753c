// Layers of experts: no bit depends on the batch, and only what is chosen counts as read.

import MartletCache
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct RoutedExpertsTests {
    /// Two layers of experts around one with an MLP; no width is a multiple of a block or a panel.
    private static func model(
        _ family: String, _ experts: ExpertShape, weights: WeightType, threads: Int
    ) throws -> LanguageModel {
        var shape = DecoderShape(
            family: family, layerCount: 3, hiddenSize: 72, intermediateSize: 100, headCount: 6,
            keyValueHeadCount: 2, headDimension: 22, vocabularySize: 131, contextLength: 8192,
            tiesEmbeddings: true, rotary: RotaryParameters(base: 10_000))
        for layer in [0, 2] { shape.layers[layer].experts = experts }
        return try LanguageModel(
            randomShape: shape, weights: weights, seed: 7, kernels: .selected(),
            pool: WorkerPool(threadCount: threads))
    }

    private static let plain = ExpertShape(
        count: 7, perToken: 3, width: 44, weighting: .softmaxOfAll(renormalises: true))
    private static let shared = ExpertShape(
        count: 5, perToken: 2, width: 44, sharedWidth: 52,
        weighting: .softmaxOfAll(renormalises: false))

    @Test(arguments: WeightType.allCases, [("qwen3_moe", plain), ("qwen2_moe", shared)])
    func chunksAndThreadsChangeNoBit(
        weights: WeightType, kind: (family: String, experts: ExpertShape)
    ) throws {
        let tokens = (0..<90).map { Int32(($0 * 37 + 11) % 131) }
        let model = try Self.model(kind.family, kind.experts, weights: weights, threads: 1)
        let expected = try logProbabilities(model, tokens, chunk: 90)
        let isFinite = expected.allSatisfy { $0.isFinite }
        #expect(isFinite)
        for (threads, chunk) in [(1, 1), (2, 1), (2, 7), (2, 90)] {
            let other = try Self.model(
                kind.family, kind.experts, weights: weights, threads: threads)
            let got = try logProbabilities(other, tokens, chunk: chunk)
            #expect(got == expected, "\(threads) threads, chunk \(chunk)")
        }
    }

    @Test func onlyChosenExpertsAreRead() throws {
        let model = try Self.model("qwen3_moe", Self.plain, weights: .f32, threads: 1)
        let expert = 3 * 44 * 72
        #expect(model.parameterCount - model.activeParameterCount == 2 * 4 * expert)
        #expect(model.weightBytes - model.activeWeightBytes == 2 * 4 * expert * 4)
        #expect(model.weightBytes(rows: 1) == model.activeWeightBytes)
        #expect(model.weightBytes(rows: 64) > model.weightBytes(rows: 2))
    }
}
