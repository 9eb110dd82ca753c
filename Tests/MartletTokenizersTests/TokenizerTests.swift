// Small tokenizers made in memory: merges, added tokens, fallback, streaming.

import Foundation
@testable import MartletTokenizers
import MartletTestSupport
import Testing

@Suite struct TokenizerTests {
    private func pieces(_ tokenizer: Tokenizer, _ text: String) -> [String] {
        tokenizer.encode(text).map {
            String(decoding: tokenizer.token(for: $0) ?? [], as: UTF8.self)
        }
    }

    @Test func mergesLowestRankFirst() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: Fixtures.byteLevelJSON())
        #expect(pieces(tokenizer, "abcab ab") == ["abc", "ab", " ab"])
        #expect(pieces(tokenizer, "cab") == ["cab"])
        #expect(tokenizer.encode("").isEmpty)
    }

    /// Short words, long words and the definition ("merge the lowest rank, the leftmost") agree.
    @Test func longAndShortWordsAgreeWithTheDefinition() throws {
        var generator = SeededGenerator(seed: 11)
        let letters = ["a", "b", "c"]
        var known = letters
        var merges: [(String, String)] = []
        while merges.count < 40 {
            let left = known.randomElement(using: &generator) ?? "a"
            let right = known.randomElement(using: &generator) ?? "a"
            if !merges.contains(where: { $0 == (left, right) }) {
                merges.append((left, right))
                if !known.contains(left + right) { known.append(left + right) }
            }
        }
        // Any order of merges is allowed in a file, also one that no training would give.
        merges.shuffle(using: &generator)
        let tokenizer = try Tokenizer(tokenizerJSON: Fixtures.byteLevelJSON(merges: merges))
        var ranks: [String: Int] = [:]
        for (rank, merge) in merges.enumerated() { ranks[merge.0 + " " + merge.1] = rank }
        for length in [1, 2, 3, 7, 22, 23, 24, 63, 64, 65, 66, 200] {
            for _ in 0..<6 {
                let word = (0..<length).map { _ in letters.randomElement(using: &generator) ?? "a" }
                var symbols = word
                while true {
                    var best: (rank: Int, at: Int)?
                    for at in symbols.indices.dropLast() {
                        let rank = ranks[symbols[at] + " " + symbols[at + 1]]
                        if let rank, rank < best?.rank ?? Int.max { best = (rank, at) }
                    }
                    guard let best else { break }
                    symbols[best.at] += symbols.remove(at: best.at + 1)
                }
                #expect(pieces(tokenizer, word.joined()) == symbols)
            }
        }
    }

    @Test func bucketsAgreeWithTheQueue() throws {
        var generator = SeededGenerator(seed: 13)
        let letters = ["a", "b", "c"]
        var known = letters + ["aa", "aaaa", "ab"]
        var merges = [("a", "a"), ("aa", "aa"), ("a", "b")]
        // In training order: the parts of a merge exist before it.
        while merges.count < 60 {
            let left = known.randomElement(using: &generator) ?? "a"
            let right = known.randomElement(using: &generator) ?? "a"
            if !known.contains(left + right) {
                merges.append((left, right))
                known.append(left + right)
            }
        }
        let tokenizer = try Tokenizer(tokenizerJSON: Fixtures.byteLevelJSON(merges: merges))
        let model = tokenizer.model.words.bpe
        #expect(model.ascendingRankLimit == 60)
        for (length, choices) in [(5000, letters), (9000, ["a"]), (6000, ["a", "b"])] {
            let word = (0..<length).map { _ in choices.randomElement(using: &generator) ?? "a" }
                .joined()
            let expected = model.pairs.cells.withUnsafeBufferPointer { cells in
                var ids = word.utf8.map { model.singles[Int($0)] }
                let view = PairTableView(
                    cells: cells.baseAddress.unsafelyUnwrapped, shift: model.pairs.shift,
                    mask: cells.count / 2 - 1)
                let count = ids.withUnsafeMutableBufferPointer {
                    LongWord.merge($0.baseAddress.unsafelyUnwrapped, length, view, rankLimit: 0)
                }
                return Array(ids[..<count])
            }
            #expect(tokenizer.encode(word) == expected)
            #expect(expected.count < length)
        }
    }

    @Test func addedTokens() throws {
        func tokenizer(_ flags: String, normalizer: String = "null") throws -> Tokenizer {
            try Tokenizer(
                tokenizerJSON: Fixtures.byteLevelJSON(
                    normalizer: normalizer,
                    addedTokens: [
                        #"{"id":300,"content":"<x>","special":true\#(flags)}"#,
                        #"{"id":301,"content":"<x>y","special":false}"#,
                    ]))
        }
        let plain = try tokenizer("")
        #expect(pieces(plain, "a<x>b") == ["a", "<x>", "b"])
        #expect(pieces(plain, "a<x>y<x") == ["a", "<x>y", "<", "x"])
        #expect(plain.encode("<x>", recognizeSpecialTokens: false).count == 3)
        #expect(plain.encode("<x>y", recognizeSpecialTokens: false) == [301])
        #expect(try plain.decode([300, 301], skipSpecialTokens: true) == "<x>y")
        #expect(plain.isSpecial(300) && !plain.isSpecial(301))
        #expect(plain.id(of: "<x>") == 300)
        #expect(plain.vocabularySize == 302)

        let stripping = try tokenizer(#","lstrip":true,"rstrip":true"#)
        #expect(pieces(stripping, "a  <x> \n b") == ["a", "<x>", "b"])
        #expect(pieces(stripping, "<x>  <x>") == ["<x>", "<x>"])
        let single = try tokenizer(#","single_word":true"#)
        #expect(pieces(single, "a<x>").count == 4)
        #expect(pieces(single, "a <x>!") == ["a", " ", "<x>", "!"])
        let composed = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(
                normalizer: #"{"type":"NFC"}"#,
                addedTokens: [#"{"id":300,"content":"e\u0301!","normalized":true}"#]))
        #expect(composed.encode("é!") == [300])
        #expect(composed.encode("e\u{301}!") == [300])
    }

    @Test func addedTokenTrieFindsTheLongestThatCounts() throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(addedTokens: [
                #"{"id":300,"content":"<a"}"#, #"{"id":301,"content":"<abc>","special":true}"#,
                #"{"id":302,"content":"<ab"}"#,
            ]))
        #expect(tokenizer.encode("<abc>") == [301])
        #expect(tokenizer.encode("<abc>", recognizeSpecialTokens: false).first == 302)
        #expect(tokenizer.encode("<abd").first == 302)
        #expect(tokenizer.encode("<ad").first == 300)
    }

    @Test func byteFallback() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: Fixtures.fallbackJSON())
        #expect(tokenizer.prefixTokens == [1])
        #expect(pieces(tokenizer, "ab abc") == ["<s>", " ab", " ab", "c"])
        let ids = tokenizer.encode("ab é🦙", addSpecialTokens: false)
        #expect(ids.count == 1 + 2 + 4)
        #expect(try tokenizer.decode(ids) == "ab é🦙")
        #expect(try tokenizer.decode([1] + ids) == "<s> ab é🦙")
        #expect(try tokenizer.decode([1] + ids, skipSpecialTokens: true) == "ab é🦙")
        let letter = tokenizer.encode("a", addSpecialTokens: false)
        #expect(tokenizer.encode("<s>a") == [1, 1] + letter)
        #expect(tokenizer.encode("").count == 1)
        #expect(tokenizer.id(of: "▁ab") != nil)

        let unknown = try Tokenizer(tokenizerJSON: Fixtures.fallbackJSON(byteFallback: false))
        #expect(pieces(unknown, "a🦙🦙b") == ["<s>", " ", "a", "<unk>", "b"])
    }

    @Test func wordIsTokenWithoutMerges() throws {
        let merges = [("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc")]
        let plain = try Tokenizer(tokenizerJSON: Fixtures.byteLevelJSON(merges: merges))
        #expect(pieces(plain, "abc") == ["abc"])
        let vocabulary = Fixtures.byteLevelJSON(merges: [("b", "c"), ("a", "b"), ("ab", "c")])
        #expect(pieces(try Tokenizer(tokenizerJSON: vocabulary), "abc") == ["a", "bc"])
        let whole = Fixtures.byteLevelJSON(
            merges: [("b", "c"), ("a", "b"), ("ab", "c")], extra: #""ignore_merges":true,"#)
        #expect(pieces(try Tokenizer(tokenizerJSON: whole), "abc") == ["abc"])
    }

    @Test func byteLevelOptions() throws {
        let whole = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(
                merges: [("a", "Ġ"), ("aĠ", "b")],
                preTokenizer:
                    #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}"#))
        #expect(pieces(whole, "a b") == ["a b"])
        let spaced = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(
                preTokenizer: #"{"type":"ByteLevel","add_prefix_space":true}"#))
        #expect(pieces(spaced, "ab") == [" ab"])
        #expect(pieces(spaced, " ab") == [" ab"])
        let digits = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(
                merges: [("1", "2")],
                preTokenizer: """
                    {"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
                    {"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]}
                    """))
        #expect(pieces(digits, "12") == ["1", "2"])
    }

    @Test func metaspacePreTokenizer() throws {
        func tokenizer(_ scheme: String) throws -> Tokenizer {
            let text = String(decoding: Fixtures.fallbackJSON(), as: UTF8.self)
            let start = try #require(text.range(of: "\"normalizer\":"))
            let end = try #require(text.range(of: "\"pre_tokenizer\":null"))
            return try Tokenizer(
                tokenizerJSON: Array(
                    text.replacingCharacters(
                        in: start.lowerBound..<end.upperBound,
                        with: """
                            "normalizer":null,"pre_tokenizer":{"type":"Metaspace",
                            "replacement":"▁","prepend_scheme":"\(scheme)","split":true}
                            """
                    ).utf8))
        }
        func ids(_ scheme: String, _ text: String) throws -> [String] {
            pieces(try tokenizer(scheme), text)
        }
        #expect(try ids("always", "ab<s>ab") == ["<s>", " ab", "<s>", " ab"])
        #expect(try ids("first", "ab<s>ab") == ["<s>", " ab", "<s>", "ab"])
        #expect(try ids("never", "ab  ab") == ["<s>", "ab", " ", " ab"])
    }

    @Test func composition() throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: Fixtures.byteLevelJSON(normalizer: #"{"type":"NFC"}"#))
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<3000 {
            let text = generator.awkwardText(maximumLength: 12)
            let bytes = try tokenizer.decodeBytes(tokenizer.encode(text))
            #expect(bytes == Array(text.canonicallyComposed.utf8))
        }
        // Pairs, not a dictionary: canonically equivalent strings are equal keys.
        let known: [(String, String)] = [
            ("\u{AC00}\u{11A8}", "\u{AC01}"), ("\u{1100}\u{1161}\u{11A8}", "\u{AC01}"),
            ("e\u{301}x", "\u{E9}x"), ("\u{212B}", "\u{C5}"), ("\u{344}", "\u{308}\u{301}"),
            ("a\u{F73}\u{F73}", "a\u{F71}\u{F71}\u{F72}\u{F72}"),
            ("a\u{5BC}\u{5B8}", "a\u{5B8}\u{5BC}"), ("\u{958}", "\u{915}\u{93C}"),
        ]
        for (text, expected) in known {
            let bytes = try tokenizer.decodeBytes(tokenizer.encode(text))
            #expect(bytes == Array(expected.utf8), "\(expected)")
        }
    }

    /// Marks in and out of order: Foundation takes the square of their number to order them.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "\u{301}\u{316}", "\u{F73}", "e\u{301}", "\u{301}", "\u{1161}", "\u{1100}\u{1161}",
            "\u{9BE}",
        ])
    func longRunsOfMarks(unit: String) throws {
        let steps: [NormalizationStep] = [.composed]
        func normalized(_ count: Int) -> [UInt8] {
            NormalizationStep.apply(
                steps, to: Array(("e" + String(repeating: unit, count: count)).utf8))
        }
        // Short enough for Foundation alone, and long enough to be cut and ordered.
        for count in [40, 500, 1000, 1500] {
            let text = "e" + String(repeating: unit, count: count)
            #expect(normalized(count) == Array(text.canonicallyComposed.utf8))
        }
        #expect(normalized(240_000 / unit.utf8.count).count > 100_000)
    }

    /// Of these marks Foundation keeps some thirty.
    @Test(arguments: [
        ("\u{340}", "è", "\u{300}", ""), ("\u{341}", "é", "\u{301}", ""),
        ("\u{343}", "e\u{313}", "\u{313}", ""), ("\u{344}", "ë\u{301}", "\u{308}\u{301}", ""),
        ("\u{344}\u{316}", "ë", "\u{308}\u{301}", "\u{316}"),
    ])
    func marksThatFoundationLoses(unit: String, first: String, next: String, below: String) {
        for count in [1, 10, 31, 32, 100, 2000] {
            let text = "e" + String(repeating: unit, count: count)
            var expected = first + String(repeating: next, count: count - 1)
            if !below.isEmpty {
                // Marks below come first.
                expected = first + String(repeating: below, count: count) + "\u{301}"
                expected += String(repeating: next, count: count - 1)
            }
            let bytes = NormalizationStep.apply([.composed], to: Array(text.utf8))
            #expect(bytes == Array(expected.utf8), "\(count)")
        }
    }

    @Test func streamsEqualWholeDecoding() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: Fixtures.fallbackJSON())
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            // Bytes of a text with some lost: every way of breaking UTF-8.
            var ids = generator.awkwardText(maximumLength: 8).utf8.map { Int32($0) + 3 }
            if let lost = ids.indices.randomElement(using: &generator) { ids.remove(at: lost) }
            ids += [Int32.random(in: 0..<Int32(tokenizer.vocabularySize), using: &generator)]
            for skip in [true, false] {
                var stream = tokenizer.makeStreamDecoder(skipSpecialTokens: skip)
                var text = ""
                for id in ids { text += stream.append(id) }
                text += stream.finish()
                let whole = try tokenizer.decode(ids, skipSpecialTokens: skip)
                #expect(Array(text.utf8) == Array(whole.utf8))
            }
        }
        var stream = tokenizer.makeStreamDecoder()
        #expect([0xF0, 0x9F, 0xA6].map { stream.append(Int32($0) + 3) } == ["", "", ""])
        #expect(stream.append(0x99 + 3) == "🦙")
        #expect(stream.append(0xF0 + 3).isEmpty)
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.append(9_999_999) == "\u{FFFD}")
    }

    @Test func concurrentEncodingsAgree() async throws {
        let tokenizer = try Tokenizer(tokenizerJSON: Fixtures.byteLevelJSON())
        let text = String(repeating: "abc ab cab é🦙 12\n", count: 200)
        let expected = tokenizer.encode(text)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 { group.addTask { tokenizer.encode(text) == expected } }
            for await same in group { #expect(same) }
        }
    }

    @Test func bosAndEosComeFromTheConfiguration() throws {
        let configuration =
            #"{"bos_token":"<0x41>","eos_token":{"content":"a"},"add_bos_token":true}"#
        let text = String(decoding: Fixtures.fallbackJSON(), as: UTF8.self)
        let plain = try Tokenizer(
            tokenizerJSON: Array(text.utf8), configuration: Array(configuration.utf8))
        // The template rules.
        #expect(plain.prefixTokens == [1])
        #expect(plain.bosToken == Int32(3 + 0x41))
        #expect(plain.eosTokens == [plain.id(of: "a")])
        let llama = try Tokenizer(
            tokenizerJSON: Array(text.utf8),
            configuration: Array(
                #"{"tokenizer_class":"LlamaTokenizer","bos_token":"<s>","add_bos_token":false}"#
                    .utf8))
        #expect(llama.prefixTokens.isEmpty)
    }
}
