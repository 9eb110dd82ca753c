/// Text that knows which parts of it came from the conversation.

/// Valid UTF-8, with the ranges that came from input rather than from the template.
///
/// The mark goes with the text through every operation, so that what a user wrote is still known as such in the
/// rendered prompt.
struct TemplateText: Sendable {
    private(set) var utf8: [UInt8]
    /// Ranges of `utf8` that came from input: ascending, apart from each other, none empty.
    private(set) var input: [Range<Int>] = []
    /// Whether it counts as escaped already (Jinja's `safe`): plain text joined to it is escaped for HTML.
    var isMarkup = false

    init(_ text: String = "", fromInput: Bool = false) {
        self.init(Array(text.utf8), fromInput: fromInput)
    }

    init(_ bytes: [UInt8], fromInput: Bool = false) {
        utf8 = bytes
        if fromInput, !bytes.isEmpty { input = [0..<bytes.count] }
    }

    var string: String { String(decoding: utf8, as: UTF8.self) }
    var isEmpty: Bool { utf8.isEmpty }
    var count: Int { utf8.count }

    mutating func append(_ other: TemplateText) {
        for range in other.input {
            mark(range.lowerBound + utf8.count..<range.upperBound + utf8.count)
        }
        utf8 += other.utf8
    }

    mutating func append(_ bytes: some Sequence<UInt8>) { utf8 += bytes }

    mutating func append(_ byte: UInt8, fromInput: Bool) {
        if fromInput { mark(utf8.count..<utf8.count + 1) }
        utf8.append(byte)
    }

    private mutating func mark(_ range: Range<Int>) {
        if let last = input.last, last.upperBound == range.lowerBound {
            input[input.count - 1] = last.lowerBound..<range.upperBound
        } else {
            input.append(range)
        }
    }

    /// A part, by bytes; both ends must lie between characters.
    subscript(range: Range<Int>) -> TemplateText {
        var part = TemplateText(Array(utf8[range]))
        part.isMarkup = isMarkup
        guard !input.isEmpty else { return part }
        // Marks are found from the first one that reaches into the part.
        var (low, high) = (0, input.count)
        while low < high {
            let middle = (low + high) / 2
            if input[middle].upperBound <= range.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        for mark in input[low...] {
            guard mark.lowerBound < range.upperBound else { break }
            let clipped = mark.clamped(to: range)
            part.input.append(
                clipped.lowerBound - range.lowerBound..<clipped.upperBound - range.lowerBound)
        }
        return part
    }

    /// The text in parts of one origin each.
    var pieces: [(range: Range<Int>, fromInput: Bool)] {
        var pieces: [(range: Range<Int>, fromInput: Bool)] = []
        var at = 0
        for range in input {
            if range.lowerBound > at { pieces.append((at..<range.lowerBound, false)) }
            pieces.append((range, true))
            at = range.upperBound
        }
        if at < utf8.count { pieces.append((at..<utf8.count, false)) }
        return pieces
    }

    /// Each part of one origin changed for itself.
    func mapped(_ change: (String) -> String) -> TemplateText {
        var result = TemplateText()
        for piece in pieces {
            let text = String(decoding: utf8[piece.range], as: UTF8.self)
            result.append(TemplateText(change(text), fromInput: piece.fromInput))
        }
        result.isMarkup = isMarkup
        return result
    }

    static func == (left: TemplateText, right: TemplateText) -> Bool { left.utf8 == right.utf8 }

    // MARK: Characters

    static func isLeading(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }

    /// How many code points it has, which is Python's length.
    var characterCount: Int {
        var count = 0
        for byte in utf8 where Self.isLeading(byte) { count += 1 }
        return count
    }

    /// Where each code point begins, and the end.
    var characterOffsets: [Int] {
        var offsets: [Int] = []
        offsets.reserveCapacity(utf8.count + 1)
        for (offset, byte) in utf8.enumerated() where Self.isLeading(byte) {
            offsets.append(offset)
        }
        offsets.append(utf8.count)
        return offsets
    }

    /// Its code points, each as a text.
    var characters: [TemplateText] {
        let offsets = characterOffsets
        return (0..<offsets.count - 1).map { self[offsets[$0]..<offsets[$0 + 1]] }
    }

    /// Where a text occurs first, from a byte on.
    func firstRange(of other: [UInt8], from start: Int = 0) -> Range<Int>? {
        guard let first = other.first else { return start..<start }
        guard start <= utf8.count, other.count <= utf8.count - start else { return nil }
        return utf8.withUnsafeBufferPointer { bytes in
            other.withUnsafeBufferPointer { other in
                var at = start
                let last = bytes.count - other.count
                search: while at <= last {
                    guard bytes[at] == first else {
                        at += 1
                        continue
                    }
                    for index in 1..<max(1, other.count) where bytes[at + index] != other[index] {
                        at += 1
                        continue search
                    }
                    return at..<at + other.count
                }
                return nil
            }
        }
    }

    /// Where a text occurs last before a byte.
    func lastRange(of other: [UInt8], before end: Int) -> Range<Int>? {
        guard other.count <= end else { return nil }
        var at = end - other.count
        while at >= 0 {
            if utf8[at..<at + other.count].elementsEqual(other) { return at..<at + other.count }
            at -= 1
        }
        return nil
    }

    // MARK: White space

    /// The range without white space, or some characters, at its ends.
    func trimmed(
        _ characters: TemplateText?, left: Bool = true, right: Bool = true
    ) -> TemplateText {
        var (start, end) = (0, utf8.count)
        guard let characters else {
            while left, start < end, let width = PythonSpace.width(in: utf8[..<end], at: start) {
                start += width
            }
            while right, start < end,
                let width = PythonSpace.width(in: utf8[start...], endingAt: end)
            {
                end -= width
            }
            return self[start..<end]
        }
        let set = Set(characters.characters.map(\.utf8))
        while left, start < end {
            var next = start + 1
            while next < end, !Self.isLeading(utf8[next]) { next += 1 }
            guard set.contains(Array(utf8[start..<next])) else { break }
            start = next
        }
        while right, start < end {
            var last = end - 1
            while last > start, !Self.isLeading(utf8[last]) { last -= 1 }
            guard set.contains(Array(utf8[last..<end])) else { break }
            end = last
        }
        return self[start..<end]
    }

    /// With the five signs of HTML as entities.
    var escaped: TemplateText {
        guard !isMarkup else { return self }
        var result = TemplateText()
        for piece in pieces {
            for byte in utf8[piece.range] {
                let entity: String? =
                    switch byte {
                    case UInt8(ascii: "&"): "&amp;"
                    case UInt8(ascii: "<"): "&lt;"
                    case UInt8(ascii: ">"): "&gt;"
                    case UInt8(ascii: "'"): "&#39;"
                    case UInt8(ascii: "\""): "&#34;"
                    default: nil
                    }
                if let entity {
                    result.append(TemplateText(entity, fromInput: piece.fromInput))
                } else {
                    result.append(byte, fromInput: piece.fromInput)
                }
            }
        }
        result.isMarkup = true
        return result
    }

    /// The two as one; markup escapes what it is joined to.
    static func + (left: TemplateText, right: TemplateText) -> TemplateText {
        var result = left
        if left.isMarkup || right.isMarkup {
            result = left.escaped
            result.append(right.escaped)
        } else {
            result.append(right)
        }
        return result
    }
}
