// SentencePiece's compiled normalisation: a trie of characters, and what each of them becomes.

/// A `precompiled_charsmap`: the length of a trie, the trie (a double array of darts-clone, 32 bits a unit), and
/// the texts that its values point to, each ended by a zero.
struct CharacterMap: Sendable, Equatable {
    /// What the trie is asked for.
    enum Rule: Sendable {
        /// The longest sequence at every place, as SentencePiece does.
        case longest
        /// Whole grapheme clusters below six bytes, then single characters, and of each the shortest entry that it
        /// begins with: what `tokenizers` does.
        case graphemes
    }

    /// Longer entries are not looked for: a table of somebody's making may have them without end.
    private static let longestEntry = 256
    private static let longestText = 1024

    private let units: [UInt32]
    private let texts: [UInt8]
    let rule: Rule

    /// Reads a map; nil when it is cut off.
    init?(_ bytes: ArraySlice<UInt8>, rule: Rule) {
        func word(_ index: Int) -> UInt32 {
            let at = bytes.startIndex + index * 4
            return UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
                | UInt32(bytes[at + 3]) << 24
        }
        guard bytes.count > 4 else { return nil }
        let size = Int(word(0))
        guard size > 0, size % 4 == 0, size <= bytes.count - 4 else { return nil }
        units = (1...(size / 4)).map(word)
        texts = Array(bytes[(bytes.startIndex + 4 + size)...])
        self.rule = rule
    }

    /// The map as it is stored.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + 4 * units.count + texts.count)
        for word in [UInt32(4 * units.count)] + units {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes + texts
    }

    /// What the sequence at `start` becomes (a range of `texts`) and its length; nil when it stays.
    private func entry(
        _ text: UnsafePointer<UInt8>, from start: Int, to end: Int, longest: Bool
    ) -> (text: Int, length: Int)? {
        units.withUnsafeBufferPointer { units in
            func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
            var found: (text: Int, length: Int)?
            var node = offset(units[0])
            for position in start..<min(end, start &+ CharacterMap.longestEntry) {
                let byte = text[position]
                if byte == 0 { break }
                node ^= Int(byte)
                guard node < units.count else { break }
                let unit = units[node]
                guard unit & 0x8000_00FF == UInt32(byte) else { break }
                node ^= offset(unit)
                if unit >> 8 & 1 != 0 {
                    guard node < units.count else { break }
                    found = (Int(units[node] & 0x7FFF_FFFF), position &+ 1 &- start)
                    if !longest { break }
                }
            }
            return found
        }
    }

    private func appendText(at index: Int, to result: inout [UInt8]) {
        let end = min(texts.count, index + CharacterMap.longestText)
        var index = index
        while index < end, texts[index] != 0 {
            result.append(texts[index])
            index += 1
        }
    }

    func apply(_ text: ClassifiedText) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + 16)
        var position = 0
        while position < text.count {
            if rule == .longest {
                position += append(text, position, text.count, longest: true, to: &result)
                continue
            }
            // ASCII between ASCII is a grapheme by itself.
            var end = position
            while end < text.count, text.base[end] < 0x80, text.base[end] != 0x0D { end &+= 1 }
            if end < text.count, end > position, text.base[end] >= 0x80 { end &-= 1 }
            while position < end {
                position += append(text, position, position + 1, longest: false, to: &result)
            }
            guard position < text.count else { break }
            // Up to where two ASCII characters stand side by side.
            while end < text.count,
                end == position || text.base[end] >= 0x80 || text.base[end &- 1] >= 0x80
                    || text.base[end] == 0x0A
            { end &+= 1 }
            let stretch = UnsafeBufferPointer(start: text.base + position, count: end - position)
            for grapheme in String(decoding: stretch, as: UTF8.self) {
                let length = grapheme.utf8.count
                let next = position + length
                if length < 6,
                    let found = entry(text.base, from: position, to: next, longest: false)
                {
                    appendText(at: found.text, to: &result)
                } else {
                    while position < next {
                        let size = text.character(at: position).length
                        position += append(
                            text, position, position + size, longest: false, to: &result)
                    }
                }
                position = next
            }
        }
        // A table of somebody's making may hold anything.
        return UTF8Text.firstInvalidOffset(result) == nil
            ? result : Array(String(decoding: result, as: UTF8.self).utf8)
    }

    /// Appends what stands at `position`, and returns how many bytes that was.
    @inline(__always)
    private func append(
        _ text: ClassifiedText, _ position: Int, _ end: Int, longest: Bool,
        to result: inout [UInt8]
    ) -> Int {
        let size = text.character(at: position).length
        if let found = entry(text.base, from: position, to: end, longest: longest) {
            appendText(at: found.text, to: &result)
            // An entry that ends inside a character would leave its rest behind.
            var length = found.length
            if !longest { length = size }
            while position + length < text.count, text.base[position + length] & 0xC0 == 0x80 {
                length += 1
            }
            return length
        }
        text.append(position, size, to: &result)
        return size
    }
}
