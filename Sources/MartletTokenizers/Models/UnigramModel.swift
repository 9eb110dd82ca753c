// Unigram: of all ways to cut a word into pieces, the one whose scores have the greatest sum.

/// Pieces with their scores (logarithms of probabilities).
struct UnigramModel: Sendable {
    /// How much less than the least likely piece an unknown character is worth.
    static let unknownPenalty = 10.0

    private let trie: ByteTrie
    private let scores: [Double]
    private let unknownScore: Double
    let unknown: Int32
    /// Sums are rounded to single precision, as SentencePiece's are: it decides among equals.
    private let isSingle: Bool
    /// The tokens of bytes when unknown characters fall back to them, or empty.
    let fallback: [Int32]

    /// - Parameter scores: By id; NaN for a token that text is never cut into.
    init(
        scores: [Double], isSingle: Bool, unknown: Int32, byteFallback: Bool,
        vocabulary: Vocabulary, file: String
    ) throws(TokenizerError) {
        self.unknown = unknown
        self.isSingle = isSingle
        var trie = ByteTrie(minimumCapacity: vocabulary.text.count / 2)
        var least = Double.infinity
        for (id, score) in scores.enumerated() where !score.isNaN {
            guard let bytes = vocabulary.bytes(of: Int32(id)), !bytes.isEmpty else { continue }
            least = min(least, score)
            guard trie.insert(bytes, Int32(id)) else {
                throw .malformed(
                    file: file,
                    reason: "its pieces have more than \(ByteTrie.nodeLimit) different beginnings, "
                        + "expected fewer")
            }
        }
        self.trie = trie
        self.scores = scores
        let score = (least.isFinite ? least : 0) - UnigramModel.unknownPenalty
        unknownScore = isSingle ? Double(Float(score)) : score
        fallback =
            byteFallback ? (0..<256).map { vocabulary.id(of: BPEModel.byteToken(UInt8($0))) } : []
    }

    /// The best way to reach a place: what it scores, where its last piece starts, and that piece.
    struct Place {
        var score: Double
        var start: Int32
        var id: Int32
    }

    /// Writes the tokens of a word to `output`, which has a place for each byte.
    ///
    /// - Returns: How many there are, and the first character without a token where nothing stands for it.
    func encode(
        _ word: UnsafePointer<UInt8>, length: Int, into output: UnsafeMutablePointer<Int32>
    ) -> (count: Int, missing: [UInt8]?) {
        let places = UnsafeMutablePointer<Place>.allocate(capacity: length + 1)
        places.initialize(repeating: Place(score: 0, start: -1, id: -1), count: length + 1)
        defer { places.deallocate() }
        search(word, length, places)

        // Back from the end; neighbouring unknown characters are one.
        var count = 0
        var end = length
        var missing: [UInt8]?
        while end > 0 {
            var start = Int(places[end].start)
            let id = places[end].id
            if id == unknown || id < 0 {
                while start > 0, places[start].id == id { start = Int(places[start].start) }
                if fallsBack(word + start, end - start) {
                    for position in (start..<end).reversed() {
                        output[count] = fallback[Int(word[position])]
                        count += 1
                    }
                } else if unknown >= 0 {
                    output[count] = unknown
                    count += 1
                } else {
                    let length = max(1, UTF8Text.sequenceLength(word[start]))
                    missing = Array(UnsafeBufferPointer(start: word + start, count: length))
                }
            } else {
                output[count] = id
                count += 1
            }
            end = start
        }
        var found = UnsafeMutableBufferPointer(start: output, count: count)
        found.reverse()
        return (count, missing)
    }

    @inline(__always)
    private func sum(_ first: Double, _ second: Double) -> Double {
        isSingle ? Double(Float(first + second)) : first + second
    }

    private func search(
        _ word: UnsafePointer<UInt8>, _ length: Int, _ places: UnsafeMutablePointer<Place>
    ) {
        scores.withUnsafeBufferPointer { scores in
            trie.withView { trie in
                var start = 0
                while start < length {
                    let base = places[start].score
                    let character = max(1, UTF8Text.sequenceLength(word[start]))
                    var isKnown = false
                    var node = 0
                    var end = start
                    while end < length {
                        node = trie.child(node, word[end])
                        if node < 0 { break }
                        end &+= 1
                        let id = trie.token(node)
                        if id < 0 { continue }
                        let score = sum(base, scores[Int(id)])
                        if places[end].start < 0 || score > places[end].score {
                            places[end] = Place(
                                score: score, start: Int32(truncatingIfNeeded: start), id: id)
                        }
                        if end &- start == character { isKnown = true }
                    }
                    let next = min(length, start &+ character)
                    if !isKnown {
                        let score = sum(base, unknownScore)
                        if places[next].start < 0 || score > places[next].score {
                            places[next] = Place(
                                score: score, start: Int32(truncatingIfNeeded: start), id: unknown)
                        }
                    }
                    start = next
                }
            }
        }
    }

    private func fallsBack(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard !fallback.isEmpty else { return false }
        for index in 0..<count where fallback[Int(bytes[index])] < 0 { return false }
        return true
    }
}
