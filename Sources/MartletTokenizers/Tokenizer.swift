// The public face: text to tokens and tokens to text.

/// A tokenizer, loaded from the files that models are published with.
///
/// Byte-level BPE (GPT-2, Qwen, Llama 3), character BPE with byte fallback (Llama 2, Gemma), Unigram (T5),
/// WordPiece (BERT) and whole words. A value is immutable and may be used from any number of tasks at once.
public struct Tokenizer: Sendable {
    /// How text is cut and normalised when there is no `tokenizer.json` to say so.
    public enum Scheme: Sendable, CaseIterable {
        /// GPT-2's expression, no normalisation.
        case gpt2
        /// Qwen2's expression, after Unicode composition (NFC).
        case qwen2
        /// Llama 3's expression; a word that is a token is taken whole.
        case llama3
    }

    let model: TokenizerModel

    /// Reads a `tokenizer.json`, and a `tokenizer_config.json` when given.
    ///
    /// - Parameters:
    ///   - tokenizerJSON: The bytes of the file.
    ///   - configuration: The bytes of `tokenizer_config.json`, which names bos and eos.
    ///   - name: What errors call the first file.
    /// - Throws: `TokenizerError` when the content is broken or asks for something unknown.
    public init(
        tokenizerJSON: [UInt8], configuration: [UInt8]? = nil, name: String = "tokenizer.json"
    ) throws(TokenizerError) {
        let definition = try TokenizerJSON.definition(bytes: tokenizerJSON, file: name)
        model = try TokenizerModel(definition, Tokenizer.config(configuration))
    }

    /// Reads a `vocab.json` with its `merges.txt`, and a `tokenizer_config.json` when given.
    ///
    /// - Throws: `TokenizerError` when the content is broken or asks for something unknown.
    public init(
        vocabulary: [UInt8], merges: [UInt8], scheme: Scheme, configuration: [UInt8]? = nil
    ) throws(TokenizerError) {
        var definition = try MergesFile.definition(
            vocabulary: vocabulary, merges: merges, scheme: scheme,
            vocabularyFile: "vocab.json", mergesFile: "merges.txt")
        var config = try Tokenizer.config(configuration)
        Tokenizer.complete(&definition, scheme, with: &config)
        model = try TokenizerModel(definition, config)
    }

    /// Reads a SentencePiece `tokenizer.model` of the BPE or the Unigram type.
    ///
    /// Control and unknown pieces become special tokens; texts begin with bos (`<s>`) unless the
    /// configuration says otherwise, as the models of this format expect.
    ///
    /// - Throws: `TokenizerError` when the content is broken or asks for something unknown.
    public init(sentencePieceModel: [UInt8], configuration: [UInt8]? = nil)
        throws(TokenizerError)
    {
        let definition = try SentencePieceModel.definition(
            bytes: sentencePieceModel, file: "tokenizer.model")
        var config = try Tokenizer.config(configuration)
        Tokenizer.completeSentencePiece(&config)
        model = try TokenizerModel(definition, config)
    }

    /// Reads a `*.tiktoken` file, a token in Base64 and its rank on each line.
    ///
    /// - Parameters:
    ///   - tiktoken: The bytes of the file.
    ///   - encoding: What its file is called without its extension, which says how words are cut: `gpt2`,
    ///     `r50k_base`, `p50k_base`, `cl100k_base`, `o200k_base`, `qwen`, `llama3` or `kimi`.
    ///   - configuration: The bytes of `tokenizer_config.json`, which may name further tokens.
    /// - Throws: `TokenizerError` when the content is broken or the encoding is not known.
    public init(tiktoken: [UInt8], encoding: String, configuration: [UInt8]? = nil)
        throws(TokenizerError)
    {
        let definition = try TiktokenFile.definition(
            bytes: tiktoken, encoding: encoding, file: "\(encoding).tiktoken")
        model = try TokenizerModel(definition, Tokenizer.config(configuration))
    }

    /// Reads Mistral's `tekken.json`.
    ///
    /// - Throws: `TokenizerError` when the content is broken or asks for something unknown.
    public init(tekken: [UInt8]) throws(TokenizerError) {
        let definition = try TekkenFile.definition(bytes: tekken, file: "tekken.json")
        model = try TokenizerModel(definition, TokenizerConfig())
    }

    init(model: TokenizerModel) {
        self.model = model
    }

    /// One more than the highest token id.
    public var vocabularySize: Int { model.output.count }

    /// The algorithm by which words become tokens: BPE, Unigram, WordPiece or whole words.
    public var kind: String {
        switch model.words.kind {
        case .pairs: "BPE"
        case .unigram: "Unigram"
        case .wordPiece: "WordPiece"
        case .words: "whole words"
        }
    }

    /// The token that begins a text, when the files name one.
    public var bosToken: Int32? { model.bos }

    /// The tokens that end a text; `generation_config.json` may add some in `load(directory:)`.
    public var eosTokens: [Int32] { model.eos }

    /// What `encode` puts before every text when special tokens are asked for.
    public var prefixTokens: [Int32] { model.prefix }

    /// What `encode` puts after every text when special tokens are asked for.
    public var suffixTokens: [Int32] { model.suffix }

    /// The output bytes of a token, or nil for an id without a token; a token may be part of a
    /// character.
    public func token(for id: Int32) -> [UInt8]? {
        model.output.contains(id) ? Array(model.output.bytes(of: id)) : nil
    }

    /// The id of a token spelled as in its file (`<|im_end|>`, `Ġthe`, `▁the`), or nil.
    public func id(of token: String) -> Int32? {
        let id = model.id(of: Array(token.utf8))
        return id >= 0 ? id : nil
    }

    /// Whether a token marks structure and is left out by `skipSpecialTokens`.
    public func isSpecial(_ id: Int32) -> Bool { model.output.isSpecial(id) }
}
