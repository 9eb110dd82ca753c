// tokenizer.json: post-processor and decoder.

import MartletJSON

extension TokenizerJSON {
    func readPostProcessor(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        for part in parts(value, "processors") {
            switch type(of: part) {
            case "ByteLevel": break  // Changes offsets only.
            case "TemplateProcessing": try readTemplate(part, into: &definition)
            case "BertProcessing", "RobertaProcessing":
                definition.prefix.insert(try token("cls", of: part), at: 0)
                definition.suffix.append(try token("sep", of: part))
            default:
                throw unsupported(
                    "post-processor", part,
                    "TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing")
            }
        }
    }

    /// The id of a text with an id.
    private func token(_ key: String, of part: JSONNode) throws(TokenizerError) -> Int32 {
        let pair = document.elements(member(key, of: part))
        guard pair.count == 2, let id = document.integer(pair[1]), id >= 0,
            id < Vocabulary.idLimit
        else {
            throw malformed(
                "post_processor.\(key)", got: member(key, of: part), expected: "a token and its id")
        }
        return Int32(id)
    }

    private func readTemplate(_ part: JSONNode, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        let tokens = member("special_tokens", of: part)
        var sequences = 0
        for item in document.elements(member("single", of: part)) {
            if member("Sequence", of: item) != nil {
                sequences += 1
                continue
            }
            let name = document.string(member("id", of: member("SpecialToken", of: item))) ?? ""
            let ids = document.elements(member("ids", of: member(name, of: tokens)))
            guard !ids.isEmpty else {
                throw malformed(
                    "post_processor.special_tokens['\(name.prefix(80))']",
                    got: member(name, of: tokens), expected: "an object with ids")
            }
            for id in ids {
                guard let number = document.integer(id), number >= 0, number < Vocabulary.idLimit
                else {
                    throw malformed(
                        "an id of post_processor", got: id,
                        expected: "0 to \(Vocabulary.idLimit - 1)")
                }
                if sequences == 0 {
                    definition.prefix.append(Int32(number))
                } else {
                    definition.suffix.append(Int32(number))
                }
            }
        }
        guard sequences == 1 else {
            throw .malformed(
                file: file,
                reason: "post_processor.single has the text \(sequences) times, expected once")
        }
    }

    func readDecoder(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        let supported =
            "ByteLevel, Metaspace, WordPiece, or a Sequence of Replace, ByteFallback, Fuse and Strip"
        var fused = false
        // A file without a decoder is read back as it was spelled, with spaces where tokens are words.
        definition.decoding.byteLevel = document.isNull(value) && definition.byteLevel
        if document.isNull(value), !definition.byteLevel {
            switch definition.model {
            case .pairs, .unigram: break
            case .wordPiece, .words: definition.decoding.spaces = .init()
            }
        }
        for part in parts(value, "decoders") {
            switch type(of: part) {
            case "ByteLevel":
                definition.decoding.byteLevel = true
            case "Metaspace":
                definition.decoding.replacements.append(
                    .replace(TokenizerDefinition.metaspaceBytes, with: [0x20]))
                definition.decoding.dropsFirstMetaspace = try metaspacePrefix(part) != .never
            case "Replace":
                definition.decoding.replacements.append(try replacement(part, "decoder"))
            case "ByteFallback":
                definition.decoding.byteFallback = true
            case "Fuse":
                fused = true
            case "WordPiece":
                definition.decoding.spaces = .init(
                    prefix: Array((document.string(member("prefix", of: part)) ?? "##").utf8),
                    cleansUp: document.bool(member("cleanup", of: part)) ?? true)
            case "Strip" where !fused:
                guard let content = document.string(member("content", of: part)),
                    let start = document.integer(member("start", of: part)), (0...16) ~= start,
                    let stop = document.integer(member("stop", of: part)), (0...16) ~= stop
                else { throw unsupported("decoder", part, "at most 16 characters stripped") }
                definition.decoding.strips.append(
                    .init(content: Array(content.utf8), start: start, stop: stop))
            case "Strip":
                guard document.string(member("content", of: part)) == " ",
                    document.integer(member("stop", of: part)) ?? 0 == 0,
                    let start = document.integer(member("start", of: part)), (0...16) ~= start
                else {
                    throw unsupported(
                        "decoder", part, "Strip after Fuse, of spaces at the start only")
                }
                definition.decoding.strippedSpaces = start
            default:
                throw unsupported("decoder", part, supported)
            }
        }
    }
}
