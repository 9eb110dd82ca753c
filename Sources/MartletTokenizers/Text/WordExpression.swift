// The expressions of published pre-tokenizers, and which scanner each of them is.

/// An expression that finds words in a text; each has a scanner that reads a text once.
enum WordExpression: Sendable, Equatable {
    /// GPT-2's.
    case gpt2
    /// Llama 3's and Qwen's kind: letters with one other character before them.
    case words(WordRules)
    /// GPT-4o's kind: as `words`, and a capital after small letters begins a word.
    case cased(CasedRules)
    /// DeepSeek V3's last.
    case punctuated
    /// Digits in threes, counted from the end of a number.
    case threes(ThreeRules)
    /// White space at the ends of lines.
    case trailingSpaces
    /// Runs of one set of characters.
    case runs(CharacterRuns)
    /// These bytes; they are not empty.
    case literal([UInt8])
    /// Before every `▁`.
    case metaspace
    /// Before every `▁` that follows something else. No published expression: it is what no cutting at all may be
    /// replaced by when no token has `▁` after another character.
    case metaspaceRuns

    /// What an expression of the kind of `words` allows.
    struct WordRules: Sendable, Equatable {
        enum Tail: Sendable { case none, newlines, slashes, oneSlash }

        /// How many numbers are a word.
        var numbers: Int
        /// `'s`, `'ll` and so on are words.
        var contractions = true
        /// Letters, and marks in some.
        var letters = CharacterClass.letter
        /// What does not count as a symbol.
        var notSymbols = CharacterClass.notOther
        /// What a run of symbols takes after itself.
        var tail = Tail.newlines
        /// White space at the end of a text is one word.
        var keepsLastSpaces = false
        /// Single spaces between words of letters stay inside (EXAONE MoE).
        var phrases = false
    }

    /// What an expression of the kind of `cased` allows.
    struct CasedRules: Sendable, Equatable {
        var numbers: Int
        /// A contraction belongs to the word before it.
        var contractions: Bool
        /// Symbols take slashes among the line breaks after them.
        var slashes = true
        /// Runs of Han characters are words, and no word has them among others.
        var han = false
    }

    enum ThreeRules: Sendable, Equatable {
        /// `\d{1,3}(?=(?:\d{3})*\b)`: each group is a match.
        case groups
        /// `(?=(\d{3})+(?!\d))`: the places before groups are matches, of no length.
        case places
    }
}

extension WordExpression {
    static let words1 = WordExpression.words(WordRules(numbers: 1))
    static let words3 = WordExpression.words(WordRules(numbers: 3))

    /// The scanner for an expression; nil where there is none.
    init?(_ text: String) {
        let text = WordExpression.canonical(text)
        if let known = WordExpression.known.first(where: { $0.text == text }) {
            self = known.expression
        } else if let runs = CharacterRuns(expression: text) {
            self = .runs(runs)
        } else {
            return nil
        }
    }

    /// One spelling for what means the same in these expressions: line breaks as escapes, one form of the
    /// contractions, no possessive quantifiers (nothing here gives back what it took).
    private static func canonical(_ text: String) -> String {
        var text = text
        for (from, to) in [
            ("\r", #"\r"#), ("\n", #"\n"#), ("\t", #"\t"#), ("]++", "]+"), ("}++", "}+"),
            (#"\s++"#, #"\s+"#), ("]?+", "]?"), ("]*+", "]*"),
            // Oniguruma's, where a plus after braces is a repetition.
            (#"\p{N}{1,3}+"#, #"\p{N}+"#),
            (#"\p{N}{1}"#, #"\p{N}"#), (#"'(?i:[sdmt]|ll|ve|re)"#, contractions),
            (#"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"#, contractions),
            (#"\s*[\r\n]|"#, #"\s*[\r\n]+|"#),
        ] { text = text.replacing(from, with: to) }
        return text
    }

    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

    static let gpt2Text =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// The text of an expression of the kind of `words`.
    static func wordsText(_ numbers: String, tail: String = #"[\r\n]*"#) -> String {
        contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers + #"| ?[^\s\p{L}\p{N}]+"# + tail
            + spaces
    }

    private static func casedText(
        _ contractions: String, _ numbers: String, _ tail: String, minus: String = "",
        first: String = ""
    ) -> String {
        let before = #"[^\r\n\p{L}\p{N}]?"#
        let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"# + minus + "]"
        let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}"# + minus + "]"
        return first + before + upper + "*" + lower + "+" + contractions + "|" + before + upper
            + "+" + lower + "*" + contractions + "|" + numbers + #"| ?[^\s\p{L}\p{N}]+"# + tail
            + spaces
    }

    /// Every expression that is recognised by its exact text, in canonical spelling.
    static let known: [(text: String, expression: WordExpression)] = [
        (gpt2Text, .gpt2),
        // Spaces that it leaves are words by being left.
        (String(gpt2Text.dropLast(4)), .gpt2),
        (#"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+$|\s+(?!\S)|\s"#, .gpt2),
        (#"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2),
        (wordsText(#"\p{N}"#), words1),
        (wordsText(#"\p{N}{1,3}"#), words3),
        (wordsText(#"\p{N}+"#), .words(WordRules(numbers: .max))),
        (
            wordsText(#"\p{N}"#, tail: "").replacing(
                #"[^\s\p{L}\p{N}]"#, with: #"[^\s\p{L}\p{N}\r\n]"#),
            .words(WordRules(numbers: 1, tail: .none))
        ),
        (
            wordsText(#"\p{N}{1,3}"#).replacing(
                spaces, with: #"|\s+$|\s*[\r\n]+|\s+(?!\S)|\s"#),
            .words(WordRules(numbers: 3, keepsLastSpaces: true))
        ),
        (
            wordsText(#"\p{N}+"#).replacing(
                spaces, with: #"|\s+$|\s*[\r\n]+|\s+(?!\S)|\s"#),
            .words(WordRules(numbers: .max, keepsLastSpaces: true))
        ),
        (
            String(wordsText(#"\p{N}"#).dropFirst(contractions.count + 1)),
            .words(WordRules(numbers: 1, contractions: false))
        ),
        (
            wordsText(#"\p{N}"#).replacing(#"?\p{L}+"#, with: #"?[\p{L}\p{M}]+"#)
                .replacing(#"[^\s\p{L}\p{N}]"#, with: #"[^\s\p{L}\p{M}\p{N}]"#),
            .words(
                WordRules(
                    numbers: 1, letters: CharacterClass.letter | CharacterClass.mark,
                    notSymbols: CharacterClass.notOther | CharacterClass.mark))
        ),
        (
            wordsText(#"\p{N}"#, tail: #"[\r\n/]?"#)
                .replacing(#"?\p{L}+"#, with: #"?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+"#),
            .words(WordRules(numbers: 1, tail: .oneSlash, phrases: true))
        ),
        (
            casedText(contractions + "?", #"\p{N}{1,3}"#, #"[\r\n/]*"#),
            .cased(CasedRules(numbers: 3, contractions: true))
        ),
        (
            casedText("", #"\p{N}"#, #"[\r\n/]*"#),
            .cased(CasedRules(numbers: 1, contractions: false))
        ),
        (
            casedText(
                contractions + "?", #"\p{N}{1,3}"#, #"[\r\n]*"#, minus: #"&&[^\p{Han}]"#,
                first: #"[\p{Han}]+|"#),
            .cased(CasedRules(numbers: 3, contractions: true, slashes: false, han: true))
        ),
        (
            ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
                + #"| ?[\p{P}\p{S}]+[\r\n]*"# + spaces,
            .punctuated
        ),
        (#"\d{1,3}(?=(?:\d{3})*\b)"#, .threes(.groups)),
        (#"(?=(\d{3})+(?!\d))"#, .threes(.places)),
        (#"\s+$"#, .trailingSpaces),
    ]

    /// Whether every character of a text is in a match, so that words are what lies between ends of matches.
    var coversText: Bool {
        switch self {
        case .gpt2, .words, .cased, .metaspace, .metaspaceRuns: true
        case .punctuated, .threes, .trailingSpaces, .runs, .literal: false
        }
    }

    /// Whether a space after an ASCII letter or digit always begins a word, or leaves it to another step.
    var cutsBeforeSpaces: Bool {
        switch self {
        case .gpt2, .cased, .punctuated, .threes: true
        case .words(let rules): !rules.phrases
        case .runs(let runs): !runs.reachesOverSpaces
        case .trailingSpaces, .literal, .metaspace, .metaspaceRuns: false
        }
    }
}
