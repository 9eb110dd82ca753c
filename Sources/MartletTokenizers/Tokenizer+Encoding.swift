// Text to tokens: added tokens, normalisation, words, merges.

extension Tokenizer {
    /// The tokens of a text.
    ///
    /// - Parameters:
    ///   - text: Any text; the empty one has no tokens but the special ones. A character without a token is
    ///     left out, as in the reference implementation; the form that takes UTF-8 refuses it.
    ///   - addSpecialTokens: Put the model's own tokens (bos) around the text.
    ///   - recognizeSpecialTokens: Read the spelling of a special token in the text as that token.
    ///     Turn it off for text from strangers that is placed inside a prompt.
    public func encode(
        _ text: String, addSpecialTokens: Bool = true, recognizeSpecialTokens: Bool = true
    ) -> [Int32] {
        var text = text
        return text.withUTF8 {
            encode($0, addSpecialTokens: addSpecialTokens, recognize: recognizeSpecialTokens)
                .tokens
        }
    }

    /// The tokens of a text given as UTF-8.
    ///
    /// - Throws: `TokenizerError.invalidUTF8` with the offset of the first wrong byte, `missingToken` with
    ///   the first character that the vocabulary cannot spell.
    public func encode(
        utf8 bytes: [UInt8], addSpecialTokens: Bool = true, recognizeSpecialTokens: Bool = true
    ) throws(TokenizerError) -> [Int32] {
        if let offset = UTF8Text.firstInvalidOffset(bytes) { throw .invalidUTF8(offset: offset) }
        let (tokens, missing) = bytes.withUnsafeBufferPointer {
            encode($0, addSpecialTokens: addSpecialTokens, recognize: recognizeSpecialTokens)
        }
        if let missing { throw .missingToken(character: missing) }
        return tokens
    }

    /// The tokens of a prompt, parts of which strangers wrote: inside of those the spelling of a special token is only
    /// text. The model's own tokens are not put around it.
    ///
    /// - Parameter literal: the ranges of bytes that strangers wrote, ascending and apart from each other.
    /// - Throws: as ``encode(utf8:addSpecialTokens:recognizeSpecialTokens:)`` does.
    public func encode(
        utf8 bytes: [UInt8], literal: [Range<Int>]
    ) throws(TokenizerError) -> [Int32] {
        if let offset = UTF8Text.firstInvalidOffset(bytes) { throw .invalidUTF8(offset: offset) }
        let (tokens, missing) = bytes.withUnsafeBufferPointer {
            encode(
                $0, addSpecialTokens: false, recognize: true,
                literal: LiteralRanges(ranges: literal))
        }
        if let missing { throw .missingToken(character: missing) }
        return tokens
    }

    /// `text` is valid UTF-8. `missing` is its first character that has no token.
    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, addSpecialTokens: Bool, recognize: Bool,
        literal: LiteralRanges? = nil
    ) -> (tokens: [Int32], missing: [UInt8]?) {
        let scratch = model.scratch.take()
        defer { model.scratch.give(scratch) }
        // Arrays are borrowed once here; nothing below touches one for each byte.
        return CharacterClasses.shared.table.withUnsafeBufferPointer { classes in
            model.words.bpe.pairs.cells.withUnsafeBufferPointer { cells in
                model.words.bpe.singles.withUnsafeBufferPointer { singles in
                    model.words.bpe.fallback.withUnsafeBufferPointer { fallback in
                        let pairs = PairTableView(
                            cells: cells.baseAddress.unsafelyUnwrapped,
                            shift: model.words.bpe.pairs.shift, mask: cells.count / 2 - 1)
                        var encoding = TextEncoding(
                            model: model,
                            classes: classes.baseAddress.unsafelyUnwrapped,
                            ignoringSpecial: !recognize, literal: literal,
                            words: WordEncoder(
                                model: model.words, vocabulary: model.vocabulary, pairs: pairs,
                                singles: singles.baseAddress.unsafelyUnwrapped,
                                fallback: fallback, scratch: scratch,
                                capacity: text.count / 3 + 64))
                        if addSpecialTokens {
                            for id in model.prefix { encoding.words.append(id) }
                        }
                        encoding.encodeText(text)
                        if addSpecialTokens {
                            for id in model.suffix { encoding.words.append(id) }
                        }
                        let missing = encoding.words.missing
                        return (encoding.words.finish(), missing)
                    }
                }
            }
        }
    }
}

/// One encoding in progress.
private struct TextEncoding {
    /// Longer words are cut; places inside a word are 32-bit.
    static let wordLimit = 1 << 30

    let model: TokenizerModel
    let classes: UnsafePointer<CharacterClass.Bits>
    var ignoringSpecial: Bool
    let literal: LiteralRanges?
    var words: WordEncoder

    private func classified(_ text: UnsafeBufferPointer<UInt8>) -> ClassifiedText? {
        guard let base = text.baseAddress, !text.isEmpty else { return nil }
        return ClassifiedText(base: base, count: text.count, classes: classes)
    }

    mutating func encodeText(_ buffer: UnsafeBufferPointer<UInt8>) {
        guard let text = classified(buffer) else { return }
        var position = 0
        if let literal {
            position = encodeAroundLiterals(buffer, text, literal)
        } else if !model.rawMatcher.isEmpty {
            while let match = model.rawMatcher.next(
                in: text, from: position, floor: position, ignoringSpecial: ignoringSpecial)
            {
                encodeSegment(
                    UnsafeBufferPointer(rebasing: buffer[position..<match.start]),
                    isFirst: position == 0)
                words.append(match.id)
                position = match.end
            }
        }
        encodeSegment(
            UnsafeBufferPointer(rebasing: buffer[position...]), isFirst: position == 0)
    }

    /// Encodes up to the last added token, and returns where that ends.
    private mutating func encodeAroundLiterals(
        _ buffer: UnsafeBufferPointer<UInt8>, _ text: ClassifiedText, _ literal: LiteralRanges
    ) -> Int {
        var position = 0
        var plain: AddedTokenMatcher.Match?
        let output = model.output
        // Tokens that are looked for in normalised text have no place in the text as it was written: none of them is
        // read in a piece that strangers had a part in.
        while let match = model.rawMatcher.next(
            in: text, from: position, literal: literal, isSpecial: { output.isSpecial($0) },
            plain: &plain)
        {
            ignoringSpecial = literal.touch(position..<match.start)
            encodeSegment(
                UnsafeBufferPointer(rebasing: buffer[position..<match.start]),
                isFirst: position == 0)
            words.append(match.id)
            position = match.end
        }
        ignoringSpecial = literal.touch(position..<text.count)
        return position
    }

    /// Text between added tokens.
    private mutating func encodeSegment(_ segment: UnsafeBufferPointer<UInt8>, isFirst: Bool) {
        guard !segment.isEmpty else { return }
        var normalized: [UInt8]?
        for step in model.normalization {
            if let current = normalized {
                normalized =
                    current.withUnsafeBufferPointer { step.apply($0, classes: classes) } ?? current
            } else {
                normalized = step.apply(segment, classes: classes)
            }
        }
        if let normalized {
            normalized.withUnsafeBufferPointer { encodeNormalized($0, isFirst: isFirst) }
        } else {
            encodeNormalized(segment, isFirst: isFirst)
        }
    }

    private mutating func encodeNormalized(
        _ buffer: UnsafeBufferPointer<UInt8>, isFirst: Bool
    ) {
        guard let text = classified(buffer) else { return }
        var position = 0
        if !model.normalizedMatcher.isEmpty {
            while let match = model.normalizedMatcher.next(
                in: text, from: position, floor: position, ignoringSpecial: ignoringSpecial)
            {
                encodePiece(
                    UnsafeBufferPointer(rebasing: buffer[position..<match.start]),
                    isFirst: isFirst && position == 0)
                words.append(match.id)
                position = match.end
            }
        }
        encodePiece(
            UnsafeBufferPointer(rebasing: buffer[position...]),
            isFirst: isFirst && position == 0)
    }

    /// Text that no added token interrupts.
    private mutating func encodePiece(_ piece: UnsafeBufferPointer<UInt8>, isFirst: Bool) {
        guard let text = classified(piece) else { return }
        cut(text, from: 0, to: text.count, step: 0, isFirst: isFirst)
    }

    /// Runs the steps from `step` on over a part of a text.
    private mutating func cut(
        _ text: ClassifiedText, from start: Int, to end: Int, step: Int, isFirst: Bool
    ) {
        guard step < model.preTokenizer.steps.count else {
            return encodeWord(text, from: start, to: end)
        }
        switch model.preTokenizer.steps[step] {
        case .split(.metaspaceRuns, _, _) where end - start <= model.uncutBytes:
            encodeWord(text, from: start, to: end)
        case .split(let expression, let behavior, let isInverted):
            let isLast = step + 1 == model.preTokenizer.steps.count
            if isLast, behavior == .isolated, !isInverted, expression.coversText {
                return encodeWords(text, from: start, to: end, expression)
            }
            text.forEachPiece(expression, behavior, isInverted: isInverted, from: start, to: end) {
                if isLast {
                    encodeWord(text, from: $0, to: $1)
                } else {
                    cut(
                        text, from: $0, to: $1, step: step + 1, isFirst: isFirst && $0 == start)
                }
            }
        case .prefixSpace:
            guard text.base[start] != 0x20 else {
                return cut(text, from: start, to: end, step: step + 1, isFirst: isFirst)
            }
            let spaced = [0x20] + UnsafeBufferPointer(start: text.base + start, count: end - start)
            cut(spaced, step: step + 1, isFirst: isFirst)
        case .metaspace(let prefix):
            let piece = UnsafeBufferPointer(start: text.base + start, count: end - start)
            let mark = TokenizerDefinition.metaspaceBytes
            var marked =
                NormalizationStep.replacing([0x20], with: mark, in: piece) ?? Array(piece)
            if prefix == .always || prefix == .first && isFirst, !marked.starts(with: mark) {
                marked.insert(contentsOf: mark, at: 0)
            }
            cut(marked, step: step + 1, isFirst: isFirst)
        case .spell:
            cutSpelled(text, from: start, to: end, step: step + 1)
        }
    }

    private mutating func cut(_ bytes: [UInt8], step: Int, isFirst: Bool) {
        bytes.withUnsafeBufferPointer { buffer in
            guard let text = classified(buffer) else { return }
            cut(text, from: 0, to: text.count, step: step, isFirst: isFirst)
        }
    }

    /// Cuts what earlier steps made of bytes spelled in GPT-2's alphabet.
    private mutating func cutSpelled(
        _ text: ClassifiedText, from start: Int, to end: Int, step: Int
    ) {
        guard step < model.preTokenizer.steps.count,
            case .split(let expression, let behavior, let isInverted) =
                model.preTokenizer.steps[step]
        else { return encodeWord(text, from: start, to: end) }
        ByteAlphabet.scalars.withUnsafeBufferPointer { spelling in
            let spelled = SpelledText(
                base: text.base, classes: classes,
                spelling: spelling.baseAddress.unsafelyUnwrapped)
            spelled.forEachPiece(
                expression, behavior, isInverted: isInverted, from: start, to: end
            ) { cutSpelled(text, from: $0, to: $1, step: step + 1) }
        }
    }

    private mutating func encodeWords(
        _ text: ClassifiedText, from start: Int, to end: Int, _ expression: WordExpression
    ) {
        // One loop for each scanner, so that the choice is made once.
        switch expression {
        case .gpt2:
            encodeWords(text, from: start, to: end) { text, position in
                text.endOfMatch(.gpt2, from: position, to: end)
            }
        case .words(let rules) where rules == WordExpression.WordRules(numbers: rules.numbers):
            let numbers = rules.numbers
            encodeWords(text, from: start, to: end) { text, position in
                text.endOfMatch(
                    .words(WordExpression.WordRules(numbers: numbers)), from: position, to: end)
            }
        case .words(let rules):
            encodeWords(text, from: start, to: end) { text, position in
                text.endOfMatch(.words(rules), from: position, to: end)
            }
        case .cased(let rules):
            encodeWords(text, from: start, to: end) { text, position in
                text.endOfMatch(.cased(rules), from: position, to: end)
            }
        case .metaspace:
            encodeWords(text, from: start, to: end) { text, position in
                text.endOfMatch(.metaspace, from: position, to: end)
            }
        default:
            encodeWords(text, from: start, to: end) { text, position in
                text.endOfMatch(.metaspaceRuns, from: position, to: end)
            }
        }
    }

    @inline(__always)
    private mutating func encodeWords(
        _ text: ClassifiedText, from start: Int, to end: Int,
        _ endOfWord: (ClassifiedText, Int) -> Int
    ) {
        var position = start
        while position < end {
            let next = endOfWord(text, position)
            encodeWord(text, from: position, to: next)
            position = next
        }
    }

    @inline(__always)
    private mutating func encodeWord(_ text: ClassifiedText, from start: Int, to end: Int) {
        var start = start
        while end &- start > TextEncoding.wordLimit {
            let middle = text.start(before: start &+ TextEncoding.wordLimit)
            words.encode(
                text.base + start, length: middle &- start, readable: text.count &- start)
            start = middle
        }
        words.encode(text.base + start, length: end &- start, readable: text.count &- start)
    }
}
