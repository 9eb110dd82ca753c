/// What was read of an answer.

/// What was read, with the white space that may turn out to be none of it.
struct ResponseOutput: Sendable {
    enum Kind: Sendable { case text, reasoning }

    enum Piece: Sendable {
        case text([UInt8])
        case reasoning([UInt8])
        case delta(ToolCallDelta)
        case call(ReadCall)
    }

    var pieces: [Piece] = []
    /// White space at the end of what was read, which is only given when something follows it.
    private var held: [UInt8] = []
    private var kind = Kind.text
    /// Whether white space comes before anything of its kind.
    private var isLeading = false
    private(set) var hasText = false
    private(set) var hasCalls = false

    /// Adds text of a kind.
    mutating func add(_ bytes: ArraySlice<UInt8>, _ kind: Kind) {
        guard !bytes.isEmpty else { return }
        if kind != self.kind { change(to: kind) }
        var end = bytes.endIndex
        while let width = PythonSpace.width(in: bytes, endingAt: end) { end -= width }
        var start = bytes.startIndex
        if isLeading {
            while start < end, let width = PythonSpace.width(in: bytes, at: start) {
                start += width
            }
        }
        if end > bytes.startIndex, start < end {
            append(held + bytes[start..<end])
            held = []
            isLeading = false
        }
        if !isLeading { held += bytes[max(end, start)...] }
    }

    /// Begins another kind of text, or the same after something else: white space around goes.
    mutating func change(to kind: Kind) {
        self.kind = kind
        held = []
        isLeading = true
    }

    /// Sets what follows apart from what was said before.
    mutating func separate() { held = Array("\n\n".utf8) }

    /// Adds what is new of a call.
    mutating func add(_ delta: ToolCallDelta) { pieces.append(.delta(delta)) }

    mutating func add(_ call: ReadCall) {
        change(to: .text)
        hasCalls = true
        pieces.append(.call(call))
    }

    /// Gives the white space at the very end of a text.
    mutating func finish() {
        if kind == .text, !isLeading, !held.isEmpty { append(held) }
        held = []
    }

    private mutating func append(_ bytes: [UInt8]) {
        if kind == .text { hasText = true }
        // Taken out while it grows: text that is held twice would be copied each time.
        switch (pieces.popLast(), kind) {
        case (.text(var last), .text):
            last += bytes
            pieces.append(.text(last))
        case (.reasoning(var last), .reasoning):
            last += bytes
            pieces.append(.reasoning(last))
        case (let last, let kind):
            if let last { pieces.append(last) }
            pieces.append(kind == .text ? .text(bytes) : .reasoning(bytes))
        }
    }
}
