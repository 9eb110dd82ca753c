// The text of an answer's pieces with the special tokens that tell its parts.

import MartletTokenizers

/// Shows special tokens among the text of pieces, which leaves them out.
struct MarkedPieces: Sendable {
    private var decoder: StreamDecoder
    /// Whether a token marks structure; nil where all text of tokens is shown.
    private let isSpecial: (@Sendable (Int32) -> Bool)?
    /// What tokens said and pieces have not: a stop text may yet begin with it. Marks behind it wait with it.
    private var held: [(bytes: ArraySlice<UInt8>, isMark: Bool)] = []
    /// Bytes of pieces that have not been matched with what tokens said.
    private var released = 0

    /// - Parameter isSpecial: whether a token marks structure, where stop texts may end a piece's text before that of
    ///   its tokens; nil where none does.
    init(_ decoder: StreamDecoder, isSpecial: (@Sendable (Int32) -> Bool)? = nil) {
        self.decoder = decoder
        self.isSpecial = isSpecial
    }

    /// What a piece adds to the marked text.
    mutating func read(text: String, token: Int32?, isLast: Bool) -> String {
        let added = token.map { decoder.append($0) } ?? ""
        guard let isSpecial else { return added + (isLast ? decoder.finish() : "") }
        hold(added, isMark: token.map(isSpecial) ?? false)
        if isLast { hold(decoder.finish(), isMark: false) }
        released += text.utf8.count
        var bytes: [UInt8] = []
        while let first = held.first {
            if first.isMark {
                bytes += first.bytes
                held.removeFirst()
                continue
            }
            guard released > 0 else { break }
            let part = first.bytes.prefix(released)
            bytes += part
            released -= part.count
            held[0].bytes = first.bytes.dropFirst(part.count)
            if held[0].bytes.isEmpty { held.removeFirst() }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func hold(_ text: String, isMark: Bool) {
        guard !text.isEmpty else { return }
        held.append((Array(text.utf8)[...], isMark))
    }
}
