/// Finding a directory's weight files, and the sentences for directories that have none we read.

import MartletJSON

extension SafetensorsDirectory {
    struct Weights {
        var files: [SafetensorsFile] = []
        var entries: [TensorEntry] = []
    }

    /// Opens `model.safetensors`, or else the shards of the index; the single file wins, as it does
    /// for transformers.
    static func openWeights(_ directory: String) throws(FormatError) -> Weights {
        let single = FileSystem.join(directory, weightsName)
        if FileSystem.kind(of: single) != .nothing {
            let file = try SafetensorsFile(path: single)
            return Weights(files: [file], entries: file.entries)
        }
        let index = FileSystem.join(directory, indexName)
        guard FileSystem.kind(of: index) != .nothing else {
            throw unreadableWeights(directory)
        }
        return try openShards(directory, index: index)
    }

    private static func openShards(
        _ directory: String, index: String
    ) throws(FormatError) -> Weights {
        let map = try ConfigurationFile(path: index).object("weight_map")
        var wanted: [String: String] = [:]
        var shardNames: Set<String> = []
        for member in map.root.members {
            guard let shard = member.value.stringValue, isPlainName(shard) else {
                throw FormatError.malformedIndex(
                    file: index, entry: member.key, got: member.value.summary,
                    expected: "the name of a .safetensors file in the same directory")
            }
            guard wanted.updateValue(shard, forKey: member.key) == nil else {
                throw FormatError.malformedIndex(
                    file: index, entry: member.key, got: "there twice", expected: "there once")
            }
            shardNames.insert(shard)
        }
        guard !shardNames.isEmpty else {
            throw FormatError.malformedIndex(
                file: index, entry: "weight_map", got: "empty", expected: "at least one tensor")
        }
        var weights = Weights()
        var holder: [String: Int] = [:]
        var missing: Set<String> = []
        for shard in shardNames.sorted() {
            let path = FileSystem.join(directory, shard)
            guard FileSystem.kind(of: path) != .nothing else {
                missing.insert(shard)
                continue
            }
            let file = try SafetensorsFile(path: path)
            let position = weights.files.count
            weights.files.append(file)
            for entry in file.entries {
                if let other = holder.updateValue(position, forKey: entry.name) {
                    throw FormatError.duplicateTensor(
                        tensor: entry.name, files: [weights.files[other].path, path])
                }
                weights.entries.append(entry)
            }
        }
        // An index only says which files there are: one that was not written anew with its shards may name tensors that
        // moved or went, and may lack others. Who needs a tensor that is in no file is told so by its name. A file that
        // is not there is missed where a tensor of it is in no other.
        let missed = wanted.filter { missing.contains($0.value) && holder[$0.key] == nil }
        if let shard = missed.values.min() {
            throw FormatError.notFound(
                path: FileSystem.join(directory, shard), role: "shard",
                advice: "the index names it, download the missing file")
        }
        return weights
    }

    /// Whether a name from an index stays in its directory and is what it says it is.
    private static func isPlainName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && !name.hasPrefix(".")
            && !name.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "/") || $0 == 0x7F }
            && !name.utf8.contains(UInt8(ascii: "\\")) && name.utf8.count <= 255
    }

    private static func unreadableWeights(_ directory: String) -> FormatError {
        let names = FileSystem.names(in: directory)
        func first(_ suffixes: String...) -> String? {
            names.first { name in suffixes.contains { name.hasSuffix($0) } }
        }
        if let name = first(".bin", ".pt", ".pth", ".ckpt", ".pkl") {
            return .unsupportedFormat(
                path: directory, got: "only \(quoted(name))",
                advice: "pickled weights can run code and are not read, convert them with "
                    + "save_pretrained(safe_serialization=True)")
        }
        if let name = first(".gguf") {
            return .unsupportedFormat(
                path: directory, got: "only \(quoted(name))",
                advice: "use the safetensors version of the model")
        }
        if let name = first(".safetensors") {
            return .unsupportedFormat(
                path: directory, got: "only \(quoted(name))",
                advice: "name a single weight file \(weightsName), or add \(indexName)")
        }
        return .notFound(
            path: FileSystem.join(directory, weightsName), role: "weight file",
            advice: "the directory needs \(weightsName), or \(indexName) and its shards")
    }
}
