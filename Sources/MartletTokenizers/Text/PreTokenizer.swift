// How text is cut into words: steps, each of which cuts the pieces of the one before.

/// The steps from a normalised text to words.
struct PreTokenizer: Sendable, Equatable {
    /// Where a `▁` is put before text whose spaces become `▁`.
    enum MetaspacePrefix: Sendable, Equatable {
        case never
        /// Only at the start of the text.
        case first
        /// Also after every added token.
        case always
    }

    /// What becomes of the matches of an expression.
    enum Behavior: String, Sendable, CaseIterable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    enum Step: Sendable, Equatable {
        /// Cuts at the matches of an expression, or at what lies between them.
        case split(WordExpression, Behavior = .isolated, isInverted: Bool = false)
        /// Puts a space before a piece that does not begin with one.
        case prefixSpace
        /// Spaces become `▁`, and one may be put before.
        case metaspace(MetaspacePrefix)
        /// From here on, bytes are read as GPT-2's alphabet spells them.
        case spell
    }

    var steps: [Step] = []

    /// The whole text is one word.
    static let whole = PreTokenizer()
    static let gpt2 = PreTokenizer(steps: [.split(.gpt2)])
    static let words1 = PreTokenizer(steps: [.split(.words1)])
    static let words3 = PreTokenizer(steps: [.split(.words3)])
    /// Every number character alone, GPT-2's expression between them (StarCoder, SmolLM).
    static let digitsThenGPT2 = PreTokenizer(steps: [
        .split(.runs(.one(CharacterClass.number))), .split(.gpt2),
    ])

    /// White space goes, punctuation stands alone.
    static let bert = PreTokenizer(steps: [
        .split(.runs(.many(CharacterClass.space)), .removed),
        .split(.runs(.one(CharacterClass.isolated))),
    ])

    /// Puts a space before each piece that the step of a byte-level tokenizer is given.
    mutating func prefixSpace() {
        let place = steps.lastIndex(of: .split(.gpt2)) ?? steps.lastIndex(of: .spell)
        steps.insert(.prefixSpace, at: place ?? steps.count)
    }

    /// Whether text may be cut before a space after an ASCII letter or digit, whatever follows.
    var cutsBeforeSpaces: Bool {
        var cuts = false
        for step in steps {
            guard case .split(let expression, .isolated, false) = step,
                expression.cutsBeforeSpaces
            else { return false }
            if expression.coversText || expression == .punctuated { cuts = true }
        }
        return cuts
    }
}

extension ScannedText {
    /// The pieces of a step that cuts; none of them is empty.
    @inline(__always)
    func forEachPiece(
        _ expression: WordExpression, _ behavior: PreTokenizer.Behavior, isInverted: Bool,
        from start: Int, to end: Int, _ body: (Int, Int) -> Void
    ) {
        // What is not given away yet: where it starts, ends, and whether it is a match.
        var waiting: (start: Int, end: Int, isMatch: Bool)?
        func give(_ start: Int, _ end: Int) { if start < end { body(start, end) } }
        func take(_ start: Int, _ end: Int, _ found: Bool) {
            guard start < end || found else { return }
            let isMatch = found != isInverted
            switch behavior {
            case .isolated: give(start, end)
            case .removed: if !isMatch { give(start, end) }
            case .contiguous:
                if let last = waiting, last.isMatch == isMatch {
                    waiting = (last.start, end, isMatch)
                } else {
                    if let last = waiting { give(last.start, last.end) }
                    waiting = (start, end, isMatch)
                }
            case .mergedWithPrevious:
                if let last = waiting, isMatch, !last.isMatch {
                    give(last.start, end)
                    waiting = (end, end, true)
                } else {
                    if let last = waiting { give(last.start, last.end) }
                    waiting = (start, end, isMatch)
                }
            case .mergedWithNext:
                if let last = waiting, last.isMatch, !isMatch {
                    give(last.start, end)
                    waiting = nil
                } else {
                    if let last = waiting { give(last.start, last.end) }
                    waiting = (start, end, isMatch)
                }
            }
        }
        var position = start
        forEachMatch(expression, from: start, to: end) { first, last in
            take(position, first, false)
            take(first, last, true)
            position = last
        }
        take(position, end, false)
        if let last = waiting { give(last.start, last.end) }
    }
}
