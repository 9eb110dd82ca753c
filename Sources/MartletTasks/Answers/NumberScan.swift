/// Where numbers stand in a text; knows how they are written, not what they are for.

/// All numbers of a text, in its order.
///
/// Numbers are read as English writes them. What would be another number elsewhere (`1.234,56`, `12,5`, `1 024`, `1'024`), a date,
/// a time, a power, an index (`x2`) and digits that are not ASCII are found and refused: dropping them would make an earlier
/// number the last one.
struct NumberScan {
    /// A place that looks like a number.
    struct Found {
        /// Offsets of scalars, sign and currency included.
        let range: Range<Int>
        /// Nil where it is refused.
        let number: AnswerNumber?
    }

    private let text: String
    let scalars: [Unicode.Scalar]
    private(set) var numbers: [Found] = []

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
        var place = 0
        while place < scalars.count {
            guard let found = number(at: place) else {
                place += 1
                continue
            }
            place = max(found.end, place + 1)
            if !found.isPassedOver {
                numbers.append(Found(range: found.start..<place, number: found.number))
            }
        }
    }

    /// The index in the text of a scalar.
    func index(_ offset: Int) -> String.Index {
        text.unicodeScalars.index(text.unicodeScalars.startIndex, offsetBy: offset)
    }

    // MARK: Marks

    /// Words that may stand between a mark and its number.
    private static let introductions: Set<String> = [
        "the", "final", "answer", "is", "boxed", "text", "total",
    ]

    /// The number that stands after the last of the marks that a number follows. A heading (`#### 2. Add`) is none.
    func marked(after mark: String) -> Found? {
        let mark = Array(mark.unicodeScalars)
        var end = scalars.count
        var next = numbers.count
        while end >= mark.count {
            guard scalars[end - mark.count..<end].elementsEqual(mark) else {
                end -= 1
                continue
            }
            while next > 0, numbers[next - 1].range.lowerBound >= end { next -= 1 }
            if next < numbers.count, introduces(end..<numbers[next].range.lowerBound),
                !isHeading(numbers[next].range.upperBound)
            {
                return numbers[next]
            }
            end -= 1
        }
        return nil
    }

    private func introduces(_ range: Range<Int>) -> Bool {
        guard range.count <= 64 else { return false }
        let words = scalars[range].split { !$0.properties.isAlphabetic }
        return words.allSatisfy { word in
            Self.introductions.contains(Self.string(word).lowercased())
        }
    }

    /// Whether `2. Add` or `2) Add` goes on after the number.
    private func isHeading(_ end: Int) -> Bool {
        guard let point = self[end], point == "." || point == ")", self[end + 1] == " " else {
            return false
        }
        return self[end + 2]?.properties.isAlphabetic == true
    }

    // MARK: One number

    private struct Reading {
        var start: Int
        var end: Int
        var number: AnswerNumber?
        /// An exponent of a unit, which is no number of the text.
        var isPassedOver = false
    }

    subscript(_ place: Int) -> Unicode.Scalar? {
        scalars.indices.contains(place) ? scalars[place] : nil
    }

    /// What looks like a number from a place on; nil where none begins.
    private func number(at place: Int) -> Reading? {
        let scalar = scalars[place]
        if scalar == "\\" { return latexFraction(at: place) }
        if !scalar.isASCII { return foreignDigits(at: place) }
        let isPoint = scalar == "." && isDigit(place + 1) && mayBeginWithPoint(place)
        guard isDigit(place) || isPoint else { return nil }
        let end = body(at: place)
        if let base = base(ofPowerAt: place) {
            // A unit's power, cm^2, is no number of the text.
            return Reading(start: place, end: end.place, isPassedOver: isLetter(base))
        }
        let (start, isNegative, isUnclear) = sign(before: place)
        // 3-1/2 is three and a half, or a difference.
        let isMixed =
            end.isFraction && start == place && isDigit(place - 2)
            && self[place - 1].map(Self.minus.contains) == true
        let isRefused = isUnclear || isMixed || isPartOfMore(place) || goesOn(end.place)
        return Reading(
            start: start, end: end.place, number: isRefused ? nil : end.number(isNegative))
    }

    /// The place of what is raised to the power that a place begins: after `^`, `^{`, `^-` or `^{-`.
    private func base(ofPowerAt place: Int) -> Int? {
        var at = place - 1
        if self[at] == "-" { at -= 1 }
        if self[at] == "{" { at -= 1 }
        return self[at] == "^" ? at - 1 : nil
    }

    /// What stands from the first digit on.
    private struct Body {
        var place: Int
        var isFraction = false
        var number: (_ isNegative: Bool) -> AnswerNumber?
    }

    private func body(at start: Int) -> Body {
        var place = start
        func refused(_ end: Int) -> Body { Body(place: rest(from: end)) { _ in nil } }
        var whole = digits(&place)
        // Groups of three, between commas.
        if let next = group(at: place) {
            var count = 0
            var isSound = (1...3).contains(whole.utf8.count) && whole.first != "0"
            var following: Int? = next
            while let begin = following {
                place = begin
                let part = digits(&place)
                isSound = isSound && part.utf8.count == 3
                whole += part
                count += 1
                following = group(at: place)
            }
            if !isSound { return refused(place) }
        } else if let spaced = spacedGroup(at: place, after: whole) {
            return refused(spaced)
        }
        var fraction = ""
        if self[place] == ".", isDigit(place + 1) {
            place += 1
            fraction = digits(&place)
        }
        if let next = self[place], Self.otherSeparators.contains(next), isDigit(place + 1) {
            return refused(place)
        }
        // A date, 2024-01-05.
        if self[place] == "-", isDigit(place + 1) {
            var after = place + 1
            _ = digits(&after)
            if self[after] == "-", isDigit(after + 1) { return refused(after) }
        }
        if let ratio = denominator(at: place) {
            guard fraction.isEmpty, !whole.isEmpty, ratio.isSound else { return refused(ratio.end) }
            return Body(place: ratio.end, isFraction: true) { [whole] in
                AnswerNumber(
                    isNegative: $0, whole: nil, numerator: whole, denominator: ratio.digits)
            }
        }
        if fraction.isEmpty, self[place] == " ", isDigit(place + 1) {
            var after = place + 1
            let numerator = digits(&after)
            if self[after] == "/", let ratio = denominator(at: after), ratio.isSound {
                guard let above = Int(numerator), let below = Int(ratio.digits), above < below
                else { return refused(ratio.end) }
                return Body(place: ratio.end, isFraction: true) { [whole] in
                    AnswerNumber(
                        isNegative: $0, whole: whole, numerator: numerator,
                        denominator: ratio.digits)
                }
            }
        }
        var exponent: String?
        if self[place] == "e" || self[place] == "E" {
            var after = place + 1
            var sign = ""
            if let next = self[after], next == "+" || next == "-" {
                sign = next == "-" ? "-" : ""
                after += 1
            }
            if isDigit(after) {
                let power = digits(&after)
                if self[after].map({ !$0.properties.isAlphabetic }) ?? true {
                    exponent = sign + power
                    place = after
                }
            }
        }
        return Body(place: place) { [whole, exponent] in
            AnswerNumber(
                isNegative: $0, whole: whole, fraction: fraction, exponent: exponent)
        }
    }

    func isDigit(_ place: Int) -> Bool {
        guard let scalar = self[place] else { return false }
        return ("0"..."9").contains(scalar)
    }

    /// Scripts without spaces write letters before numbers, so only those of ASCII make a name.
    func isLetter(_ place: Int) -> Bool {
        guard let scalar = self[place], scalar.isASCII else { return false }
        return scalar.properties.isAlphabetic
    }

    /// Whether a minus after this is a hyphen or a difference.
    func joins(_ place: Int) -> Bool {
        guard let scalar = self[place] else { return false }
        if isLetter(place) || isDigit(place) || Self.minus.contains(scalar) { return true }
        return ")]}%_".unicodeScalars.contains(scalar)
    }

    private func digits(_ place: inout Int) -> String {
        let start = place
        while isDigit(place) { place += 1 }
        return Self.string(scalars[start..<place])
    }

    /// The end of what belongs to a number that is refused.
    private func rest(from place: Int) -> Int {
        var end = place
        while isDigit(end) || (isDigit(end + 1) && separates(end)) { end += 1 }
        return end
    }

    private func separates(_ place: Int) -> Bool {
        guard let scalar = self[place] else { return false }
        return scalar == "-" || scalar == "/" || Self.otherSeparators.contains(scalar)
    }

    /// Where the digits of another group begin: after `,`, or LaTeX's `{,}`, `,\!` and `\,`.
    private func group(at place: Int) -> Int? {
        for separator in [",", "{,}", ",\\!", "\\,"] {
            let scalars = separator.unicodeScalars
            let matches = scalars.enumerated().allSatisfy { self[place + $0.offset] == $0.element }
            if matches, isDigit(place + scalars.count) { return place + scalars.count }
        }
        return nil
    }

    /// The end of a group of three after a space, as French and SI write it.
    private func spacedGroup(at place: Int, after whole: String) -> Int? {
        guard (1...3).contains(whole.utf8.count), self[place] == " ", isDigit(place + 1) else {
            return nil
        }
        var end = place
        while self[end] == " ", isDigit(end + 1) {
            var after = end + 1
            guard digits(&after).utf8.count == 3 else { break }
            end = after
        }
        return end > place ? end : nil
    }

    /// What divides, after `/` or ` / `; not sound where it is part of a date or of a decimal.
    private func denominator(at place: Int) -> (digits: String, end: Int, isSound: Bool)? {
        var at = place
        if self[at] == " " { at += 1 }
        guard self[at] == "/" || self[at] == "\u{2044}" else { return nil }
        at += 1
        if self[at] == " ", at - 1 > place { at += 1 }
        guard isDigit(at) else { return nil }
        let digits = digits(&at)
        let follows = self[at]
        let isSound =
            !(isDigit(at + 1)
            && (follows == "/" || follows.map(Self.otherSeparators.contains) == true))
        return (digits, at, isSound)
    }

    /// `\frac{1}{2}`, and its kin in other sizes.
    private func latexFraction(at place: Int) -> Reading? {
        for name in ["\\frac{", "\\dfrac{", "\\tfrac{"] {
            let letters = Array(name.unicodeScalars)
            guard place + letters.count < scalars.count,
                scalars[place..<place + letters.count].elementsEqual(letters)
            else { continue }
            var at = place + letters.count
            let numerator = digits(&at)
            guard !numerator.isEmpty, self[at] == "}", self[at + 1] == "{" else { return nil }
            at += 2
            let denominator = digits(&at)
            guard !denominator.isEmpty, self[at] == "}" else { return nil }
            let (start, isNegative, isRefused) = sign(before: place)
            // 3\frac{1}{2} is three and a half.
            let isMixed = isDigit(place - 1)
            let number = AnswerNumber(
                isNegative: isNegative, whole: nil, numerator: numerator, denominator: denominator)
            return Reading(
                start: start, end: at + 1,
                number: isRefused || isMixed || goesOn(at + 1) ? nil : number)
        }
        return nil
    }

    /// Digits of other scripts, and what one character writes as a fraction, a power or a number in a ring.
    private func foreignDigits(at place: Int) -> Reading? {
        switch scalars[place].properties.generalCategory {
        case .decimalNumber, .otherNumber, .letterNumber: break
        default: return nil
        }
        let isUnit =
            Self.powers.contains(scalars[place])
            && self[place - 1].map { $0.properties.isAlphabetic || $0 == ")" } == true
        return Reading(start: place, end: place + 1, isPassedOver: isUnit)
    }

    static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
