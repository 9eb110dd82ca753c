// A model's tokenizer files as metadata, and metadata as files.

package import MartletJSON

extension TokenizerMetadata {
    /// Reads the tokenizer of a model's files as metadata that make the same one; ``notes`` say where it is not quite
    /// the same.
    ///
    /// - Throws: `TokenizerError.unsupported` for a tokenizer that the metadata have no words for, and what
    ///   ``Tokenizer/load(_:)`` throws.
    public init(of files: TokenizerFiles) throws(TokenizerError) {
        var writer = try MetadataWriter(files)
        self = try writer.metadata()
    }

    /// Lists as many tokens as a model has rows for, as readers want it.
    package mutating func pad(to count: Int) {
        let missing = tokens.count..<max(tokens.count, min(count, Vocabulary.idLimit))
        tokens += missing.map { MetadataReader.padding($0) }
        if !types.isEmpty { types += missing.map { _ in MetadataReader.TokenType.unused } }
        if !scores.isEmpty { scores += missing.map { _ in 0 } }
    }
}

/// The files of a model directory that make the tokenizer of metadata.
package struct TokenizerDocuments: Sendable {
    /// The content of `tokenizer.json`.
    package let tokenizer: JSONValue
    /// The content of `tokenizer_config.json`.
    package let configuration: JSONObject
    /// Tokens that `generation_config.json` names: that which begins a text, those that end it, and padding.
    package let bos: Int?, ends: [Int], padding: Int?

    /// Makes the files of metadata.
    ///
    /// - Parameter maximumTokens: the model's context.
    /// - Throws: `TokenizerError` for metadata that make no tokenizer, and for a kind that is not written.
    package init(_ metadata: TokenizerMetadata, maximumTokens: Int) throws(TokenizerError) {
        var reader = MetadataReader(metadata)
        var definition = try reader.read()
        let unused = MetadataReader.TokenType.unused
        definition.entries.removeAll { entry in
            metadata.types.indices.contains(entry.id) && metadata.types[entry.id] == unused
                && entry.text == MetadataReader.padding(entry.id)
        }
        tokenizer = try TokenizerJSONWriter(definition).document()
        let isWordPiece = if case .wordPiece = definition.model { true } else { false }
        var members: [(String, JSONValue)] = [
            ("tokenizer_class", "PreTrainedTokenizerFast"),
            ("model_max_length", .integer(maximumTokens)),
            ("clean_up_tokenization_spaces", .bool(isWordPiece)),
        ]
        let eos = metadata.eos ?? (isWordPiece ? nil : definition.eos.first.map(Int.init))
        for (name, id) in [
            ("bos_token", isWordPiece ? nil : definition.bos.map(Int.init)), ("eos_token", eos),
            ("unk_token", metadata.unknown), ("sep_token", metadata.separator),
            ("pad_token", metadata.padding), ("cls_token", metadata.classification),
            ("mask_token", metadata.mask),
        ] {
            guard let id, metadata.tokens.indices.contains(id) else { continue }
            members.append((name, .string(String(decoding: metadata.tokens[id], as: UTF8.self))))
        }
        if !isWordPiece {
            // The others would be given segments, which their models do not take.
            members.append(("model_input_names", ["input_ids", "attention_mask"]))
        }
        configuration = JSONObject(members.map { .init(key: $0.0, value: $0.1) })
        bos = definition.bos.map(Int.init)
        ends = definition.eos.enumerated()
            .filter { !definition.eos[..<$0.offset].contains($0.element) }.map { Int($0.element) }
        padding = metadata.padding
    }
}
