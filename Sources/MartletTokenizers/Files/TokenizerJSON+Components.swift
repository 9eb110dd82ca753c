// tokenizer.json: normalizer, pre-tokenizer, post-processor and decoder.

import MartletJSON

extension TokenizerJSON {
    private func unsupported(_ what: String, _ value: JSONNode, _ supported: String)
        -> TokenizerError
    {
        let name = type(of: value).map { "'\($0)'" } ?? document.summary(value)
        return .unsupported(file: file, feature: "the \(what) \(name)", supported: supported)
    }

    /// The parts of a `Sequence`, flattened, or the value itself; none for null.
    private func parts(_ value: JSONNode?, _ key: String) -> [JSONNode] {
        guard let value, !document.isNull(value) else { return [] }
        guard type(of: value) == "Sequence" else { return [value] }
        return document.elements(member(key, of: value)).flatMap { parts($0, key) }
    }

    func readNormalizer(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        for part in parts(value, "normalizers") {
            switch type(of: part) {
            case "NFC":
                definition.normalization.append(.composed)
            case "Prepend":
                guard let text = document.string(member("prepend", of: part)) else {
                    throw malformed(
                        "normalizer.prepend", got: member("prepend", of: part),
                        expected: "a string")
                }
                definition.normalization.append(.prepend(Array(text.utf8)))
            case "Replace":
                definition.normalization.append(try replacement(part, "normalizer"))
            default:
                throw unsupported(
                    "normalizer", part, "NFC, Prepend, Replace of a string, Sequence of these")
            }
        }
    }

    private func replacement(_ part: JSONNode, _ place: String) throws(TokenizerError)
        -> NormalizationStep
    {
        let pattern = member("String", of: member("pattern", of: part))
        guard let from = document.string(pattern), !from.isEmpty,
            let to = document.string(member("content", of: part))
        else {
            throw .unsupported(
                file: file, feature: "a \(place) Replace by a regular expression",
                supported: "Replace of a string that is not empty by a string")
        }
        return .replace(Array(from.utf8), with: Array(to.utf8))
    }

    func readPreTokenizer(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        let supported =
            "ByteLevel, Split by a known expression then ByteLevel without one, "
            + "Digits (individual) then ByteLevel, Metaspace"
        let parts = parts(value, "pretokenizers")
        var scanner: PreTokenizer?
        var digits = false
        for (index, part) in parts.enumerated() {
            switch type(of: part) {
            case "ByteLevel":
                guard !definition.byteLevel, definition.metaspace == nil else {
                    throw unsupported("pre-tokenizer sequence with", part, supported)
                }
                definition.byteLevel = true
                definition.prefixesSpace =
                    document.bool(member("add_prefix_space", of: part)) ?? true
                let usesExpression = document.bool(member("use_regex", of: part)) ?? true
                var prefixesWords = false
                if case .words = scanner { prefixesWords = true }
                guard !definition.prefixesSpace || index == 0 || prefixesWords,
                    !(usesExpression && scanner != nil)
                else {
                    throw .unsupported(
                        file: file,
                        feature: "a second ByteLevel step that cuts words or adds a space",
                        supported: supported)
                }
                if usesExpression { scanner = digits ? .digitsThenGPT2 : .gpt2 }
            case "Split":
                guard index == 0 else { throw unsupported("pre-tokenizer", part, supported) }
                scanner = try splitScanner(part)
            case "Digits":
                guard index == 0, document.bool(member("individual_digits", of: part)) == true
                else { throw unsupported("pre-tokenizer", part, supported) }
                digits = true
            case "Metaspace":
                guard parts.count == 1 else {
                    throw unsupported("pre-tokenizer sequence with", part, supported)
                }
                let splits = document.bool(member("split", of: part)) ?? true
                scanner = splits ? .metaspace : .whole
                definition.metaspace = try metaspacePrefix(part)
            default:
                throw unsupported("pre-tokenizer", part, supported)
            }
        }
        guard !digits || scanner == .digitsThenGPT2 else {
            throw .unsupported(
                file: file, feature: "the pre-tokenizer 'Digits' without GPT-2's expression",
                supported: supported)
        }
        definition.preTokenizer = scanner ?? .whole
    }

    private func splitScanner(_ part: JSONNode) throws(TokenizerError) -> PreTokenizer {
        let pattern = member("pattern", of: part)
        guard let expression = document.string(member("Regex", of: pattern)),
            let scanner = PreTokenizer(expression: expression)
        else {
            let got =
                document.string(member("Regex", of: pattern))
                ?? document.summary(member("String", of: pattern))
            throw .unsupported(
                file: file, feature: "the pre-tokenizer expression \(got)",
                supported: "GPT-2 \(PreTokenizer.gpt2Expression) and Qwen2 "
                    + "\(PreTokenizer.qwen2Expression) and Llama 3 "
                    + "\(PreTokenizer.llama3Expression)")
        }
        guard document.string(member("behavior", of: part)) == "Isolated",
            document.bool(member("invert", of: part)) != true
        else {
            throw .unsupported(
                file: file,
                feature: "Split with behavior "
                    + "\(document.summary(member("behavior", of: part)))",
                supported: "Isolated, not inverted")
        }
        return scanner
    }

    private func metaspacePrefix(_ part: JSONNode) throws(TokenizerError)
        -> TokenizerDefinition.MetaspacePrefix
    {
        let replacement = member("replacement", of: part)
        guard document.string(replacement) ?? "▁" == "▁" else {
            throw malformed("Metaspace.replacement", got: replacement, expected: "'▁'")
        }
        switch document.string(member("prepend_scheme", of: part)) {
        case "never": return .never
        case "first": return .first
        case "always": return .always
        case nil:
            // Files from before prepend_scheme.
            return document.bool(member("add_prefix_space", of: part)) == false ? .never : .always
        default:
            throw malformed(
                "Metaspace.prepend_scheme", got: member("prepend_scheme", of: part),
                expected: "always, first or never")
        }
    }

    func readPostProcessor(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        for part in parts(value, "processors") {
            switch type(of: part) {
            case "ByteLevel": break  // Changes offsets only.
            case "TemplateProcessing": try readTemplate(part, into: &definition)
            default: throw unsupported("post-processor", part, "TemplateProcessing, ByteLevel")
            }
        }
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
            "ByteLevel, Metaspace, or a Sequence of Replace, ByteFallback, Fuse and Strip"
        var fused = false
        // A file without a decoder is read back as it was spelled.
        definition.decoding.byteLevel = document.isNull(value) && definition.byteLevel
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
            case "Strip":
                guard fused, document.string(member("content", of: part)) == " ",
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
