/// A line being edited: keys in, text and cursor out.

/// The text of a message while somebody types it, with the earlier ones within reach.
struct LineEditor {
    /// What a key leads to.
    enum Outcome: Equatable {
        case edited, entered, interrupted, ended, suspend, redraw
        /// A command may go on in each of these ways.
        case choices([String])
    }

    private(set) var characters: [Character] = []
    /// Before which character the cursor stands.
    private(set) var cursor = 0
    /// What was erased last, a run of erasing keys together.
    private(set) var erased: [Character]
    /// The search through the history, while there is one.
    private(set) var search: HistorySearch?
    /// The history and, last, the new text; what is changed in an old one stays changed until the message is sent.
    private var versions: [[Character]?]
    private let history: [String]
    /// What a tab completes, each beginning with a slash.
    private let commands: [String]
    private var version: Int
    private var lastErased = false

    var text: String { String(characters) }

    init(history: [String] = [], commands: [String] = [], erased: [Character] = []) {
        self.history = history
        self.commands = commands
        self.erased = erased
        versions = Array(repeating: nil, count: history.count + 1)
        version = history.count
    }

    /// Does what a key says.
    mutating func press(_ key: Key) -> Outcome {
        if search != nil, let outcome = look(key) { return outcome }
        let erasedBefore = lastErased
        lastErased = false
        switch key {
        case .text(let text): insert(text)
        case .enter: return .entered
        case .interrupt: return .interrupted
        case .suspend: return .suspend
        case .redraw: return .redraw
        case .endOfInput:
            if characters.isEmpty { return .ended }
            remove(cursor..<min(cursor + 1, characters.count))
        case .delete: remove(cursor..<min(cursor + 1, characters.count))
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .eraseToEnd: erase(cursor..<characters.count, joins: erasedBefore)
        case .eraseToStart: erase(0..<cursor, joins: erasedBefore)
        case .eraseWord:
            var start = cursor
            while start > 0, characters[start - 1].isWhitespace { start -= 1 }
            while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
            erase(start..<cursor, joins: erasedBefore)
        case .eraseWordLeft: erase(wordStart..<cursor, joins: erasedBefore)
        case .eraseWordRight: erase(cursor..<wordEnd, joins: erasedBefore)
        case .yank: insert(String(erased))
        case .complete: return complete()
        case .search: search = HistorySearch(startingAt: history.count)
        case .cancel: break
        case .up: show(version - 1)
        case .down: show(version + 1)
        }
        return .edited
    }

    // MARK: A text that nobody sees

    /// Does what a key says while the text is not on the terminal: Enter begins a new line of it. False for a key that is not
    /// for the text.
    mutating func draft(_ key: Key) -> Bool {
        switch key {
        case .interrupt, .suspend: return false
        case .enter: insert("\n")
        case .complete, .search, .cancel, .up, .down, .redraw: break
        case .endOfInput where characters.isEmpty: break
        default: _ = press(key)
        }
        return true
    }

    /// Removes line feeds at the end, where the cursor stands behind them.
    mutating func dropLastBreaks() {
        while cursor == characters.count, characters.last == "\n" { _ = press(.backspace) }
    }

    // MARK: Words

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber
    }

    private var wordStart: Int {
        var place = cursor
        while place > 0, !Self.isWord(characters[place - 1]) { place -= 1 }
        while place > 0, Self.isWord(characters[place - 1]) { place -= 1 }
        return place
    }

    private var wordEnd: Int {
        var place = cursor
        while place < characters.count, !Self.isWord(characters[place]) { place += 1 }
        while place < characters.count, Self.isWord(characters[place]) { place += 1 }
        return place
    }

    // MARK: Changes

    /// What is inserted may join the character before it, as an accent does, and what follows may join it.
    private mutating func insert(_ text: String) {
        if cursor == characters.count {
            // Only the last character can be joined: a long paste comes in many pieces.
            let last = characters.popLast().map { String($0) } ?? ""
            characters += Array(last + text)
            cursor = characters.count
            return
        }
        let before = String(characters[..<cursor]) + text
        let after = String(characters[cursor...])
        cursor = before.count
        characters = Array(before + after)
        cursor = min(cursor, characters.count)
    }

    private mutating func remove(_ range: Range<Int>) {
        let before = String(characters[..<range.lowerBound])
        let after = String(characters[range.upperBound...])
        characters = Array(before + after)
        cursor = min(range.lowerBound, characters.count)
    }

    /// Removes what can be put back.
    private mutating func erase(_ range: Range<Int>, joins: Bool) {
        lastErased = true
        guard !range.isEmpty else { return }
        let part = Array(characters[range])
        if !joins {
            erased = part
        } else if range.upperBound == cursor {
            erased = part + erased
        } else {
            erased += part
        }
        remove(range)
    }

    private mutating func complete() -> Outcome {
        let typed = text
        guard typed.hasPrefix("/"), cursor == characters.count,
            !characters.contains(where: \.isWhitespace)
        else {
            insert("\t")
            return .edited
        }
        let choices = commands.filter { $0.hasPrefix(typed) }
        guard let first = choices.first else { return .edited }
        if choices.count == 1 {
            insert(String(first.dropFirst(typed.count)) + " ")
            return .edited
        }
        var common = first
        while !choices.allSatisfy({ $0.hasPrefix(common) }) { common.removeLast() }
        guard common.count > typed.count else { return .choices(choices) }
        insert(String(common.dropFirst(typed.count)))
        return .edited
    }

    // MARK: Earlier messages

    private mutating func show(_ next: Int) {
        guard versions.indices.contains(next) else { return }
        versions[version] = characters
        characters = versions[next] ?? Array(history[next])
        (version, cursor) = (next, characters.count)
    }

    /// What a key does to the search; nil where it ends the search and is a key like any other.
    private mutating func look(_ key: Key) -> Outcome? {
        switch key {
        case .text(let text): search?.narrow(by: text, in: history)
        case .backspace: search?.widen(in: history)
        case .search: search?.goOn(in: history)
        case .cancel, .interrupt: search = nil
        default:
            if let found = search?.found { show(found) }
            search = nil
            return nil
        }
        return .edited
    }

    /// What is shown before the text, and the text: the message found while there is a search.
    func shown(_ prompt: String) -> (prompt: String, characters: [Character], cursor: Int) {
        guard let search else { return (prompt, characters, cursor) }
        let found = search.found.map { Array(history[$0]) } ?? []
        let state = search.found == nil && !search.text.isEmpty ? "not found" : "search"
        return ("(\(state): \(search.text)) ", found, found.count)
    }
}
