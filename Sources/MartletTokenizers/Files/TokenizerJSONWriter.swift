// A definition as the tokenizer.json that makes the same tokenizer.

import MartletJSON

/// Writes the `tokenizer.json` of the `tokenizers` library: the inverse of ``TokenizerJSON``, for what the metadata of
/// models' files can say.
struct TokenizerJSONWriter {
    private let definition: TokenizerDefinition

    init(_ definition: TokenizerDefinition) { self.definition = definition }

    private func refuse(_ feature: String) -> TokenizerError {
        .unsupported(
            file: definition.file, feature: "\(feature) in a tokenizer.json that is written",
            supported: "byte pairs, scored pairs and WordPiece with published rules")
    }

    func document() throws(TokenizerError) -> JSONValue {
        let model = try model()
        return [
            "version": "1.0", "truncation": nil, "padding": nil,
            "added_tokens": .array(addedTokens), "normalizer": try normalizer(),
            "pre_tokenizer": try preTokenizer(), "post_processor": postProcessor(),
            "decoder": try decoder(), "model": model,
        ]
    }

    // MARK: Vocabulary and merges

    private func text(_ bytes: some Sequence<UInt8>) throws(TokenizerError) -> String {
        guard let text = String(validating: Array(bytes), as: UTF8.self) else {
            throw refuse("the token '\(Vocabulary.printable(Array(bytes)[...]))', no UTF-8,")
        }
        return text
    }

    /// Every token by its text, the added ones among them: their ids hold only where the model has them.
    private func vocabulary() throws(TokenizerError) -> JSONValue {
        var members: [JSONObject.Member] = []
        var seen: Set<ArraySlice<UInt8>> = []
        members.reserveCapacity(definition.entries.count)
        let added = definition.addedTokens.map { (Array($0.content.utf8)[...], Int($0.id)) }
        for (bytes, id) in (definition.entries.map { ($0.text, $0.id) } + added)
            .sorted(by: { $0.1 < $1.1 })
        // A text that is there twice is found by its first id alone.
        where seen.insert(bytes).inserted {
            members.append(.init(key: try text(bytes), value: .integer(id)))
        }
        return .object(JSONObject(members))
    }

    /// The merges in order of preference. Scores become the merges of every split of a piece, as readers of scores try
    /// them.
    private func merges() throws(TokenizerError) -> [JSONValue] {
        let vocabulary = try Vocabulary(
            entries: definition.entries, file: definition.file,
            allowsRepeats: definition.allowsRepeats)
        let pairs = try BPEModel(definition, vocabulary: vocabulary).pairs
        var found: [(rank: UInt32, left: Int32, right: Int32, merged: Int32)] = []
        pairs.forEach { left, right, rank, merged in found.append((rank, left, right, merged)) }
        found.sort { ($0.rank, $0.merged, $0.left) < ($1.rank, $1.merged, $1.left) }
        var result: [JSONValue] = []
        result.reserveCapacity(found.count)
        for merge in found {
            result.append(
                .array([
                    .string(try text(vocabulary.bytes(of: merge.left) ?? [])),
                    .string(try text(vocabulary.bytes(of: merge.right) ?? [])),
                ]))
        }
        return result
    }

    private func model() throws(TokenizerError) -> JSONValue {
        let unknown: JSONValue = definition.unknownToken.map { .string($0) } ?? .null
        switch definition.model {
        case .pairs:
            return [
                "type": "BPE", "dropout": nil, "unk_token": unknown,
                "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
                "fuse_unk": .bool(definition.fusesUnknown),
                "byte_fallback": .bool(definition.byteFallback),
                "ignore_merges": .bool(definition.ignoresMerges), "vocab": try vocabulary(),
                "merges": .array(try merges()),
            ]
        case .wordPiece(let prefix, let limit):
            return [
                "type": "WordPiece", "unk_token": unknown,
                "continuing_subword_prefix": .string(try text(prefix)),
                "max_input_chars_per_word": .integer(limit), "vocab": try vocabulary(),
            ]
        case .unigram: throw refuse("a Unigram vocabulary")
        case .words: throw refuse("a vocabulary of whole words")
        }
    }

    private var addedTokens: [JSONValue] {
        definition.addedTokens.sorted { $0.id < $1.id }.map { token in
            [
                "id": .integer(Int(token.id)), "content": .string(token.content),
                "single_word": .bool(token.singleWord), "lstrip": .bool(token.stripsLeft),
                "rstrip": .bool(token.stripsRight), "normalized": .bool(token.normalized),
                "special": .bool(token.special),
            ]
        }
    }

    // MARK: Before the model

    /// The parts as one, as a sequence, or as nothing.
    private static func sequence(_ parts: [JSONValue], _ key: String) -> JSONValue {
        switch parts.count {
        case 0: .null
        case 1: parts[0]
        default: [("type", JSONValue.string("Sequence")), (key, .array(parts))].object
        }
    }

    private func replacement(_ step: NormalizationStep) throws(TokenizerError) -> JSONValue? {
        guard case .replace(let from, let to) = step else { return nil }
        return [
            "type": "Replace", "pattern": ["String": .string(try text(from))],
            "content": .string(try text(to)),
        ]
    }

    private func normalizer() throws(TokenizerError) -> JSONValue {
        var parts: [JSONValue] = []
        for step in definition.normalization {
            switch step {
            case .form(.composed): parts.append(["type": "NFC"])
            case .prepend(let bytes):
                parts.append(["type": "Prepend", "prepend": .string(try text(bytes))])
            case .replace:
                if let part = try replacement(step) { parts.append(part) }
            case .bert(let bert):
                parts.append([
                    "type": "BertNormalizer", "clean_text": .bool(bert.cleansText),
                    "handle_chinese_chars": .bool(bert.isolatesIdeographs),
                    "strip_accents": .bool(bert.stripsAccents),
                    "lowercase": .bool(bert.lowercases),
                ])
            default: throw refuse("a normalisation of its kind")
            }
        }
        return Self.sequence(parts, "normalizers")
    }

    private func preTokenizer() throws(TokenizerError) -> JSONValue {
        var steps = definition.preTokenizer.steps
        if steps == PreTokenizer.bert.steps { return ["type": "BertPreTokenizer"] }
        // Where spaces are put before pieces, GPT-2's expression alone may follow: `ByteLevel` has it inside.
        var prefixes = false
        var cutsAfter = false
        if let place = steps.firstIndex(of: .prefixSpace) {
            let after = steps[(place + 1)...]
            guard after.isEmpty || Array(after) == [.split(.gpt2)] else {
                throw refuse("a space before pieces that are cut once more")
            }
            (prefixes, cutsAfter) = (true, !after.isEmpty)
            steps.removeLast(after.count + 1)
        }
        var parts: [JSONValue] = []
        for step in steps {
            guard case .split(let expression, let behavior, let isInverted) = step,
                let text = expression.text
            else { throw refuse("a pre-tokenizer of its kind") }
            parts.append([
                "type": "Split", "pattern": ["Regex": .string(text)],
                "behavior": .string(behavior.rawValue), "invert": .bool(isInverted),
            ])
        }
        if definition.byteLevel {
            parts.append(byteLevel(prefixes: prefixes, usesExpression: cutsAfter))
        }
        return Self.sequence(parts, "pretokenizers")
    }

    private func byteLevel(prefixes: Bool, usesExpression: Bool) -> JSONValue {
        [
            "type": "ByteLevel", "add_prefix_space": .bool(prefixes), "trim_offsets": true,
            "use_regex": .bool(usesExpression),
        ]
    }

    // MARK: After the model

    /// The texts of the tokens around a text.
    private func content(_ id: Int32) -> String {
        definition.addedTokens.first { $0.id == id }?.content
            ?? definition.entries.first { $0.id == Int(id) }
            .map { String(decoding: $0.text, as: UTF8.self) } ?? ""
    }

    private func postProcessor() -> JSONValue {
        let (prefix, suffix) = (definition.prefix, definition.suffix)
        guard !prefix.isEmpty || !suffix.isEmpty else { return .null }
        func tokens(_ ids: [Int32], _ type: Int) -> [JSONValue] {
            ids.map {
                ["SpecialToken": ["id": .string(content($0)), "type_id": .integer(type)]]
            }
        }
        func sequence(_ name: JSONValue, _ type: Int) -> [JSONValue] {
            [["Sequence": ["id": name, "type_id": .integer(type)]]]
        }
        let single = tokens(prefix, 0) + sequence("A", 0) + tokens(suffix, 0)
        // What ends the first of two texts stands between them; else what begins each.
        let pair =
            single + tokens(suffix.isEmpty ? prefix : [], 1) + sequence("B", 1)
            + tokens(suffix, 1)
        let special = Set(prefix + suffix).sorted().map { id -> (String, JSONValue) in
            let text = content(id)
            return (
                text, ["id": .string(text), "ids": [.integer(Int(id))], "tokens": [.string(text)]]
            )
        }
        return [
            "type": "TemplateProcessing", "single": .array(single), "pair": .array(pair),
            "special_tokens": special.object,
        ]
    }

    private func decoder() throws(TokenizerError) -> JSONValue {
        let decoding = definition.decoding
        if decoding.byteLevel { return byteLevel(prefixes: true, usesExpression: true) }
        if let spaces = decoding.spaces {
            return [
                "type": "WordPiece", "prefix": .string(try text(spaces.prefix)),
                "cleanup": .bool(spaces.cleansUp),
            ]
        }
        var parts: [JSONValue] = []
        for step in decoding.replacements {
            guard let part = try replacement(step) else { throw refuse("a decoder of its kind") }
            parts.append(part)
        }
        if decoding.byteFallback { parts.append(["type": "ByteFallback"]) }
        if !parts.isEmpty { parts.append(["type": "Fuse"]) }
        if decoding.strippedSpaces > 0 {
            parts.append([
                "type": "Strip", "content": " ", "start": .integer(decoding.strippedSpaces),
                "stop": 0,
            ])
        }
        return Self.sequence(parts, "decoders")
    }
}

extension [(String, JSONValue)] {
    /// An object with these members.
    fileprivate var object: JSONValue {
        .object(JSONObject(map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }
}
