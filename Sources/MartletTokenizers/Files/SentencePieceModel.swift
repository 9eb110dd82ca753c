// tokenizer.model: the pieces and scores of a SentencePiece model, BPE or Unigram.

/// Reads the protocol buffer `sentencepiece.ModelProto`.
///
/// Only what changes tokens is read: pieces (field 1: text 1, score 2, type 3), the trainer's model
/// type (field 2: 3), and the normaliser (field 3: charsmap 2, dummy prefix 3, extra white space 4,
/// escaping 5).
enum SentencePieceModel {
    private enum PieceType: UInt64 {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    static func definition(bytes: [UInt8], file: String) throws(TokenizerError)
        -> TokenizerDefinition
    {
        var definition = TokenizerDefinition(file: file)
        var scores: [Int32: Float] = [:]
        var modelType: UInt64 = 1
        var map: CharacterMap?
        var marksEnds = false
        var hasTrainer = false
        var dummyPrefix = true
        var removesExtraSpace = true
        var escapes = true
        var message = ProtobufReader(bytes[...], file: file)
        while let field = try message.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let piece)):
                try readPiece(piece, into: &definition, &scores)
            case (2, .bytes(let trainer)):
                hasTrainer = true
                var reader = ProtobufReader(trainer, file: file)
                while let field = try reader.next() {
                    switch (field.number, field.value) {
                    case (3, .varint(let type)): modelType = type
                    case (24, .varint(let value)): marksEnds = value != 0
                    default: break
                    }
                }
            case (3, .bytes(let normalizer)):
                var reader = ProtobufReader(normalizer, file: file)
                while let field = try reader.next() {
                    switch (field.number, field.value) {
                    case (2, .bytes(let bytes)) where !bytes.isEmpty:
                        map = CharacterMap(bytes, rule: .longest)
                        guard map != nil else {
                            throw .malformed(
                                file: file,
                                reason:
                                    "its normalization map is cut off, expected a trie and texts")
                        }
                    case (3, .varint(let value)): dummyPrefix = value != 0
                    case (4, .varint(let value)): removesExtraSpace = value != 0
                    case (5, .varint(let value)): escapes = value != 0
                    default: break
                    }
                }
            default: break
            }
        }
        guard hasTrainer, !definition.entries.isEmpty else {
            throw .malformed(
                file: file,
                reason:
                    "it has \(definition.entries.count) pieces and \(hasTrainer ? "says" : "does not say") how it "
                    + "was trained, expected pieces and that; it may have been cut, fetch it again")
        }
        guard modelType == 1 || modelType == 2, !marksEnds, escapes else {
            let names: [UInt64: String] = [1: "Unigram", 2: "BPE", 3: "Word", 4: "Char"]
            throw .unsupported(
                file: file,
                feature: "the model type \(names[modelType] ?? "\(modelType)")"
                    + (marksEnds ? " with marks at the ends of words" : "")
                    + (escapes ? "" : " with spaces that stay spaces"),
                supported: "BPE and Unigram with marks before words")
        }
        if modelType == 1 {
            definition.allowsRepeats = true
            definition.model = .unigram(
                scores: definition.entries.map {
                    scores[Int32($0.id)].map { Double($0) } ?? .nan
                }, isSingle: true,
                unknown: Int32(
                    definition.entries.firstIndex {
                        $0.text.elementsEqual((definition.unknownToken ?? "").utf8)
                    } ?? -1))
        } else {
            definition.merges = .scores(scores)
        }
        if let map { definition.normalization.append(.map(map)) }
        if removesExtraSpace { definition.normalization.append(.collapseSpaces) }
        if dummyPrefix {
            definition.normalization.append(.prepend(TokenizerDefinition.metaspaceBytes))
        }
        definition.normalization.append(
            .replace([0x20], with: TokenizerDefinition.metaspaceBytes))
        definition.fusesUnknown = true
        definition.decoding.byteFallback = true
        definition.decoding.replacements = [
            .replace(TokenizerDefinition.metaspaceBytes, with: [0x20])
        ]
        definition.decoding.strippedSpaces = dummyPrefix ? 1 : 0
        return definition
    }

    private static func readPiece(
        _ bytes: ArraySlice<UInt8>, into definition: inout TokenizerDefinition,
        _ scores: inout [Int32: Float]
    ) throws(TokenizerError) {
        let id = definition.entries.count
        var text: ArraySlice<UInt8> = []
        var score: Float = 0
        var rawType: UInt64 = 1
        var reader = ProtobufReader(bytes, file: definition.file)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let value)): text = value
            case (2, .fixed32(let bits)): score = Float(bitPattern: bits)
            case (3, .varint(let value)): rawType = value
            default: break
            }
        }
        guard !text.isEmpty, score.isFinite, let type = PieceType(rawValue: rawType),
            UTF8Text.firstInvalidOffset(Array(text)) == nil
        else {
            throw .malformed(
                file: definition.file,
                reason: "piece \(id) has \(text.count) bytes of text, score \(score) and type "
                    + "\(rawType), expected UTF-8 text, a finite score and a type from 1 to 6")
        }
        guard id < Vocabulary.idLimit else {
            throw .malformed(
                file: definition.file,
                reason: "it has more than \(Vocabulary.idLimit) pieces, expected fewer")
        }
        definition.entries.append((text, id))
        let content = String(decoding: text, as: UTF8.self)
        switch type {
        case .normal: scores[Int32(id)] = score
        case .byte: definition.byteFallback = true
        case .unknown:
            definition.unknownToken = content
            definition.addedTokens.append(
                AddedToken(id: Int32(id), content: content, special: true))
        case .control:
            definition.addedTokens.append(
                AddedToken(id: Int32(id), content: content, special: true))
        case .userDefined:
            // Spaces in it are marks already, as in the text in which it is looked for.
            let isMarked = content.contains("▁")
            definition.addedTokens.append(
                AddedToken(
                    id: Int32(id), content: content, normalized: isMarked, isNormalForm: isMarked))
        case .unused: break
        }
    }
}

/// Reads the fields of one protocol buffer message; every length is checked.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    private let bytes: ArraySlice<UInt8>
    private let file: String
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>, file: String) {
        self.bytes = bytes
        self.file = file
        position = bytes.startIndex
    }

    /// The next field, or nil at the end of the message.
    mutating func next() throws(TokenizerError) -> (number: UInt64, value: Value)? {
        guard position < bytes.endIndex else { return nil }
        let tag = try varint()
        switch tag & 7 {
        case 0: return (tag >> 3, .varint(try varint()))
        case 1:
            _ = try take(8)
            return (tag >> 3, .fixed64)
        case 2: return (tag >> 3, .bytes(try take(try varint())))
        case 5:
            var bits: UInt32 = 0
            for byte in try take(4).reversed() { bits = bits << 8 | UInt32(byte) }
            return (tag >> 3, .fixed32(bits))
        default:
            throw .malformed(
                file: file,
                reason: "byte \(position) follows a field of wire type \(tag & 7), "
                    + "expected 0, 1, 2 or 5 of a SentencePiece model")
        }
    }

    private mutating func take(_ count: UInt64) throws(TokenizerError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - position) else {
            throw .malformed(
                file: file,
                reason: "byte \(position) opens a field of \(count) bytes, "
                    + "expected at most \(bytes.endIndex - position) more")
        }
        let start = position
        position += Int(count)
        return bytes[start..<position]
    }

    private mutating func varint() throws(TokenizerError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < bytes.endIndex else { break }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .malformed(
            file: file,
            reason: "byte \(position) ends inside a number, expected a SentencePiece model")
    }
}
