// tokenizer.json: the model and its added tokens; the components are read in the facet file.

import MartletJSON

/// Reads the `tokenizer.json` of the `tokenizers` library.
struct TokenizerJSON {
    let document: JSONDocument
    let file: String

    static func definition(bytes: [UInt8], file: String) throws(TokenizerError)
        -> TokenizerDefinition
    {
        let document = try JSONDocument(parsing: bytes, file: file)
        return try TokenizerJSON(document: document, file: file).definition()
    }

    func member(_ key: String, of value: JSONNode?) -> JSONNode? {
        document.member(key, of: value)
    }

    func type(of value: JSONNode?) -> String? { document.string(member("type", of: value)) }

    func malformed(_ place: String, got value: JSONNode?, expected: String) -> TokenizerError {
        .malformed(
            file: file, reason: "\(place) is \(document.summary(value)), expected \(expected)")
    }

    private func definition() throws(TokenizerError) -> TokenizerDefinition {
        let root = document.root
        guard document.kind(root) == .object else {
            throw malformed("its outermost value", got: root, expected: "an object")
        }
        let model = member("model", of: root)
        guard let model, document.kind(model) == .object else {
            throw malformed("model", got: model, expected: "an object")
        }
        var definition = TokenizerDefinition(file: file)
        try readModel(model, into: &definition)
        try readAddedTokens(member("added_tokens", of: root), into: &definition)
        try readNormalizer(member("normalizer", of: root), into: &definition)
        try readPreTokenizer(member("pre_tokenizer", of: root), into: &definition)
        try readPostProcessor(member("post_processor", of: root), into: &definition)
        try readDecoder(member("decoder", of: root), into: &definition)
        return definition
    }

    private func readModel(_ model: JSONNode, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        let kind = type(of: model) ?? kind(ofOld: model)
        definition.unknownToken = document.string(member("unk_token", of: model))
        switch kind {
        case "BPE": try readPairs(model, into: &definition)
        case "Unigram": try readUnigram(model, into: &definition)
        case "WordPiece":
            let limit = member("max_input_chars_per_word", of: model)
            definition.model = .wordPiece(
                prefix: Array(
                    (document.string(member("continuing_subword_prefix", of: model)) ?? "##").utf8),
                limit: document.integer(limit).map { Int($0) } ?? 100)
            try readVocabulary(model, into: &definition)
        case "WordLevel":
            definition.model = .words
            try readVocabulary(model, into: &definition)
            // A file may name a token that it does not have.
            let unknown = definition.unknownToken.map { Array($0.utf8) } ?? []
            if !definition.entries.contains(where: { $0.text.elementsEqual(unknown) }) {
                definition.unknownToken = nil
            }
        default:
            throw .unsupported(
                file: file, feature: "the model type '\(kind)'",
                supported: "BPE, Unigram, WordPiece, WordLevel")
        }
    }

    /// The type of a model in files from before it was said.
    private func kind(ofOld model: JSONNode) -> String {
        if member("merges", of: model) != nil { return "BPE" }
        if let vocabulary = member("vocab", of: model), document.kind(vocabulary) == .array {
            return "Unigram"
        }
        return member("max_input_chars_per_word", of: model) == nil ? "no type" : "WordPiece"
    }

    private func readVocabulary(_ model: JSONNode, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        let vocabulary = member("vocab", of: model)
        guard let vocabulary, document.kind(vocabulary) == .object else {
            throw malformed("model.vocab", got: vocabulary, expected: "an object of token to id")
        }
        definition.entries = try document.tokenEntries(
            of: vocabulary, place: "model.vocab", file: file)
    }

    private func readUnigram(_ model: JSONNode, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        let vocabulary = member("vocab", of: model)
        guard let vocabulary, document.kind(vocabulary) == .array else {
            throw malformed(
                "model.vocab", got: vocabulary, expected: "an array of pieces with scores")
        }
        var scores: [Double] = []
        scores.reserveCapacity(document.count(vocabulary))
        definition.entries.reserveCapacity(document.count(vocabulary))
        for item in document.elements(vocabulary) {
            let pair = document.elements(item)
            guard pair.count == 2, document.kind(pair[0]) == .string,
                let score = document.number(pair[1]), score.isFinite
            else {
                throw malformed(
                    "model.vocab[\(scores.count)]", got: item, expected: "a piece and its score")
            }
            guard scores.count < Vocabulary.idLimit else {
                throw malformed(
                    "model.vocab", got: vocabulary,
                    expected: "fewer than \(Vocabulary.idLimit) pieces")
            }
            definition.entries.append((document.bytes(pair[0]), scores.count))
            scores.append(score)
        }
        let unknown = member("unk_id", of: model)
        let id = document.integer(unknown) ?? -1
        guard id < scores.count else {
            throw malformed("model.unk_id", got: unknown, expected: "the id of a piece")
        }
        definition.allowsRepeats = true
        definition.byteFallback = document.bool(member("byte_fallback", of: model)) ?? false
        definition.model = .unigram(scores: scores, isSingle: false, unknown: Int32(max(id, -1)))
    }

    private func readPairs(_ model: JSONNode, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = document.string(member(key, of: model)), !text.isEmpty {
                throw .unsupported(
                    file: file, feature: "\(key) '\(text)'", supported: "none or an empty one")
            }
        }
        if let dropout = document.number(member("dropout", of: model)), dropout != 0 {
            throw .unsupported(
                file: file, feature: "a dropout of \(dropout)", supported: "none, or 0")
        }
        func flag(_ key: String) -> Bool { document.bool(member(key, of: model)) ?? false }
        definition.byteFallback = flag("byte_fallback")
        definition.fusesUnknown = flag("fuse_unk")
        definition.ignoresMerges = flag("ignore_merges")
        try readVocabulary(model, into: &definition)

        let merges = member("merges", of: model)
        guard let merges, document.kind(merges) == .array else {
            throw malformed("model.merges", got: merges, expected: "an array")
        }
        var pairs: [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)] = []
        pairs.reserveCapacity(document.count(merges))
        for merge in document.elements(merges) {
            if document.kind(merge) == .string {
                let line = document.bytes(merge)
                guard let pair = MergesFile.pair(line) else {
                    throw malformed(
                        "model.merges[\(pairs.count)]", got: merge,
                        expected: "two tokens with one space between them")
                }
                pairs.append(pair)
            } else {
                let parts = document.elements(merge)
                guard parts.count == 2, parts.allSatisfy({ document.kind($0) == .string }) else {
                    throw malformed(
                        "model.merges[\(pairs.count)]", got: merge, expected: "two strings")
                }
                pairs.append((document.bytes(parts[0]), document.bytes(parts[1])))
            }
        }
        definition.merges = .pairs(pairs)
    }

    private func readAddedTokens(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        for token in document.elements(value) {
            let number = member("id", of: token)
            guard let id = document.integer(number), id >= 0, id < Vocabulary.idLimit else {
                throw malformed(
                    "the id of added_tokens[\(definition.addedTokens.count)]", got: number,
                    expected: "0 to \(Vocabulary.idLimit - 1)")
            }
            definition.addedTokens.append(
                try AddedToken(
                    document, token, id: Int32(id), place: "added_tokens", file: file))
        }
    }
}
