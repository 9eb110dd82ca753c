/// Answers in the harmony format: messages with headers that name a channel and a recipient.

import MartletJSON

/// Reads answers in the harmony format. The prompt ends inside a header: `<|start|>assistant`.
struct HarmonyReader: Sendable {
    var output = ResponseOutput()
    private let readsCalls: Bool
    private var text = MarkedText()
    private var mode = Mode.header
    /// The header of a call that is being read, so that what turns out to be none is not lost.
    private var header: [UInt8] = []
    /// How much of a call has no mark in it: a long one is not looked through again for each token.
    private var searched = 0

    private enum Mode: Sendable, Equatable {
        case header
        case body(ResponseOutput.Kind)
        case call(String)
    }

    private static let ends = ["<|end|>", "<|return|>", "<|call|>"]
    private static let begins = ["<|start|>", "<|channel|>"]
    private static let longestHeader = 1024

    init(readsCalls: Bool) { self.readsCalls = readsCalls }

    mutating func add(_ bytes: [UInt8]) {
        text.bytes += bytes
        while advance(isFinal: false) {}
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
        let whole = String(decoding: text.bytes.prefix(64), as: UTF8.self).trimmedSpace
        guard !whole.isEmpty else {
            if isFinal { text.bytes = [] }
            return false
        }
        let isHeader = (Self.begins + ["to="]).contains { begin in
            whole.hasPrefix(begin) || begin.hasPrefix(whole)
        }
        let found = text.first(of: ["<|message|>"])
        guard isHeader, (found.mark?.range.lowerBound ?? found.decided) <= Self.longestHeader else {
            // No header: the model just speaks.
            mode = .body(.text)
            return true
        }
        guard let mark = found.mark else {
            // A header that is cut off says nothing.
            if isFinal { text.bytes = [] }
            return false
        }
        header = Array(text.bytes[..<mark.range.upperBound])
        let words = String(decoding: text.bytes[..<mark.range.lowerBound], as: UTF8.self)
        text.bytes.removeFirst(mark.range.upperBound)
        mode = Self.mode(ofHeader: words, readsCalls)
        if case .body(let kind) = mode {
            let isMore = output.hasText && kind == .text
            output.change(to: kind)
            // What is said in two messages is two paragraphs.
            if isMore { output.separate() }
        }
        return true
    }

    private static func mode(ofHeader header: String, _ readsCalls: Bool) -> Mode {
        var words = header
        for mark in begins + ["<|constrain|>"] { words = words.replacing(mark, with: " \(mark) ") }
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
        let decided = isFinal && found.mark == nil ? text.bytes.count : found.decided
        output.add(text.bytes[..<decided], kind)
        text.bytes.removeFirst(decided)
        guard let mark = found.mark else { return false }
        if Self.ends.contains(mark.text) { text.bytes.removeFirst(mark.text.utf8.count) }
        mode = .header
        return true
    }

    private mutating func readCall(_ name: String, _ isFinal: Bool) -> Bool {
        let found = text.first(of: Self.ends + Self.begins, from: searched)
        searched = found.decided
        guard found.mark != nil || isFinal else { return false }
        searched = 0
        let end = found.mark?.range.lowerBound ?? text.bytes.count
        let body = String(decoding: text.bytes[..<end], as: UTF8.self).trimmedSpace
        if let arguments = (try? JSONValue.parse(Array(body.utf8)))?.objectValue {
            output.add(ReadCall(id: nil, name: name, arguments: arguments))
        } else {
            output.add((header + text.bytes[..<end])[...], .text)
        }
        text.bytes.removeFirst(end)
        if let mark = found.mark, Self.ends.contains(mark.text) {
            text.bytes.removeFirst(mark.text.utf8.count)
        }
        mode = .header
        return found.mark != nil
    }
}
