// Every family against transformers: log-probabilities over 200 positions, by prefill and by decode.

import Foundation
import MartletCache
import MartletPolicies
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

/// One golden checkpoint and what transformers computed from it.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let name: String
    let tolerance: Float
    var testDescription: String { name }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Goldens").path

    /// The cases of the manifest; a missing file is found by `manifestIsComplete`.
    static let all: [GoldenCase] = {
        guard let manifest = try? ConfigurationFile(path: folder + "/manifest.json"),
            let cases = try? manifest.object("cases")
        else { return [] }
        return cases.root.members.map { member in
            let tolerance = member.value.objectValue?["tolerance"]?.doubleValue ?? 2e-4
            return GoldenCase(name: member.key, tolerance: Float(tolerance))
        }
    }()

    func load(_ set: InstructionSet, threads: Int = 1) throws -> LanguageModel {
        let checkpoint = try Checkpoint(directory: Self.folder + "/" + name)
        // Blocks are multiplied with activations of 8 bits; their numbers are what goldens were made of.
        let hasBlocks = checkpoint.tensors.entries.contains { $0.dtype == .u8 }
        return try LanguageModel(
            checkpoint, weights: hasBlocks ? .f32 : nil, kernels: KernelSet(set),
            pool: WorkerPool(threadCount: threads))
    }

    func golden() throws -> (tokens: [Int32], logprobs: [Float]) {
        let file = try SafetensorsFile(path: Self.folder + "/\(name)/golden.safetensors")
        let tokens = try #require(file["tokens"])
        let ids = tokens.bytes.bindMemory(to: Int32.self)
        return (Array(ids), try #require(file["logprobs"]).floats())
    }
}

/// Runs tokens through a model in chunks and returns the log-probabilities of every row.
func logProbabilities(
    _ model: LanguageModel, _ tokens: [Int32], chunk: Int, codec: CacheCodec = .f32,
    policy: CachePolicy = .dense
) throws -> [Float] {
    let cache = try KVCache(
        shape: model.cacheShape(codec: codec), budgetBytes: 64 << 20, policy: policy,
        layerWindows: model.shape.layerWindows)
    let runner = try ModelRunner(model, maximumBatchTokens: max(1, chunk), cache: cache)
    let id = cache.makeSequence()
    var result: [Float] = []
    for start in stride(from: 0, to: tokens.count, by: chunk) {
        let part = Array(tokens[start..<min(tokens.count, start + chunk)])
        try cache.reserve([(id, part.count)])
        let logits = try runner.forward(
            ForwardBatch(slices: [SequenceSlice(sequence: id, tokens: part, logits: .all)]),
            cache: cache)
        for row in 0..<part.count {
            result += logSoftmax(
                Array(
                    logits[
                        row * model.shape.vocabularySize..<(row + 1) * model.shape.vocabularySize]))
        }
    }
    try cache.checkIntegrity()
    return result
}

func logSoftmax(_ logits: [Float]) -> [Float] {
    let top = Double(logits.max() ?? 0)
    let sum = logits.reduce(0.0) { $0 + exp(Double($1) - top) }
    return logits.map { Float(Double($0) - top - log(sum)) }
}

@Suite struct GoldenTests {
    @Test func manifestIsComplete() throws {
        #expect(GoldenCase.all.count >= 20)
        for golden in GoldenCase.all {
            let folder = GoldenCase.folder + "/" + golden.name
            #expect(FileManager.default.fileExists(atPath: folder + "/config.json"), "\(folder)")
            #expect(
                FileManager.default.fileExists(atPath: folder + "/golden.safetensors"), "\(folder)")
        }
    }

    @Test(arguments: GoldenCase.all, [200, 64, 1])
    func agreesWithTransformers(_ golden: GoldenCase, chunk: Int) throws {
        let set = try InstructionSet.selected()
        let (tokens, expected) = try golden.golden()
        let got = try logProbabilities(golden.load(set), tokens, chunk: chunk)
        #expect(got.count == expected.count)
        let worst = zip(got, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= golden.tolerance, "largest difference \(worst)")
    }

    @Test(arguments: InstructionSet.available)
    func agreesOnEveryInstructionSet(_ set: InstructionSet) throws {
        for golden in GoldenCase.all {
            let (tokens, expected) = try golden.golden()
            let got = try logProbabilities(golden.load(set), Array(tokens.prefix(70)), chunk: 33)
            let worst = zip(got, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst <= golden.tolerance, "\(golden.name): largest difference \(worst)")
        }
    }
}
