// WordPiece: the longest piece that a word begins with, then the longest that goes on, and so on.

/// Pieces that begin words, and pieces with a mark before them that go on.
struct WordPieceModel: Sendable {
    private let trie: ByteTrie
    private let prefix: [UInt8]
    /// Longer words, in characters, are unknown.
    private let limit: Int
    let unknown: Int32

    init(
        prefix: [UInt8], limit: Int, unknown: Int32, vocabulary: Vocabulary, file: String
    ) throws(TokenizerError) {
        self.prefix = prefix
        self.limit = limit
        self.unknown = unknown
        var trie = ByteTrie(minimumCapacity: vocabulary.text.count / 2)
        for id in 0..<Int32(vocabulary.count) {
            guard let bytes = vocabulary.bytes(of: id), !bytes.isEmpty else { continue }
            guard trie.insert(bytes, id) else {
                throw .malformed(
                    file: file,
                    reason: "its pieces have more than \(ByteTrie.nodeLimit) different beginnings, "
                        + "expected fewer")
            }
        }
        self.trie = trie
    }

    /// Writes the tokens of a word to `output`, which has a place for each byte; one unknown token where a part has
    /// none. Returns how many there are, -1 where not even that exists.
    func encode(
        _ word: UnsafePointer<UInt8>, length: Int, into output: UnsafeMutablePointer<Int32>
    ) -> Int {
        var characters = 0
        for index in 0..<length where word[index] & 0xC0 != 0x80 { characters += 1 }
        let found = characters > limit ? -1 : pieces(word, length, output)
        if found >= 0 { return found }
        guard unknown >= 0 else { return -1 }
        output[0] = unknown
        return 1
    }

    private func pieces(
        _ word: UnsafePointer<UInt8>, _ length: Int, _ output: UnsafeMutablePointer<Int32>
    ) -> Int {
        trie.withView { trie in
            var middle = 0
            for byte in prefix where middle >= 0 { middle = trie.child(middle, byte) }
            var start = 0
            var count = 0
            while start < length {
                var node = start == 0 ? 0 : middle
                var end = start
                var best = start
                var id: Int32 = -1
                while node >= 0, end < length {
                    node = trie.child(node, word[end])
                    end &+= 1
                    if node >= 0, trie.token(node) >= 0 {
                        id = trie.token(node)
                        best = end
                    }
                }
                guard id >= 0 else { return -1 }
                output[count] = id
                count &+= 1
                start = best
            }
            return count
        }
    }
}
