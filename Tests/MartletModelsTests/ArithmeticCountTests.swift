// What a prompt multiplies, counted by hand.

import MartletKernels
import Testing

@testable import MartletModels

@Suite struct ArithmeticCountTests {
    /// Two layers of 8 heads of 16 over a width of 64, one of them seeing 10 tokens; 2 KV heads, an MLP of 96, 50 words.
    private static func model(_ weights: WeightType) throws -> LanguageModel {
        var shape = DecoderShape(
            family: "llama", layerCount: 2, hiddenSize: 64, intermediateSize: 96, headCount: 8,
            keyValueHeadCount: 2, headDimension: 16, vocabularySize: 50, contextLength: 512,
            tiesEmbeddings: true, rotary: RotaryParameters(base: 10_000))
        shape.setWindows([nil, 10])
        return try LanguageModel(
            randomShape: shape, weights: weights, seed: 7, kernels: .selected(),
            pool: WorkerPool(threadCount: 1))
    }

    @Test func aPromptOfThirtyTokens() throws {
        // Queries, keys and values of all in both layers; output, gate, up, down of all in the first and of the last token in the
        // second.
        let inputs = 64 * (128 + 32 + 32)
        let others = 128 * 64 + 3 * 64 * 96
        // 1 + 2 + … + 30 in the first layer; 1 + … + 10 and then 10 for each of 20 in the second.
        let seen = 465 + 55 + 200
        let products = Double(30 * 2 * inputs + 31 * others + 50 * 64)
        let attention = Double(2 * seen * 128)
        let plain = try Self.model(.f32)
        #expect(
            plain.multiplications(prompt: 30, cache: .f32) == [.floats: products + attention])
        let pairs: ProductKind = plain.kernels.multipliesPairs ? .pairs : .floats
        #expect(
            try Self.model(.q8).multiplications(prompt: 30, cache: .f16) == [
                .bytes: products, pairs: attention,
            ])
        #expect(
            try Self.model(.q8).multiplications(prompt: 30, cache: .q4) == [
                .bytes: products + 1.5 * attention
            ])
    }
}
