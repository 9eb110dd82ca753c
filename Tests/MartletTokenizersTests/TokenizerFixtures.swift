// Where the shared vectors are, and small tokenizers made in memory.

import Foundation
import MartletTestSupport
@testable import MartletTokenizers

enum Fixtures {
    /// The folder of vectors beside the package, or nil on machines without it.
    static let data: URL? = {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let data = root.deletingLastPathComponent().appendingPathComponent("shared/data")
        return FileManager.default.fileExists(atPath: data.path) ? data : nil
    }()

    static var hasData: Bool { data != nil }

    static func bytes(_ path: String) throws -> [UInt8] {
        guard let data else { return [] }
        return [UInt8](try Data(contentsOf: data.appendingPathComponent(path)))
    }

    static func json(_ path: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(try bytes(path)))
    }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        switch name {
        case "gpt2":
            return try Tokenizer(
                vocabulary: bytes("tokenizers/gpt2/gpt2-vocab.json"),
                merges: bytes("tokenizers/gpt2/gpt2-merges.txt"), scheme: .gpt2)
        case "qwen2":
            return try Tokenizer(
                vocabulary: bytes("tokenizers/qwen2/vocab.json"),
                merges: bytes("tokenizers/qwen2/merges.txt"), scheme: .qwen2,
                configuration: bytes("tokenizers/qwen2/tokenizer_config.json"))
        default:
            return try Tokenizer(sentencePieceModel: bytes("tokenizers/llama2/tokenizer.model"))
        }
    }

    /// A byte-level tokenizer whose merges are 'a b', 'ab c', 'Ġ a', and so on.
    static func byteLevelJSON(
        merges: [(String, String)] = [("a", "b"), ("ab", "c"), ("Ġ", "ab"), ("c", "ab")],
        preTokenizer: String =
            #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#,
        normalizer: String = "null", addedTokens: [String] = [], postProcessor: String = "null",
        extra: String = ""
    ) -> [UInt8] {
        var tokens: [String] = []
        for byte in UInt8(0)...255 {
            tokens.append(String(decoding: ByteAlphabet.spell([byte]), as: UTF8.self))
        }
        for (left, right) in merges where !tokens.contains(left + right) {
            tokens.append(left + right)
        }
        let vocabulary = tokens.enumerated()
            .map { "\(quoted($0.element)):\($0.offset)" }.joined(separator: ",")
        let mergeList = merges.map { "\"\($0.0) \($0.1)\"" }.joined(separator: ",")
        return Array(
            """
            {"version":"1.0","added_tokens":[\(addedTokens.joined(separator: ","))],
            "normalizer":\(normalizer),"pre_tokenizer":\(preTokenizer),
            "post_processor":\(postProcessor),"decoder":{"type":"ByteLevel"},
            "model":{"type":"BPE","unk_token":null,\(extra)
            "vocab":{\(vocabulary)},"merges":[\(mergeList)]}}
            """.utf8)
    }

    /// A Llama-like tokenizer: prepended `▁`, byte fallback for all bytes.
    static func fallbackJSON(byteFallback: Bool = true) -> [UInt8] {
        var tokens = ["<unk>", "<s>", "</s>"]
        if byteFallback {
            for byte in UInt8(0)...255 {
                tokens.append(String(decoding: BPEModel.byteToken(byte), as: UTF8.self))
            }
        }
        tokens += ["▁", "a", "b", "c", "é", "ab", "▁ab", "▁▁", "abc"]
        let vocabulary = tokens.enumerated()
            .map { "\(quoted($0.element)):\($0.offset)" }.joined(separator: ",")
        return Array(
            """
            {"added_tokens":[{"id":0,"content":"<unk>","special":true},
            {"id":1,"content":"<s>","special":true},{"id":2,"content":"</s>","special":true}],
            "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
            {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
            "pre_tokenizer":null,"post_processor":{"type":"TemplateProcessing",
            "single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],
            "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}},
            "decoder":{"type":"Sequence","decoders":[
            {"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
            {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
            "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,
            "byte_fallback":\(byteFallback),"vocab":{\(vocabulary)},
            "merges":[["a","b"],["▁","ab"],["▁","▁"],["ab","c"]]}}
            """.utf8)
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}

extension SeededGenerator {
    /// Text of characters that pre-tokenizers tell apart.
    mutating func awkwardText(maximumLength: Int) -> String {
        let alphabet: [Unicode.Scalar] = [
            " ", " ", " ", "\n", "\r", "\t", "\u{A0}", "\u{3000}", "\u{85}", "a", "b", "S", "t",
            "l", "L", "e", "r", "v", "'", "'", "!", "-", "_", "1", "2", "3", "½", "٣", "é", "e",
            "\u{301}", "ſ", "中", "ア", "ש", "\u{5B8}", "\u{5BC}", "🦙", "\u{200D}", "\u{FE0F}", "가",
            "\u{1100}",
            "\u{1161}", "\u{11A8}", "\u{212B}", "\u{0345}", "K",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...maximumLength, using: &self) {
            text.unicodeScalars.append(alphabet.randomElement(using: &self) ?? " ")
        }
        return text
    }
}
