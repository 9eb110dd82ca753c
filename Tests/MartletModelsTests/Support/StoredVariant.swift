// Golden checkpoints with other configurations, tensors or names, for tests of what loading refuses.

import Foundation
import MartletFormats
import MartletKernels

@testable import MartletModels

/// A golden checkpoint with changes, in a folder that is removed with it.
final class StoredVariant {
    let folder: String

    /// - Parameters:
    ///   - golden: the checkpoint to start from.
    ///   - changes: keys of `config.json` to set.
    ///   - without: keys of `config.json` to leave out.
    ///   - rename: the name to store a tensor under; nil leaves it out.
    ///   - more: further tensors.
    init(
        _ golden: String, in goldens: String = GoldenCase.folder,
        setting changes: [String: JSONValue] = [:], without: Set<String> = [],
        more: [TensorToWrite] = [], rename: (String) -> String? = { $0 }
    ) throws {
        folder = FileManager.default.temporaryDirectory.path + "/martlet-variant-\(UUID())"
        let stored = try Checkpoint(directory: goldens + "/" + golden)
        var configuration = JSONObject(
            stored.configuration.root.members.filter { !without.contains($0.key) })
        for (key, value) in changes { configuration = configuration.setting(key, to: value) }
        var tensors = more
        // Masks that older exporters stored are no floats.
        for entry in stored.tensors.entries where TensorEntry.floatTypes.contains(entry.dtype) {
            guard let name = rename(entry.name) else { continue }
            tensors.append(
                TensorToWrite(name: name, shape: entry.shape, floats: try entry.floats()))
        }
        try CheckpointWriter(directory: folder).write(
            configuration: configuration, tensors: tensors)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func load() throws -> LanguageModel {
        try LanguageModel(
            Checkpoint(directory: folder), weights: .f32, kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 1))
    }

    /// The sentence with which loading is refused.
    func refusal() -> String {
        do {
            _ = try load()
            return "nothing"
        } catch { return "\(error)" }
    }
}
