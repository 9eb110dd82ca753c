// Unigram vocabularies as metadata: SentencePiece's rules, as far as a tokenizer's files say the same.

extension MetadataWriter {
    /// Pieces with the scores of their ids; NaN for those that text is never cut into.
    mutating func unigram(
        _ scores: [Double], unknown: Int
    ) throws(TokenizerError) -> TokenizerMetadata {
        guard tokens.indices.contains(unknown) else {
            throw refuse("a Unigram vocabulary without a token for unknown characters")
        }
        var metadata = TokenizerMetadata(source: definition.file, kind: "t5", tokens: tokens)
        // A name that readers want, of rules that they do not look at.
        metadata.preTokenizer = "default"
        metadata.scores = tokens.indices.map { id in
            scores.indices.contains(id) && !scores[id].isNaN ? Float(scores[id]) : 0
        }
        for id in tokens.indices where types[id] == TokenType.normal {
            if !scores.indices.contains(id) || scores[id].isNaN { types[id] = TokenType.unused }
        }
        types[unknown] = TokenType.unknown
        metadata.unknown = unknown
        try writeSpaces(&metadata)
        if definition.byteFallback {
            notes.append(
                "other readers of GGUF know no tokens for bytes in Unigram vocabularies: characters without a piece "
                    + "get the unknown token there")
        }
        return metadata
    }

    /// What happens to texts before they are cut into pieces.
    private mutating func writeSpaces(
        _ metadata: inout TokenizerMetadata
    ) throws(TokenizerError) {
        let mark = TokenizerDefinition.metaspaceBytes
        var normalization = definition.normalization[...]
        if case .map(let map)? = normalization.first {
            normalization.removeFirst()
            metadata.charsmap = map.bytes
            if map.rule == .graphemes {
                notes.append(
                    "readers of GGUF apply the table of characters as SentencePiece does, the directory's tokenizer "
                        + "character by character: a few texts of combined characters get other tokens"
                )
            }
        }
        var (merges, keepsEnds) = (false, false)
        if normalization.first == .collapseSpaces {
            normalization.removeFirst()
            merges = true
        } else if case .replaceRuns(let runs, let space)? = normalization.first,
            space == [0x20] || space == mark, runs == CharacterRuns(expression: " {2,}")
        {
            normalization.removeFirst()
            (merges, keepsEnds) = (true, true)
        }
        var steps = definition.preTokenizer.steps[...]
        if steps.first == .split(.runs(.many(CharacterClass.space)), .removed) {
            steps.removeFirst()
            (merges, keepsEnds) = (true, false)
        }
        var isSplit = false
        switch (Array(normalization), Array(steps)) {
        case ([.replace([0x20], with: mark)], []): metadata.prefixesSpace = false
        case ([.prepend(mark), .replace([0x20], with: mark)], []): metadata.prefixesSpace = true
        case ([], let steps):
            guard case .metaspace(let prefix)? = steps.first,
                steps.count == 1 || Array(steps.dropFirst()) == [.split(.metaspace)]
            else { throw refuse("a Unigram vocabulary with rules of its own for spaces") }
            isSplit = steps.count > 1
            metadata.prefixesSpace = prefix != .never
            noteMarks(prefix, merges: merges)
        default: throw refuse("a Unigram vocabulary with rules of its own for spaces")
        }
        metadata.removesExtraWhitespace = merges
        if keepsEnds {
            notes.append(
                "readers of GGUF drop spaces at the ends of a text, the directory's tokenizer keeps one at its end"
            )
        }
        // Where words are cut apart, no piece reaches from one into the next.
        let crossing = tokens.indices.first { id in
            types[id] == TokenType.normal && Self.crossesWords(tokens[id], merges: merges)
        }
        if isSplit, let crossing {
            throw refuse(
                "the piece '\(Vocabulary.printable(tokens[crossing]))' of a Unigram vocabulary that cuts words apart"
            )
        }
    }

    /// Whether a piece has a mark after its beginning, in texts where several marks may or may not stand together.
    private static func crossesWords(_ text: ArraySlice<UInt8>, merges: Bool) -> Bool {
        let mark = TokenizerDefinition.metaspaceBytes
        let inner = text.starts(with: mark) ? text.dropFirst(mark.count) : text
        guard inner.count >= mark.count else { return false }
        let marks = inner.indices.filter { inner[$0...].starts(with: mark) }
        // Of texts in which marks never stand together, one of marks alone is never cut.
        return !marks.isEmpty && !(merges && marks.count * mark.count == inner.count)
    }
}
