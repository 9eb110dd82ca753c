/// A search through earlier messages, from the newest to the oldest.

/// What is looked for, and where it was found.
struct HistorySearch {
    private(set) var text = ""
    /// The message that has the text; nil for none.
    private(set) var found: Int?
    /// Only messages before this one are looked at.
    private let end: Int

    init(startingAt end: Int) { self.end = end }

    /// Looks for a longer text.
    mutating func narrow(by part: String, in history: [String]) {
        text += part
        found = Self.last(text, in: history, before: found.map { $0 + 1 } ?? end)
    }

    /// Looks for a text that is a character shorter, from the newest message again.
    mutating func widen(in history: [String]) {
        text = String(text.dropLast())
        found = text.isEmpty ? nil : Self.last(text, in: history, before: end)
    }

    /// Goes to the next older message; stays where there is none.
    mutating func goOn(in history: [String]) {
        guard let found, let next = Self.last(text, in: history, before: found) else { return }
        self.found = next
    }

    private static func last(_ text: String, in history: [String], before end: Int) -> Int? {
        guard !text.isEmpty else { return nil }
        return history[..<end].lastIndex { $0.contains(text) }
    }
}
