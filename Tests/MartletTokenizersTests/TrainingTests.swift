// Learned vocabularies: the reference implementation's byte pairs, and pieces that fit a text.

import Foundation
@testable import MartletTokenizers
import Testing

@Suite struct TrainingTests {
    private static func golden() throws -> [String: Any] {
        let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("Goldens/trained.json")
        return try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    }

    /// Ids, merges and their order, ties included.
    @Test func bytePairsAreThoseOfTheReference() throws {
        let golden = try Self.golden()
        let text = try #require(golden["text"] as? String)
        let size = try #require(golden["size"] as? Int)
        var training = TokenizerTraining(kind: .bpe, vocabularySize: size)
        try training.add(Array(text.utf8))
        let bytes = training.tokenizerJSON()
        let root = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        let model = try #require(root["model"] as? [String: Any])
        #expect(model["vocab"] as? [String: Int] == golden["vocab"] as? [String: Int])
        #expect(model["merges"] as? [[String]] == golden["merges"] as? [[String]])
        let tokenizer = try Tokenizer(tokenizerJSON: bytes)
        #expect(tokenizer.vocabularySize == size)
        let ids = tokenizer.encode(text + "🦙")
        #expect(try tokenizer.decode(ids) == text + "🦙")
        #expect(ids.count < text.utf8.count / 2)
    }

    @Test func unigramPiecesFitTheirText() throws {
        let text = try #require(try Self.golden()["text"] as? String)
        var counts: [Int] = []
        for size in [300, 320] {
            var training = TokenizerTraining(kind: .unigram, vocabularySize: size)
            try training.add(Array(text.utf8))
            let tokenizer = try Tokenizer(tokenizerJSON: training.tokenizerJSON())
            #expect(tokenizer.vocabularySize <= size)
            let line = "kalo miren aaa"
            let ids = tokenizer.encode(line)
            #expect(!ids.contains(0))
            #expect(try tokenizer.decode(ids) == line)
            counts.append(tokenizer.encode(text).count)
        }
        // Far fewer tokens than characters, and no more of them with more pieces.
        #expect(counts[0] * 3 < text.unicodeScalars.count)
        #expect(counts[1] <= counts[0])
    }

    /// The text is likelier under the pieces that are kept than under single characters.
    @Test func expectationRaisesTheLikelihood() {
        let words: [(text: [UInt8], count: Int)] = [
            ("▁abab", 10), ("▁ab", 7), ("▁ba", 3), ("▁c", 1),
        ].map { (Array($0.0.utf8), $0.1) }
        let pieces = UnigramTrainer(words: words).train(size: 6)
        #expect(pieces.count == 6)
        // Every character of the words is one.
        for character in ["▁", "a", "b", "c"] {
            #expect(pieces.contains { $0.text == Array(character.utf8) }, "\(character)")
        }
        #expect(pieces.contains { $0.text == Array("▁ab".utf8) || $0.text == Array("ab".utf8) })
        for (first, second) in zip(pieces, pieces.dropFirst()) {
            #expect(first.score >= second.score)
        }
    }

    @Test func textsThatAreNoUTF8AreRefused() {
        var training = TokenizerTraining(kind: .bpe, vocabularySize: 300)
        #expect(throws: TokenizerError.invalidUTF8(offset: 1)) { try training.add([0x61, 0xFF]) }
    }
}
