/// What was read of an answer, and the marks that are looked for in it.

/// What was read, with the white space that may turn out to be none of it.
struct ResponseOutput: Sendable {
    enum Kind: Sendable { case text, reasoning }

    enum Piece: Sendable {
        case text([UInt8])
        case reasoning([UInt8])
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
        switch (pieces.last, kind) {
        case (.text(let last), .text): pieces[pieces.count - 1] = .text(last + bytes)
        case (.reasoning(let last), .reasoning): pieces[pieces.count - 1] = .reasoning(last + bytes)
        case (_, .text): pieces.append(.text(bytes))
        case (_, .reasoning): pieces.append(.reasoning(bytes))
        }
    }
}

/// Text in which marks are looked for, from its front.
struct MarkedText: Sendable {
    var bytes: [UInt8] = []

    /// The first place at which one of some marks stands, and where undecided text begins: what may become a mark.
    /// Nothing is looked for before `start`.
    func first(
        of marks: [String], from start: Int = 0
    ) -> (mark: (text: String, range: Range<Int>)?, decided: Int) {
        let texts = marks.map { Array($0.utf8) }
        let leads = Set(texts.compactMap(\.first))
        var at = start
        while at < bytes.count {
            guard leads.contains(bytes[at]) else {
                at += 1
                continue
            }
            for (mark, text) in zip(marks, texts) {
                let rest = bytes[at...]
                if rest.starts(with: text) { return ((mark, at..<at + text.count), at) }
                if text.starts(with: rest) { return (nil, at) }
            }
            at += 1
        }
        return (nil, bytes.count)
    }
}
