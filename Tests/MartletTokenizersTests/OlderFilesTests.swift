// Added tokens and leading spaces by the file that says them; expected tokens are those of transformers 5.2.

@testable import MartletTokenizers
import Testing

@Suite struct OlderFilesTests {
    private func load(_ files: [String: String], _ more: [String: [UInt8]] = [:]) throws
        -> Tokenizer
    {
        try Tokenizer.load(
            TokenizerFiles(
                source: "memory",
                files: files.mapValues { Array($0.utf8) }.merging(more) { first, _ in first }))
    }

    private func message(_ files: [String: String], _ more: [String: [UInt8]] = [:]) -> String {
        do {
            _ = try load(files, more)
            return "no error"
        } catch { return "\(error)" }
    }

    private func pieces(_ tokenizer: Tokenizer, _ text: String) -> [String] {
        tokenizer.encode(text).map {
            String(decoding: tokenizer.token(for: $0) ?? [], as: UTF8.self)
        }
    }

    /// Two letters, their token, and a space.
    private static let table = [
        "vocab.json": #"{"a":0,"b":1,"ab":2,"Ġ":3,"<":4,"x":5,">":6}"#, "merges.txt": "a b\n",
    ]
    private static func table(_ files: [String: String]) -> [String: String] {
        table.merging(files) { _, last in last }
    }

    // MARK: added_tokens.json and special_tokens_map.json

    @Test(.enabled(if: Fixtures.hasData)) func qwen2WithTheOlderFiles() throws {
        let data = [
            "vocab.json": try Fixtures.bytes("tokenizers/qwen2/vocab.json"),
            "merges.txt": try Fixtures.bytes("tokenizers/qwen2/merges.txt"),
        ]
        let added =
            #"{"<|endoftext|>":151643,"<|im_start|>":151644,"<|im_end|>":151645}"#
        let map = """
            {"additional_special_tokens":["<|im_start|>","<|im_end|>"],
            "eos_token":{"content":"<|im_end|>","lstrip":true,"rstrip":true,"normalized":false,
            "single_word":false},"pad_token":"<|endoftext|>"}
            """
        let config = #"{"tokenizer_class":"Qwen2Tokenizer"}"#
        let chat = "<|im_start|>user\nhi<|im_end|>"
        let tokens: [Int32] = [151644, 872, 198, 6023, 151645]
        let both = try load(
            [
                "tokenizer_config.json": config, "added_tokens.json": added,
                "special_tokens_map.json": map,
            ], data)
        #expect(both.encode(chat) == tokens)
        // The flags of a name do not count where the token is numbered elsewhere.
        #expect(both.encode(" <|im_end|> x") == [220, 151645, 856])
        #expect(both.eosTokens == [151645])
        #expect((151643...151645).allSatisfy { both.isSpecial($0) })
        #expect(try both.decode(tokens, skipSpecialTokens: true) == "user\nhi")

        let unnamed = try load(
            ["tokenizer_config.json": config, "added_tokens.json": added], data)
        #expect(unnamed.encode(chat) == tokens)
        #expect(unnamed.eosTokens == [151643])
        #expect(unnamed.isSpecial(151643) && !unnamed.isSpecial(151644))

        // Where the configuration lists its tokens, the older files are not read.
        let listed = try load(
            [
                "tokenizer_config.json": """
                {"tokenizer_class":"Qwen2Tokenizer","added_tokens_decoder":{"151643":{"content":"<|endoftext|>",
                "special":true}}}
                """, "added_tokens.json": added, "special_tokens_map.json": map,
            ], data)
        #expect(
            listed.encode(chat) == [
                27, 91, 318, 4906, 91, 29, 872, 198, 6023, 27, 91, 318, 6213, 91, 29,
            ])
    }

    @Test(.enabled(if: Fixtures.hasData)) func sentencePieceWithTheOlderFiles() throws {
        let model = ["tokenizer.model": try Fixtures.bytes("tokenizers/llama2/tokenizer.model")]
        let tokenizer = try load(
            [
                "added_tokens.json": #"{"<|im_start|>":32000,"<|im_end|>":32001}"#,
                "special_tokens_map.json":
                    #"{"eos_token":"<|im_end|>","additional_special_tokens":["<|im_end|>"]}"#,
            ], model)
        #expect(tokenizer.encode("<|im_end|>") == [1, 32001])
        #expect(tokenizer.encode("<|im_start|>") == [1, 32000])
        #expect(tokenizer.encode("x<|im_start|>").last == 32000)
        #expect(tokenizer.eosTokens == [32001])
        #expect(tokenizer.isSpecial(32001) && !tokenizer.isSpecial(32000))
        #expect(tokenizer.vocabularySize == 32002)
        let plain = try load([:], model)
        #expect(plain.encode("Hello world") == [1, 15043, 3186])
        let unspaced = try load(
            [
                "tokenizer_config.json":
                    #"{"tokenizer_class":"LlamaTokenizer","add_prefix_space":false}"#
            ], model)
        #expect(unspaced.encode("Hello world") == [1, 10994, 3186])
        #expect(try unspaced.decode([15043]) == " Hello")
    }

    @Test func namesOfTheMapWin() throws {
        let tokenizer = try load(
            Self.table([
                "tokenizer_config.json":
                    #"{"tokenizer_class":"GPT2Tokenizer","eos_token":"<x>","bos_token":"<y>"}"#,
                "added_tokens.json": #"{"<x>":7,"<y>":8}"#,
                "special_tokens_map.json": #"{"eos_token":"<y>"}"#,
            ]))
        #expect(tokenizer.eosTokens == [8] && tokenizer.bosToken == 8)
        #expect(!tokenizer.isSpecial(7) && tokenizer.isSpecial(8))
        #expect(tokenizer.encode("ab<x>") == [2, 7])
    }

    /// A name's flags count for a token of the vocabulary that nothing else lists.
    @Test func flagsOfANameCountForATokenOfTheVocabulary() throws {
        let tokenizer = try load(
            Self.table([
                "vocab.json": #"{"a":0,"b":1,"ab":2,"Ġ":3,"<x>":4}"#,
                "tokenizer_config.json": #"{"tokenizer_class":"GPT2Tokenizer"}"#,
                "special_tokens_map.json": #"{"pad_token":{"content":"<x>","lstrip":true}}"#,
            ]))
        #expect(tokenizer.encode("a <x> b") == [0, 4, 3, 1])
        #expect(tokenizer.isSpecial(4))
    }

    @Test func idsOfOtherTokensAreRefused() {
        let config = #"{"tokenizer_class":"GPT2Tokenizer"}"#
        func message(_ added: String) -> String {
            self.message(
                Self.table(["tokenizer_config.json": config, "added_tokens.json": added]))
        }
        #expect(message(#"{"<x>":2}"#).contains("'<x>' the id 2, which is that of 'ab'"))
        #expect(message(#"{"<x>":7,"<y>":7}"#).contains("which is that of '<x>'"))
        #expect(message(#"{"<x>":-1}"#).contains("memory/added_tokens.json"))
        #expect(message("[]").contains("expected an object"))
        #expect(
            self.message(
                Self.table(["tokenizer_config.json": config, "special_tokens_map.json": "3"])
            )
            .contains("memory/special_tokens_map.json"))
    }

    // MARK: tokenizer.json beside the other files

    private static let flags = #""single_word":false,"normalized":false,"special":true"#
    private func json(_ added: String = #","lstrip":false,"rstrip":false"#) -> [String: [UInt8]] {
        [
            "tokenizer.json": Fixtures.byteLevelJSON(
                addedTokens: [#"{"id":260,"content":"<x>",\#(Self.flags)\#(added)}"#])
        ]
    }

    @Test func theListOfTheConfigurationWinsOverTokenizerJSON() throws {
        func tokenizer(_ decoder: String, json: [String: [UInt8]]) throws -> Tokenizer {
            try load(["tokenizer_config.json": #"{"added_tokens_decoder":{\#(decoder)}}"#], json)
        }
        let stripping = #"{"content":"<x>","lstrip":true,"rstrip":true,\#(Self.flags)}"#
        let plain = #"{"content":"<x>","lstrip":false,"rstrip":false,\#(Self.flags)}"#
        let more = try tokenizer(
            #""260":\#(stripping),"261":{"content":"<y>","special":true}"#, json: json())
        #expect(pieces(more, "a <x> b<y>") == ["a", "<x>", "b", "<y>"])
        let less = try tokenizer(
            #""260":\#(plain)"#, json: json(#","lstrip":true,"rstrip":true"#))
        #expect(pieces(less, "a <x> b") == ["a", " ", "<x>", " ", "b"])
        let ordinary = try tokenizer(
            #""260":{"content":"<x>","normalized":true,"special":false}"#, json: json())
        #expect(!ordinary.isSpecial(260))
        // The id stays that of tokenizer.json.
        let moved = try tokenizer(#""270":\#(plain)"#, json: json())
        #expect(moved.encode("<x>") == [260])
        #expect(moved.vocabularySize == 261)
        #expect(
            message(
                ["tokenizer_config.json": #"{"added_tokens_decoder":{"260":{"content":"<q>"}}}"#],
                json()
            )
            .contains("'<q>' the id 260, which is that of '<x>'"))
    }

    @Test func tokenizerJSONWinsOverTheOlderFiles() throws {
        let tokenizer = try load(
            [
                "added_tokens.json": #"{"<x>":260,"<z>":261}"#,
                "special_tokens_map.json": """
                {"eos_token":{"content":"<x>","lstrip":true,"rstrip":true,"normalized":false},
                "additional_special_tokens":["<z>"]}
                """,
            ], json())
        #expect(pieces(tokenizer, "a <x> b") == ["a", " ", "<x>", " ", "b"])
        #expect(tokenizer.encode("<z>") == [261] && tokenizer.isSpecial(261))
        #expect(tokenizer.eosTokens == [260])
    }

    // MARK: add_prefix_space

    @Test(arguments: [
        ("GPT2Tokenizer", [" ab", "!", "ab", " ", "1"]),
        ("GPT2TokenizerFast", [" ab", "!", "ab", " ", "1"]),
        ("PreTrainedTokenizerFast", ["ab", "!", "ab", " ", "1"]),
    ])
    func aSpaceBeforeTheTextIsTheClassesToSay(name: String, spaced: [String]) throws {
        func tokenizer(json: Bool, config: String) throws -> Tokenizer {
            try load(
                ["tokenizer_config.json": #"{"tokenizer_class":"\#(name)"\#(config)}"#],
                [
                    "tokenizer.json": Fixtures.byteLevelJSON(
                        preTokenizer: #"{"type":"ByteLevel","add_prefix_space":\#(json)}"#)
                ])
        }
        let text = "ab!ab 1"
        let isGPT2 = name.hasPrefix("GPT2")
        #expect(
            pieces(try tokenizer(json: false, config: #","add_prefix_space":true"#), text) == spaced
        )
        for config in ["", #","add_prefix_space":false"#] {
            let first = pieces(try tokenizer(json: true, config: config), text)[0]
            #expect(first == (isGPT2 ? "ab" : " ab"))
        }
    }

    /// Qwen2's expression cuts first, so each word gets the space.
    @Test func aSpaceBeforeEachWordOfQwen2() throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(
                preTokenizer: """
                    {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":
                    \(Fixtures.quoted(WordExpression.wordsText(#"\p{N}"#)))},"behavior":"Isolated","invert":false},
                    {"type":"ByteLevel","use_regex":false,"add_prefix_space":false}]}
                    """),
            configuration: Array(
                #"{"tokenizer_class":"Qwen2Tokenizer","add_prefix_space":true}"#.utf8))
        #expect(pieces(tokenizer, "ab!ab 1") == [" ab", " ", "!", "ab", " ", " ", "1"])
        #expect(pieces(tokenizer, " ab\n\nab") == [" ab", " ", "\n", "\n", " ab"])
    }

    @Test func llamaWithoutASpaceBeforeTheText() throws {
        func tokenizer(_ config: String) throws -> Tokenizer {
            try load(
                ["tokenizer_config.json": "{\(config)}"],
                ["tokenizer.json": Fixtures.fallbackJSON()])
        }
        let llama = #""tokenizer_class":"LlamaTokenizer""#
        let unspaced = try tokenizer(llama + #","add_prefix_space":false"#)
        #expect(unspaced.encode("ab ab") == [1, 264, 265])
        #expect(unspaced.encode("ab<s>ab") == [1, 264, 1, 264])
        #expect(unspaced.encode(" ab") == [1, 265])
        #expect(try unspaced.decode([265]) == " ab")
        // Nothing is said: the file's own steps. Another class: the same.
        let silent = try tokenizer(llama)
        #expect(silent.encode("ab ab") == [1, 265, 265])
        #expect(try silent.decode([265]) == "ab")
        let other = try tokenizer(
            #""tokenizer_class":"PreTrainedTokenizerFast","add_prefix_space":false"#)
        #expect(other.encode("ab ab") == [1, 265, 265])
    }

    /// Digits are cut out first, so what lies between them gets the space.
    @Test func aSpaceBesideDigits() throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(
                preTokenizer: """
                    {"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
                    {"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]}
                    """),
            configuration: Array(
                #"{"tokenizer_class":"GPT2Tokenizer","add_prefix_space":true}"#.utf8))
        #expect(pieces(tokenizer, "ab1ab") == [" ab", " ", "1", " ab"])
    }
}
