// What every tokenizer file comes down to, before tables are built from it.

/// A tokenizer as its files describe it.
struct TokenizerDefinition {
    enum Merges {
        /// Pairs in order of preference.
        case pairs([(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)])
        /// SentencePiece: pieces that may be merged into, with their scores.
        case scores([Int32: Float])
    }

    /// Where a `▁` is put before text whose spaces become `▁`.
    enum MetaspacePrefix: Sendable, Equatable {
        case never
        /// Only at the start of the text.
        case first
        /// Also after every added token.
        case always
    }

    /// How token texts become output bytes.
    struct Decoding: Sendable, Equatable {
        /// Token texts are bytes spelled in GPT-2's alphabet.
        var byteLevel = false
        /// Replacements in every token text, in order.
        var replacements: [NormalizationStep] = []
        /// `<0x41>` stands for a byte.
        var byteFallback = false
        /// Spaces dropped from the start of the whole output, at most this many.
        var strippedSpaces = 0
        /// All `▁` of the first token are dropped instead of becoming spaces.
        var dropsFirstMetaspace = false
    }

    /// The file that errors name.
    var file: String
    var entries: [(text: ArraySlice<UInt8>, id: Int)] = []
    var merges: Merges = .pairs([])
    /// The file of merges beside a vocabulary, which may have been cut at the end of a line.
    var mergesFile: String?
    var byteLevel = false
    var byteFallback = false
    var fusesUnknown = false
    var ignoresMerges = false
    var unknownToken: String?
    var normalization: [NormalizationStep] = []
    var preTokenizer = PreTokenizer.whole
    /// A space is put before every text that does not start with one (byte-level tokenizers).
    var prefixesSpace = false
    /// Spaces become `▁` after normalisation, with this prefix rule; nil when they stay.
    var metaspace: MetaspacePrefix?
    var addedTokens: [AddedToken] = []
    var prefix: [Int32] = []
    var suffix: [Int32] = []
    var decoding = Decoding()
    var bos: Int32?
    var eos: [Int32] = []

    static let metaspaceBytes: [UInt8] = [0xE2, 0x96, 0x81]
}
