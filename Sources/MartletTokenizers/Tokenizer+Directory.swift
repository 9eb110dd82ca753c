// Finding the tokenizer files of a model.

/// The files of a model's tokenizer by name, wherever they lie.
public struct TokenizerFiles: Sendable {
    /// What errors name.
    public let source: String
    /// The bytes of a file, or nil when there is none of this name.
    let read: @Sendable (_ name: String) throws(TokenizerError) -> [UInt8]?
    /// Whether there is a file of this name.
    let contains: @Sendable (_ name: String) -> Bool

    /// Files held in memory, by name.
    public init(source: String, files: [String: [UInt8]]) {
        self.source = source
        read = { (name) throws(TokenizerError) in files[name] }
        contains = { files[$0] != nil }
    }

    /// The files of a model directory, read when they are asked for.
    public init(directory: String) {
        source = directory
        @Sendable func path(_ name: String) -> String {
            directory.hasSuffix("/") ? directory + name : directory + "/" + name
        }
        read = { (name) throws(TokenizerError) in
            guard TokenizerFile.exists(path(name)) else { return nil }
            return try TokenizerFile.read(path(name))
        }
        contains = { TokenizerFile.exists(path($0)) }
    }

    /// Every name under which a file of a tokenizer is read, here or by the programs that its model was made for.
    public static let names =
        [
            "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
            "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model", "tekken.json",
            "vocab.txt", "spiece.model", "sentencepiece.bpe.model",
        ] + TiktokenFile.files.map(\.name)

    /// Whether they make a tokenizer.
    public var isComplete: Bool {
        contains("tokenizer.json") || contains("tokenizer.model") || contains("tekken.json")
            || (contains("vocab.json") && contains("merges.txt"))
            || TiktokenFile.files.contains { contains($0.name) }
    }

    /// How errors call one of them.
    func path(_ name: String) -> String {
        source.hasSuffix("/") ? source + name : source + "/" + name
    }
}

import MartletJSON

extension Tokenizer {
    /// Loads the tokenizer of a model directory; see ``load(_:)``.
    public static func load(directory: String) throws(TokenizerError) -> Tokenizer {
        guard TokenizerFile.exists(directory) else {
            throw .unreadable(file: directory, reason: "the directory does not exist")
        }
        return try load(TokenizerFiles(directory: directory))
    }

    /// Loads a tokenizer from its files.
    ///
    /// In this order: `tokenizer.json`; `vocab.json` with `merges.txt`, where
    /// `tokenizer_config.json` must name `GPT2Tokenizer` or `Qwen2Tokenizer`; `tekken.json`; a `.tiktoken` file;
    /// `tokenizer.model`.
    /// `tokenizer_config.json` adds tokens and names bos and eos; where it lists no added tokens,
    /// `special_tokens_map.json` and `added_tokens.json` do. `generation_config.json` may name further eos
    /// tokens.
    ///
    /// - Throws: `TokenizerError` naming the file, what it has, what was expected.
    public static func load(_ files: TokenizerFiles) throws(TokenizerError) -> Tokenizer {
        let read = try definition(of: files)
        return Tokenizer(
            model: try TokenizerModel(read.definition, read.config, eosTokens: read.eos))
    }

    /// What the files say, before tables are built from it.
    static func definition(of files: TokenizerFiles) throws(TokenizerError) -> (
        definition: TokenizerDefinition, config: TokenizerConfig, eos: [Int32]
    ) {
        let path = files.path
        var config = TokenizerConfig()
        let configPath = path("tokenizer_config.json")
        if let bytes = try files.read("tokenizer_config.json") {
            config = try TokenizerConfig(bytes: bytes, file: configPath)
        }
        if !config.listsAddedTokens {
            let map = "special_tokens_map.json"
            if let bytes = try files.read(map) {
                try config.read(specialTokensMap: bytes, file: path(map))
            }
            let added = "added_tokens.json"
            if let bytes = try files.read(added) {
                try config.read(addedTokens: bytes, file: path(added))
            }
        }
        let eos = try generationEos(
            try files.read("generation_config.json"), path("generation_config.json"))

        if let bytes = try files.read("tokenizer.json") {
            let definition = try TokenizerJSON.definition(
                bytes: bytes, file: path("tokenizer.json"))
            return (definition, config, eos)
        }
        if files.contains("vocab.json"), files.contains("merges.txt") {
            let scheme = try scheme(config, file: configPath)
            var definition = try MergesFile.definition(
                vocabulary: try files.read("vocab.json") ?? [],
                merges: try files.read("merges.txt") ?? [], scheme: scheme,
                vocabularyFile: path("vocab.json"), mergesFile: path("merges.txt"))
            complete(&definition, scheme, with: &config)
            return (definition, config, eos)
        }
        if let bytes = try files.read("tekken.json") {
            let definition = try TekkenFile.definition(bytes: bytes, file: path("tekken.json"))
            return (definition, config, eos)
        }
        for (name, encoding) in TiktokenFile.files {
            guard let bytes = try files.read(name) else { continue }
            let definition = try TiktokenFile.definition(
                bytes: bytes, encoding: encoding, file: path(name))
            return (definition, config, eos)
        }
        if let bytes = try files.read("tokenizer.model") {
            // Llama 3's file of this name is one of tiktoken: "!" and its rank come first.
            if bytes.starts(with: "IQ== 0".utf8) {
                let definition = try TiktokenFile.definition(
                    bytes: bytes, encoding: "llama3", file: path("tokenizer.model"))
                return (definition, config, eos)
            }
            let definition = try SentencePieceModel.definition(
                bytes: bytes, file: path("tokenizer.model"))
            completeSentencePiece(&config)
            return (definition, config, eos)
        }
        throw .unreadable(
            file: files.source,
            reason: "it has no tokenizer, expected tokenizer.json, or vocab.json with merges.txt, "
                + "or tokenizer.model, tekken.json or a .tiktoken file")
    }

    private static func scheme(_ config: TokenizerConfig, file: String) throws(TokenizerError)
        -> Scheme
    {
        switch config.tokenizerClass {
        case "GPT2Tokenizer", "GPT2TokenizerFast": return .gpt2
        case "Qwen2Tokenizer", "Qwen2TokenizerFast": return .qwen2
        default:
            let name = config.tokenizerClass.map { "the tokenizer_class '\($0)'" }
            throw .unsupported(
                file: file,
                feature: name ?? "no tokenizer_class beside vocab.json and merges.txt",
                supported: "GPT2Tokenizer, Qwen2Tokenizer, or a tokenizer.json for any other")
        }
    }

    static func config(_ bytes: [UInt8]?) throws(TokenizerError) -> TokenizerConfig {
        guard let bytes else { return TokenizerConfig() }
        return try TokenizerConfig(bytes: bytes, file: "tokenizer_config.json")
    }

    /// What the tokenizer classes imply where the configuration is silent.
    static func complete(
        _ definition: inout TokenizerDefinition, _ scheme: Scheme,
        with config: inout TokenizerConfig
    ) {
        if config.prefixesSpace ?? false { definition.preTokenizer.prefixSpace() }
        let name = "<|endoftext|>"
        let added = config.addedTokens.last { $0.content.utf8.elementsEqual(name.utf8) }?.id
        let own = definition.entries.last { $0.text.elementsEqual(name.utf8) }?.id
        guard scheme != .llama3, let id = own.flatMap({ Int32(exactly: $0) }) ?? added else {
            return
        }
        config.name(name, "eos_token")
        definition.eos = [id]
        if scheme == .gpt2 { definition.bos = id }
    }

    /// Llama's class and its defaults: texts begin with `<s>` and end with `</s>`.
    static func completeSentencePiece(_ config: inout TokenizerConfig) {
        config.tokenizerClass = config.tokenizerClass ?? "LlamaTokenizer"
        config.findAddedTokensAsWritten()
        config.bos = config.bos ?? "<s>"
        config.eos = config.eos ?? "</s>"
        config.addsBos = config.addsBos ?? true
    }

    private static func generationEos(
        _ bytes: [UInt8]?, _ path: String
    ) throws(TokenizerError) -> [Int32] {
        guard let bytes else { return [] }
        let document = try JSONDocument(parsing: bytes, file: path)
        let value = document.member("eos_token_id", of: document.root)
        let single = document.integer(value).map { [$0] }
        let several = document.elements(value).compactMap { document.integer($0) }
        return (single ?? several).filter { $0 >= 0 && $0 < Vocabulary.idLimit }
            .map { Int32($0) }
    }
}
