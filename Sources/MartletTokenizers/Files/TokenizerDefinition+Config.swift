// What tokenizer_config.json and the files beside it change in a tokenizer.

extension TokenizerDefinition {
    /// The added tokens of all files, each content once.
    ///
    /// An id that the vocabulary or `tokenizer.json` gives a content wins over one that the configuration
    /// gives it; the flags of `added_tokens_decoder` win over those of `tokenizer.json`. A token that is named
    /// as special is special.
    ///
    /// - Throws: `TokenizerError.malformed` for an id that belongs to another token.
    func addedTokens(
        with config: TokenizerConfig, _ vocabulary: Vocabulary
    ) throws(TokenizerError) -> [AddedToken] {
        var added: [AddedToken] = []
        var places: [[UInt8]: Int] = [:]
        var contents: [Int32: String] = [:]
        func append(_ token: AddedToken) {
            places[Array(token.content.utf8)] = added.count
            contents[token.id] = token.content
            added.append(token)
        }
        for token in addedTokens where places[Array(token.content.utf8)] == nil { append(token) }
        for token in config.addedTokens {
            var token = token
            token.special = token.special || config.isNamed(token.content)
            if let place = places[Array(token.content.utf8)] {
                guard config.listsAddedTokens else { continue }
                token.id = added[place].id
                added[place] = token
                continue
            }
            let own = vocabulary.id(of: token.content.utf8)
            if own >= 0 { token.id = own }
            let other =
                contents[token.id]
                ?? (own < 0 ? vocabulary.bytes(of: token.id) : nil)
                .map { Vocabulary.printable($0) }
            if let other {
                throw .malformed(
                    file: config.addedTokensFile,
                    reason:
                        "it gives '\(Vocabulary.printable(Array(token.content.utf8)[...]))' the id "
                        + "\(token.id), which is that of '\(other)', expected one token for each id"
                )
            }
            append(token)
        }
        for (_, token) in config.named where places[Array(token.content.utf8)] == nil {
            let id = vocabulary.id(of: token.content.utf8)
            guard id >= 0, contents[id] == nil else { continue }
            var token = token
            token.id = id
            append(token)
        }
        return added
    }

    /// Takes over what the configuration says of a space before the text, where the class that it names
    /// lets it rule, as in transformers.
    ///
    /// The classes of GPT-2 and Qwen2 make their steps anew, without a space where nothing is said; Llama's
    /// does so where something is said. Other classes leave `tokenizer.json` as it is.
    mutating func takePrefixSpace(_ config: TokenizerConfig) {
        let name = config.tokenizerClass ?? ""
        if byteLevel, name.hasPrefix("GPT2Tokenizer") || name.hasPrefix("Qwen2Tokenizer") {
            let prefixes = config.prefixesSpace ?? false
            preTokenizer.steps.removeAll { $0 == .prefixSpace }
            if prefixes { preTokenizer.prefixSpace() }
        } else if !byteLevel, name.hasPrefix("LlamaTokenizer"), let prefixes = config.prefixesSpace
        {
            let mark = TokenizerDefinition.metaspaceBytes
            let prepends = NormalizationStep.prepend(mark)
            let marks = preTokenizer.steps.firstIndex {
                if case .metaspace = $0 { true } else { false }
            }
            if !prefixes {
                normalization.removeAll { $0 == prepends }
                if let marks { preTokenizer.steps[marks] = .metaspace(.never) }
                decoding.strippedSpaces = 0
                decoding.dropsFirstMetaspace = false
            } else if !normalization.contains(prepends),
                marks == nil || preTokenizer.steps[marks ?? 0] == .metaspace(.never)
            {
                normalization.removeAll { $0 == .replace([0x20], with: mark) }
                if let marks { preTokenizer.steps.remove(at: marks) }
                preTokenizer.steps.insert(.metaspace(.first), at: 0)
                decoding.strippedSpaces = 1
            }
        }
    }
}
