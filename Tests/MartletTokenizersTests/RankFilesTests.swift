// tiktoken files and tekken.json: what ranks say, and what is refused.

import Foundation
@testable import MartletTokenizers
import Testing

@Suite struct RankFilesTests {
    private func message(_ body: () throws(TokenizerError) -> Void) -> String {
        do throws(TokenizerError) {
            try body()
            return "no error"
        } catch { return error.description }
    }

    private static func line(_ text: String, _ rank: Int) -> String {
        Data(text.utf8).base64EncodedString() + " \(rank)\n"
    }

    private static let small: [UInt8] = {
        // "bc" comes before "ab", so that "abc" is "a" and "bc"; a whole word is taken as it is.
        let tokens = ["a", "b", "c", "bc", "ab", " ", "abcab", "é", "1", "2", "12"]
        return Array(tokens.enumerated().map { line($0.element, $0.offset) }.joined().utf8)
    }()

    @Test func ranksSayWhatMergesFirst() throws {
        let tokenizer = try Tokenizer(tiktoken: Self.small, encoding: "kimi")
        #expect(tokenizer.encode("abc") == [0, 3])
        #expect(tokenizer.encode("abcab") == [6])
        #expect(tokenizer.encode("abca") == [0, 3, 0])
        #expect(tokenizer.encode("é 12") == [7, 5, 10])
        #expect(try tokenizer.decode([0, 3, 5, 7]) == "abc é")
    }

    /// The name of the file chooses the expression and the special tokens.
    @Test func encodingsByName() throws {
        let gpt2 = try Tokenizer(tiktoken: Self.small, encoding: "r50k_base")
        #expect(gpt2.encode("ab<|endoftext|>") == [4, 50256])
        #expect(gpt2.eosTokens == [50256])
        let files = TokenizerFiles(source: "memory", files: ["cl100k_base.tiktoken": Self.small])
        #expect(files.isComplete)
        #expect(try Tokenizer.load(files).eosTokens == [100257])
        let llama = TokenizerFiles(
            source: "memory",
            files: ["tokenizer.model": Array(Self.line("!", 0).utf8) + Array("YQ== 1\n".utf8)])
        #expect(try Tokenizer.load(llama).encode("a") == [128_000, 1])
        #expect(
            message { () throws(TokenizerError) in
                _ = try Tokenizer(tiktoken: Self.small, encoding: "o300k")
            }.contains("o200k_base"))
    }

    @Test func brokenLinesAreNamed() {
        for (text, place) in [
            ("YQ== 0\nYg==\n", "line 2"), ("YQ= = 0\n", "line 1"), ("YQ== x\n", "line 1"),
            ("YQ== -1\n", "line 1"), ("YQ== 99999999999\n", "line 1"), ("", "no tokens"),
            ("YQ== 0\nYg== 0\n", "id 0"),
        ] {
            let found = message { () throws(TokenizerError) in
                _ = try Tokenizer(tiktoken: Array(text.utf8), encoding: "gpt2")
            }
            #expect(found.contains(place), "\(text.debugDescription): \(found)")
        }
    }

    private func tekken(_ special: String, size: Int = 8) -> [UInt8] {
        Array(
            #"""
            {"config":{"pattern":"\\p{N}+","default_vocab_size":\#(size),"default_num_special_tokens":4},
            "vocab":[{"rank":0,"token_bytes":"YQ=="},{"rank":1,"token_bytes":"Yg=="},
            {"rank":2,"token_bytes":"YWI="},{"rank":9,"token_bytes":"YmI="}]\#(special)}
            """#.utf8)
    }

    @Test func tekkenPutsSpecialTokensFirst() throws {
        let tokenizer = try Tokenizer(tekken: tekken(""))
        #expect(tokenizer.bosToken == 1 && tokenizer.eosTokens == [2])
        #expect(tokenizer.encode("ab") == [1, 6])
        // Beyond the size that the file declares there is nothing.
        #expect(tokenizer.encode("bb", addSpecialTokens: false) == [5, 5])
        #expect(tokenizer.encode("[INST]", addSpecialTokens: false) == [3])
        let named = try Tokenizer(
            tekken: tekken(
                #","special_tokens":[{"rank":0,"token_str":"<x>","is_control":true}]"#))
        #expect(named.encode("<x>a<SPECIAL_3>", addSpecialTokens: false) == [0, 4, 3])
        #expect(
            message { () throws(TokenizerError) in
                _ = try Tokenizer(
                    tekken: tekken(#","special_tokens":[{"rank":1,"token_str":"<x>"}]"#))
            }.contains("special_tokens[0]"))
        #expect(
            message { () throws(TokenizerError) in _ = try Tokenizer(tekken: tekken("", size: 3)) }
                .contains("vocab"))
    }
}
