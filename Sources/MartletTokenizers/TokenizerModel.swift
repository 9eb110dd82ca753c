// Everything a loaded tokenizer holds, built once from a definition and a configuration.

/// The immutable tables behind `Tokenizer`.
final class TokenizerModel: Sendable {
    let vocabulary: Vocabulary
    let words: WordModel
    let normalization: [NormalizationStep]
    let preTokenizer: PreTokenizer
    /// Shorter texts are not cut before marks though no token crosses them: SentencePiece adds scores in single
    /// precision from the start of a text, and what it rounds decides among equals.
    let uncutBytes: Int
    let addedTokens: [AddedToken]
    /// Added tokens looked for in the text as given, and in the normalised text.
    let rawMatcher: AddedTokenMatcher
    let normalizedMatcher: AddedTokenMatcher
    let prefix: [Int32]
    let suffix: [Int32]
    let bos: Int32?
    let eos: [Int32]
    let output: OutputTable
    let scratch = ScratchPool()

    init(_ definition: TokenizerDefinition, _ config: TokenizerConfig, eosTokens: [Int32] = [])
        throws(TokenizerError)
    {
        var definition = definition
        definition.takePrefixSpace(config)
        let vocabulary = try Vocabulary(
            entries: definition.entries, file: definition.file,
            allowsRepeats: definition.allowsRepeats)
        self.vocabulary = vocabulary
        words = try WordModel(definition, vocabulary: vocabulary)
        normalization = definition.normalization
        preTokenizer = TokenizerModel.preTokenizer(definition, vocabulary)
        if case .unigram(_, true, _) = definition.model {
            uncutBytes = 1 << 14
        } else {
            uncutBytes = 0
        }

        let added = try definition.addedTokens(with: config, vocabulary)
        addedTokens = added
        if let file = definition.mergesFile, !definition.ignoresMerges {
            try words.bpe.checkMerges(vocabulary, added: added, file: file)
        }
        func id(of name: String?) -> Int32? {
            guard let name else { return nil }
            if let token = added.first(where: { $0.content.utf8.elementsEqual(name.utf8) }) {
                return token.id
            }
            let id = vocabulary.id(of: name.utf8)
            return id >= 0 ? id : nil
        }
        bos = id(of: config.bos) ?? definition.bos
        var eos = [id(of: config.eos)].compactMap { $0 } + eosTokens
        if eos.isEmpty { eos = definition.eos }
        self.eos = eos.enumerated().filter { !eos[..<$0.offset].contains($0.element) }
            .map(\.element)

        var prefix = definition.prefix
        var suffix = definition.suffix
        // A template in tokenizer.json rules, except in the Llama classes, which rewrite it.
        let rewrites = config.tokenizerClass?.contains("Llama") ?? false
        if let bos, let adds = config.addsBos, rewrites || (adds && prefix.isEmpty) {
            prefix.removeAll { $0 == bos }
            if adds { prefix.insert(bos, at: 0) }
        }
        if let last = self.eos.first, let adds = config.addsEos,
            rewrites || (adds && suffix.isEmpty)
        {
            suffix.removeAll { $0 == last }
            if adds { suffix.append(last) }
        }
        self.prefix = prefix
        self.suffix = suffix

        let steps = definition.normalization
        rawMatcher = AddedTokenMatcher(
            added.filter { !$0.normalized }.map { (Array($0.content.utf8), $0) })
        normalizedMatcher = AddedTokenMatcher(
            added.filter(\.normalized).map {
                let content = Array($0.content.utf8)
                return ($0.isNormalForm ? content : NormalizationStep.apply(steps, to: content), $0)
            })
        output = OutputTable(
            vocabulary, added, definition.decoding, normalization: steps)
        for id in prefix + suffix where !output.contains(id) {
            throw .malformed(
                file: definition.file,
                reason: "id \(id) goes around every text and is not in the vocabulary of "
                    + "\(output.count) tokens, expected an id of a token")
        }
    }

    /// The steps of the definition, and cuts where no token reaches across.
    private static func preTokenizer(
        _ definition: TokenizerDefinition, _ vocabulary: Vocabulary
    ) -> PreTokenizer {
        var preTokenizer = definition.preTokenizer
        let isWhole = preTokenizer.steps.allSatisfy {
            if case .metaspace = $0 { true } else { false }
        }
        if isWhole, cutsBeforeMetaspace(definition, vocabulary) {
            preTokenizer.steps.append(.split(.metaspaceRuns))
        }
        return preTokenizer
    }

    /// Whether a whole text may be cut before each `▁` that follows something else: no token has
    /// such a place inside, so no merge and no piece crosses it, and `▁` itself is never part of an unknown run.
    private static func cutsBeforeMetaspace(
        _ definition: TokenizerDefinition, _ vocabulary: Vocabulary
    ) -> Bool {
        let mark = TokenizerDefinition.metaspaceBytes
        guard !definition.byteLevel, !definition.ignoresMerges, vocabulary.id(of: mark) >= 0 else {
            return false
        }
        switch definition.model {
        case .pairs: break
        case .unigram(let scores, _, _):
            guard !scores[Int(vocabulary.id(of: mark))].isNaN else { return false }
        case .wordPiece, .words: return false
        }
        return definition.entries.allSatisfy { entry in
            entry.text.withUnsafeBufferPointer { text in
                guard text.count > 3 else { return true }
                for index in 1..<text.count - 2
                where text[index] == mark[0] && text[index + 1] == mark[1]
                    && text[index + 2] == mark[2]
                {
                    let followsMark =
                        index >= 3 && text[index - 3] == mark[0] && text[index - 2] == mark[1]
                        && text[index - 1] == mark[2]
                    if !followsMark { return false }
                }
                return true
            }
        }
    }

    /// The id of a token by its exact text as the files spell it, or -1.
    func id(of text: [UInt8]) -> Int32 {
        if let added = addedTokens.first(where: { $0.content.utf8.elementsEqual(text) }) {
            return added.id
        }
        return vocabulary.id(of: text)
    }
}
