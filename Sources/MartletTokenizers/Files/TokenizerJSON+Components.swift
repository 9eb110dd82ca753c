// tokenizer.json: normalizer and pre-tokenizer.

import MartletJSON

extension TokenizerJSON {
    func unsupported(_ what: String, _ value: JSONNode, _ supported: String)
        -> TokenizerError
    {
        let name = type(of: value).map { "'\($0)'" } ?? document.summary(value)
        return .unsupported(file: file, feature: "the \(what) \(name)", supported: supported)
    }

    /// The parts of a `Sequence`, flattened, or the value itself; none for null.
    func parts(_ value: JSONNode?, _ key: String) -> [JSONNode] {
        guard let value, !document.isNull(value) else { return [] }
        guard type(of: value) == "Sequence" else { return [value] }
        return document.elements(member(key, of: value)).flatMap { parts($0, key) }
    }

    func readNormalizer(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        func flag(_ key: String, of part: JSONNode, _ otherwise: Bool) -> Bool {
            document.bool(member(key, of: part)) ?? otherwise
        }
        for part in parts(value, "normalizers") {
            let step: NormalizationStep
            switch type(of: part) {
            case "NFC": step = .form(.composed)
            case "NFD": step = .form(.decomposed)
            case "NFKC": step = .form(.compatibleComposed)
            case "NFKD": step = .form(.compatibleDecomposed)
            case "Lowercase": step = .lowercase
            case "StripAccents": step = .stripAccents
            case "Nmt": step = .nmt
            case "Strip":
                step = .strip(
                    left: flag("strip_left", of: part, true),
                    right: flag("strip_right", of: part, true))
            case "BertNormalizer":
                let lowercases = flag("lowercase", of: part, true)
                step = .bert(
                    BertNormalization(
                        cleansText: flag("clean_text", of: part, true),
                        isolatesIdeographs: flag("handle_chinese_chars", of: part, true),
                        stripsAccents: flag("strip_accents", of: part, lowercases),
                        lowercases: lowercases))
            case "Prepend":
                guard let text = document.string(member("prepend", of: part)) else {
                    throw malformed(
                        "normalizer.prepend", got: member("prepend", of: part),
                        expected: "a string")
                }
                step = .prepend(Array(text.utf8))
            case "Replace": step = try replacement(part, "normalizer")
            case "Precompiled":
                let value = member("precompiled_charsmap", of: part)
                guard let bytes = document.string(value).flatMap({ Base64.bytes($0) }) else {
                    throw malformed(
                        "normalizer.precompiled_charsmap", got: value, expected: "Base64")
                }
                if bytes.isEmpty { continue }
                guard let map = CharacterMap(bytes[...], rule: .graphemes) else {
                    throw .malformed(
                        file: file,
                        reason:
                            "normalizer.precompiled_charsmap is cut off, expected a trie and texts")
                }
                step = .map(map)
            default:
                throw unsupported(
                    "normalizer", part,
                    "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Nmt, BertNormalizer, Prepend, "
                        + "Replace, Precompiled, Sequence of these")
            }
            definition.normalization.append(step)
        }
    }

    func replacement(_ part: JSONNode, _ place: String) throws(TokenizerError)
        -> NormalizationStep
    {
        let pattern = member("pattern", of: part)
        let content = document.string(member("content", of: part))
        if let from = document.string(member("String", of: pattern)), !from.isEmpty, let content {
            return .replace(Array(from.utf8), with: Array(content.utf8))
        }
        guard let expression = document.string(member("Regex", of: pattern)), let content,
            let runs = CharacterRuns(expression: expression)
        else {
            throw .unsupported(
                file: file,
                feature: "a \(place) Replace by \(document.summary(pattern)) of "
                    + "\(document.string(member("Regex", of: pattern)) ?? "nothing")",
                supported:
                    "Replace of a string that is not empty, or of a run of characters, by a string")
        }
        return .replaceRuns(runs, with: Array(content.utf8))
    }

    func readPreTokenizer(_ value: JSONNode?, into definition: inout TokenizerDefinition)
        throws(TokenizerError)
    {
        var steps: [PreTokenizer.Step] = []
        let parts = parts(value, "pretokenizers")
        for (index, part) in parts.enumerated() {
            switch type(of: part) {
            case "ByteLevel":
                guard !definition.byteLevel else {
                    throw unsupported("second pre-tokenizer", part, "one")
                }
                definition.byteLevel = true
                if document.bool(member("add_prefix_space", of: part)) ?? true {
                    steps.append(.prefixSpace)
                }
                if document.bool(member("use_regex", of: part)) ?? true {
                    steps.append(.split(.gpt2))
                }
                if index + 1 < parts.count { steps.append(.spell) }
            case "Metaspace":
                guard !definition.byteLevel else {
                    throw unsupported(
                        "pre-tokenizer after ByteLevel", part, "Split, Digits and Punctuation there"
                    )
                }
                steps.append(.metaspace(try metaspacePrefix(part)))
                if document.bool(member("split", of: part)) ?? true {
                    steps.append(.split(.metaspace))
                }
            default: steps += try cuts(part)
            }
        }
        definition.preTokenizer.steps = steps
    }

    /// The steps of pre-tokenizers that only cut.
    private func cuts(_ part: JSONNode) throws(TokenizerError) -> [PreTokenizer.Step] {
        switch type(of: part) {
        case "Split":
            guard let name = document.string(member("behavior", of: part)),
                let behavior = PreTokenizer.Behavior(rawValue: name)
            else {
                throw malformed(
                    "Split.behavior", got: member("behavior", of: part),
                    expected: PreTokenizer.Behavior.allCases.map(\.rawValue)
                        .joined(separator: ", "))
            }
            return [
                .split(
                    try expression(member("pattern", of: part)), behavior,
                    isInverted: document.bool(member("invert", of: part)) ?? false)
            ]
        case "Digits":
            let single = document.bool(member("individual_digits", of: part)) ?? false
            let digits = CharacterRuns.one(CharacterClass.numeric)
            return [.split(.runs(digits), single ? .isolated : .contiguous)]
        case "Punctuation":
            let name = document.string(member("behavior", of: part)) ?? "Isolated"
            guard let behavior = PreTokenizer.Behavior(rawValue: name) else {
                throw malformed(
                    "Punctuation.behavior", got: member("behavior", of: part),
                    expected: "Isolated or another")
            }
            return [.split(.runs(.one(CharacterClass.isolated)), behavior)]
        case "WhitespaceSplit":
            return [.split(.runs(.many(CharacterClass.space)), .removed)]
        case "Whitespace":
            var words = CharacterRuns.many(CharacterClass.identifier)
            words.runs +=
                CharacterRuns.many(
                    CharacterClass.identifier | CharacterClass.space, isInverted: true
                ).runs
            return [.split(.runs(words), .removed, isInverted: true)]
        case "BertPreTokenizer":
            return PreTokenizer.bert.steps
        case "CharDelimiterSplit":
            guard let delimiter = document.string(member("delimiter", of: part)),
                !delimiter.isEmpty
            else {
                throw malformed(
                    "CharDelimiterSplit.delimiter", got: member("delimiter", of: part),
                    expected: "a character")
            }
            return [.split(.literal(Array(delimiter.utf8)), .removed)]
        default:
            throw unsupported(
                "pre-tokenizer", part,
                "ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit, "
                    + "BertPreTokenizer, CharDelimiterSplit, Sequence of these")
        }
    }

    private func expression(_ pattern: JSONNode?) throws(TokenizerError) -> WordExpression {
        if let text = document.string(member("String", of: pattern)),
            (1...256).contains(text.utf8.count)
        {
            return .literal(Array(text.utf8))
        }
        guard let text = document.string(member("Regex", of: pattern)) else {
            throw malformed(
                "Split.pattern", got: pattern, expected: "a String of at most 256 bytes, or a Regex"
            )
        }
        guard let expression = WordExpression(text) else {
            throw .unsupported(
                file: file, feature: "the pre-tokenizer expression \(text)",
                supported:
                    "those of GPT-2, GPT-4o, Llama 3, Qwen, Mistral, DeepSeek, Kimi and their like, and "
                    + "runs of characters of one set")
        }
        return expression
    }

    func metaspacePrefix(_ part: JSONNode) throws(TokenizerError)
        -> PreTokenizer.MetaspacePrefix
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
}
