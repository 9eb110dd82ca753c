// A tokenizer's files to metadata: the inverse of MetadataReader, for what its keys can say.

/// Makes `TokenizerMetadata` of what a model's files say.
struct MetadataWriter {
    let definition: TokenizerDefinition
    private let config: TokenizerConfig
    private let model: TokenizerModel
    var tokens: [ArraySlice<UInt8>]
    var types: [Int32]
    /// What the keys have no words for, and what follows from that.
    var notes: [String] = []

    typealias TokenType = MetadataReader.TokenType

    init(_ files: TokenizerFiles) throws(TokenizerError) {
        let read = try Tokenizer.definition(of: files)
        var definition = read.definition
        definition.takePrefixSpace(read.config)
        self.definition = definition
        config = read.config
        model = try TokenizerModel(read.definition, read.config, eosTokens: read.eos)
        // Ids that no token has are written as padding, as converters do.
        let last = (definition.entries.map(\.id) + model.addedTokens.map { Int($0.id) }).max() ?? -1
        tokens = (0...max(0, last)).map { MetadataReader.padding($0) }
        types = [Int32](repeating: TokenType.unused, count: tokens.count)
        for entry in definition.entries where tokens.indices.contains(entry.id) {
            tokens[entry.id] = entry.text
            let isByte =
                definition.byteFallback && BPEModel.byte(ofToken: entry.text) != nil
            types[entry.id] = isByte ? TokenType.byte : TokenType.normal
        }
        let mark = TokenizerDefinition.metaspaceBytes
        for token in model.addedTokens where tokens.indices.contains(Int(token.id)) {
            let id = Int(token.id)
            var content = Array(token.content.utf8)
            // Readers look for it in the text as it is given.
            if token.isNormalForm, token.normalized {
                content = content.withUnsafeBufferPointer {
                    NormalizationStep.replacing(mark, with: [0x20], in: $0) ?? Array($0)
                }
            }
            tokens[id] = content[...]
            types[id] = token.special ? TokenType.control : TokenType.userDefined
        }
    }

    func refuse(_ feature: String) -> TokenizerError {
        .unsupported(
            file: definition.file, feature: feature,
            supported:
                "in GGUF, byte-level BPE with a published pre-tokenizer, BPE of characters and Unigram with marks for "
                + "spaces, and WordPiece; keep the directory")
    }

    mutating func metadata() throws(TokenizerError) -> TokenizerMetadata {
        var metadata: TokenizerMetadata
        switch (definition.model, definition.merges) {
        case (.wordPiece(let prefix, let limit), _):
            metadata = try wordPieces(prefix, limit)
        case (.unigram(let scores, _, let unknown), _):
            metadata = try unigram(scores, unknown: Int(unknown))
        case (.pairs, .pairs(let pairs)) where definition.byteLevel:
            metadata = try bytePairs(pairs)
        case (.pairs, .pairs(let pairs)): metadata = try characterPairs(pairs)
        case (.pairs, .scores(let scores)): metadata = try pieces(scores)
        default: throw refuse("an algorithm other than BPE, Unigram and WordPiece")
        }
        metadata.types = types
        writeNames(&metadata)
        try writeEnds(&metadata)
        metadata.notes = notes
        return metadata
    }

    // MARK: Byte pairs

    private mutating func bytePairs(
        _ pairs: [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)]
    ) throws(TokenizerError) -> TokenizerMetadata {
        if definition.normalization == [.composed] {
            notes.append(
                "GGUF has no key for Unicode's composition: a text in decomposed characters gets other tokens "
                    + "than in the directory")
        } else if !definition.normalization.isEmpty {
            throw refuse("a normalisation before byte-level BPE")
        }
        var metadata = TokenizerMetadata(source: definition.file, kind: "gpt2", tokens: tokens)
        metadata.preTokenizer = try preTokenizer(hasMerges: !pairs.isEmpty)
        metadata.merges = pairs.map { $0.left + [0x20] + $0.right }
        metadata.prefixesSpace = model.preTokenizer.steps.contains(.prefixSpace)
        return metadata
    }

    /// The name of the rules by which words are cut.
    private func preTokenizer(hasMerges: Bool) throws(TokenizerError) -> String {
        if !hasMerges, !definition.ignoresMerges {
            // Where nothing merges, every byte is a token, however words are cut; readers of longer tokens want merges.
            guard MetadataReader.hasSinglesOnly(tokens, types) else {
                throw refuse("byte-level BPE without merges, whose tokens are longer than a byte,")
            }
            return "gpt-2"
        }
        // `Digits` asks another edition of Unicode what a number is; names know the class alone.
        let digits = PreTokenizer.Step.split(.runs(.one(CharacterClass.numeric)))
        let numbers = PreTokenizer.Step.split(.runs(.one(CharacterClass.number)))
        let steps = model.preTokenizer.steps.filter { $0 != .prefixSpace && $0 != .spell }
            .map { $0 == digits ? numbers : $0 }
        let entry = PreTokenizerNames.all.first {
            $0.byteLevel && $0.steps == steps && $0.ignoresMerges == definition.ignoresMerges
        }
        guard let name = entry?.names.first else {
            throw refuse(
                steps.isEmpty
                    ? "byte-level BPE that cuts no words, which GGUF has no name for,"
                    : "a pre-tokenizer that GGUF has no name for")
        }
        return name
    }

    // MARK: Characters with marks for spaces

    /// Whether a mark is put before texts.
    private mutating func prefixesMark() throws(TokenizerError) -> Bool {
        let mark = TokenizerDefinition.metaspaceBytes
        let marks = NormalizationStep.replace([0x20], with: mark)
        // Where spaces have become marks, a cut at spaces finds none.
        let steps = definition.preTokenizer.steps.filter {
            if case .split(.literal([0x20]), _, false) = $0 { false } else { true }
        }
        if steps.isEmpty, definition.normalization == [marks] { return false }
        if steps.isEmpty, definition.normalization == [.prepend(mark), marks] { return true }
        guard definition.normalization.isEmpty, definition.preTokenizer.steps.count == 1,
            case .metaspace(let prefix)? = definition.preTokenizer.steps.first
        else { throw refuse("BPE of characters with rules of its own for spaces") }
        noteMarks(prefix, merges: false)
        return prefix != .never
    }

    /// Says where readers put marks that the tokenizer does not.
    ///
    /// - Parameter merges: whether spaces at the beginning of a text go.
    mutating func noteMarks(_ prefix: PreTokenizer.MetaspacePrefix, merges: Bool) {
        if prefix == .first {
            notes.append(
                "readers of GGUF put a space after every special token, the directory's tokenizer only before "
                    + "the whole text: prompts with special tokens inside get other tokens")
        }
        if prefix != .never, !merges {
            notes.append(
                "readers of GGUF put a space before a text that begins with one, the directory's tokenizer does not: "
                    + "such texts get one more token")
        }
    }

    private mutating func pieces(
        _ scores: [Int32: Float]
    ) throws(TokenizerError) -> TokenizerMetadata {
        var metadata = TokenizerMetadata(source: definition.file, kind: "llama", tokens: tokens)
        metadata.scores = tokens.indices.map { scores[Int32($0)] ?? 0 }
        metadata.prefixesSpace = try prefixesMark()
        guard definition.byteFallback else {
            throw refuse("BPE of characters without tokens for bytes")
        }
        if let name = definition.unknownToken, let id = id(of: name) {
            metadata.unknown = id
            types[id] = TokenType.unknown
        }
        return metadata
    }

    /// Merges as scores of what they make, where a reader of scores then merges the same in the same order.
    private mutating func characterPairs(
        _ pairs: [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)]
    ) throws(TokenizerError) -> TokenizerMetadata {
        guard !definition.ignoresMerges else { throw refuse("BPE of characters that skips merges") }
        let lines = "gemma4"
        let marks = NormalizationStep.replace([0x20], with: TokenizerDefinition.metaspaceBytes)
        if definition.preTokenizer.steps == PreTokenizerNames.entry(lines)?.steps,
            definition.normalization == [marks], definition.byteFallback
        {
            var metadata = TokenizerMetadata(source: definition.file, kind: lines, tokens: tokens)
            metadata.merges = pairs.map { $0.left + [0x20] + $0.right }
            return metadata
        }
        let vocabulary = try Vocabulary(entries: definition.entries, file: definition.file)
        var scores: [Int32: Float] = [:]
        for (rank, pair) in pairs.enumerated() {
            let made = vocabulary.id(of: pair.left + pair.right)
            if scores[made] == nil { scores[made] = -Float(rank + 1) }
        }
        for entry in definition.entries
        where types[entry.id] == TokenType.normal && scores[Int32(entry.id)] == nil {
            scores[Int32(entry.id)] = -Float(pairs.count + 1)
        }
        var scored = definition
        scored.merges = .scores(scores)
        let table = try BPEModel(scored, vocabulary: vocabulary).pairs
        let isSame = table.cells.withUnsafeBufferPointer { cells in
            guard let base = cells.baseAddress else { return false }
            let view = PairTableView(
                cells: base, shift: table.shift, mask: cells.count / 2 - 1)
            var last: UInt64 = 0
            return pairs.allSatisfy { pair in
                let found = view.merge(
                    vocabulary.id(of: pair.left), vocabulary.id(of: pair.right))
                defer { last = found >> 32 }
                return found != PairTable.noMerge && found >> 32 >= last
            }
        }
        guard isSame, table.count == Set(pairs.map { $0.left + [0] + $0.right }).count else {
            throw refuse("BPE whose merges no scores of tokens stand for")
        }
        return try pieces(scores)
    }

    // MARK: WordPiece

    private mutating func wordPieces(
        _ prefix: [UInt8], _ limit: Int
    ) throws(TokenizerError) -> TokenizerMetadata {
        guard prefix == Array("##".utf8), limit == 100,
            definition.preTokenizer == .bert, definition.normalization.count == 1,
            case .bert(let rules)? = definition.normalization.first, rules.cleansText,
            rules.isolatesIdeographs
        else { throw refuse("WordPiece with rules other than BERT's") }
        let mark = TokenizerDefinition.metaspaceBytes
        let texts = tokens
        for id in tokens.indices where types[id] == TokenType.normal {
            tokens[id] =
                texts[id].starts(with: prefix) ? texts[id].dropFirst(2) : mark + texts[id]
        }
        var metadata = TokenizerMetadata(source: definition.file, kind: "bert", tokens: tokens)
        (metadata.lowercases, metadata.stripsAccents) = (rules.lowercases, rules.stripsAccents)
        let name = definition.unknownToken.flatMap { id(of: $0) }
        metadata.unknown = name
        guard let first = model.prefix.first, let last = model.suffix.first,
            model.prefix.count == 1, model.suffix.count == 1
        else { throw refuse("WordPiece without one token before every text and one after it") }
        metadata.classification = Int(first)
        metadata.separator = Int(last)
        metadata.types = types
        // Marks may be part of a vocabulary, too.
        var reader = MetadataReader(metadata)
        let back = try reader.read().entries
        if let wrong = back.first(where: {
            types[$0.id] == TokenType.normal && $0.text != texts[$0.id]
        }) {
            throw refuse("the piece '\(Vocabulary.printable(texts[wrong.id]))'")
        }
        return metadata
    }

    // MARK: Special tokens

    private func id(of name: String) -> Int? {
        let id = model.id(of: Array(name.utf8))
        return id >= 0 ? Int(id) : nil
    }

    /// The named tokens, where a kind of vocabulary has not set them already.
    private func writeNames(_ metadata: inout TokenizerMetadata) {
        func named(_ key: String) -> Int? {
            config.named.last { $0.key == key }.flatMap { id(of: $0.token.content) }
        }
        metadata.unknown = metadata.unknown ?? named("unk_token")
        metadata.padding = named("pad_token")
        metadata.mask = named("mask_token")
        metadata.classification = metadata.classification ?? named("cls_token")
        metadata.separator = metadata.separator ?? named("sep_token")
    }

    private mutating func writeEnds(_ metadata: inout TokenizerMetadata) throws(TokenizerError) {
        if case .wordPiece = definition.model {
            metadata.bos = metadata.classification
            (metadata.addsBos, metadata.addsEos, metadata.addsSeparator) = (true, false, true)
            return
        }
        metadata.bos = model.bos.map(Int.init) ?? model.prefix.first.map(Int.init)
        // A file may name ids that no token has.
        let ends = model.eos.filter { tokens.indices.contains(Int($0)) }
        metadata.eos = ends.first.map(Int.init)
        metadata.addsBos = metadata.bos.map { model.prefix.first == Int32($0) } ?? false
        let added = metadata.addsBos == true ? 1 : 0
        let last = model.suffix.first.map(Int.init)
        metadata.addsEos = last != nil && last == metadata.eos
        if last != nil, metadata.addsEos == false {
            metadata.addsSeparator = true
            metadata.separator = last
        }
        if model.prefix.count > added || model.suffix.count > 1 {
            notes.append(
                "GGUF has words for one token before a text and one after it, the tokenizer puts "
                    + "\(model.prefix.count) and \(model.suffix.count) there")
        }
        // Readers find most other ends by their texts.
        let others = ends.dropFirst().filter {
            !MetadataReader.endsByText(tokens[Int($0)])
        }
        guard others.count <= 2 else { throw refuse("\(ends.count) tokens that end a text") }
        metadata.endOfTurn = others.first.map(Int.init)
        metadata.endOfMessage = others.dropFirst().first.map(Int.init)
    }
}
