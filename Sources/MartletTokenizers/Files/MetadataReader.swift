// Metadata of a model's file to a definition: four algorithms, each with its own rules.

/// Reads `TokenizerMetadata`.
struct MetadataReader {
    private let metadata: TokenizerMetadata
    private var definition: TokenizerDefinition

    /// The values of `token_type`.
    enum TokenType {
        static let normal: Int32 = 1
        static let unknown: Int32 = 2
        static let control: Int32 = 3
        static let userDefined: Int32 = 4
        static let unused: Int32 = 5
        static let byte: Int32 = 6
    }

    /// The text of an id that no token has.
    static func padding(_ id: Int) -> ArraySlice<UInt8> { ArraySlice("[PAD\(id)]".utf8) }

    private struct Reader: Sendable {
        let kind: String
        let read: @Sendable (inout MetadataReader) throws(TokenizerError) -> Void
    }

    /// How each algorithm's rules are read.
    private static let readers: [Reader] = [
        Reader(kind: "gpt2") { (reader) throws(TokenizerError) in try reader.readPairs() },
        Reader(kind: "llama") { (reader) throws(TokenizerError) in try reader.readSentencePieces()
        },
        Reader(kind: "bert") { (reader) throws(TokenizerError) in try reader.readWordPieces() },
        Reader(kind: "t5") { (reader) throws(TokenizerError) in try reader.readUnigram() },
        Reader(kind: "gemma4") { (reader) throws(TokenizerError) in
            try reader.readCharacterPairs()
        },
    ]

    init(_ metadata: TokenizerMetadata) {
        self.metadata = metadata
        definition = TokenizerDefinition(file: metadata.source)
    }

    mutating func read() throws(TokenizerError) -> TokenizerDefinition {
        try readTokens()
        guard let reader = MetadataReader.readers.first(where: { $0.kind == metadata.kind }) else {
            throw .unsupported(
                file: metadata.source, feature: "the tokenizer '\(metadata.kind)'",
                supported: MetadataReader.readers.map(\.kind).joined(separator: ", "))
        }
        try reader.read(&self)
        try readEnds()
        return definition
    }

    private func malformed(_ reason: String) -> TokenizerError {
        .malformed(file: metadata.source, reason: reason)
    }

    /// An id that must be one of the vocabulary.
    private func checked(_ id: Int?, _ key: String) throws(TokenizerError) -> Int32? {
        guard let id else { return nil }
        guard metadata.tokens.indices.contains(id) else {
            throw malformed(
                "\(key) is \(id), expected 0 to \(metadata.tokens.count - 1), the ids of its tokens"
            )
        }
        return Int32(id)
    }

    private func type(_ id: Int) -> Int32 {
        metadata.types.isEmpty ? TokenType.normal : metadata.types[id]
    }

    private mutating func readTokens() throws(TokenizerError) {
        let count = metadata.tokens.count
        guard count > 0, count <= Vocabulary.idLimit else {
            throw malformed(
                "it has \(count) tokens, expected 1 to \(Vocabulary.idLimit)")
        }
        for (list, name) in [(metadata.types.count, "types"), (metadata.scores.count, "scores")]
        where list > 0 && list != count {
            throw malformed("it has \(list) \(name) for \(count) tokens, expected as many")
        }
        definition.allowsRepeats = true
        definition.entries = metadata.tokens.enumerated().map { ($0.element, $0.offset) }
        for id in 0..<count {
            let type = type(id)
            guard
                type == TokenType.unknown || type == TokenType.control
                    || type == TokenType.userDefined
            else { continue }
            definition.addedTokens.append(
                AddedToken(
                    id: Int32(id), content: String(decoding: metadata.tokens[id], as: UTF8.self),
                    special: type != TokenType.userDefined))
        }
        if metadata.types.isEmpty {
            // Without types, only the named tokens are known to mark structure.
            let named = [
                metadata.bos, metadata.eos, metadata.endOfTurn, metadata.endOfMessage,
                metadata.padding,
            ]
            for id in Set(named.compactMap(\.self)).sorted()
            where metadata.tokens.indices.contains(id) {
                definition.addedTokens.append(
                    AddedToken(
                        id: Int32(id),
                        content: String(decoding: metadata.tokens[id], as: UTF8.self),
                        special: true))
            }
        }
    }

    // MARK: Byte pairs

    private func mergePairs() throws(TokenizerError) -> TokenizerDefinition.Merges {
        var pairs: [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)] = []
        pairs.reserveCapacity(metadata.merges.count)
        for (index, merge) in metadata.merges.enumerated() {
            guard let space = merge.dropFirst().firstIndex(of: 0x20), space + 1 < merge.endIndex
            else {
                throw malformed(
                    "merge \(index) is '\(Vocabulary.printable(merge))', expected two tokens with a space "
                        + "between them")
            }
            pairs.append((merge[..<space], merge[(space + 1)...]))
        }
        return .pairs(pairs)
    }

    /// Whether every token of text is one character, so that nothing can merge.
    static func hasSinglesOnly(_ tokens: [ArraySlice<UInt8>], _ types: [Int32]) -> Bool {
        tokens.indices.allSatisfy { id in
            !(types.isEmpty || types[id] == TokenType.normal)
                || tokens[id].count { $0 & 0xC0 != 0x80 } == 1
        }
    }

    private mutating func readPairs() throws(TokenizerError) {
        guard let name = metadata.preTokenizer else {
            throw malformed(
                "it does not name its pre-tokenizer (tokenizer.ggml.pre), and every family cuts words in its "
                    + "own way; convert the model again with a newer converter")
        }
        guard let entry = PreTokenizerNames.entry(name) else {
            let what =
                PreTokenizerNames.refused.contains(name) ? "has rules of its own" : "is not known"
            throw .unsupported(
                file: metadata.source, feature: "the pre-tokenizer '\(name)', which \(what)",
                supported: "'\(PreTokenizerNames.nearest(to: name))', the nearest name, and others")
        }
        definition.preTokenizer.steps = entry.steps
        definition.ignoresMerges = entry.ignoresMerges
        definition.byteLevel = entry.byteLevel
        definition.decoding.byteLevel = entry.byteLevel
        if !entry.byteLevel { try readMarkedSpaces(prefixes: metadata.prefixesSpace ?? false) }
        if metadata.merges.isEmpty, entry.ranksTokens {
            var scores: [Int32: Float] = [:]
            for id in metadata.tokens.indices where type(id) == TokenType.normal {
                scores[Int32(id)] = -Float(id)
            }
            definition.merges = .scores(scores)
        } else {
            guard
                !metadata.merges.isEmpty
                    || Self.hasSinglesOnly(metadata.tokens, metadata.types)
            else {
                throw malformed("it has no merges, expected those of its byte pairs")
            }
            definition.merges = try mergePairs()
        }
        if entry.byteLevel, metadata.prefixesSpace ?? false {
            definition.preTokenizer.prefixSpace()
        }
        try readAround(
            bos: metadata.bos, addsBos: entry.addsBos, eos: metadata.eos, addsEos: false)
    }

    private mutating func readCharacterPairs() throws(TokenizerError) {
        definition.merges = try mergePairs()
        definition.preTokenizer.steps = PreTokenizerNames.entry("gemma4")?.steps ?? []
        try readMarkedSpaces(prefixes: metadata.prefixesSpace ?? false)
        try readAround(bos: metadata.bos, addsBos: true, eos: metadata.eos, addsEos: false)
    }

    // MARK: SentencePiece

    /// Spaces are spelled `▁`, and characters without a token in bytes.
    private mutating func readMarkedSpaces(prefixes: Bool) throws(TokenizerError) {
        let mark = TokenizerDefinition.metaspaceBytes
        if metadata.removesExtraWhitespace ?? false {
            definition.normalization.append(.collapseSpaces)
        }
        if prefixes { definition.normalization.append(.prepend(mark)) }
        definition.normalization.append(.replace([0x20], with: mark))
        definition.byteFallback = true
        definition.fusesUnknown = true
        definition.decoding.byteFallback = true
        definition.decoding.replacements = [.replace(mark, with: [0x20])]
        definition.decoding.strippedSpaces = prefixes ? 1 : 0
    }

    private mutating func readSentencePieces() throws(TokenizerError) {
        guard !metadata.scores.isEmpty else {
            throw malformed("it has no scores, expected one for each token")
        }
        var scores: [Int32: Float] = [:]
        for id in metadata.tokens.indices where type(id) == TokenType.normal {
            guard metadata.scores[id].isFinite else {
                throw malformed("the score of token \(id) is \(metadata.scores[id])")
            }
            scores[Int32(id)] = metadata.scores[id]
        }
        definition.merges = .scores(scores)
        try readUnknown(metadata.unknown ?? 0)
        try readMarkedSpaces(prefixes: metadata.prefixesSpace ?? true)
        try readAround(
            bos: metadata.bos ?? 1, addsBos: true, eos: metadata.eos ?? 2, addsEos: false)
    }

    private mutating func readUnigram() throws(TokenizerError) {
        guard !metadata.scores.isEmpty else {
            throw malformed("it has no scores, expected one for each token")
        }
        let scores = metadata.tokens.indices.map { id in
            type(id) == TokenType.normal && metadata.scores[id].isFinite
                ? Double(metadata.scores[id]) : .nan
        }
        definition.model = .unigram(
            scores: scores, isSingle: true,
            unknown: try checked(metadata.unknown ?? 2, "unknown_token_id") ?? -1)
        if !metadata.charsmap.isEmpty {
            guard let map = CharacterMap(metadata.charsmap[...], rule: .longest) else {
                throw malformed("precompiled_charsmap is cut off, expected a trie and texts")
            }
            definition.normalization.append(.map(map))
        }
        try readMarkedSpaces(prefixes: metadata.prefixesSpace ?? true)
        definition.byteFallback = metadata.types.contains(TokenType.byte)
        try readAround(
            bos: metadata.bos, addsBos: false, eos: metadata.eos ?? 1, addsEos: true)
    }

    private mutating func readUnknown(_ id: Int) throws(TokenizerError) {
        guard let id = try checked(id, "unknown_token_id") else { return }
        definition.unknownToken = String(decoding: metadata.tokens[Int(id)], as: UTF8.self)
    }

    // MARK: WordPiece

    /// Files have `▁` before pieces that begin words and nothing before those that go on; here pieces that go on
    /// have `##`.
    private mutating func readWordPieces() throws(TokenizerError) {
        let mark = TokenizerDefinition.metaspaceBytes
        for index in definition.entries.indices {
            let text = definition.entries[index].text
            if text.starts(with: mark) {
                definition.entries[index].text = text.dropFirst(mark.count)
            } else if type(index) == TokenType.normal,
                !(text.first == UInt8(ascii: "[") && text.last == UInt8(ascii: "]"))
            {
                definition.entries[index].text = ([0x23, 0x23] + text)[...]
            }
        }
        definition.model = .wordPiece(prefix: [0x23, 0x23], limit: 100)
        let lowercases = metadata.lowercases ?? true
        definition.normalization = [
            .bert(
                BertNormalization(
                    stripsAccents: metadata.stripsAccents ?? lowercases, lowercases: lowercases))
        ]
        definition.preTokenizer = .bert
        definition.decoding.spaces = .init(prefix: [0x23, 0x23])
        try readUnknown(metadata.unknown ?? 100)
        try readAround(
            bos: metadata.classification ?? metadata.bos ?? 101, addsBos: true,
            eos: metadata.separator ?? metadata.eos ?? 102, addsEos: true)
    }

    // MARK: Ends

    private mutating func readAround(
        bos: Int?, addsBos: Bool, eos: Int?, addsEos: Bool
    ) throws(TokenizerError) {
        definition.bos = try checked(bos, "bos_token_id")
        let last = try checked(eos, "eos_token_id")
        if let first = definition.bos, metadata.addsBos ?? addsBos {
            definition.prefix = [first]
        }
        if let last, metadata.addsEos ?? addsEos { definition.suffix = [last] }
        if metadata.addsSeparator ?? false, definition.suffix.isEmpty,
            let separator = try checked(metadata.separator, "seperator_token_id") ?? last
        {
            definition.suffix = [separator]
        }
    }

    /// Texts of tokens that end an answer whatever the file names: many files name the wrong one.
    private static let ends: Set<String> = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|end_of_text|>",
        "<|endoftext|>", "<|eom_id|>", "<end_of_turn>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
        "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>",
        "[e~[", "<|flush|>", "<|calls|>", "</s>",
    ]

    /// Whether a token's text alone makes it an end.
    static func endsByText(_ text: ArraySlice<UInt8>) -> Bool {
        ends.contains(String(decoding: text, as: UTF8.self))
    }

    private mutating func readEnds() throws(TokenizerError) {
        var found: [Int32] = []
        for (id, key) in [
            (metadata.eos, "eos_token_id"), (metadata.endOfTurn, "eot_token_id"),
            (metadata.endOfMessage, "eom_token_id"),
        ] { if let id = try checked(id, key) { found.append(id) } }
        if case .wordPiece = definition.model {
            definition.eos = found
            return
        }
        var named: [String: Int32] = [:]
        for id in metadata.tokens.indices where (3...64).contains(metadata.tokens[id].count) {
            let text = metadata.tokens[id]
            guard let first = text.first, first == 0x3C || first == 0x5B || first == 0x5F else {
                continue
            }
            let name = String(decoding: text, as: UTF8.self)
            if MetadataReader.ends.contains(name) { named[name] = Int32(id) }
        }
        // Where both of these exist, that one only ends a message.
        if named["<|return|>"] != nil, named["<|call|>"] != nil,
            let end = named.removeValue(forKey: "<|end|>")
        {
            found.removeAll { $0 == end }
        }
        definition.eos = found + named.values.sorted()
    }
}
