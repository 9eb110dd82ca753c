// Two small trained models, when they are present beside the checkout: greedy ids and logits.

import Foundation
import MartletCache
import MartletPolicies
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

private let models = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("shared/data/models").path

private func isPresent(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: models + "/\(name)/model.safetensors")
}

@Suite struct RealModelTests {
    @Test(arguments: ["stories260K", "bytegpt-950K"].filter(isPresent))
    func greedyIdsAreThoseOfTheReference(name: String) throws {
        let folder = models + "/" + name
        let model = try LanguageModel(
            Checkpoint(directory: folder), kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 2))
        let goldens = try #require(
            JSONValue.parse(contentsOf: folder + "/golden.json").arrayValue)
        #expect(!goldens.isEmpty)
        for golden in goldens {
            let object = try #require(golden.objectValue)
            func ids(_ key: String) throws -> [Int32] {
                try #require(object[key]?.arrayValue).compactMap { $0.intValue.map(Int32.init) }
            }
            let (prompt, expected) = (try ids("prompt_ids"), try ids("greedy_ids"))
            let cache = try KVCache(
                shape: model.cacheShape(codec: .f32), budgetBytes: 32 << 20, policy: .dense)
            let runner = try ModelRunner(model, cache: cache)
            let id = cache.makeSequence()
            var tokens = prompt
            var pending = prompt
            while tokens.count < expected.count {
                try cache.reserve([(id, pending.count)])
                let logits = try runner.forward(
                    ForwardBatch(slices: [
                        SequenceSlice(sequence: id, tokens: pending, logits: .last)
                    ]), cache: cache)
                if tokens.count == prompt.count,
                    let reference = object["last_prompt_logits"]?.arrayValue
                {
                    for (got, want) in zip(logits, reference.compactMap(\.doubleValue)) {
                        #expect(abs(Double(got) - want) < 2e-4)
                    }
                }
                let next = Int32(try #require(model.kernels.argmax(logits)))
                tokens.append(next)
                pending = [next]
            }
            #expect(tokens == expected, "\(name)")
        }
    }
}
