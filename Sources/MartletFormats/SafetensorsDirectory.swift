/// The tensors of a directory in the Hugging Face layout: one safetensors file, or several with an index.

/// Open safetensors files as one source of tensors.
package final class SafetensorsDirectory: TensorSource {
    /// The single file, or the directory of several.
    package let path: String
    /// The mapped files.
    package let files: [MappedFile]
    /// The tensors of the files that the index names, or those of the single file.
    package let entries: [TensorEntry]
    package var storesOutputsFirst: Bool { false }
    private let positions: [String: Int]

    static let weightsName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    /// Maps the weights of `directory` and checks every header.
    ///
    /// - Throws: ``FormatError`` when the weights are missing or malformed.
    package init(_ directory: String) throws(FormatError) {
        let weights = try Self.openWeights(directory)
        path = weights.files.count == 1 ? weights.files[0].path : directory
        files = weights.files.map(\.file)
        entries = weights.entries
        var positions: [String: Int] = [:]
        for (position, entry) in entries.enumerated() { positions[entry.name] = position }
        for (position, entry) in entries.enumerated() {
            let name = Self.plainName(entry.name)
            guard name != entry.name else { continue }
            if let other = positions.updateValue(position, forKey: name) {
                throw .duplicateTensor(
                    tensor: name, files: [entries[other], entry].map(\.file.path))
            }
        }
        self.positions = positions
    }

    /// A tensor's name without what `torch.compile` puts into it: a compiled model is stored under longer names.
    package static func plainName(_ name: String) -> String {
        let mark = "_orig_mod."
        return name.contains(mark) ? name.replacing(mark, with: "") : name
    }

    /// Whether there is a tensor called `name`.
    package func contains(_ name: String) -> Bool { positions[name] != nil }

    /// The tensor called `name`; one of 8-bit integers comes with its scales (``BlockIntegers``).
    package func find(_ name: String) throws(FormatError) -> TensorEntry? {
        guard let entry = stored(name) else { return nil }
        return try BlockIntegers.attached(to: entry, find: stored)
    }

    private func stored(_ name: String) -> TensorEntry? { positions[name].map { entries[$0] } }
}
