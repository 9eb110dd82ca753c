/// Answers in the harmony format: messages with headers that name a channel and a recipient.

import MartletJSON

/// Reads answers in the harmony format. The prompt ends inside a header: `<|start|>assistant`.
struct HarmonyReader: Sendable {
    var output = ResponseOutput()
    private let readsCalls: Bool
    private var text = MarkedText()
    private var mode = Mode.header
    private var announcer = CallAnnouncer()
    private var pacing = Pacing()
    /// The header of a call that is being read, so that what turns out to be none is not lost.
    private var header: [UInt8] = []
    /// How much of a header or a call has no mark in it: a long one is not looked through again for each token.
    private var searched = 0

    /// How many bytes were looked at, all in all.
    var examined: Int { text.examined }

    private enum Mode: Sendable, Equatable {
        case header
        case body(ResponseOutput.Kind)
        case call(String)
    }

    private static let ends = ["<|end|>", "<|return|>", "<|call|>"].map(Mark.init)
    private static let begins = ["<|start|>", "<|channel|>"].map(Mark.init)
    private static let bodyMark = Mark("<|message|>")
    private static let longestHeader = 512

    init(readsCalls: Bool) { self.readsCalls = readsCalls }

    mutating func add(_ bytes: [UInt8]) {
        text.append(bytes)
        while advance(isFinal: false) {}
        guard case .call(let name) = mode, pacing.isDue(text.count, new: bytes.count, mayEnd: false)
        else { return }
        var progress = CallProgress()
        progress.begin(name)
        progress.add(JSONPrefix.written(text.rest.prefix(searched).drop { $0 <= 0x20 }))
        text.note(examined: searched)
        announcer.tell(progress, &output)
    }

    mutating func finish() {
        while advance(isFinal: true) {}
        output.finish()
    }

    private mutating func advance(isFinal: Bool) -> Bool {
        switch mode {
        case .header: readHeader(isFinal)
        case .body(let kind): readBody(kind, isFinal)
        case .call(let name): readCall(name, isFinal)
        }
    }

    private mutating func readHeader(_ isFinal: Bool) -> Bool {
        let whole = String(decoding: text.rest.prefix(64), as: UTF8.self).trimmedSpace
        guard !whole.isEmpty else {
            if text.count >= 64 { return change(to: .body(.text)) }
            if isFinal { text.drop(text.count) }
            return false
        }
        let isHeader = (Self.begins.map(\.text) + ["to="]).contains { begin in
            whole.hasPrefix(begin) || begin.hasPrefix(whole)
        }
        guard isHeader else { return speak() }
        let limit = Self.longestHeader + Self.bodyMark.bytes.count
        let found = text.first(of: [Self.bodyMark], from: searched, limit: limit)
        searched = found.decided
        guard found.mark != nil || text.count < limit else { return speak() }
        guard let mark = found.mark else {
            guard isFinal else { return false }
            guard Self.isBeginning(ofHeader: text.rest) else { return speak() }
            // A header that is cut off says nothing.
            text.drop(text.count)
            return false
        }
        header = Array(text.rest.prefix(mark.end))
        let words = String(decoding: text.rest.prefix(mark.start), as: UTF8.self)
        text.drop(mark.end)
        _ = change(to: Self.mode(ofHeader: words, readsCalls))
        if case .body(let kind) = mode {
            let isMore = output.hasText && kind == .text
            output.change(to: kind)
            // What is said in two messages is two paragraphs.
            if isMore { output.separate() }
        }
        return true
    }

    /// Takes what looked like a header for what the model says.
    private mutating func speak() -> Bool {
        if let mark = Self.begins.first(where: { text.rest.starts(with: $0.bytes) }) {
            output.add(mark.bytes[...], .text)
            text.drop(mark.bytes.count)
        }
        return change(to: .body(.text))
    }

    /// Whether there is nothing but marks and words, the last of which may be incomplete.
    private static func isBeginning(ofHeader bytes: ArraySlice<UInt8>) -> Bool {
        var header = String(decoding: bytes, as: UTF8.self)
        let marks = begins.map(\.text) + ["<|constrain|>", bodyMark.text]
        if let last = header.lastIndex(of: "<"),
            marks.contains(where: { $0.hasPrefix(header[last...]) })
        {
            header = String(header[..<last])
        }
        for mark in marks { header = header.replacing(mark, with: " ") }
        return header.utf8.allSatisfy { byte in
            CallCursor.isNamePart(byte) || byte == UInt8(ascii: "=") || byte == 0x20 || byte == 0x0A
        }
    }

    private mutating func change(to mode: Mode) -> Bool {
        (self.mode, searched, pacing) = (mode, 0, Pacing())
        return true
    }

    private static func mode(ofHeader header: String, _ readsCalls: Bool) -> Mode {
        var words = header
        for mark in begins.map(\.text) + ["<|constrain|>"] {
            words = words.replacing(mark, with: " \(mark) ")
        }
        let parts = words.split { $0 == " " || $0 == "\n" }
        var recipient = parts.last { $0.hasPrefix("to=") }.map { String($0.dropFirst(3)) }
        if recipient == "user" || recipient == "assistant" || recipient == "all" { recipient = nil }
        if let recipient, readsCalls, !recipient.isEmpty {
            let space = "functions."
            return .call(
                recipient.hasPrefix(space) ? String(recipient.dropFirst(space.count)) : recipient)
        }
        let place = parts.lastIndex(of: "<|channel|>")
        let channel = place.flatMap { $0 + 1 < parts.count ? parts[$0 + 1] : nil }
        return .body(channel == "analysis" ? .reasoning : .text)
    }

    private mutating func readBody(_ kind: ResponseOutput.Kind, _ isFinal: Bool) -> Bool {
        let found = text.first(of: Self.ends + Self.begins)
        let decided = isFinal && found.mark == nil ? text.count : found.decided
        output.add(text.rest.prefix(decided), kind)
        text.drop(decided)
        guard let mark = found.mark else { return false }
        if Self.ends.contains(mark.text) { text.drop(mark.text.bytes.count) }
        return change(to: .header)
    }

    private mutating func readCall(_ name: String, _ isFinal: Bool) -> Bool {
        let found = text.first(of: Self.ends + Self.begins, from: searched)
        searched = found.decided
        guard found.mark != nil || isFinal else { return false }
        let end = found.mark?.start ?? text.count
        let body = String(decoding: text.rest.prefix(end), as: UTF8.self).trimmedSpace
        if let arguments = (try? JSONValue.parse(Array(body.utf8)))?.objectValue {
            announcer.complete([ReadCall(id: nil, name: name, arguments: arguments)], &output)
        } else {
            announcer.withdraw(&output)
            output.add((header + text.rest.prefix(end))[...], .text)
        }
        text.drop(end)
        if let mark = found.mark, Self.ends.contains(mark.text) {
            text.drop(mark.text.bytes.count)
        }
        return change(to: .header) && found.mark != nil
    }
}
