/// The choices that an answer names by letters; knows no options.

/// Reads letters of multiple choice.
enum AnswerChoice {
    /// The letters that a text answers with, A to Z, each once, in the alphabet's order; nil without one, and where it
    /// leaves several open.
    ///
    /// Letters alone count as they are: `B`, `(b)`, `CA`, `A, C`. Among words those count that come first after the last
    /// "answer is" or "answer:", otherwise the letter with which a single line begins (`B. Paris`), otherwise the last
    /// letter that stands alone. The article "A", the pronoun "I" and what follows "not" are none.
    static func letters(in text: String) -> String? {
        if let said = AnswerText.said(in: text) {
            let said = String(said)
            if let letters = alone(said) { return letters }
            let letters = ChoiceLetters(said, isSaid: true)
            if !letters.places.isEmpty { return letters.list(from: 0) }
        }
        if let letters = alone(text) { return letters }
        let letters = ChoiceLetters(text, isSaid: false)
        guard let first = letters.places.first else { return nil }
        if first.isLabel, !text.contains(where: \.isNewline) { return letters.list(from: 0) }
        return letters.list(upTo: letters.places.count - 1)
    }

    /// `B`, `(b).`, `CA`, `A, C and D`: nothing but letters and what separates them.
    private static func alone(_ text: String) -> String? {
        var letters: [Character] = []
        for part in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber })
        where part != "and" {
            let isOne = part.utf8.count == 1 && part.allSatisfy(\.isLetter)
            // Capitals in a row are choices where they come from the alphabet's beginning, each once: `CA`, no `DEAD`.
            let isRow =
                part.allSatisfy { ("A"..."J").contains($0) } && Set(part).count == part.count
            guard isOne || isRow else { return nil }
            letters += Array(part.uppercased())
        }
        return letters.isEmpty ? nil : ChoiceLetters.ordered(letters)
    }
}

/// The letters of a text that are choices where they stand.
private struct ChoiceLetters {
    /// A letter that is a choice.
    struct Place {
        let offset: Int
        let letter: Character
        /// Whether a line begins with it and a bracket, a full stop or a colon ends it: `B. Paris`.
        let isLabel: Bool
    }

    private let characters: [Character]
    private(set) var places: [Place] = []

    /// - Parameter isSaid: whether the text begins after "answer is", so that a small letter may be a choice.
    init(_ text: String, isSaid: Bool) {
        characters = Array(text)
        places = characters.indices.compactMap { place(at: $0, isSaid: isSaid) }
    }

    static func ordered(_ letters: [Character]) -> String { String(Set(letters).sorted()) }

    // MARK: Lists

    /// The choices from one on, as far as a list goes; nil where it leaves several open.
    func list(from first: Int) -> String? {
        var letters = [places[first].letter]
        for next in places.indices.dropFirst(first + 1) {
            switch joint(next - 1) {
            case .or: return nil
            case .and: letters.append(places[next].letter)
            case .none: return Self.ordered(letters)
            }
        }
        return Self.ordered(letters)
    }

    /// The choices of the list that ends with one; nil where it leaves several open.
    func list(upTo last: Int) -> String? {
        var letters = [places[last].letter]
        for before in places.indices.prefix(last).reversed() {
            switch joint(before) {
            case .or: return nil
            case .and: letters.append(places[before].letter)
            case .none: return Self.ordered(letters)
            }
        }
        return Self.ordered(letters)
    }

    private enum Joint { case and, or }

    /// How a choice and the next are joined; nil where other words stand between.
    private func joint(_ index: Int) -> Joint? {
        let between = String(characters[(places[index].offset + 1)..<places[index + 1].offset])
        let words = between.split { !$0.isLetter }
        guard between.allSatisfy({ $0.isLetter || " ,()[]*&/".contains($0) }), words.count < 2
        else { return nil }
        switch words.first {
        case nil, "and"?: return .and
        case "or"?: return .or
        default: return nil
        }
    }

    // MARK: One letter

    private static let heralds: Set<String> = ["option", "choice", "letter", "answer"]
    /// What is said of a choice, and rarely follows an article.
    private static let verbs: Set<String> = [
        "is", "are", "was", "because", "since", "seems", "and", "or", "as", "would", "must",
        "should", "cannot",
    ]

    private subscript(_ place: Int) -> Character? {
        characters.indices.contains(place) ? characters[place] : nil
    }

    private func isWordPart(_ place: Int) -> Bool {
        guard let character = self[place] else { return false }
        return character.isLetter || character.isNumber
    }

    private func place(at offset: Int, isSaid: Bool) -> Place? {
        let letter = characters[offset]
        guard letter.isASCII, letter.isLetter, !isWordPart(offset - 1), !isWordPart(offset + 1)
        else { return nil }
        let (before, after) = (self[offset - 1], self[offset + 1])
        // T-shirt, A's, U.S.
        let glue: Set<Character> = ["-", "'", "\u{2019}", "&"]
        let isGlued =
            before.map(glue.contains) == true || after.map(glue.contains) == true
            || after == "." && isWordPart(offset + 2) || before == "." && isWordPart(offset - 2)
        if isGlued { return nil }
        let isBracketed =
            before.map { "([{".contains($0) } == true && after.map { ")]}".contains($0) } == true
        let isLabel = beginsLine(offset) && after.map { ").:".contains($0) } == true
        let isChoice = isBracketed || isLabel || stands(letter, at: offset, isSaid: isSaid)
        guard isChoice, !isDenied(offset) else { return nil }
        return Place(
            offset: offset, letter: Character(letter.uppercased()), isLabel: isLabel)
    }

    /// Whether a letter without brackets is a choice.
    private func stands(_ letter: Character, at offset: Int, isSaid: Bool) -> Bool {
        let isHeralded = Self.heralds.contains(word(before: offset)) || isSaid && begins(offset)
        if letter.isLowercase { return isHeralded && word(after: offset).isEmpty }
        guard letter == "A" || letter == "I" else { return true }
        let next = word(after: offset)
        if next.isEmpty { return true }
        if Self.heralds.contains(word(before: offset)) { return true }
        if letter == "I" { return next == "is" }
        if Self.verbs.contains(next) { return true }
        // Inside a sentence the article is small.
        var at = offset - 1
        while let blank = self[at], " *_".contains(blank) { at -= 1 }
        guard let end = self[at] else { return false }
        return !end.isNewline && !".!?:\"".contains(end)
    }

    private func isDenied(_ offset: Int) -> Bool {
        let last = word(before: offset)
        return last == "not" || last.hasSuffix("n't") || last.hasSuffix("n\u{2019}t")
    }

    /// Whether nothing but blanks and marks stands before.
    private func begins(_ offset: Int) -> Bool {
        var at = offset - 1
        while let before = self[at], !before.isLetter, !before.isNumber { at -= 1 }
        return at < 0
    }

    private func beginsLine(_ offset: Int) -> Bool {
        var at = offset - 1
        while let before = self[at], " *_([".contains(before) { at -= 1 }
        return self[at]?.isNewline ?? true
    }

    /// The word before, in small letters, where only blanks and brackets stand between.
    private func word(before offset: Int) -> String {
        var at = offset - 1
        while let blank = self[at], " *_(:".contains(blank) { at -= 1 }
        var first = at + 1
        while let part = self[first - 1], part.isLetter || part == "'" || part == "\u{2019}",
            at - first < 24
        { first -= 1 }
        return first > at ? "" : String(characters[first...at]).lowercased()
    }

    /// The word after, in small letters; empty where anything but blanks stands between.
    private func word(after offset: Int) -> String {
        var at = offset + 1
        while let blank = self[at], " *_".contains(blank) { at += 1 }
        return String(characters[min(at, characters.count)...].prefix(24).prefix(while: \.isLetter))
            .lowercased()
    }
}
