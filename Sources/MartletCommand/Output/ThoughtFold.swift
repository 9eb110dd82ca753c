/// A model's thoughts, folded into one line of a terminal.

import Martlet

/// What a terminal shows of thoughts: while they come a row with their number and their last words, then a sentence about them.
///
/// Its methods return what is to be written to the terminal.
struct ThoughtFold: Sendable {
    private let style: TerminalStyle
    private var start: ContinuousClock.Instant?
    private var tokens = 0
    /// The last of the thoughts in one line, as much as a wide terminal has room for.
    private var last: [Character] = []
    private var isDrawnAt: ContinuousClock.Instant?

    private static let longestRow = 400
    /// A row that changes faster cannot be read.
    private static let pause = Duration.milliseconds(50)

    /// Nil where no row can be drawn again: in a file or a pipe thoughts are left out.
    init?(style: TerminalStyle) {
        guard style.takesControl else { return nil }
        self.style = style
    }

    /// Whether the model is thinking.
    var isOpen: Bool { start != nil }

    /// Takes note of a part of an answer. `columns` is the terminal's width.
    mutating func add(
        _ part: ResponsePart, at now: ContinuousClock.Instant = .now, columns: Int
    ) -> String {
        if !part.reasoning.isEmpty, start == nil { start = now }
        guard start != nil else { return "" }
        if !part.text.isEmpty || !part.toolCalls.isEmpty { return end(at: now) }
        if part.token != nil { tokens += 1 }
        let words = style.shown(part.reasoning).map { $0.isWhitespace ? " " : $0 }
        last = (last + words).suffix(Self.longestRow)
        if let isDrawnAt, now - isDrawnAt < Self.pause { return "" }
        isDrawnAt = now
        let text = Self.clipped(Self.count(tokens) + ": ", last, to: columns - 1)
        return "\r\u{1B}[K" + style.dimmed(text)
    }

    /// Ends the thoughts, if there are any, with a sentence about them.
    mutating func end(at now: ContinuousClock.Instant = .now) -> String {
        guard let start else { return "" }
        let sentence = Self.sentence(now - start, tokens)
        (self.start, tokens, last, isDrawnAt) = (nil, 0, [], nil)
        return "\r\u{1B}[K" + style.dimmed(sentence) + "\n"
    }

    /// What is known of thoughts when they have ended.
    static func sentence(_ time: Duration, _ tokens: Int) -> String {
        let tenths = (time / .milliseconds(100)).rounded()
        return "thought for \(tenths / 10) s, \(count(tokens))"
    }

    private static func count(_ tokens: Int) -> String {
        tokens == 1 ? "1 token" : "\(tokens) tokens"
    }

    /// A beginning, and as much of the end of a text as there is room for behind it.
    static func clipped(_ beginning: String, _ text: [Character], to columns: Int) -> String {
        func width(_ characters: some Sequence<Character>) -> Int {
            characters.reduce(0) { $0 + $1.onTerminal.columns }
        }
        let room = columns - width(beginning)
        guard width(text) > room else { return beginning + String(text) }
        var (shown, taken) = ([Character](), 1)
        for character in text.reversed() {
            let columns = character.onTerminal.columns
            guard taken + columns <= room else { break }
            shown.append(character)
            taken += columns
        }
        guard room > 0 else { return String(beginning.prefix(max(0, columns))) }
        return beginning + "…" + String(shown.reversed())
    }
}
