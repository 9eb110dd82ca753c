/// What a GGUF file says of itself: its keys, its tensors, its chat template.

package import MartletFormats

/// The metadata and tensors of a GGUF model, without reading its weights.
package struct FileListing: Sendable {
    /// One key.
    package struct Key: Sendable {
        /// The name.
        package let name: String
        /// The value, an array by its length and first elements.
        package let value: JSONValue
    }

    /// The version of the format.
    package let version: Int
    /// The keys in the order of the file.
    package let keys: [Key]
    /// The tensors in the order of the file.
    package let tensors: [(name: String, type: String, shape: [Int], bytes: Int)]
    /// Bytes and tensors by type, most bytes first.
    package let types: [(type: String, count: Int, bytes: Int)]
    /// `tokenizer.chat_template`.
    package let template: String?

    /// How many elements of an array are shown.
    private static let shown = 4

    /// Opens a file, or the first of several. Throws `unsupportedFormat` for a model that is no GGUF file.
    package init(_ name: String) throws(MartletError) {
        guard case .gguf(let path) = try ModelSource(name) else {
            throw MartletError(
                code: .unsupportedFormat, subject: name,
                message: "\(name) is no GGUF file; the metadata of a directory are its config.json")
        }
        let model: GGUFModel
        do { model = try GGUFModel(path: path) } catch { throw MartletError(error) }
        version = Int(model.first.version)
        template = model.first["tokenizer.chat_template"]?.text
        keys = model.first.metadata.filter { $0.key != "tokenizer.chat_template" }
            .map { Key(name: $0.key, value: Self.json($0.value)) }
        tensors = model.entries.map { ($0.name, $0.typeName, $0.shape, $0.byteCount) }
        var sums: [String: (count: Int, bytes: Int)] = [:]
        for tensor in tensors {
            let sum = sums[tensor.type] ?? (0, 0)
            sums[tensor.type] = (sum.count + 1, sum.bytes + tensor.bytes)
        }
        types = sums.sorted { ($0.value.bytes, $1.key) > ($1.value.bytes, $0.key) }
            .map { ($0.key, $0.value.count, $0.value.bytes) }
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
