/// How a terminal draws characters.

enum TerminalCharacters {
    /// Whether a terminal does something at the character, rather than draw it.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}

extension Character {
    /// What a terminal is given for the character, and how many columns that takes. Control characters are not shown as
    /// themselves: they would steer the terminal.
    var onTerminal: (shown: String, columns: Int) {
        guard let first = unicodeScalars.first else { return ("", 0) }
        if first == "\t" { return ("    ", 4) }
        if unicodeScalars.contains(where: TerminalCharacters.isControl) { return ("\u{FFFD}", 1) }
        var columns = 0
        var isJoined = false
        for scalar in unicodeScalars {
            defer { isJoined = scalar == "\u{200D}" }
            let properties = scalar.properties
            // What is joined to a picture, and colours of skin, are drawn in its place; flags are pairs of letters.
            if columns > 0, isJoined, properties.isEmoji { continue }
            if columns > 0, properties.isEmojiModifier { continue }
            if columns > 0, (0x1F1E6...0x1F1FF).contains(scalar.value) { continue }
            columns += Self.columns(of: scalar)
        }
        if first.properties.isEmoji, unicodeScalars.contains("\u{FE0F}") { columns = 2 }
        return (String(self), columns)
    }

    private static func columns(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // Vowels and final consonants of Hangul are drawn into the syllable.
        if (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value) {
            return 0
        }
        let isWide =
            scalar.properties.isEmojiPresentation
            || wide.contains { $0.contains(scalar.value) }
        return isWide ? 2 : 1
    }

    /// Wide and full-width blocks of Unicode's EastAsianWidth.txt; pictures are found by their own property.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
        0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B,
        0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265,
        0x20000...0x3FFFD,
    ]
}
