// Tokenizers made from texts, as files that others read too.

import MartletJSON

/// A tokenizer to be learned from texts.
public struct TokenizerTraining: Sendable {
    /// How words become tokens.
    public enum Kind: String, Sendable, CaseIterable {
        /// Byte pairs, with Llama 3's rules for words.
        case bpe
        /// Unigram pieces, with marks before words.
        case unigram
    }

    /// How words become tokens.
    public var kind: Kind
    /// The number of tokens, special ones included; fewer where the texts do not have so many.
    public var vocabularySize: Int
    /// The token that ends a text.
    public static let endToken = "<|endoftext|>"
    /// What vocabularies are learned: bytes and one special token at least.
    public static let sizes = 300...1_000_000

    private var counts: [[UInt8]: Int] = [:]

    /// A training without texts yet; `vocabularySize` lies in ``sizes``.
    public init(kind: Kind, vocabularySize: Int) {
        self.kind = kind
        self.vocabularySize = vocabularySize
    }

    /// Counts the words of a text.
    ///
    /// - Throws: `TokenizerError.invalidUTF8` with the offset of the first wrong byte.
    public mutating func add(_ text: [UInt8]) throws(TokenizerError) {
        if let offset = UTF8Text.firstInvalidOffset(text) { throw .invalidUTF8(offset: offset) }
        var bytes = text
        if kind == .unigram {
            bytes = NormalizationStep.apply(
                [.replace([0x20], with: TokenizerDefinition.metaspaceBytes)], to: text)
            if !bytes.starts(with: TokenizerDefinition.metaspaceBytes) {
                bytes = TokenizerDefinition.metaspaceBytes + bytes
            }
        }
        let expression: WordExpression = kind == .bpe ? .words3 : .metaspace
        CharacterClasses.shared.table.withUnsafeBufferPointer { classes in
            bytes.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress, let classes = classes.baseAddress else {
                    return
                }
                let text = ClassifiedText(base: base, count: buffer.count, classes: classes)
                text.forEachMatch(expression, from: 0, to: text.count) { start, end in
                    counts[Array(buffer[start..<end]), default: 0] += 1
                }
            }
        }
    }

    /// Learns, and returns the bytes of a `tokenizer.json`.
    public func tokenizerJSON() -> [UInt8] {
        let words = counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return kind == .bpe ? pairs(words) : unigram(words)
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
    }

    private static func document(
        special: [String], preTokenizer: JSONValue, decoder: JSONValue, model: JSONValue
    ) -> [UInt8] {
        let added = special.enumerated().map { id, content in
            object([
                ("id", .integer(id)), ("content", .string(content)), ("single_word", .bool(false)),
                ("lstrip", .bool(false)), ("rstrip", .bool(false)), ("normalized", .bool(false)),
                ("special", .bool(true)),
            ])
        }
        return object([
            ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
            ("added_tokens", .array(added)), ("normalizer", .null),
            ("pre_tokenizer", preTokenizer), ("post_processor", .null), ("decoder", decoder),
            ("model", model),
        ]).serialized()
    }

    private func pairs(_ words: [(key: [UInt8], value: Int)]) -> [UInt8] {
        // Ids as the reference implementation gives them: special tokens, then bytes in the order of their spelling.
        let order = (0..<256).sorted { ByteAlphabet.scalars[$0] < ByteAlphabet.scalars[$1] }
        var ids = [Int32](repeating: 0, count: 256)
        var texts: [[UInt8]] = [Array(Self.endToken.utf8)]
        for byte in order {
            ids[byte] = Int32(texts.count)
            texts.append(ByteAlphabet.spell([UInt8(byte)]))
        }
        var trainer = BytePairTrainer()
        let merges = trainer.train(
            words: words.map { (tokens: $0.key.map { ids[Int($0)] }, count: $0.value) },
            texts: &texts, size: vocabularySize)
        func text(_ id: Int32) -> JSONValue {
            .string(String(decoding: texts[Int(id)], as: UTF8.self))
        }
        let level: [(String, JSONValue)] = [
            ("type", .string("ByteLevel")), ("add_prefix_space", .bool(false)),
            ("trim_offsets", .bool(true)), ("use_regex", .bool(false)),
        ]
        let split = Self.object([
            ("type", .string("Split")),
            (
                "pattern",
                Self.object([("Regex", .string(WordExpression.wordsText(#"\p{N}{1,3}"#)))])
            ), ("behavior", .string("Isolated")), ("invert", .bool(false)),
        ])
        let vocabulary = texts.enumerated().map {
            JSONObject.Member(
                key: String(decoding: $0.element, as: UTF8.self), value: .integer($0.offset))
        }
        return Self.document(
            special: [Self.endToken],
            preTokenizer: Self.object([
                ("type", .string("Sequence")),
                ("pretokenizers", .array([split, Self.object(level)])),
            ]), decoder: Self.object(level),
            model: Self.object([
                ("type", .string("BPE")), ("dropout", .null), ("unk_token", .null),
                ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null),
                ("fuse_unk", .bool(false)), ("byte_fallback", .bool(false)),
                ("ignore_merges", .bool(false)), ("vocab", .object(JSONObject(vocabulary))),
                ("merges", .array(merges.map { .array([text($0.left), text($0.right)]) })),
            ]))
    }

    private func unigram(_ words: [(key: [UInt8], value: Int)]) -> [UInt8] {
        let special = ["<unk>", Self.endToken]
        let trainer = UnigramTrainer(words: words.map { (text: $0.key, count: $0.value) })
        let pieces = trainer.train(size: vocabularySize - special.count)
        let vocabulary =
            special.map { (text: $0, score: 0.0) }
            + pieces.map { (text: String(decoding: $0.text, as: UTF8.self), score: $0.score) }
        let mark = Self.object([
            ("type", .string("Metaspace")), ("replacement", .string("▁")),
            ("prepend_scheme", .string("always")), ("split", .bool(true)),
        ])
        return Self.document(
            special: special, preTokenizer: mark, decoder: mark,
            model: Self.object([
                ("type", .string("Unigram")), ("unk_id", .integer(0)),
                (
                    "vocab",
                    .array(vocabulary.map { .array([.string($0.text), .number($0.score)]) })
                ), ("byte_fallback", .bool(false)),
            ]))
    }
}
