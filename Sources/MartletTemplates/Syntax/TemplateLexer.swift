/// Text and tags of a template, with the rules for white space around tags.
///
/// As Jinja with `trim_blocks` and `lstrip_blocks`, which is what chat templates are written for: a line break right
/// after a block tag or a comment goes, and so does white space between a line's start and such a tag. A `-` beside a
/// tag takes all white space on its side, a `+` keeps it.

/// Cuts a template into tokens.
struct TemplateLexer {
    var source: [UInt8]
    var offset = 0
    var tokens: [TemplateToken] = []
    /// Whether the text that comes next begins a line.
    private var startsLine = true
    private var counted = 0
    private var position = SourcePosition.start

    static let maximumBytes = 4 << 20

    /// The tokens of a template, with `.end` last.
    static func tokens(of source: String) throws(PlacedFault) -> [TemplateToken] {
        var lexer = TemplateLexer(source: normalized(source))
        guard lexer.source.count <= maximumBytes else {
            throw lexer.fault("the template has more than \(maximumBytes) bytes")
        }
        try lexer.run()
        return lexer.tokens
    }

    /// Line breaks as `\n`; one at the very end does not count.
    private static func normalized(_ source: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.utf8.count)
        var afterReturn = false
        for byte in source.utf8 {
            if byte == 0x0A, afterReturn {
                afterReturn = false
                continue
            }
            afterReturn = byte == 0x0D
            bytes.append(afterReturn ? 0x0A : byte)
        }
        if bytes.last == 0x0A { bytes.removeLast() }
        return bytes
    }

    private init(source: [UInt8]) { self.source = source }

    private enum Tag { case variable, block, comment }

    private mutating func run() throws(PlacedFault) {
        while let (tag, start) = nextTag() {
            let sign = start + 2 < source.count ? source[start + 2] : 0
            var end = start
            if sign == UInt8(ascii: "-") {
                while end > offset, let width = spaceWidth(endingAt: end) { end -= width }
                if end < offset { end = offset }
            } else if sign != UInt8(ascii: "+"), tag != .variable {
                end = withoutIndentation(before: start)
            }
            emitData(upTo: end)
            let hasSign = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
            let open = place(at: start)
            offset = start + (hasSign ? 3 : 2)
            switch tag {
            case .comment: try skipComment(from: start)
            case .variable:
                tokens.append(TemplateToken(kind: .variableBegin, position: open))
                try expression(endingWith: "}}")
                tokens.append(TemplateToken(kind: .variableEnd, position: place(at: offset)))
                closeTag(trimsLine: false)
            case .block:
                if try rawBlock() { continue }
                tokens.append(TemplateToken(kind: .blockBegin, position: open))
                try expression(endingWith: "%}")
                tokens.append(TemplateToken(kind: .blockEnd, position: place(at: offset)))
                closeTag(trimsLine: true)
            }
        }
        emitData(upTo: source.count)
        tokens.append(TemplateToken(kind: .end, position: place(at: source.count)))
    }

    private func nextTag() -> (Tag, Int)? {
        var at = offset
        while at + 1 < source.count {
            if source[at] == UInt8(ascii: "{") {
                switch source[at + 1] {
                case UInt8(ascii: "{"): return (.variable, at)
                case UInt8(ascii: "%"): return (.block, at)
                case UInt8(ascii: "#"): return (.comment, at)
                default: break
                }
            }
            at += 1
        }
        return nil
    }

    /// Where the text before a tag ends when the tag stands first in its line.
    private func withoutIndentation(before start: Int) -> Int {
        var line = start
        while line > offset, source[line - 1] != 0x0A { line -= 1 }
        guard line > offset || startsLine else { return start }
        var at = line
        while at < start {
            guard let width = spaceWidth(at: at) else { return start }
            at += width
        }
        return line
    }

    private mutating func emitData(upTo end: Int) {
        guard end > offset else { return }
        let text = String(decoding: source[offset..<end], as: UTF8.self)
        tokens.append(TemplateToken(kind: .data(text), position: place(at: offset)))
        startsLine = source[end - 1] == 0x0A
    }

    /// Goes past a tag's end, whose first sign is at `offset`, and past the white space that it takes.
    private mutating func closeTag(trimsLine: Bool) {
        let begin = offset
        let sign = source[offset]
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { offset += 1 }
        offset += 2
        if sign == UInt8(ascii: "-") {
            skipSpace()
        } else if trimsLine, sign != UInt8(ascii: "+"), offset < source.count,
            source[offset] == 0x0A
        {
            offset += 1
        }
        startsLine = offset > begin && source[offset - 1] == 0x0A
    }

    private mutating func skipComment(from start: Int) throws(PlacedFault) {
        while offset + 1 < source.count {
            if source[offset] == UInt8(ascii: "#"), source[offset + 1] == UInt8(ascii: "}") {
                let before = source[offset - 1]
                if (before == UInt8(ascii: "-") || before == UInt8(ascii: "+")), offset > start + 2
                {
                    offset -= 1
                }
                closeTag(trimsLine: true)
                return
            }
            offset += 1
        }
        offset = start
        throw fault("a comment has no end, expected '#}'")
    }

    /// Reads `{% raw %}…{% endraw %}` when it stands after the `{%` at `offset`.
    private mutating func rawBlock() throws(PlacedFault) -> Bool {
        let begin = offset
        guard let inside = end(ofTag: "raw", at: offset) else { return false }
        offset = inside.end
        if inside.strips { skipSpace() }
        startsLine = false
        var at = offset
        while at + 1 < source.count {
            if source[at] == UInt8(ascii: "{"), source[at + 1] == UInt8(ascii: "%") {
                var name = at + 2
                let sign = name < source.count ? source[name] : 0
                let hasSign = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
                if hasSign { name += 1 }
                if let close = end(ofTag: "endraw", at: name) {
                    var end = at
                    if sign == UInt8(ascii: "-") {
                        while end > offset, let width = spaceWidth(endingAt: end) { end -= width }
                    } else if !hasSign {
                        end = withoutIndentation(before: at)
                    }
                    emitData(upTo: end)
                    offset = close.sign
                    closeTag(trimsLine: true)
                    return true
                }
            }
            at += 1
        }
        offset = begin
        throw fault("'raw' has no end, expected '{% endraw %}'")
    }

    /// The end of a tag that holds one name alone: where its closing signs begin and end.
    private func end(ofTag name: String, at start: Int) -> (sign: Int, end: Int, strips: Bool)? {
        var at = start
        while at < source.count, let width = spaceWidth(at: at) { at += width }
        guard source[at...].starts(with: name.utf8) else { return nil }
        at += name.utf8.count
        while at < source.count, let width = spaceWidth(at: at) { at += width }
        let sign = at
        guard at < source.count else { return nil }
        let strips = source[at] == UInt8(ascii: "-")
        if strips || source[at] == UInt8(ascii: "+") { at += 1 }
        guard source[at...].starts(with: "%}".utf8) else { return nil }
        return (sign, at + 2, strips)
    }

    // MARK: Shared with expressions

    mutating func skipSpace() {
        while offset < source.count, let width = spaceWidth(at: offset) { offset += width }
    }

    /// The bytes of the white space character at a place; nil where there is another.
    func spaceWidth(at place: Int) -> Int? { PythonSpace.width(in: source[...], at: place) }

    private func spaceWidth(endingAt place: Int) -> Int? {
        PythonSpace.width(in: source[...], endingAt: place)
    }

    /// The line and column of an offset, which may not go backwards far: counting goes on from the last one.
    mutating func place(at offset: Int) -> SourcePosition {
        if offset < counted {
            counted = 0
            position = .start
        }
        while counted < offset {
            let byte = source[counted]
            if byte == 0x0A {
                position.line += 1
                position.column = 1
            } else if byte & 0xC0 != 0x80 {
                position.column += 1
            }
            counted += 1
        }
        return position
    }

    mutating func fault(_ message: String) -> PlacedFault {
        PlacedFault(fault: TemplateFault(.syntax, message), position: place(at: offset))
    }
}

/// A fault in a template's text.
struct PlacedFault: Error {
    let fault: TemplateFault
    let position: SourcePosition
}
