/// What a model's files say: their keys, their tensors, the chat template.

package import MartletFormats

/// The metadata and tensors of a model, without reading its weights: the keys of a GGUF file, or the JSON files of a
/// directory, each under its name.
package struct FileListing: Sendable {
    /// One key.
    package struct Key: Sendable {
        /// The name.
        package let name: String
        /// The value, an array by its length and first elements.
        package let value: JSONValue
    }

    /// The version of GGUF; nil for a directory.
    package let version: Int?
    /// The keys in the order of the file; of a directory its JSON files.
    package let keys: [Key]
    /// The tensors in the order of the file.
    package let tensors: [(name: String, type: String, shape: [Int], bytes: Int)]
    /// Bytes and tensors by type, most bytes first.
    package let types: [(type: String, count: Int, bytes: Int)]
    /// The chat template.
    package let template: String?

    /// How many elements of an array are shown.
    private static let shown = 4

    /// Opens a GGUF file, or the first of several, or a directory. Throws what opening it does, and `invalidParameter` for
    /// random weights.
    package init(_ name: String) throws(MartletError) {
        do {
            switch try ModelSource(name) {
            case .gguf(let path):
                let model = try GGUFModel(path: path)
                version = Int(model.first.version)
                template = model.first["tokenizer.chat_template"]?.text
                keys = model.first.metadata.filter { $0.key != "tokenizer.chat_template" }
                    .map { Key(name: $0.key, value: Self.json($0.value)) }
                tensors = Self.list(model.entries)
            case .directory(let path):
                let checkpoint = try Checkpoint(directory: path)
                version = nil
                template = try ChatTemplateSource(directory: path)?.template
                keys = try Self.documents(path)
                tensors = Self.list(checkpoint.tensors.entries)
            case .random:
                throw MartletError(
                    code: .invalidParameter, subject: name,
                    message:
                        "\(name): random weights have no files; give a directory or a GGUF file")
            }
        } catch { throw MartletError(any: error) }
        var sums: [String: (count: Int, bytes: Int)] = [:]
        for tensor in tensors {
            let sum = sums[tensor.type] ?? (0, 0)
            sums[tensor.type] = (sum.count + 1, sum.bytes + tensor.bytes)
        }
        types = sums.sorted { ($0.value.bytes, $1.key) > ($1.value.bytes, $0.key) }
            .map { ($0.key, $0.value.count, $0.value.bytes) }
    }

    private static func list(
        _ entries: [TensorEntry]
    ) -> [(name: String, type: String, shape: [Int], bytes: Int)] {
        entries.map { ($0.name, $0.typeName, $0.shape, $0.byteCount) }
    }

    /// The JSON files of a directory that say what its model is, but for vocabularies and the chat template.
    private static func documents(_ directory: String) throws -> [Key] {
        let names =
            [
                Checkpoint.configurationName, "generation_config.json", "tokenizer_config.json",
                "special_tokens_map.json",
            ] + EmbeddingFolder.names
            + (try EmbeddingFolder(directory).moduleFiles().filter { $0.hasSuffix(".json") })
        return try names.compactMap { name in
            let path = FileSystem.join(directory, name)
            guard FileSystem.kind(of: path) == .file else { return nil }
            let value = try JSONValue.parse(contentsOf: path)
            guard let object = value.objectValue else { return Key(name: name, value: value) }
            let members = object.members.filter { $0.key != "chat_template" }
            return Key(name: name, value: .object(JSONObject(members)))
        }
    }

    private static func json(_ value: GGUFValue) -> JSONValue {
        switch value {
        case .unsigned, .signed: value.int.map { .integer($0) } ?? .string("\(value)")
        case .float(let number): .number(number)
        case .bool(let isOn): .bool(isOn)
        case .string: .string(value.text ?? "")
        case .array(let array):
            .object(
                JSONObject([
                    .init(key: "count", value: .integer(array.count)),
                    .init(
                        key: "first",
                        value: .array(array.values().prefix(shown).map { json($0) })),
                ]))
        }
    }
}
