// Policies whose scores need the model's weights or the whole prompt, against kvpress on the same checkpoints.

import Foundation
import MartletCache
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

@Suite struct KVPressScoringTests {
    /// What kvpress chose, in the files of its later methods.
    struct Golden: Sendable, CustomTestStringConvertible {
        let model: String
        let policy: String
        let length: Int
        var testDescription: String { "\(model), \(length) tokens, \(policy)" }

        static func file(_ model: String) throws -> SafetensorsFile {
            try SafetensorsFile(path: PressGolden.folder + "/\(model).methods.safetensors")
        }

        static let all: [Golden] = PressGolden.models.flatMap { model -> [Golden] in
            guard let file = try? file(model) else { return [] }
            return file.entries.compactMap { entry in
                let parts = entry.name.split(separator: "|").map(String.init)
                guard parts.count == 3, parts[2] == "kept", let length = Int(parts[1]),
                    methods.contains(where: { parts[0].hasPrefix($0 + "(") })
                else { return nil }
                return Golden(model: model, policy: parts[0], length: length)
            }
        }
    }

    static let methods = ["criticalkv", "kvzip", "compactor"]

    /// For each model, length and ratio, but for those that rounding decides.
    @Test(arguments: [
        ("criticalkv", 3 * 3 * 3 * 4 - 3), ("kvzip", 3 * 3 * 3 - 1), ("compactor", 3 * 3 * 3 * 2),
    ])
    func goldensAreComplete(method: String, count: Int) {
        #expect(Golden.all.count { $0.policy.hasPrefix(method + "(") } == count)
    }

    /// The projections that Compactor's goldens were made with.
    @Test(arguments: PressGolden.models) func sketchesAreTheGoldens(model: String) throws {
        let tensor = try #require(try Golden.file(model)["compactor(sketch=8, seed=7)|sketch"])
        let expected = try tensor.floats()
        let (tables, dimension) = (tensor.shape[0] * tensor.shape[1], tensor.shape[2])
        let sketch = GaussianSketch(columns: 8, seed: 7)
        let got = (0..<tables).flatMap { sketch.projection(stream: $0, dimension: dimension) }
        #expect(got.count == expected.count)
        #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    /// Exactly the same positions in every head, and log-probabilities within 1e-3 afterwards. Computed in chunks
    /// of 100, which no choice may depend on.
    @Test(arguments: Golden.all) func keepsWhatKVPressKeeps(_ golden: Golden) throws {
        let file = try Golden.file(golden.model)
        let key = "\(golden.policy)|\(golden.length)|"
        let tokens = Array(try #require(file["tokens"]).bytes.bindMemory(to: Int32.self))
        let marks = Array(try #require(file[key + "kept"]).bytes)
        let model = try LanguageModel(
            Checkpoint(directory: GoldenCase.folder + "/" + golden.model), weights: .f32,
            kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 1))
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f32), budgetBytes: 16 << 20,
            policy: CachePolicy(PressGolden.stated(golden.policy)),
            layerWindows: model.shape.layerWindows)
        cache.repeatInstruction = RepeatInstruction(first: [5, 6, 7], later: [5, 9], suffix: [8])
        let runner = try ModelRunner(model, maximumBatchTokens: 100, cache: cache)
        let id = cache.makeSequence()
        func logits(_ part: Range<Int>, isPrompt: Bool) throws -> [Float] {
            try cache.reserve([(id, part.count)])
            return Array(
                try runner.forward(
                    ForwardBatch(slices: [
                        SequenceSlice(
                            sequence: id, tokens: Array(tokens[part]), logits: .last,
                            isDecode: !isPrompt,
                            completesPrompt: isPrompt && part.upperBound == golden.length)
                    ]), cache: cache))
        }
        for start in stride(from: 0, to: golden.length, by: 100) {
            _ = try logits(start..<min(golden.length, start + 100), isPrompt: true)
        }
        try cache.checkIntegrity()

        let heads = cache.shape.keyValueHeadCount
        for table in 0..<cache.shape.tableCount {
            let base = table * golden.length
            let expected = (0..<golden.length).filter { marks[base + $0] == 1 }
            let got = cache.heldPositions(id, layer: table / heads, head: table % heads).sorted()
            #expect(got == expected, "layer \(table / heads), head \(table % heads)")
        }
        guard let rows = try file[key + "logprobs"]?.floats() else { return }
        for step in 0..<rows.count / model.shape.vocabularySize {
            let position = golden.length + step
            let logits = try logits(position..<position + 1, isPrompt: false)
            let largest = logits.max() ?? 0
            let sum = logits.reduce(0.0) { $0 + exp(Double($1 - largest)) }
            for (index, logit) in logits.enumerated() {
                let got = Float(Double(logit - largest) - log(sum))
                #expect(abs(got - rows[step * logits.count + index]) < 1e-3)
            }
        }
    }
}
