// Which tokens compressing policies keep, and what follows, against kvpress on the same checkpoints.

import Foundation
import MartletCache
import MartletPolicies
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

/// What kvpress chose on one checkpoint; see tools/fixtures/make_kvpress_goldens.py.
struct PressGolden: Sendable, CustomTestStringConvertible {
    let model: String
    let policy: String
    let length: Int
    var testDescription: String { "\(model), \(length) tokens, \(policy)" }

    /// kvpress protects its constants whatever the budget, so here they are stated.
    static func stated(_ policy: String) -> String {
        ["expected(": "sinks=4, ", "kvzip(": "sinks=4, ", "compactor(": "sinks=8, recent=4, "]
            .reduce(policy) { $0.replacingOccurrences(of: $1.key, with: $1.key + $1.value) }
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("KVPressGoldens").path
    static let models = ["llama-gqa-wide-heads", "llama-mha-biases", "qwen3-untied"]

    static func file(_ model: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: folder + "/\(model).safetensors")
    }

    static let all: [PressGolden] = models.flatMap { model -> [PressGolden] in
        guard let file = try? file(model) else { return [] }
        return file.entries.compactMap { entry in
            let parts = entry.name.split(separator: "|").map(String.init)
            guard parts.count == 3, parts[2] == "kept", let length = Int(parts[1]) else {
                return nil
            }
            return PressGolden(model: model, policy: parts[0], length: length)
        }
    }
}

@Suite struct KVPressTests {
    @Test func goldensAreComplete() {
        #expect(PressGolden.all.count == 3 * 3 * 3 * 14)
    }

    /// The policy; DuoAttention's gates are in the golden and go to a file.
    private func policy(
        _ golden: PressGolden, _ file: SafetensorsFile, _ shape: DecoderShape
    ) throws -> CachePolicy {
        guard golden.policy.hasPrefix("duo(") else {
            return try CachePolicy(PressGolden.stated(golden.policy))
        }
        let gates = try #require(file["gates"]).floats()
        let lines = (0..<shape.layerCount).map { layer in
            (0..<shape.keyValueHeadCount).map { "\(gates[layer * shape.keyValueHeadCount + $0])" }
                .joined(separator: "\t")
        }
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("gates-\(UUID().uuidString).tsv")
        defer { try? FileManager.default.removeItem(at: path) }
        try lines.joined(separator: "\n").write(to: path, atomically: true, encoding: .utf8)
        return try CachePolicy(
            golden.policy.replacingOccurrences(of: "duo(", with: "duo(gates=\"\(path.path)\", "))
    }

    /// The same positions in every head, ties aside, and log-probabilities within 1e-3 afterwards. Computed
    /// in chunks of 100, which no choice may depend on.
    @Test(arguments: PressGolden.all) func keepsWhatKVPressKeeps(_ golden: PressGolden) throws {
        let file = try PressGolden.file(golden.model)
        let key = "\(golden.policy)|\(golden.length)|"
        let tokens = Array(try #require(file["tokens"]).bytes.bindMemory(to: Int32.self))
        let marks = Array(try #require(file[key + "kept"]).bytes)
        let scores = try file[key + "scores"]?.floats()

        let model = try LanguageModel(
            Checkpoint(directory: GoldenCase.folder + "/" + golden.model), weights: .f32,
            kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 1))
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f32), budgetBytes: 16 << 20,
            policy: try policy(golden, file, model.shape), layerWindows: model.shape.layerWindows)
        cache.repeatInstruction = RepeatInstruction(first: [5, 6, 7], later: [5, 9], suffix: [8])
        let runner = try ModelRunner(model, maximumBatchTokens: 100, cache: cache)
        let id = cache.makeSequence()
        for start in stride(from: 0, to: golden.length, by: 100) {
            let end = min(golden.length, start + 100)
            try cache.reserve([(id, end - start)])
            _ = try runner.forward(
                ForwardBatch(slices: [
                    SequenceSlice(
                        sequence: id, tokens: Array(tokens[start..<end]), logits: .none,
                        completesPrompt: end == golden.length)
                ]), cache: cache)
        }
        try cache.checkIntegrity()

        var isEqual = true
        for layer in 0..<cache.shape.layerCount {
            for head in 0..<cache.shape.keyValueHeadCount {
                let base = (layer * cache.shape.keyValueHeadCount + head) * golden.length
                let expected = Set((0..<golden.length).filter { marks[base + $0] == 1 })
                let got = Set(cache.heldPositions(id, layer: layer, head: head))
                guard got != expected else { continue }
                isEqual = false
                // Only tokens that kvpress itself scored alike, up to a rounding, may be exchanged.
                let differing = got.symmetricDifference(expected).sorted()
                let ranks = scores.map { scores in differing.map { scores[base + $0] } } ?? []
                let (low, high) = (ranks.min() ?? 0, ranks.max() ?? .infinity)
                #expect(
                    got.count == expected.count && high - low <= 1e-5 * abs(high),
                    "layer \(layer), head \(head): \(differing)")
            }
        }
        guard isEqual, let rows = try file[key + "logprobs"]?.floats() else { return }
        var worst: Float = 0
        for step in 0..<rows.count / model.shape.vocabularySize {
            try cache.reserve([(id, 1)])
            let logits = Array(
                try runner.forward(
                    ForwardBatch(slices: [
                        SequenceSlice(
                            sequence: id, tokens: [tokens[golden.length + step]], logits: .last,
                            isDecode: true)
                    ]), cache: cache))
            let largest = logits.max() ?? 0
            let sum = logits.reduce(0.0) { $0 + exp(Double($1 - largest)) }
            for (index, logit) in logits.enumerated() {
                let got = Float(Double(logit - largest) - log(sum))
                worst = max(worst, abs(got - rows[step * logits.count + index]))
            }
        }
        #expect(worst < 1e-3, "\(worst)")
    }
}
