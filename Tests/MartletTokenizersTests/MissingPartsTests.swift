// What a tokenizer's files lack: merges that were cut off, and bytes without a token.

@testable import MartletTokenizers
import Testing

@Suite struct MissingPartsTests {
    private func message(_ vocabulary: String, _ merges: String, _ configuration: String? = nil)
        -> String
    {
        do throws(TokenizerError) {
            _ = try Tokenizer(
                vocabulary: Array(vocabulary.utf8), merges: Array(merges.utf8), scheme: .gpt2,
                configuration: configuration.map { Array($0.utf8) })
            return "no error"
        } catch { return error.description }
    }

    @Test func mergesThatWereCutAreRefused() {
        let vocabulary =
            #"{"a":0,"b":1,"c":2,"ab":3,"abc":4,"bc":5,"<ab>":6,"<|endoftext|>":7,"madeup":8}"#
        let whole = "#version: 0.2\na b\nab c\nb c\n"
        #expect(message(vocabulary, whole) == "no error")
        #expect(message(vocabulary, String(whole.dropLast())) == "no error")
        // At the end of a line, inside a token, and inside a pair.
        let lines = message(vocabulary, "#version: 0.2\na b\n")
        #expect(lines.contains("merges.txt") && lines.contains("'abc' (id 4)"))
        #expect(lines.contains("1 more"))
        #expect(message(vocabulary, "a b\nab c\n").contains("'bc'"))
        #expect(message(vocabulary, "a b\nab c\nb ").contains("line 3"))
        #expect(message(vocabulary, "a b\nb").contains("line 2"))
        #expect(message(vocabulary, "").contains("2 more"))
        // Added by hand, and said to be.
        #expect(
            message(
                vocabulary, "a b\nab c\n",
                #"{"added_tokens_decoder":{"5":{"content":"bc"}}}"#) == "no error")
    }

    @Test(.enabled(if: Fixtures.hasData)) func aPublishedFileCutAnywhereIsRefused() throws {
        let vocabulary = try Fixtures.bytes("tokenizers/gpt2/gpt2-vocab.json")
        let merges = try Fixtures.bytes("tokenizers/gpt2/gpt2-merges.txt")
        for count in [merges.count / 3, merges.count - 8] {
            #expect(throws: TokenizerError.self) {
                try Tokenizer(
                    vocabulary: vocabulary, merges: Array(merges[..<count]), scheme: .gpt2)
            }
        }
    }

    @Test(.enabled(if: Fixtures.hasData)) func aSentencePieceModelCutAnywhereIsRefused() throws {
        let model = try Fixtures.bytes("tokenizers/llama2/tokenizer.model")
        for count in [0, 14, 15, model.count / 2, model.count - 1] {
            #expect(throws: TokenizerError.self) {
                try Tokenizer(sentencePieceModel: Array(model[..<count]))
            }
        }
    }

    @Test func aByteWithoutATokenIsRefused() throws {
        let tokenizer = try Tokenizer(
            vocabulary: Array(#"{"a":0,"b":1,"ab":2,"Ã":3}"#.utf8), merges: Array("a b\n".utf8),
            scheme: .gpt2)
        #expect(try tokenizer.encode(utf8: Array("abab".utf8)) == [2, 2])
        for _ in 0..<2 {
            // The second time, no memory of words hides it.
            #expect(throws: TokenizerError.missingToken(character: Array("c".utf8))) {
                try tokenizer.encode(utf8: Array("abcab".utf8))
            }
            #expect(throws: TokenizerError.missingToken(character: Array("é".utf8))) {
                try tokenizer.encode(utf8: Array("abé".utf8))
            }
        }
        let long = String(repeating: "ab", count: 60) + "!"
        let error = #expect(throws: TokenizerError.self) {
            try tokenizer.encode(utf8: Array(long.utf8))
        }
        #expect(error?.description.contains("no token for '!' (bytes 21)") == true)
        #expect(tokenizer.encode("abcab") == [2, 2])
        #expect(try tokenizer.encode(utf8: Array("ab".utf8)) == [2])
    }

    @Test func aCharacterWithoutATokenIsRefusedWhereNothingStandsForIt() throws {
        func tokenizer(_ unknown: String) throws -> Tokenizer {
            try Tokenizer(
                tokenizerJSON: Array(
                    #"{"model":{"type":"BPE","unk_token":\#(unknown),"vocab":{"a":0,"?":1},"merges":[]}}"#
                        .utf8))
        }
        #expect(try tokenizer("\"?\"").encode(utf8: Array("a🦙".utf8)) == [0, 1])
        #expect(throws: TokenizerError.missingToken(character: Array("🦙".utf8))) {
            try tokenizer("null").encode(utf8: Array("a🦙".utf8))
        }
    }
}
