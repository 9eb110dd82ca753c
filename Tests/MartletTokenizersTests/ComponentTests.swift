// Every component against the reference implementation: small tokenizers with texts, tokens and texts again.

import Foundation
@testable import MartletTokenizers
import Testing

@Suite struct ComponentTests {
    private struct Case {
        var name: String
        var tokenizer: [UInt8]
        var ids: [[Int32]]
        var decoded: [String]
    }

    private static func goldens() throws -> (texts: [String], cases: [Case]) {
        let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("Goldens/components.json")
        let root = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        let texts = try #require(root["texts"] as? [String])
        let items = try #require(root["cases"] as? [[String: Any]])
        let cases = try items.map { item in
            let tokenizer = try #require(item["tokenizer"])
            return Case(
                name: try #require(item["name"] as? String),
                tokenizer: [UInt8](try JSONSerialization.data(withJSONObject: tokenizer)),
                ids: try #require(item["ids"] as? [[Int32]]),
                decoded: try #require(item["decoded"] as? [String]))
        }
        return (texts, cases)
    }

    @Test func tokensAndTexts() throws {
        let (texts, cases) = try Self.goldens()
        #expect(texts.count == 30 && cases.count >= 50)
        for item in cases {
            let tokenizer: Tokenizer
            do throws(TokenizerError) {
                tokenizer = try Tokenizer(tokenizerJSON: item.tokenizer)
            } catch {
                Issue.record("\(item.name): \(error)")
                continue
            }
            for (index, text) in texts.enumerated() {
                let ids = tokenizer.encode(text)
                #expect(ids == item.ids[index], "\(item.name) on \(text.debugDescription)")
                #expect(
                    Array(try tokenizer.decode(item.ids[index]).unicodeScalars)
                        == Array(item.decoded[index].unicodeScalars),
                    "\(item.name) on \(item.ids[index])")
            }
        }
    }

    /// Unigram and BPE models on awkward texts: compiled normalisation, unknown characters, white space, equals.
    @Test(.enabled(if: Fixtures.hasData)) func sentencePiece() throws {
        let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("Goldens/sentencepiece.json")
        let root = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        let texts = try #require(root["texts"] as? [String])
        let models = try #require(root["ids"] as? [String: [[Int32]]])
        #expect(texts.count >= 100 && models.count == 4)
        for (name, ids) in models {
            let tokenizer = try Tokenizer(
                sentencePieceModel: Fixtures.bytes("tokenizers/\(name)"))
            for (text, expected) in zip(texts, ids) {
                #expect(
                    tokenizer.encode(text, addSpecialTokens: false) == expected,
                    "\(name) on \(text.debugDescription)")
            }
        }
    }

    /// Published T5 with its compiled normalisation.
    @Test(.enabled(if: Fixtures.hasData)) func t5() throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: Fixtures.bytes("tokenizers/t5/tokenizer.json"))
        let pieces = try Tokenizer(
            sentencePieceModel: Fixtures.bytes("tokenizers/t5/sentencepiece.model"))
        let golden = try #require(
            try Fixtures.json("tokenizers/t5/t5_base_encoded.json") as? [String: Any])
        let text = try #require(golden["text"] as? String)
        let ids = try #require(golden["token_ids"] as? [Int32])
        #expect(tokenizer.encode(text) == ids)
        #expect(pieces.encode(text, addSpecialTokens: false) == Array(ids.dropLast()))
    }
}
