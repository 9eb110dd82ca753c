// Layers of experts: no bit depends on the batch, and only what is chosen counts as read.

import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

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

    /// Sequences in one step, and their next tokens, have the bits that each has alone.
    @Test(arguments: [WeightType.f32, .bf16, .q8, .q4], [plain, shared])
    func neighboursChangeNoBit(weights: WeightType, experts: ExpertShape) throws {
        let family = experts.sharedWidth > 0 ? "qwen2_moe" : "qwen3_moe"
        let run = try PolicyRun(
            "dense", model: Self.model(family, experts, weights: weights, threads: 2))
        let prompts = (0..<9).map { randomTokens(1 + 7 * $0, seed: UInt64($0)) }
        let alone = try prompts.map { try run.decode($0, [5, 6], chunk: 1024).rows }
        let ids = prompts.map { _ in run.cache.makeSequence() }
        for step in 0..<3 {
            let bits = try run.step(
                ids.indices.map {
                    SequenceSlice(
                        sequence: ids[$0], tokens: step == 0 ? prompts[$0] : [Int32(4 + step)],
                        logits: .last, isDecode: step > 0, completesPrompt: step == 0)
                })
            for index in ids.indices {
                let row = Array(bits[index * 131..<(index + 1) * 131])
                #expect(row == alone[index][step], "step \(step), sequence \(index)")
            }
        }
    }

    /// Every policy with a bounded budget: chunks and threads change neither a bit nor what is held.
    @Test(arguments: PolicyExample.all) func policiesDoNotSeeExperts(_ example: PolicyExample)
        throws
    {
        let budgets = ["budget=40, sinks=3, recent=2", "budget=40, recent=2", "budget=40", ""]
        let policy = example.text(budgets.first(where: example.accepts) ?? "ratio=0.5")
        let (prompt, following) = (randomTokens(110, seed: 3), randomTokens(6, seed: 4))
        func run(_ threads: Int) throws -> PolicyRun {
            let run = try PolicyRun(
                policy,
                model: Self.model("qwen2_moe", Self.shared, weights: .f32, threads: threads))
            run.cache.sentenceTokens = Set(0..<16)
            return run
        }
        let expected = try run(1).decode(prompt, following, chunk: 1024)
        let got = try run(2).decode(prompt, following, chunk: 13)
        #expect(got.rows == expected.rows, "\(policy)")
        #expect(got.held == expected.held, "\(policy)")
        let isFinite = got.rows.joined().allSatisfy { Float(bitPattern: $0).isFinite }
        #expect(isFinite)
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
