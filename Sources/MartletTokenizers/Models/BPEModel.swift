// The tables of a byte-pair encoding, resolved to ids at load.

/// Tokens, merges and the rules for characters that have no token.
struct BPEModel: Sendable {
    let pairs: PairTable
    /// The token of each byte (byte-level) or of each ASCII character (otherwise); -1 where none.
    let singles: [Int32]
    /// Words are bytes spelled in GPT-2's alphabet, not characters.
    let byteLevel: Bool
    /// The `<0x00>` to `<0xFF>` tokens when characters without a token fall back to them, or empty.
    let fallback: [Int32]
    /// The token of a character that has no token of its own, or -1: the character is left out.
    let unknown: Int32
    /// Neighbouring unknown characters make one unknown token.
    let fusesUnknown: Bool
    /// A word that equals a token becomes that token without looking at its merges.
    let ignoresMerges: Bool
    /// One more than the highest rank when every merge comes after those that make its parts, as
    /// in all trained vocabularies; else 0.
    let ascendingRankLimit: UInt32

    init(_ definition: TokenizerDefinition, vocabulary: Vocabulary) throws(TokenizerError) {
        let file = definition.file
        byteLevel = definition.byteLevel
        fusesUnknown = definition.fusesUnknown
        ignoresMerges = definition.ignoresMerges
        if let text = definition.unknownToken {
            unknown = vocabulary.id(of: text.utf8)
            guard unknown >= 0 else {
                throw .malformed(
                    file: file,
                    reason: "unk_token is '\(text)', expected a token of the vocabulary")
            }
        } else {
            unknown = -1
        }
        if definition.byteLevel {
            singles = (0..<256).map { vocabulary.id(of: ByteAlphabet.spell([UInt8($0)])) }
        } else {
            singles = (0..<256).map { $0 < 128 ? vocabulary.id(of: [UInt8($0)]) : -1 }
        }
        fallback =
            definition.byteFallback
            ? (0..<256).map { vocabulary.id(of: BPEModel.byteToken(UInt8($0))) } : []
        switch definition.merges {
        case .pairs(let merges):
            pairs = try BPEModel.table(merges, vocabulary: vocabulary, file: file)
        case .scores(let scores):
            pairs = BPEModel.table(scores, vocabulary: vocabulary)
        }
        ascendingRankLimit = BPEModel.ascendingRankLimit(pairs, tokens: vocabulary.count)
    }

    private static func ascendingRankLimit(_ pairs: PairTable, tokens: Int) -> UInt32 {
        // The last rank that makes each token, plus one: merges of it must not come before.
        var made = [UInt32](repeating: 0, count: tokens)
        var limit: UInt32 = 0
        pairs.forEach { _, _, rank, merged in
            made[Int(merged)] = max(made[Int(merged)], rank + 1)
            limit = max(limit, rank + 1)
        }
        var ascends = true
        pairs.forEach { left, right, rank, _ in
            if rank < made[Int(left)] || rank < made[Int(right)] { ascends = false }
        }
        return ascends ? limit : 0
    }

    /// The spelling of a fallback token.
    static func byteToken(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            + Array(">".utf8)
    }

    /// The byte that a fallback token's spelling names, or nil.
    static func byte(ofToken text: ArraySlice<UInt8>) -> UInt8? {
        guard text.count == 6, text.starts(with: Array("<0x".utf8)), text.last == UInt8(ascii: ">")
        else { return nil }
        return UInt8(String(decoding: text.dropFirst(3).dropLast(), as: UTF8.self), radix: 16)
    }

    private static func table(
        _ merges: [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)], vocabulary: Vocabulary,
        file: String
    ) throws(TokenizerError) -> PairTable {
        var table = PairTable(minimumCapacity: merges.count)
        var joined: [UInt8] = []
        for (rank, merge) in merges.enumerated() {
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: merge.left)
            joined.append(contentsOf: merge.right)
            let left = vocabulary.id(of: merge.left)
            let right = vocabulary.id(of: merge.right)
            let merged = vocabulary.id(of: joined)
            guard left >= 0, right >= 0, merged >= 0 else {
                let missing = left < 0 ? merge.left : right < 0 ? merge.right : joined[...]
                throw .malformed(
                    file: file,
                    reason: "merge \(rank) needs the token '\(Vocabulary.printable(missing))', "
                        + "which the vocabulary does not have")
            }
            table.insert(left: left, right: right, rank: UInt32(rank), merged: merged)
        }
        return table
    }

    /// SentencePiece keeps scores, not merges: any two neighbours whose concatenation is a piece
    /// may merge, the best score first. Every split of a piece into two pieces becomes a merge,
    /// and pieces of equal score share a rank, so that the leftmost goes first among them.
    private static func table(_ scores: [Int32: Float], vocabulary: Vocabulary) -> PairTable {
        let ordered = scores.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
        var found: [(left: Int32, right: Int32, rank: UInt32, merged: Int32)] = []
        var rank: UInt32 = 0
        var previous: Float = .infinity
        for (id, score) in ordered {
            if score != previous { rank += 1 }
            previous = score
            guard let text = vocabulary.bytes(of: id) else { continue }
            for split in text.indices.dropFirst() where text[split] & 0xC0 != 0x80 {
                let left = vocabulary.id(of: text[..<split])
                guard left >= 0, scores[left] != nil else { continue }
                let right = vocabulary.id(of: text[split...])
                guard right >= 0, scores[right] != nil else { continue }
                found.append((left, right, rank, id))
            }
        }
        var table = PairTable(minimumCapacity: found.count)
        for merge in found {
            table.insert(
                left: merge.left, right: merge.right, rank: merge.rank, merged: merge.merged)
        }
        return table
    }
}
