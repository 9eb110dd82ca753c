// Vocabularies whose order is the order of merges: tiktoken files, and Mistral's tekken.json.

import MartletJSON

/// Reads `*.tiktoken`: a token in Base64 and its rank on each line.
enum TiktokenFile {
    /// An encoding by the name of its file.
    struct Encoding: Sendable {
        let names: [String]
        let expression: WordExpression
        let special: [(text: String, id: Int)]
        var normalizes = false
        var bos: String?
        var eos: String
    }

    static let encodings: [Encoding] = [
        Encoding(
            names: ["gpt2", "r50k_base", "p50k_base"], expression: .gpt2,
            special: [("<|endoftext|>", 50256)], eos: "<|endoftext|>"),
        Encoding(
            names: ["cl100k_base"],
            expression: .words(.init(numbers: 3, keepsLastSpaces: true)),
            special: [
                ("<|endoftext|>", 100257), ("<|fim_prefix|>", 100258), ("<|fim_middle|>", 100259),
                ("<|fim_suffix|>", 100260), ("<|endofprompt|>", 100276),
            ], eos: "<|endoftext|>"),
        Encoding(
            names: ["o200k_base"], expression: .cased(.init(numbers: 3, contractions: true)),
            special: [("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)],
            eos: "<|endoftext|>"),
        Encoding(
            names: ["qwen"], expression: .words1,
            special: [
                ("<|endoftext|>", 151_643), ("<|im_start|>", 151_644), ("<|im_end|>", 151_645),
            ] + (0..<205).map { ("<|extra_\($0)|>", 151_646 + $0) }, normalizes: true,
            eos: "<|endoftext|>"),
        Encoding(
            names: ["kimi", "kimi-k2"],
            expression: .cased(
                .init(numbers: 3, contractions: true, slashes: false, han: true)),
            special: [], eos: "[EOS]"),
        Encoding(
            names: ["llama3"], expression: .words3,
            special: [
                ("<|begin_of_text|>", 128_000), ("<|end_of_text|>", 128_001),
                ("<|start_header_id|>", 128_006), ("<|end_header_id|>", 128_007),
                ("<|eom_id|>", 128_008), ("<|eot_id|>", 128_009), ("<|python_tag|>", 128_010),
            ], bos: "<|begin_of_text|>", eos: "<|end_of_text|>"),
    ]

    /// The files that a model's directory may have, and the encoding of each.
    static let files: [(name: String, encoding: String)] =
        encodings.flatMap(\.names).map { ("\($0).tiktoken", $0) } + [("tiktoken.model", "kimi")]

    static func definition(
        bytes: [UInt8], encoding name: String, file: String
    ) throws(TokenizerError) -> TokenizerDefinition {
        guard let encoding = encodings.first(where: { $0.names.contains(name) }) else {
            throw .unsupported(
                file: file, feature: "the encoding '\(name)'",
                supported: encodings.flatMap(\.names).joined(separator: ", "))
        }
        var tokens: [(bytes: [UInt8], rank: Int)] = []
        var number = 0
        for var line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            if line.last == 0x0D { line.removeLast() }
            if line.isEmpty { continue }
            let space = line.firstIndex(of: 0x20)
            guard let space, let token = Base64.bytes(line[..<space]), !token.isEmpty,
                let rank = Int(String(decoding: line[(space + 1)...], as: UTF8.self)), rank >= 0,
                rank < Vocabulary.idLimit
            else {
                throw .malformed(
                    file: file,
                    reason:
                        "line \(number) is '\(Vocabulary.printable(line))', expected a token in Base64, a "
                        + "space and its rank")
            }
            tokens.append((token, rank))
        }
        guard !tokens.isEmpty else {
            throw .malformed(file: file, reason: "it has no tokens, expected one on each line")
        }
        var definition = TokenizerDefinition(file: file)
        definition.takeRanks(tokens, offset: 0, expression: encoding.expression)
        if encoding.normalizes { definition.normalization = [.composed] }
        for special in encoding.special {
            definition.addedTokens.append(
                AddedToken(id: Int32(special.id), content: special.text, special: true))
        }
        func id(_ text: String?) -> Int32? {
            encoding.special.first { $0.text == text }.map { Int32($0.id) }
        }
        definition.bos = id(encoding.bos)
        definition.eos = [id(encoding.eos)].compactMap(\.self)
        if let bos = definition.bos { definition.prefix = [bos] }
        return definition
    }
}

/// Reads `tekken.json`: tokens in Base64 by rank, after the special ones.
enum TekkenFile {
    /// The special tokens of files that do not list them; the rest have numbers for names.
    private static let special = [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
        "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]",
        "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
        "[TOOL_CONTENT]",
    ]

    static func definition(bytes: [UInt8], file: String) throws(TokenizerError)
        -> TokenizerDefinition
    {
        let document = try JSONDocument(parsing: bytes, file: file)
        let config = document.member("config", of: document.root)
        func malformed(_ place: String, _ value: JSONNode?, _ expected: String) -> TokenizerError {
            .malformed(
                file: file, reason: "\(place) is \(document.summary(value)), expected \(expected)")
        }
        func count(_ key: String) throws(TokenizerError) -> Int {
            let value = document.member(key, of: config)
            guard let count = document.integer(value), count >= 0, count <= Vocabulary.idLimit
            else { throw malformed("config.\(key)", value, "0 to \(Vocabulary.idLimit)") }
            return count
        }
        let pattern = document.member("pattern", of: config)
        guard let text = document.string(pattern), let expression = WordExpression(text) else {
            throw .unsupported(
                file: file,
                feature: "the expression \(document.string(pattern) ?? document.summary(pattern))",
                supported: "those of the known families")
        }
        let specialCount = try count("default_num_special_tokens")
        let size = try count("default_vocab_size")
        let list = document.member("vocab", of: document.root)
        guard let list, document.kind(list) == .array, size > specialCount else {
            throw malformed("vocab", list, "an array of tokens")
        }
        var tokens: [(bytes: [UInt8], rank: Int)] = []
        for item in document.elements(list) {
            guard let rank = document.integer(document.member("rank", of: item)), rank >= 0,
                let text = document.string(document.member("token_bytes", of: item)),
                let token = Base64.bytes(text), !token.isEmpty
            else { throw malformed("vocab[\(tokens.count)]", item, "rank and token_bytes") }
            if rank < size - specialCount { tokens.append((token, rank)) }
        }
        var definition = TokenizerDefinition(file: file)
        definition.takeRanks(tokens, offset: specialCount, expression: expression)
        try readSpecial(document, specialCount, file, into: &definition)
        definition.bos = definition.addedTokens.first { $0.content == "<s>" }?.id
        definition.eos = definition.addedTokens.filter { $0.content == "</s>" }.map(\.id)
        definition.prefix = [definition.bos].compactMap(\.self)
        return definition
    }

    private static func readSpecial(
        _ document: JSONDocument, _ count: Int, _ file: String,
        into definition: inout TokenizerDefinition
    ) throws(TokenizerError) {
        var names = Array(special.prefix(count))
        let list = document.elements(document.member("special_tokens", of: document.root))
        var isControl: [Bool] = []
        if !list.isEmpty {
            names = []
            for item in list {
                guard document.integer(document.member("rank", of: item)) == names.count,
                    let text = document.string(document.member("token_str", of: item))
                else {
                    throw .malformed(
                        file: file,
                        reason:
                            "special_tokens[\(names.count)] is \(document.summary(item)), expected "
                            + "rank \(names.count) and token_str")
                }
                names.append(text)
                isControl.append(
                    document.bool(document.member("is_control", of: item)) ?? true)
            }
        }
        guard names.count <= count else {
            throw .malformed(
                file: file,
                reason: "it has \(names.count) special tokens, expected at most \(count)")
        }
        for index in 0..<count {
            definition.addedTokens.append(
                AddedToken(
                    id: Int32(index),
                    content: index < names.count ? names[index] : "<SPECIAL_\(index)>",
                    special: index < isControl.count ? isControl[index] : true))
        }
    }
}

extension TokenizerDefinition {
    /// Tokens as bytes whose ranks say what merges first; a word that is a token is taken whole.
    mutating func takeRanks(
        _ tokens: [(bytes: [UInt8], rank: Int)], offset: Int, expression: WordExpression
    ) {
        var scores: [Int32: Float] = [:]
        scores.reserveCapacity(tokens.count)
        for token in tokens {
            entries.append((ByteAlphabet.spell(token.bytes)[...], token.rank + offset))
            scores[Int32(token.rank + offset)] = -Float(token.rank)
        }
        merges = .scores(scores)
        byteLevel = true
        decoding.byteLevel = true
        ignoresMerges = true
        preTokenizer.steps = [.split(expression)]
    }
}
