// Special tokens among the text of pieces, whatever a stop text holds back.

import MartletEngine
import MartletTokenizers
import Testing

@testable import Martlet

@Suite struct MarkedPiecesTests {
    private static func tokenizer() throws -> Tokenizer {
        let tokens = ["a", "b", "c", "<|channel|>", "<|message|>", "<|end|>", "ab"]
        var metadata = TokenizerMetadata(
            source: "model.gguf", kind: "gpt2", tokens: tokens.map { Array($0.utf8)[...] })
        metadata.types = [1, 1, 1, 3, 3, 3, 1]
        metadata.preTokenizer = "qwen2"
        metadata.merges = [Array("a b".utf8)[...]]
        return try Tokenizer(metadata: metadata)
    }

    private static func read(
        _ parts: [(text: String, token: Int32?)], stops: Bool
    ) throws -> [String] {
        let tokenizer = try tokenizer()
        var isSpecial: (@Sendable (Int32) -> Bool)?
        if stops { isSpecial = { id in tokenizer.isSpecial(id) } }
        var pieces = MarkedPieces(
            tokenizer.makeStreamDecoder(skipSpecialTokens: false), isSpecial: isSpecial)
        return parts.map { pieces.read(text: $0.text, token: $0.token, isLast: $0.token == nil) }
    }

    @Test func marksAreShown() throws {
        let parts: [(String, Int32?)] = [("", 3), ("a", 0), ("", 4), ("b", 1), ("", nil)]
        for stops in [false, true] {
            #expect(
                try Self.read(parts, stops: stops) == ["<|channel|>", "a", "<|message|>", "b", ""])
        }
    }

    /// Text that may begin a stop text comes later, and so do marks behind it.
    @Test func marksWaitForTheTextBeforeThem() throws {
        let parts: [(String, Int32?)] = [
            ("a", 0), ("", 1), ("", 3), ("bc", 2), ("", 4), ("a", 0), ("", nil),
        ]
        #expect(
            try Self.read(parts, stops: true) == [
                "a", "", "", "b<|channel|>c", "<|message|>", "a", "",
            ])
    }

    /// What a stop text cut off is not shown.
    @Test func whatIsCutOffIsNotShown() throws {
        let parts: [(String, Int32?)] = [("", 3), ("a", 0), ("", 1), ("", 4), ("", 2), ("", nil)]
        #expect(
            try Self.read(parts, stops: true) == ["<|channel|>", "a", "", "", "", ""])
    }
}
