// Finding the tokenizer files of a model directory.

import MartletJSON

extension Tokenizer {
    /// Loads the tokenizer of a model directory.
    ///
    /// In this order: `tokenizer.json`; `vocab.json` with `merges.txt`, where
    /// `tokenizer_config.json` must name `GPT2Tokenizer` or `Qwen2Tokenizer`; `tokenizer.model`.
    /// `tokenizer_config.json` adds tokens and names bos and eos, `generation_config.json` may
    /// name further eos tokens.
    ///
    /// - Throws: `TokenizerError` naming the file, what it has, what was expected.
    public static func load(directory: String) throws(TokenizerError) -> Tokenizer {
        func path(_ name: String) -> String {
            directory.hasSuffix("/") ? directory + name : directory + "/" + name
        }
        guard TokenizerFile.exists(directory) else {
            throw .unreadable(file: directory, reason: "the directory does not exist")
        }
        var config = TokenizerConfig()
        let configPath = path("tokenizer_config.json")
        if TokenizerFile.exists(configPath) {
            config = try TokenizerConfig(
                bytes: try TokenizerFile.read(configPath), file: configPath)
        }
        let eos = try generationEos(path("generation_config.json"))

        if TokenizerFile.exists(path("tokenizer.json")) {
            let file = path("tokenizer.json")
            let definition = try TokenizerJSON.definition(
                bytes: try TokenizerFile.read(file), file: file)
            return Tokenizer(model: try TokenizerModel(definition, config, eosTokens: eos))
        }
        if TokenizerFile.exists(path("vocab.json")), TokenizerFile.exists(path("merges.txt")) {
            let scheme = try scheme(config, file: configPath)
            var definition = try MergesFile.definition(
                vocabulary: try TokenizerFile.read(path("vocab.json")),
                merges: try TokenizerFile.read(path("merges.txt")), scheme: scheme,
                vocabularyFile: path("vocab.json"), mergesFile: path("merges.txt"))
            complete(&definition, scheme, with: config)
            return Tokenizer(model: try TokenizerModel(definition, config, eosTokens: eos))
        }
        if TokenizerFile.exists(path("tokenizer.model")) {
            let file = path("tokenizer.model")
            let definition = try SentencePieceModel.definition(
                bytes: try TokenizerFile.read(file), file: file)
            completeSentencePiece(&config)
            return Tokenizer(model: try TokenizerModel(definition, config, eosTokens: eos))
        }
        throw .unreadable(
            file: directory,
            reason: "it has no tokenizer, expected tokenizer.json, or vocab.json with merges.txt, "
                + "or tokenizer.model")
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
        _ definition: inout TokenizerDefinition, _ scheme: Scheme, with config: TokenizerConfig
    ) {
        definition.prefixesSpace = config.prefixesSpace ?? false
        let name = "<|endoftext|>"
        guard scheme != .llama3,
            !config.addedTokens.contains(where: { $0.content == name }),
            let entry = definition.entries.last(where: { $0.text.elementsEqual(name.utf8) }),
            let id = Int32(exactly: entry.id)
        else { return }
        definition.addedTokens.append(AddedToken(id: id, content: name, special: true))
        definition.eos = [id]
        if scheme == .gpt2 { definition.bos = id }
    }

    /// Llama's defaults: texts begin with `<s>` and end with `</s>`.
    static func completeSentencePiece(_ config: inout TokenizerConfig) {
        config.bos = config.bos ?? "<s>"
        config.eos = config.eos ?? "</s>"
        config.addsBos = config.addsBos ?? true
    }

    private static func generationEos(_ path: String) throws(TokenizerError) -> [Int32] {
        guard TokenizerFile.exists(path) else { return [] }
        let document = try JSONDocument(parsing: try TokenizerFile.read(path), file: path)
        let value = document.member("eos_token_id", of: document.root)
        let single = document.integer(value).map { [$0] }
        let several = document.elements(value).compactMap { document.integer($0) }
        return (single ?? several).filter { $0 >= 0 && $0 < Vocabulary.idLimit }
            .map { Int32($0) }
    }
}
