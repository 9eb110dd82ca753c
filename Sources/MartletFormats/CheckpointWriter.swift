/// Writing a model directory so that one with a `config.json` is always complete.

package import MartletJSON

/// Writes a configuration and tensors as a model directory in the Hugging Face layout.
///
/// Every file appears under its final name complete; `config.json` is the last one, and the first
/// to go when a checkpoint is replaced. A directory without it is unfinished and may be written
/// again.
package struct CheckpointWriter {
    /// The directory; it is created when it is missing.
    package let directory: String
    /// Weights of more bytes are split into shards of at most this many (a larger tensor has a
    /// shard of its own).
    package let maximumShardBytes: Int

    /// A writer to `directory`.
    package init(directory: String, maximumShardBytes: Int = 5_000_000_000) {
        precondition(
            maximumShardBytes > 0,
            "CheckpointWriter: got \(maximumShardBytes) bytes for a shard, expected more than 0")
        self.directory = directory
        self.maximumShardBytes = maximumShardBytes
    }

    /// Writes the weights, then the index if there are several files, then the configuration.
    ///
    /// Tensors may come out of the checkpoint that is being replaced. Other files, such as the
    /// tokenizer's, are left alone.
    /// - Parameters:
    ///   - configuration: the content of `config.json`.
    ///   - tensors: the tensors, with distinct names.
    ///   - replacing: whether a complete checkpoint that is already there is replaced.
    /// - Returns: the names of the files written, in that order.
    /// - Throws: ``FormatError``, or what a tensor's source throws.
    @discardableResult
    package func write(
        configuration: JSONObject, tensors: [TensorToWrite], replacing: Bool = false
    ) throws -> [String] {
        try FileSystem.createDirectory(directory)
        let configurationPath = path(Checkpoint.configurationName)
        if FileSystem.kind(of: configurationPath) != .nothing {
            guard replacing else { throw FormatError.alreadyExists(path: directory) }
            try FileSystem.remove(configurationPath)
        }
        try FileSystem.remove(path(SafetensorsDirectory.indexName))
        let shards = try plan(tensors)
        var written: [String] = []
        var weightMap: [JSONObject.Member] = []
        for (position, shard) in shards.enumerated() {
            let name =
                shards.count == 1
                ? SafetensorsDirectory.weightsName : shardName(position + 1, of: shards.count)
            try SafetensorsWriter.write(shard, metadata: [("format", "pt")], to: path(name))
            written.append(name)
            weightMap += shard.map { .init(key: $0.name, value: .string(name)) }
        }
        try removeStaleWeights(keeping: written)
        if shards.count > 1 {
            let total = try totalBytes(tensors)
            weightMap.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            let index = JSONObject([
                .init(key: "metadata", value: ["total_size": .integer(total)]),
                .init(key: "weight_map", value: .object(JSONObject(weightMap))),
            ])
            try AtomicFile.write(
                JSONValue.object(index).serialized(indentation: 2),
                to: path(SafetensorsDirectory.indexName))
            written.append(SafetensorsDirectory.indexName)
        }
        try AtomicFile.write(
            JSONValue.object(configuration).serialized(indentation: 2), to: configurationPath)
        written.append(Checkpoint.configurationName)
        return written
    }

    /// Fills shards in the order given, which keeps the tensors of a layer together.
    private func plan(_ tensors: [TensorToWrite]) throws(FormatError) -> [[TensorToWrite]] {
        var names: Set<String> = []
        var shards: [[TensorToWrite]] = [[]]
        var filled = 0
        for tensor in tensors {
            // Checked here too: a name twice in different shards would pass each shard's own check.
            guard names.insert(tensor.name).inserted else {
                throw FormatError.malformedTensor(
                    file: directory, tensor: tensor.name, field: "name to write",
                    got: "there twice", expected: "a name of its own")
            }
            let size = try SafetensorsWriter.byteCount(tensor, path: directory)
            if filled > 0, size > maximumShardBytes - filled {
                shards.append([])
                filled = 0
            }
            shards[shards.count - 1].append(tensor)
            filled += size
        }
        return shards
    }

    private func totalBytes(_ tensors: [TensorToWrite]) throws(FormatError) -> Int {
        var total = 0
        for tensor in tensors {
            total += try SafetensorsWriter.byteCount(tensor, path: directory)
        }
        return total
    }

    /// A single file wins over an index, so that one left from before would hide the new weights.
    private func removeStaleWeights(keeping written: [String]) throws(FormatError) {
        for name in FileSystem.names(in: directory)
        where name == SafetensorsDirectory.weightsName || isShardName(name) {
            if !written.contains(name) { try FileSystem.remove(path(name)) }
        }
    }

    private func shardName(_ number: Int, of count: Int) -> String {
        func padded(_ value: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        }
        return "model-\(padded(number))-of-\(padded(count)).safetensors"
    }

    private func isShardName(_ name: String) -> Bool {
        name.wholeMatch(of: /model-[0-9]{5,}-of-[0-9]{5,}\.safetensors/) != nil
    }

    private func path(_ name: String) -> String {
        FileSystem.join(directory, name)
    }
}
