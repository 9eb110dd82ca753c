// A tokenizer as the metadata of a model's file describe it, whatever file they were read from.

/// A vocabulary and its rules as plain values: what the keys `tokenizer.ggml.…` of a GGUF file hold.
///
/// Every property has the meaning of the key it is named after; nil and empty mean that the file does not have
/// it. Token texts are bytes, because they need not be valid UTF-8.
public struct TokenizerMetadata: Sendable {
    /// What errors call the source, usually the file's name.
    public var source: String
    /// `model`: the algorithm, `gpt2`, `llama`, `bert`, `t5` or `gemma4`.
    public var kind: String
    /// `pre`: the name of the rules by which byte-level BPE cuts words.
    public var preTokenizer: String?
    /// `tokens`: the texts, by id.
    public var tokens: [ArraySlice<UInt8>]
    /// `scores`, by id.
    public var scores: [Float] = []
    /// `token_type`, by id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    public var types: [Int32] = []
    /// `merges`: two tokens with a space between them, the first merges first.
    public var merges: [ArraySlice<UInt8>] = []

    /// `bos_token_id`.
    public var bos: Int?
    /// `eos_token_id`.
    public var eos: Int?
    /// `eot_token_id`: the end of a turn.
    public var endOfTurn: Int?
    /// `eom_token_id`: the end of a message.
    public var endOfMessage: Int?
    /// `unknown_token_id`.
    public var unknown: Int?
    /// `seperator_token_id`, spelled so in the files.
    public var separator: Int?
    /// `cls_token_id`.
    public var classification: Int?
    /// `padding_token_id`.
    public var padding: Int?
    /// `mask_token_id`.
    public var mask: Int?

    /// `add_bos_token`.
    public var addsBos: Bool?
    /// `add_eos_token`.
    public var addsEos: Bool?
    /// `add_sep_token`.
    public var addsSeparator: Bool?
    /// `add_space_prefix`.
    public var prefixesSpace: Bool?
    /// `remove_extra_whitespaces`.
    public var removesExtraWhitespace: Bool?
    /// `normalizer.lowercase`, of WordPiece vocabularies.
    public var lowercases: Bool?
    /// `normalizer.strip_accents`, of WordPiece vocabularies.
    public var stripsAccents: Bool?
    /// `precompiled_charsmap`: SentencePiece's compiled normalisation.
    public var charsmap: [UInt8] = []

    /// What the metadata have no words for of the tokenizer whose files they were made of, in sentences without a full
    /// stop; none where they were read.
    public internal(set) var notes: [String] = []

    /// A vocabulary without rules yet.
    public init(source: String, kind: String, tokens: [ArraySlice<UInt8>]) {
        self.source = source
        self.kind = kind
        self.tokens = tokens
    }
}

extension Tokenizer {
    /// Builds a tokenizer from the metadata of a model's file.
    ///
    /// - Throws: `TokenizerError.unsupported` for an algorithm or a pre-tokenizer that is not known, with the
    ///   known one whose name is nearest; `malformed` for an id or a list that does not fit the vocabulary.
    public init(metadata: TokenizerMetadata) throws(TokenizerError) {
        var reader = MetadataReader(metadata)
        model = try TokenizerModel(try reader.read(), TokenizerConfig())
    }
}
