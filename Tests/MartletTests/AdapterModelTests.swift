/// A model under a low-rank adapter, through the front door, against the same model with merged weights.

import Foundation
import Martlet
import MartletFormats
import Testing

@Suite struct AdapterModelTests {
    private static let golden = URL(filePath: #filePath).appending(
        path: "../../MartletModelsTests/Goldens"
    ).standardizedFileURL.path

    private static let tokens: [Int32] = [1, 7, 3, 9, 2, 11, 5]

    private func values(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float((($0 * 37 + seed * 11) % 101) - 50) / 128 }
    }

    private func logprobs(_ path: String, adapter: String? = nil) async throws -> [Float?] {
        var options = ModelOptions()
        options.adapter = adapter
        options.threads = 2
        let loaded = try await LoadedModel.load(path, options: options)
        let result = try await loaded.score(Self.tokens, topCount: 0, budgetBytes: nil)
        return result.logprobs
    }

    @Test(arguments: [("llama-mqa", false), ("llama-bf16", false), ("gpt2-untied", true)])
    func anAdapterIsAsIfItsWeightsWereMerged(name: String, isTransposed: Bool) async throws {
        let base = try Checkpoint(directory: Self.golden + "/" + name)
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "martlet-adapter-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let (adapter, merged) = (folder.path + "/adapter", folder.path + "/merged")
        for path in [adapter, merged] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        // Every matrix of the layers gets an update of rank 3, scaled by 2.
        let rank = 3
        var pairs: [TensorToWrite] = []
        var weights: [TensorToWrite] = []
        for entry in base.tensors.entries where TensorEntry.floatTypes.contains(entry.dtype) {
            var numbers = try entry.floats()
            let isOfLayer = entry.name.contains("layers.") || entry.name.contains("h.")
            if entry.shape.count == 2, isOfLayer {
                let seed = pairs.count
                let (rows, columns) = (entry.shape[0], entry.shape[1])
                let (outputs, inputs) = isTransposed ? (columns, rows) : (rows, columns)
                let (a, b) = (values(rank * inputs, seed), values(outputs * rank, seed + 1))
                let module = "base_model.model.\(entry.name.dropLast(".weight".count))"
                pairs += [
                    TensorToWrite(
                        name: module + ".lora_A.weight", shape: [rank, inputs], floats: a),
                    TensorToWrite(
                        name: module + ".lora_B.weight", shape: [outputs, rank], floats: b),
                ]
                for index in numbers.indices {
                    let (row, column) = (index / columns, index % columns)
                    let (output, input) = isTransposed ? (column, row) : (row, column)
                    var sum: Float = 0
                    for k in 0..<rank { sum += b[output * rank + k] * a[k * inputs + input] }
                    numbers[index] += 2 * sum
                }
            }
            weights.append(
                TensorToWrite(name: entry.name, shape: entry.shape, floats: numbers))
        }
        #expect(pairs.count >= 8)
        try SafetensorsWriter.write(weights, to: merged + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: base.directory + "/config.json", toPath: merged + "/config.json")
        try SafetensorsWriter.write(pairs, to: adapter + "/adapter_model.safetensors")
        try Data(
            #"{"peft_type": "LORA", "r": 3, "lora_alpha": 6, "fan_in_fan_out": \#(isTransposed)}"#
                .utf8
        ).write(to: URL(filePath: adapter + "/adapter_config.json"))
        let found = try await logprobs(base.directory, adapter: adapter)
        #expect(try await found == logprobs(merged))
        #expect(try await found != logprobs(base.directory))
    }

    @Test func anAdapterNeedsAModelThatWasTrained() async throws {
        let error = await #expect(throws: MartletError.self) {
            try await logprobs("random:tiny", adapter: "nothing")
        }
        #expect(error?.code == .invalidParameter)
        let other = await #expect(throws: MartletError.self) {
            try await logprobs(Self.golden + "/llama-mqa", adapter: "/nowhere/adapter")
        }
        #expect(other?.code == .fileNotFound)
    }

    @Test func aModelThatWasNotPulledSaysHow() async throws {
        let error = await #expect(throws: MartletError.self) {
            try await logprobs("nobody-9f3c/nothing-at-all")
        }
        #expect(error?.code == .fileNotFound)
        #expect(error?.message.contains("martlet pull nobody-9f3c/nothing-at-all") == true)
        let path = await #expect(throws: MartletError.self) { try await logprobs("./a/b") }
        #expect(path?.message.contains("pull") == false)
    }
}
