// The names by which files of models call the rules for cutting words.

/// The values of `tokenizer.ggml.pre`, and what they stand for.
enum PreTokenizerNames {
    struct Entry: Sendable {
        let names: [String]
        let steps: [PreTokenizer.Step]
        /// A word that is a token is taken whole.
        var ignoresMerges = false
        /// Texts begin with bos where the file does not say.
        var addsBos = false
        /// Bytes are spelled in GPT-2's alphabet.
        var byteLevel = true
        /// Merges follow from the order of the tokens.
        var ranksTokens = false
    }

    private static func steps(_ expressions: String...) -> [PreTokenizer.Step] {
        // What has no scanner is found by a test over the table.
        expressions.compactMap { WordExpression($0).map { .split($0) } }
    }

    private static let lines = #"[^\n]+|[\n]+"#
    private static let gpt2 = WordExpression.gpt2Text
    private static let gpt4o: [PreTokenizer.Step] = [
        .split(.cased(.init(numbers: 3, contractions: true)))
    ]
    private static let deepseek3: [PreTokenizer.Step] =
        steps(#"\p{N}{1,3}"#, "[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+")
        + [.split(.punctuated)]

    /// DeepSeek's letters of Latin and its like, as ranges.
    private static let deepseekLetters =
        #"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-"#
        + "\u{1F7D}\u{1F80}-\u{1FB4}\u{1FB6}-\u{1FBC}\u{1FBE}\u{1FC2}-\u{1FC4}\u{1FC6}-\u{1FCC}\u{1FD0}-\u{1FD3}"
        + "\u{1FD6}-\u{1FDB}\u{1FE0}-\u{1FEC}\u{1FF2}-\u{1FF4}\u{1FF6}-\u{1FFC}\u{2102}\u{2107}\u{210A}-\u{2113}"
        + "\u{2115}\u{2119}-\u{211D}\u{2124}\u{2126}\u{2128}\u{212A}-\u{212D}\u{212F}-\u{2134}\u{2139}"
        + "\u{213C}-\u{213F}\u{2145}-\u{2149}\u{214E}\u{2183}\u{2184}\u{2C00}-\u{2C7B}\u{2C7E}-\u{2CE4}"
        + "\u{2CEB}-\u{2CEE}\u{2CF2}\u{2CF3}\u{A640}-\u{A66D}\u{A680}-\u{A69B}\u{A722}-\u{A76F}\u{A771}-\u{A787}"
        + "\u{A78B}-\u{A78E}\u{AB70}-\u{ABBF}\u{FB00}-\u{FB06}\u{FB13}-\u{FB17}\u{FF21}-\u{FF3A}\u{FF41}-\u{FF5A}"
        + "\u{10400}-\u{1044F}\u{104B0}-\u{104D3}\u{104D8}-\u{104FB}\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}"
        + "\u{118A0}-\u{118DF}\u{1E900}-\u{1E943}]+"
    private static let deepseekIdeographs = "[\u{4E00}-\u{9FA5}\u{800}-\u{4E00}\u{AC00}-\u{D7FF}]+"
    private static let bloom = " ?[^(\\s|.,!?…。，、।۔،)]+"

    static let all: [Entry] = [
        Entry(
            names: [
                "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de",
                "a.x-4.0", "mellum", "modern-bert", "mpt", "olmo", "jais", "trillion",
                "granite-docling", "exaone4", "jina-v1-en", "jina-v2-code", "roberta-bpe",
            ], steps: steps(gpt2)),
        Entry(
            names: [
                "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
                "lfm2", "jina-v5-nano",
            ], steps: [.split(.words3)], ignoresMerges: true, addsBos: true),
        Entry(names: ["dbrx", "smaug-bpe", "chatglm-bpe"], steps: [.split(.words3)]),
        Entry(names: ["glm4", "glm5"], steps: [.split(.words3)], ignoresMerges: true),
        Entry(
            names: [
                "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "hunyuan",
                "solar-open", "megrez", "grok-2", "bailingmoe", "bailingmoe2", "llada-moe",
            ], steps: [.split(.words1)]),
        Entry(
            names: ["qwen35"],
            steps: [
                .split(
                    .words(
                        .init(
                            numbers: 1, letters: CharacterClass.letter | CharacterClass.mark,
                            notSymbols: CharacterClass.notOther | CharacterClass.mark)))
            ]),
        Entry(
            names: ["ufakzeka"],
            steps: [.split(.words(.init(numbers: 1, contractions: false)))]),
        Entry(
            names: ["seed-coder"], steps: [.split(.words(.init(numbers: 1, tail: .none)))]),
        Entry(
            names: ["minicpm5"],
            steps: steps(#"\p{N}{1,3}"#) + [.split(.words(.init(numbers: .max)))],
            ignoresMerges: true),
        Entry(
            names: ["exaone-moe"],
            steps: [.split(.words(.init(numbers: 1, tail: .oneSlash, phrases: true)))]),
        Entry(
            names: ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], steps: gpt4o),
        Entry(names: ["granite-embed-multi-97m"], steps: gpt4o, ignoresMerges: true),
        Entry(
            names: ["tekken"], steps: [.split(.cased(.init(numbers: 1, contractions: false)))],
            ignoresMerges: true, addsBos: true),
        Entry(
            names: ["tiny_aya", "cohere2moe"],
            steps: [.split(.threes(.groups))] + gpt4o),
        Entry(
            names: ["kimi-k2"],
            steps: [
                .split(.cased(.init(numbers: 3, contractions: true, slashes: false, han: true)))
            ], ignoresMerges: true, ranksTokens: true),
        Entry(
            names: ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], steps: deepseek3),
        Entry(
            names: ["deepseek-llm"],
            steps: steps(
                #"[\r\n]"#, deepseekLetters,
                "\\s?[!-/:-~！-／：-～‘-‟\u{3000}-。]+", #"\s+$"#, deepseekIdeographs, #"\p{N}+"#)),
        Entry(
            names: ["deepseek-coder"],
            steps: steps(
                #"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, deepseekIdeographs, #"\p{N}"#)),
        Entry(
            names: [
                "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
                "mellum2",
            ], steps: steps(#"\p{N}"#, gpt2)),
        Entry(
            names: ["falcon"],
            steps: steps(#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2, "[0-9][0-9][0-9]")),
        Entry(names: ["poro-chat", "bloom", "gpt3-finnish"], steps: steps(bloom)),
        Entry(names: ["viking"], steps: steps(bloom, #"\p{N}"#)),
        Entry(
            names: ["superbpe"], steps: steps(#"\p{N}+"#) + [.split(.threes(.places))]),
        Entry(names: ["laguna"], steps: steps(lines) + [.split(.words1)]),
        Entry(
            names: ["gemma4", "granite-embed-multi-311m", "sarvam-moe"], steps: steps(lines),
            byteLevel: false),
        Entry(
            names: ["default"],
            steps: steps(#"[\p{P}\$\+<=>\^~\|]+"#, gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]")),
    ]

    /// Names of rules that have no scanner.
    static let refused = [
        "spark2_5", "youtu", "afmoe", "jais-2", "chameleon", "whitespace",
    ]

    static func entry(_ name: String) -> Entry? { all.first { $0.names.contains(name) } }

    /// The known name that takes the fewest changes.
    static func nearest(to name: String) -> String {
        let name = String(name.prefix(64))
        return all.flatMap(\.names).min {
            EditDistance.between(name, $0) < EditDistance.between(name, $1)
        } ?? "gpt-2"
    }
}
