/// Bytes from a terminal → keys.

/// What somebody did at the keyboard.
enum Key: Equatable, Sendable {
    /// Characters to insert; from a paste with its line feeds.
    case text(String)
    case enter, backspace, delete
    case left, right, up, down, home, end
    case wordLeft, wordRight
    case eraseToEnd, eraseToStart, eraseWord
    /// Letters and digits only, where ``eraseWord`` goes back to a space.
    case eraseWordLeft, eraseWordRight
    /// Puts back what was erased last.
    case yank
    /// Tab.
    case complete
    case search, cancel
    case interrupt, endOfInput, suspend, redraw
}

/// Reads keys from bytes that may come in pieces of any length. A paste between brackets is text: none of its bytes
/// is a command, and control characters are left out.
struct KeyDecoder {
    private static let pasteEnd: [UInt8] = Array("\u{1B}[201~".utf8)
    /// No key sends a longer sequence; what does is no key.
    private static let longestSequence = 32

    private var pending: [UInt8] = []
    private var isPasting = false
    /// Whether the last character of the paste was a carriage return, which a line feed may follow.
    private var endsInReturn = false

    /// Whether the last bytes are the beginning of a sequence: more must come, or ``flush()`` decides that it was all.
    var isWaiting: Bool { pending.first == 0x1B && !isPasting }

    /// Forgets a sequence that was begun and is not going on, such as the one byte of the escape key.
    mutating func flush() { if isWaiting { pending = [] } }

    /// The keys that are complete with these bytes.
    mutating func feed(_ bytes: [UInt8]) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        var position = 0
        while position < pending.count {
            guard let used = isPasting ? paste(position, &keys) : key(position, &keys) else {
                break
            }
            position += used
        }
        pending.removeFirst(position)
        return keys
    }

    // MARK: Pastes

    /// How many bytes were used; nil when more are needed.
    private mutating func paste(_ start: Int, _ keys: inout [Key]) -> Int? {
        let rest = pending[start...]
        let mark = Self.pasteEnd
        var end = rest.startIndex
        while end < rest.endIndex {
            if rest[end] == mark[0] {
                let part = rest[end...].prefix(mark.count)
                if part.elementsEqual(mark) {
                    insert(rest[..<end], &keys)
                    (isPasting, endsInReturn) = (false, false)
                    return end - start + mark.count
                }
                if mark.starts(with: part) { break }
            }
            end += 1
        }
        if end == rest.endIndex { end -= Self.incompleteCount(rest) }
        guard end > start else { return nil }
        insert(rest[..<end], &keys)
        return end - start
    }

    private mutating func insert(_ bytes: ArraySlice<UInt8>, _ keys: inout [Key]) {
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            defer { endsInReturn = scalar == "\r" }
            switch scalar {
            case "\n" where endsInReturn: continue
            case "\n", "\r": text.append("\n")
            case "\t": text.append(scalar)
            default: if !TerminalCharacters.isControl(scalar) { text.append(scalar) }
            }
        }
        if !text.isEmpty { keys.append(.text(String(text))) }
    }

    // MARK: Keys

    private mutating func key(_ start: Int, _ keys: inout [Key]) -> Int? {
        let rest = pending[start...]
        switch rest[start] {
        case 0x1B: return sequence(rest, &keys)
        case 0x00..<0x20, 0x7F:
            if let key = Self.control(rest[start]) { keys.append(key) }
            return 1
        default:
            var end = start
            while end < rest.endIndex, rest[end] >= 0x20, rest[end] != 0x7F { end += 1 }
            if end == rest.endIndex { end -= Self.incompleteCount(rest) }
            guard end > start else { return nil }
            var text = String.UnicodeScalarView()
            text += String(decoding: rest[..<end], as: UTF8.self).unicodeScalars.filter {
                !TerminalCharacters.isControl($0)
            }
            if !text.isEmpty { keys.append(.text(String(text))) }
            return end - start
        }
    }

    private static func control(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x01: .home
        case 0x02: .left
        case 0x03: .interrupt
        case 0x04: .endOfInput
        case 0x05: .end
        case 0x06: .right
        case 0x08, 0x7F: .backspace
        case 0x07: .cancel
        case 0x09: .complete
        case 0x0A, 0x0D: .enter
        case 0x0B: .eraseToEnd
        case 0x0C: .redraw
        case 0x0E: .down
        case 0x10: .up
        case 0x12: .search
        case 0x15: .eraseToStart
        case 0x17: .eraseWord
        case 0x19: .yank
        case 0x1A: .suspend
        default: nil
        }
    }

    /// What begins with escape: `ESC [ parameters letter`, `ESC O letter`, or a key with Alt.
    private mutating func sequence(_ rest: ArraySlice<UInt8>, _ keys: inout [Key]) -> Int? {
        let start = rest.startIndex
        guard rest.count > 1 else { return nil }
        switch rest[start + 1] {
        case UInt8(ascii: "O"):
            guard rest.count > 2 else { return nil }
            if let key = Self.letter(rest[start + 2]) { keys.append(key) }
            return 3
        case UInt8(ascii: "["):
            guard rest.count > 2 else { return nil }
            // The console of Linux names its function keys so.
            if rest[start + 2] == UInt8(ascii: "[") { return rest.count > 3 ? 4 : nil }
            var end = start + 2
            while end < rest.endIndex, (0x20..<0x40).contains(rest[end]) {
                end += 1
                if end - start > Self.longestSequence { return end - start }
            }
            guard end < rest.endIndex else { return nil }
            let parameters = String(decoding: rest[(start + 2)..<end], as: UTF8.self)
            switch (rest[end], parameters) {
            case (UInt8(ascii: "~"), "200"): isPasting = true
            case (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): keys.append(.home)
            case (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): keys.append(.end)
            case (UInt8(ascii: "~"), "3"): keys.append(.delete)
            default:
                if let key = Self.letter(rest[end]) {
                    keys.append(Self.hasModifier(parameters) ? Self.overWords(key) : key)
                }
            }
            return end - start + 1
        case 0x1B: return 1
        // A character of several bytes is taken as a whole, and the escape key takes no Ctrl-C with it.
        case 0x80..., ..<0x08, 0x09..<0x20: return 1
        default:
            if let key = Self.alternate(rest[start + 1]) { keys.append(key) }
            return 2
        }
    }

    /// Keys pressed with Alt.
    private static func alternate(_ byte: UInt8) -> Key? {
        switch byte {
        case UInt8(ascii: "b"), UInt8(ascii: "B"): .wordLeft
        case UInt8(ascii: "f"), UInt8(ascii: "F"): .wordRight
        case UInt8(ascii: "d"), UInt8(ascii: "D"): .eraseWordRight
        case 0x08, 0x7F: .eraseWordLeft
        default: nil
        }
    }

    /// Whether Alt or Control was held: the second parameter is 1 more than the sum of shift 1, Alt 2 and Control 4.
    private static func hasModifier(_ parameters: String) -> Bool {
        let parts = parameters.split(separator: ";")
        guard parts.count == 2, let value = Int(parts[1]), (1...16).contains(value) else {
            return false
        }
        return (value - 1) & 6 != 0
    }

    private static func overWords(_ key: Key) -> Key {
        switch key {
        case .left: .wordLeft
        case .right: .wordRight
        default: key
        }
    }

    private static func letter(_ byte: UInt8) -> Key? {
        switch byte {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "M"): .enter
        default: nil
        }
    }

    // MARK: Characters

    /// How many bytes at the end are the beginning of a character.
    private static func incompleteCount(_ bytes: ArraySlice<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.endIndex - count]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > count ? count : 0
        }
        return 0
    }
}
