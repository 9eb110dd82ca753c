// What every tokenizer file comes down to, before tables are built from it.

/// A tokenizer as its files describe it.
struct TokenizerDefinition {
    enum Merges {
        /// Pairs in order of preference.
        case pairs([(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)])
        /// SentencePiece: pieces that may be merged into, with their scores.
        case scores([Int32: Float])
    }

    /// How words become tokens.
    enum Model {
        /// Byte pairs, by `merges`.
        case pairs
        /// Scores by id (NaN for a token that text is never cut into), whether they are added in single precision, and
        /// the token of unknown characters or -1.
        case unigram(scores: [Double], isSingle: Bool, unknown: Int32)
        /// What pieces that go on begin with, and the longest word in characters.
        case wordPiece(prefix: [UInt8], limit: Int)
        case words
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
        /// What each token text begins or ends with is dropped, at most so often.
        var strips: [Strip] = []
        /// Tokens after the first have a space before them, but for pieces that go on.
        var spaces: Spaces?

        struct Strip: Sendable, Equatable {
            var content: [UInt8]
            var start: Int
            var stop: Int
        }

        struct Spaces: Sendable, Equatable {
            /// What pieces that go on begin with; it is dropped.
            var prefix: [UInt8] = []
            /// Spaces before punctuation and English contractions go.
            var cleansUp = false
        }
    }

    /// The file that errors name.
    var file: String
    var entries: [(text: ArraySlice<UInt8>, id: Int)] = []
    /// Texts may appear twice; the first one counts when text is encoded.
    var allowsRepeats = false
    var model = Model.pairs
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
    var addedTokens: [AddedToken] = []
    var prefix: [Int32] = []
    var suffix: [Int32] = []
    var decoding = Decoding()
    var bos: Int32?
    var eos: [Int32] = []

    static let metaspaceBytes: [UInt8] = [0xE2, 0x96, 0x81]
}
