// Broken files: one clear error each, and never a crash.

import Foundation
@testable import MartletTokenizers
import Testing

@Suite struct TokenizerErrorTests {
    private func message(_ json: [UInt8]) -> String {
        do throws(TokenizerError) {
            _ = try Tokenizer(tokenizerJSON: json)
            return "no error"
        } catch {
            return error.description
        }
    }

    @Test func unknownPartsAreNamed() throws {
        let model = Array(#"{"model":{"type":"CharBPE","vocab":[]}}"#.utf8)
        #expect(message(model).contains("'CharBPE'"))
        #expect(message(model).contains("supported: BPE, Unigram"))
        let expression = Fixtures.byteLevelJSON(
            preTokenizer: """
                {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?<=a)\\\\d+"},
                "behavior":"Isolated","invert":false},{"type":"ByteLevel","use_regex":false,
                "add_prefix_space":false}]}
                """)
        #expect(message(expression).contains(#"(?<=a)\d+"#))
        #expect(message(expression).contains("Llama 3"))
        #expect(
            message(Fixtures.byteLevelJSON(normalizer: #"{"type":"ByteLevel"}"#))
                .contains("the normalizer 'ByteLevel'"))
        #expect(
            message(Fixtures.byteLevelJSON(preTokenizer: #"{"type":"UnicodeScripts"}"#))
                .contains("'UnicodeScripts'"))
        #expect(
            message(Fixtures.byteLevelJSON(postProcessor: #"{"type":"Other"}"#))
                .contains("the post-processor 'Other'"))
        #expect(
            message(Fixtures.byteLevelJSON(extra: #""dropout":0.1,"#)).contains("a dropout of 0.1"))
        #expect(
            message(
                Array(
                    #"{"decoder":{"type":"CTC"},"model":{"type":"WordLevel","vocab":{"a":0}}}"#.utf8
                )
            )
            .contains("the decoder 'CTC'"))
    }

    @Test func brokenTablesAreNamed() {
        func file(_ vocabulary: String, _ merges: String) -> [UInt8] {
            Array(#"{"model":{"type":"BPE","vocab":{\#(vocabulary)},"merges":[\#(merges)]}}"#.utf8)
        }
        #expect(message(file(#""a":0,"b":0"#, "")).contains("id 0 belongs to 'a' and to 'b'"))
        #expect(message(file(#""a":0,"a":1"#, "")).contains("appears twice"))
        #expect(message(file(#""a":99999999999"#, "")).contains("expected 0 to"))
        #expect(message(file(#""a":-1"#, "")).contains("expected 0 to"))
        #expect(message(file(#""a":0.5"#, "")).contains("expected 0 to"))
        #expect(message(file(#""a":0,"b":1"#, #""a b""#)).contains("needs the token 'ab'"))
        #expect(message(file(#""a":0"#, #""a b c""#)).contains("one space"))
        #expect(message(file(#""a":0"#, "3")).contains("two strings"))
        #expect(message([]).contains("byte 0"))
        #expect(message([0xFF]).contains("UTF-8"))
        #expect(message(Array(#"{"model":{"vocab":{"\ud800":1}}}"#.utf8)).contains("surrogate"))
        #expect(message(Array(String(repeating: "[", count: 5000).utf8)).contains("nesting"))
        #expect(message(Array("[]".utf8)).contains("expected an object"))
    }

    @Test func unknownTokensAndBytes() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: Fixtures.byteLevelJSON())
        for id in [Int32.min, -1, Int32(tokenizer.vocabularySize), Int32.max] {
            #expect(throws: TokenizerError.self) { try tokenizer.decode([0, id]) }
            #expect(tokenizer.token(for: id) == nil)
        }
        #expect(throws: TokenizerError.invalidUTF8(offset: 2)) {
            try tokenizer.encode(utf8: [0x61, 0x62, 0xC0, 0x80])
        }
        #expect(throws: TokenizerError.invalidUTF8(offset: 8)) {
            try tokenizer.encode(utf8: Array("12345678".utf8) + [0xED, 0xA0, 0x80])
        }
        #expect(try tokenizer.encode(utf8: Array("ab".utf8)) == tokenizer.encode("ab"))
    }

    @Test func directories() throws {
        let root = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: root.appendingPathComponent(name))
        }
        func message() -> String {
            do throws(TokenizerError) {
                _ = try Tokenizer.load(directory: root.path)
                return "no error"
            } catch {
                return error.description
            }
        }
        #expect(throws: TokenizerError.self) {
            try Tokenizer.load(directory: root.path + "/missing")
        }
        #expect(message().contains("has no tokenizer"))
        try write("vocab.json", #"{"a":0,"b":1,"ab":2,"<|endoftext|>":3}"#)
        try write("merges.txt", "#version: 0.2\na b\n")
        #expect(message().contains("no tokenizer_class"))
        try write("tokenizer_config.json", #"{"tokenizer_class":"BertTokenizer"}"#)
        #expect(message().contains("'BertTokenizer'"))
        try write("tokenizer_config.json", #"{"tokenizer_class":"GPT2Tokenizer"}"#)
        try write("generation_config.json", #"{"eos_token_id":[3,1]}"#)
        let tokenizer = try Tokenizer.load(directory: root.path)
        #expect(tokenizer.encode("ab<|endoftext|>") == [2, 3])
        #expect(tokenizer.eosTokens == [3, 1])
        try write("merges.txt", "a b c\n")
        #expect(message().contains("line 1"))
        try FileManager.default.createDirectory(
            at: root.appendingPathComponent("tokenizer.json"), withIntermediateDirectories: true)
        #expect(message().contains("not a regular file"))
    }

    /// Files need no directory.
    @Test func filesInMemory() throws {
        var files = [
            "vocab.json": Array(#"{"a":0,"b":1,"ab":2,"<|endoftext|>":3}"#.utf8),
            "tokenizer_config.json": Array(#"{"tokenizer_class":"GPT2Tokenizer"}"#.utf8),
        ]
        #expect(!TokenizerFiles(source: "memory", files: files).isComplete)
        files["merges.txt"] = Array("#version: 0.2\na b\n".utf8)
        let complete = TokenizerFiles(source: "memory", files: files)
        #expect(complete.isComplete)
        #expect(try Tokenizer.load(complete).encode("ab<|endoftext|>") == [2, 3])
        files["merges.txt"] = Array("a b c\n".utf8)
        let broken = TokenizerFiles(source: "memory", files: files)
        let error = #expect(throws: TokenizerError.self) { try Tokenizer.load(broken) }
        #expect(error.map { "\($0)" }?.contains("memory/merges.txt") == true)
    }

    @Test func sentencePieceModelsAreRead() throws {
        func field(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
            [number << 3 | 2, UInt8(payload.count)] + payload
        }
        func piece(_ text: String, _ score: Float, _ type: UInt8) -> [UInt8] {
            let bits = withUnsafeBytes(of: score.bitPattern.littleEndian) { Array($0) }
            return field(1, field(1, Array(text.utf8)) + [2 << 3 | 5] + bits + [3 << 3, type])
        }
        var model = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3)
        for (index, text) in ["ab", "▁ab", "▁", "a", "b"].enumerated() {
            model += piece(text, -Float(index), 1)
        }
        model += field(2, [3 << 3, 2]) + field(3, [4 << 3, 0])
        let tokenizer = try Tokenizer(sentencePieceModel: model)
        #expect(tokenizer.encode("ab") == [1, 4])
        #expect(try tokenizer.decode([1, 4, 3], skipSpecialTokens: true) == "abab")
        #expect(throws: TokenizerError.self) { try Tokenizer(sentencePieceModel: []) }
    }
}
