// The hot loop: one word of bytes becomes tokens.

/// Borrowed tables, working memory and the growing output of one encoding.
struct WordEncoder {
    let pairs: PairTableView
    let singles: UnsafePointer<Int32>
    let fallback: UnsafeBufferPointer<Int32>
    let model: WordModel
    let vocabulary: Vocabulary
    let cache: UnsafeMutableRawPointer
    let smallIDs: UnsafeMutablePointer<Int32>
    let smallRanks: UnsafeMutablePointer<UInt32>
    let byteLevel: Bool
    let ignoresMerges: Bool

    private(set) var output: UnsafeMutablePointer<Int32>
    private(set) var count = 0
    /// The first character that had no token and was left out.
    private(set) var missing: [UInt8]?
    private var capacity: Int

    init(
        model: WordModel, vocabulary: Vocabulary, pairs: PairTableView,
        singles: UnsafePointer<Int32>, fallback: UnsafeBufferPointer<Int32>,
        scratch: EncoderScratch, capacity: Int
    ) {
        self.model = model
        self.vocabulary = vocabulary
        self.pairs = pairs
        self.singles = singles
        self.fallback = fallback
        cache = scratch.cache
        smallIDs = scratch.ids
        smallRanks = scratch.ranks
        byteLevel = model.byteLevel
        ignoresMerges = model.bpe.ignoresMerges
        self.capacity = max(16, capacity)
        output = .allocate(capacity: self.capacity)
    }

    /// Ends the encoding: the tokens, and the output memory returned.
    consuming func finish() -> [Int32] {
        let tokens = Array(UnsafeBufferPointer(start: output, count: count))
        output.deallocate()
        return tokens
    }

    mutating func append(_ id: Int32) {
        reserve(1)
        output[count] = id
        count &+= 1
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count &+ more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<Int32>.allocate(capacity: larger)
        moved.update(from: output, count: count)
        output.deallocate()
        output = moved
        capacity = larger
    }

    /// Encodes the word of `length` bytes at `word`; `readable` bytes may be read from there.
    @inline(__always)
    mutating func encode(_ word: UnsafePointer<UInt8>, length: Int, readable: Int) {
        guard length <= EncoderScratch.cachedBytes else {
            encodeUncached(word, length: length)
            return
        }
        // The key: 23 bytes of word padded with zeros, and the length in the last byte.
        var first: UInt64 = 0
        var second: UInt64 = 0
        var third: UInt64 = 0
        let raw = UnsafeRawPointer(word)
        if readable >= 24 {
            if length <= 8 {
                first = WordEncoder.load(raw, length)
            } else {
                first = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self))
                if length <= 16 {
                    second = WordEncoder.load(raw + 8, length &- 8)
                } else {
                    second = UInt64(
                        littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                    third = WordEncoder.load(raw + 16, length &- 16)
                }
            }
        } else {
            for index in 0..<length {
                let bits = UInt64(word[index]) << UInt64((index & 7) &* 8)
                if index < 8 {
                    first |= bits
                } else if index < 16 {
                    second |= bits
                } else {
                    third |= bits
                }
            }
        }
        third |= UInt64(truncatingIfNeeded: length) << 56
        var hash = (first ^ third &* 0xA24B_AED4_963E_E407) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 32 ^ second) &* 0xD6E8_FEB8_6659_FD93
        let index = Int(truncatingIfNeeded: hash &>> UInt64(64 - EncoderScratch.slotBits))
        let line = cache + index &* EncoderScratch.slotBytes
        if copy(line, first, second, third) { return }
        let neighbour = cache + (index ^ 1) &* EncoderScratch.slotBytes
        if copy(neighbour, first, second, third) { return }

        let start = count
        encodeUncached(word, length: length)
        // The cache outlives this encoding, and cannot say that a word lacks something.
        guard count &- start <= EncoderScratch.cachedTokens, missing == nil else { return }
        neighbour.copyMemory(from: line, byteCount: EncoderScratch.slotBytes)
        line.storeBytes(of: first, as: UInt64.self)
        line.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
        line.storeBytes(of: third, toByteOffset: 16, as: UInt64.self)
        line.storeBytes(of: Int32(count &- start), toByteOffset: 24, as: Int32.self)
        for index in start..<count {
            line.storeBytes(
                of: output[index], toByteOffset: 28 &+ (index &- start) &* 4, as: Int32.self)
        }
    }

    /// The first `length` (1 to 8) of eight readable bytes, zero padded.
    @inline(__always)
    private static func load(_ bytes: UnsafeRawPointer, _ length: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
            & (UInt64.max &>> UInt64(64 &- length &* 8))
    }

    @inline(__always)
    private mutating func copy(
        _ line: UnsafeMutableRawPointer, _ first: UInt64, _ second: UInt64, _ third: UInt64
    ) -> Bool {
        guard line.load(as: UInt64.self) == first,
            line.load(fromByteOffset: 8, as: UInt64.self) == second,
            line.load(fromByteOffset: 16, as: UInt64.self) == third
        else { return false }
        let tokens = Int(line.load(fromByteOffset: 24, as: Int32.self))
        reserve(EncoderScratch.cachedTokens)
        let source = (line + 28).assumingMemoryBound(to: Int32.self)
        if tokens == 1 {
            output[count] = source[0]
        } else {
            for index in 0..<tokens { output[count &+ index] = source[index] }
        }
        count &+= tokens
        return true
    }

    @inline(never)
    private mutating func encodeUncached(_ word: UnsafePointer<UInt8>, length: Int) {
        reserve(length)
        guard case .pairs = model.kind else {
            guard byteLevel else { return encodeWhole(word, length: length) }
            // These models see the spelling of bytes, which may be longer.
            let spelling = ByteAlphabet.spell(UnsafeBufferPointer(start: word, count: length))
            reserve(spelling.count)
            return spelling.withUnsafeBufferPointer {
                guard let base = $0.baseAddress else { return }
                encodeWhole(base, length: $0.count)
            }
        }
        if ignoresMerges {
            let bytes = UnsafeBufferPointer(start: word, count: length)
            let id =
                byteLevel
                ? vocabulary.id(of: ByteAlphabet.spell(bytes)) : vocabulary.id(of: bytes)
            if id >= 0 {
                output[count] = id
                count &+= 1
                return
            }
        }
        if length <= EncoderScratch.smallWord {
            let symbols = makeSymbols(word, length: length, into: smallIDs)
            mergeSmall(symbols)
        } else {
            let ids = UnsafeMutablePointer<Int32>.allocate(capacity: length)
            defer { ids.deallocate() }
            let symbols = makeSymbols(word, length: length, into: ids)
            let tokens = LongWord.merge(
                ids, symbols, pairs, rankLimit: Int(model.bpe.ascendingRankLimit))
            (output + count).update(from: ids, count: tokens)
            count &+= tokens
        }
    }

    /// A word by a model that needs no merges.
    private mutating func encodeWhole(_ word: UnsafePointer<UInt8>, length: Int) {
        var lacking: [UInt8]?
        switch model.kind {
        case .pairs: break
        case .unigram(let unigram):
            let found = unigram.encode(word, length: length, into: output + count)
            count &+= found.count
            lacking = found.missing
        case .wordPiece(let pieces):
            let found = pieces.encode(word, length: length, into: output + count)
            count &+= max(found, 0)
            if found < 0 { lacking = Array(UnsafeBufferPointer(start: word, count: length)) }
        case .words(let unknown):
            let own = vocabulary.id(of: UnsafeBufferPointer(start: word, count: length))
            if own >= 0 || unknown >= 0 {
                output[count] = own >= 0 ? own : unknown
                count &+= 1
            } else {
                lacking = Array(UnsafeBufferPointer(start: word, count: length))
            }
        }
        if let lacking, missing == nil { missing = lacking }
    }

    /// Writes the tokens of single bytes or characters; at most one for each byte.
    private mutating func makeSymbols(
        _ word: UnsafePointer<UInt8>, length: Int, into ids: UnsafeMutablePointer<Int32>
    ) -> Int {
        var made = 0
        var position = 0
        var fusing = false
        while position < length {
            let size = byteLevel ? 1 : max(1, UTF8Text.sequenceLength(word[position]))
            var id = singles[Int(word[position])]
            if size > 1 {
                id = vocabulary.id(of: UnsafeBufferPointer(start: word + position, count: size))
            }
            if id >= 0 {
                ids[made] = id
                made &+= 1
                fusing = false
            } else if fallsBack(word + position, size) {
                for index in 0..<size {
                    ids[made &+ index] = fallback[Int(word[position &+ index])]
                }
                made &+= size
                fusing = false
            } else if model.bpe.unknown >= 0 {
                if !(fusing && model.bpe.fusesUnknown) {
                    ids[made] = model.bpe.unknown
                    made &+= 1
                }
                fusing = true
            } else if missing == nil {
                missing = WordEncoder.character(in: word, length: length, at: position)
            }
            position &+= size
        }
        return made
    }

    /// The character that the byte at `position` belongs to.
    private static func character(
        in word: UnsafePointer<UInt8>, length: Int, at position: Int
    ) -> [UInt8] {
        var start = position
        while start > 0, word[start] & 0xC0 == 0x80 { start -= 1 }
        let size = min(max(1, UTF8Text.sequenceLength(word[start])), length - start)
        return Array(UnsafeBufferPointer(start: word + start, count: size))
    }

    /// All bytes of a character have a fallback token.
    private func fallsBack(_ bytes: UnsafePointer<UInt8>, _ size: Int) -> Bool {
        guard !fallback.isEmpty else { return false }
        for index in 0..<size where fallback[Int(bytes[index])] < 0 { return false }
        return true
    }

    /// Merges at most `smallWord` symbols: the lowest rank first, the leftmost among equals.
    private mutating func mergeSmall(_ symbols: Int) {
        let ids = smallIDs
        let ranks = smallRanks
        var symbols = symbols
        guard symbols > 0 else { return }
        for index in 0..<symbols &- 1 {
            ranks[index] = WordEncoder.rank(pairs.merge(ids[index], ids[index &+ 1]))
        }
        while symbols > 1 {
            var best = UInt32.max
            var at = 0
            for index in 0..<symbols &- 1 where ranks[index] < best {
                best = ranks[index]
                at = index
            }
            if best == UInt32.max { break }
            ids[at] = WordEncoder.merged(pairs.merge(ids[at], ids[at &+ 1]))
            symbols &-= 1
            for index in at &+ 1..<symbols { ids[index] = ids[index &+ 1] }
            if at &+ 1 < symbols {
                for index in at &+ 1..<symbols &- 1 { ranks[index] = ranks[index &+ 1] }
                ranks[at] = WordEncoder.rank(pairs.merge(ids[at], ids[at &+ 1]))
            }
            if at > 0 {
                ranks[at &- 1] = WordEncoder.rank(pairs.merge(ids[at &- 1], ids[at]))
            }
        }
        for index in 0..<symbols { output[count &+ index] = ids[index] }
        count &+= symbols
    }

    @inline(__always)
    static func rank(_ merge: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: merge &>> 32) }

    @inline(__always)
    static func merged(_ merge: UInt64) -> Int32 { Int32(truncatingIfNeeded: merge) }
}
