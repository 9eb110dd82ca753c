/// Pages of a prompt as bytes that outlive the process: a run of full pages, and all that must hold for them to be of use.

/// A run of pages of one sequence with its tokens, and what tells the tokens before it.
///
/// `docs/formats.md` describes the bytes. They may come from anywhere: nothing of them is believed before all is checked.
package struct PrefixSegment: Sendable {
    /// What pages are of: whatever makes keys and values of the same tokens other numbers.
    package struct Origin: Sendable, Hashable {
        let fingerprint: UInt64
        let root: UInt64
        let tableCount: Int
        let pageBytes: Int

        /// - Parameters:
        ///   - model: the model's weights and the arithmetic that they run in.
        ///   - root: the namespace.
        ///   - shape: what the cache holds.
        package init(model: String, root: PrefixKey, shape: KVShape) {
            let text = "\(model)|\(shape.layerCount)|\(shape.keyValueHeadCount)|"
            fingerprint = PrefixSegment.hash(
                Array((text + "\(shape.headDimension)|\(shape.codec)").utf8))
            self.root = root.rawValue
            tableCount = shape.tableCount
            pageBytes = shape.pageBytes
        }
    }

    /// What tells all tokens before a run: two keys of the page before it, which follow from them under different hashes.
    package struct Chain: Sendable, Hashable {
        let key: UInt64
        let check: UInt64

        /// - Parameters:
        ///   - key: the key of the page before the run; that of the namespace where there is none.
        ///   - check: the same by another hash.
        package init(key: PrefixKey, check: PrefixKey) {
            self.key = key.rawValue
            self.check = check.rawValue
        }
    }

    /// The tokens of the run.
    package let tokens: [Int32]
    /// What comes before them.
    package let before: Chain
    /// The first token whose page is in the run.
    package let first: Int
    /// The run's pages: those of the first 16 tokens of all tables, then the next.
    let pages: [UInt8]

    static let version: UInt32 = 2
    static let headerBytes = 128
    /// Bytes that the checksum and what it is over begin at.
    private static let sumPlace = 56
    private static let bodyPlace = 64
    private static let magic: UInt64 = 0x3158_4650_564B_4D4D
    /// More tokens than any sequence has.
    private static let mostTokens = 1 << 24

    // The key is no secret: the hash only finds what was damaged.
    private static let hash = KeyedHash(key: 0x4D61_7274_6C65_7421, 0x7061_6765_7320_6F66)

    // MARK: Writing

    /// The bytes of the pages of `tokens`, which stand in a sequence from its token `first` on. All are full pages.
    package static func bytes(
        of id: SequenceID, tokens: ArraySlice<Int32>, first: Int, after before: Chain,
        origin: Origin, cache: KVCache
    ) -> [UInt8] {
        let end = first + tokens.count
        precondition(
            tokens.count % KVPage.tokens == 0 && first % KVPage.tokens == 0
                && first < end && end <= cache.count(id),
            "PrefixSegment: got tokens \(first) ..< \(end) of \(cache.count(id))")
        var body: [UInt8] = []
        let rows = first / KVPage.tokens..<end / KVPage.tokens
        let start = headerBytes - bodyPlace
        let tokenBytes = padded(tokens.count * 4)
        body.reserveCapacity(start + tokenBytes + rows.count * origin.tableCount * origin.pageBytes)
        append(before.key, to: &body)
        append(before.check, to: &body)
        body += [UInt8](repeating: 0, count: start - body.count)
        for token in tokens { append(UInt32(bitPattern: token), to: &body) }
        body += [UInt8](repeating: 0, count: start + tokenBytes - body.count)
        cache.readPages(id, rows: rows) { body.append(contentsOf: $0) }
        var header: [UInt8] = []
        append(magic, to: &header)
        append(version, to: &header)
        append(UInt32(headerBytes), to: &header)
        append(origin.root, to: &header)
        append(origin.fingerprint, to: &header)
        for number in [end, first, origin.tableCount, origin.pageBytes] {
            append(UInt32(number), to: &header)
        }
        append(UInt64(bodyPlace + body.count), to: &header)
        append(checksum(header, body[...]), to: &header)
        return header + body
    }

    // MARK: Reading

    /// Reads a run. Throws `damagedSegment` when a byte of it is not as it was written, or when it is of something else.
    package init(_ bytes: [UInt8], origin: Origin) throws(CacheError) {
        func check(_ holds: Bool, _ finding: String) throws(CacheError) {
            guard holds else { throw .damagedSegment(finding) }
        }
        try check(
            bytes.count >= Self.headerBytes,
            "it has \(bytes.count) bytes, expected \(Self.headerBytes) or more")
        func word(_ place: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
        }
        func long(_ place: Int) -> UInt64 { UInt64(word(place)) | UInt64(word(place + 4)) << 32 }
        try check(long(0) == Self.magic, "it begins with other bytes than such a file does")
        try check(word(8) == Self.version, "its version is \(word(8)), expected \(Self.version)")
        try check(Int(word(12)) == Self.headerBytes, "its header has \(word(12)) bytes")
        try check(
            long(16) == origin.root && long(24) == origin.fingerprint
                && Int(word(40)) == origin.tableCount && Int(word(44)) == origin.pageBytes,
            "it is of another model, cache or owner")
        let (end, first) = (Int(word(32)), Int(word(36)))
        try check(
            end <= Self.mostTokens && first < end && end % KVPage.tokens == 0
                && first % KVPage.tokens == 0, "it says tokens \(first) ..< \(end)")
        let tokenBytes = Self.padded((end - first) * 4)
        let pageBytes = (end - first) / KVPage.tokens * origin.tableCount * origin.pageBytes
        let length = Self.headerBytes + tokenBytes + pageBytes
        try check(
            bytes.count == length && long(48) == UInt64(length),
            "it has \(bytes.count) bytes, expected \(length)")
        let sum = Self.checksum(Array(bytes[..<Self.sumPlace]), bytes[Self.bodyPlace...])
        try check(long(Self.sumPlace) == sum, "its checksum is another")
        before = Chain(
            key: PrefixKey(rawValue: long(Self.bodyPlace)),
            check: PrefixKey(rawValue: long(Self.bodyPlace + 8)))
        tokens = (0..<end - first).map { Int32(bitPattern: word(Self.headerBytes + 4 * $0)) }
        self.first = first
        pages = Array(bytes[(Self.headerBytes + tokenBytes)...])
    }

    /// Appends the run to a sequence that has the tokens before it, and has reserved room for it.
    package func append(to id: SequenceID, cache: KVCache) {
        precondition(
            cache.count(id) == first,
            "PrefixSegment.append: got a sequence of \(cache.count(id)) tokens, expected \(first)")
        pages.withUnsafeBytes { pages in
            cache.appendPages(id, tokens: tokens.count, from: pages)
        }
    }

    // MARK: Bytes

    private static func padded(_ count: Int) -> Int { (count + 63) & ~63 }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func checksum(_ header: [UInt8], _ body: ArraySlice<UInt8>) -> UInt64 {
        // Both are whole words.
        hash([hash(header)] + [hash(words: body)])
    }
}

extension KVCache {
    /// Whether the content of a page is all that there is to know of it, so that it can be taken away and brought back.
    package var hasPlainPages: Bool {
        plan.makers.isEmpty && shape.boundsBytes == 0 && cutsAnywhere
    }

    /// Hands out the content of pages of all tables, row after row of the tables.
    func readPages(
        _ id: SequenceID, rows: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        let state = state(id)
        for row in rows {
            for index in 0..<shape.tableCount {
                let page = state.tables[index].page(at: row)
                body(UnsafeRawBufferPointer(start: pagePointer(page), count: shape.pageBytes))
            }
        }
    }

    /// Writes reserved pages of all tables, row after row of the tables, and commits their tokens.
    func appendPages(_ id: SequenceID, tokens: Int, from bytes: UnsafeRawBufferPointer) {
        let state = state(id)
        let rows = state.count / KVPage.tokens..<(state.count + tokens) / KVPage.tokens
        precondition(
            bytes.count == rows.count * shape.tableCount * shape.pageBytes
                && state.reserved >= tokens,
            "KVCache.appendPages: got \(bytes.count) bytes for \(tokens) tokens")
        var place = 0
        for row in rows {
            for index in 0..<shape.tableCount {
                pagePointer(state.tables[index].page(at: row)).copyMemory(
                    from: bytes.baseAddress.unsafelyUnwrapped + place, byteCount: shape.pageBytes)
                place += shape.pageBytes
            }
        }
        commit(id, tokens: tokens, reads: StepReads())
    }
}
