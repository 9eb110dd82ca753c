// How a word becomes tokens: one of four algorithms over one vocabulary.

/// The model of a tokenizer.
struct WordModel: Sendable {
    enum Kind: Sendable {
        /// Byte pairs, in `bpe`.
        case pairs
        case unigram(UnigramModel)
        case wordPiece(WordPieceModel)
        /// Whole words, with the token of others (-1 where there is none).
        case words(unknown: Int32)
    }

    let kind: Kind
    /// The merges; empty in other kinds.
    let bpe: BPEModel
    /// Words are bytes spelled in GPT-2's alphabet, not characters.
    let byteLevel: Bool

    init(_ definition: TokenizerDefinition, vocabulary: Vocabulary) throws(TokenizerError) {
        let file = definition.file
        byteLevel = definition.byteLevel
        bpe = try BPEModel(definition, vocabulary: vocabulary)
        switch definition.model {
        case .pairs: kind = .pairs
        case .unigram(let scores, let isSingle, let unknown):
            kind = .unigram(
                try UnigramModel(
                    scores: scores, isSingle: isSingle, unknown: unknown,
                    byteFallback: definition.byteFallback,
                    vocabulary: vocabulary, file: file))
        case .wordPiece(let prefix, let limit):
            kind = .wordPiece(
                try WordPieceModel(
                    prefix: prefix, limit: limit, unknown: bpe.unknown, vocabulary: vocabulary,
                    file: file))
        case .words: kind = .words(unknown: bpe.unknown)
        }
    }
}
