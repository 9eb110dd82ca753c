// Parts of a text in which special tokens are not read: what strangers wrote.

/// Ranges of a text, ascending and apart from each other, in which the spelling of a special token is only text.
struct LiteralRanges {
    let ranges: [Range<Int>]

    /// Whether any byte of a range lies in one of these.
    func touch(_ range: Range<Int>) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= range.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < ranges.count && ranges[low].lowerBound < range.upperBound
    }
}

extension AddedTokenMatcher {
    /// The next match that is no special token inside literal text.
    ///
    /// `plain` remembers the next match of an ordinary token between two calls, so that a text full of forged special
    /// tokens costs no more than any other.
    func next(
        in text: ClassifiedText, from start: Int, literal: LiteralRanges,
        isSpecial: (Int32) -> Bool,
        plain: inout Match?
    ) -> Match? {
        var from = start
        while let match = next(in: text, from: from, floor: start, ignoringSpecial: false) {
            guard isSpecial(match.id), literal.touch(match.start..<match.end) else { return match }
            if plain.map({ $0.start < from }) ?? true {
                plain =
                    next(in: text, from: from, floor: start, ignoringSpecial: true)
                    ?? Match(start: .max, end: .max, id: -1)
            }
            // An ordinary token may begin where the special one does, or before its end.
            if let plain, plain.start < match.end { return plain }
            from = match.end
        }
        return nil
    }
}
