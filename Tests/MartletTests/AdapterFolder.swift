// Adapters of a model, made for a test.

import Foundation
import MartletFormats
import MartletKernels
import MartletModels

@testable import Martlet

/// Adapters `a` (rank 3, every matrix of the layers) and `b` (rank 20, some) of a model.
final class AdapterFolder {
    let path = FileManager.default.temporaryDirectory.path + "/martlet-live-\(UUID())"
    let base: String

    private static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "MartletModelsTests").path

    private static func values(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float((($0 * 37 + seed * 11) % 101) - 50) / 256 }
    }

    /// Writes an adapter as a retrofit does, with heads that mark about half of all tokens.
    func writeHeads(_ name: String, window: Int, seed: UInt64, digest: String? = nil) throws {
        let folder = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let checkpoint = try Checkpoint(directory: base)
        let plan = try DecoderPlan.read(checkpoint)
        var random = CounterRandom(seed: seed)
        var tensors: [TensorToWrite] = []
        for layer in plan.shape.layers.indices {
            for role in [TensorRole.marks, .marksNorm] {
                let (rows, columns) = (
                    role == .marks ? plan.shape.keyValueHeadCount : 1, plan.shape.hiddenSize
                )
                let values = (0..<rows * columns).map { _ in
                    role == .marks ? Float(random.normal()) : 1
                }
                tensors.append(
                    TensorToWrite(
                        name: plan.name(plan.table[role], layer: layer) + ".weight",
                        shape: role == .marks ? [rows, columns] : [columns], floats: values))
            }
        }
        try SafetensorsWriter.write(tensors, to: folder + "/adapter_model.safetensors")
        let card = AdapterCard.json(
            base: ("a model", try digest ?? checkpoint.tensors.weightsDigest()),
            eviction: JSONObject([
                .init(key: "method", value: "dms"), .init(key: "window", value: .integer(window)),
                .init(key: "scale", value: 1), .init(key: "offset", value: 0),
            ]), ratio: (2, 1.9), rank: 0, modules: [],
            training: JSONObject([.init(key: "steps", value: 7)]))
        try Data(card.serialized()).write(
            to: URL(filePath: folder + "/" + AdapterCard.name))
    }

    /// - Parameter model: a golden's folder, or `builtin`.
    init(_ model: String) throws {
        base = try model == "builtin" ? BuiltinModel.dense.directory() : Self.goldens + "/" + model
        try write("a", rank: 3) { _ in true }
        try write("b", rank: 20) { !$0.contains("gate") && !$0.contains("o_proj") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(
        _ name: String, rank: Int, configuration: String = "", _ takes: (String) -> Bool
    ) throws {
        let folder = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let checkpoint = try Checkpoint(directory: base)
        let isTransposed = checkpoint.configuration.contains("n_embd")
        var tensors: [TensorToWrite] = []
        for entry in checkpoint.tensors.entries
        where entry.shape.count == 2 && entry.name.hasSuffix(".weight") && takes(entry.name)
            && (entry.name.contains("layers.") || entry.name.contains("h."))
        {
            let shape = isTransposed ? entry.shape.reversed() : entry.shape
            let module = "base_model.model.\(entry.name.dropLast(7))"
            for (part, shape) in [("A", [rank, shape[1]]), ("B", [shape[0], rank])] {
                tensors.append(
                    TensorToWrite(
                        name: module + ".lora_\(part).weight", shape: shape,
                        floats: Self.values(
                            shape[0] * shape[1], tensors.count + rank)))
            }
        }
        try SafetensorsWriter.write(tensors, to: folder + "/adapter_model.safetensors")
        let text =
            #"{"peft_type": "LORA", "r": \#(rank), "lora_alpha": 4, "fan_in_fan_out": \#(isTransposed)\#(configuration)}"#
        try Data(text.utf8).write(to: URL(filePath: folder + "/adapter_config.json"))
    }

    func model(
        live: [String] = [], merged: String? = nil, policy: String = "dense",
        memory: Int? = nil
    ) async throws -> Model {
        try await Model.load(
            base, options: options(live: live, merged: merged, policy: policy, memory: memory),
            costs: CostStore(file: nil))
    }

    func options(
        live: [String] = [], merged: String? = nil, policy: String = "dense", memory: Int? = nil
    ) -> ModelOptions {
        var options = ModelOptions()
        options.threads = 2
        options.cachePolicy = policy
        options.adapter = merged.map { path + "/" + $0 }
        options.adapters = Dictionary(
            uniqueKeysWithValues: live.map { ($0, path + "/" + $0) })
        options.memoryBudget = memory
        return options
    }
}
