// The files of a tokenizer, and texts through what they make.

import Foundation
import MartletTokenizers

extension UntrustedInput {
    /// A small SentencePiece model.
    static let sentencePieces: [UInt8] = {
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
        return model + field(2, [3 << 3, 2]) + field(3, [4 << 3, 0])
    }()

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Prepended `▁`, byte fallback for all bytes, special tokens around, a decoder of four parts.
    private static let fallback: [UInt8] = {
        let hexadecimal = (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
        }
        let tokens =
            ["<unk>", "<s>", "</s>"] + hexadecimal
            + ["▁", "a", "b", "c", "é", "ab", "▁ab", "▁▁", "abc"]
        let vocabulary = tokens.enumerated().map { "\(quoted($0.element)):\($0.offset)" }
        return Array(
            """
            {"added_tokens":[{"id":0,"content":"<unk>","special":true},
            {"id":1,"content":"<s>","special":true,"lstrip":true},{"id":2,"content":"</s>","special":true}],
            "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
            {"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
            "pre_tokenizer":null,"post_processor":{"type":"TemplateProcessing",
            "single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],
            "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}},
            "decoder":{"type":"Sequence","decoders":[
            {"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
            {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
            "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,
            "merges":[["a","b"],["▁","ab"],["▁","▁"],["ab","c"]],
            "byte_fallback":true,"vocab":{\(vocabulary.joined(separator: ","))}}}
            """.utf8)
    }()

    /// A map of one character, `a` to `b`: units of a trie, then texts.
    private static let charsmap: [UInt8] = {
        var units = [UInt32](repeating: 0, count: 512)
        // The root leads to 0x61 by exclusive or; that unit has a leaf and leads to its value.
        units[0x61] = 0x61 | 0x100 | 0x161 << 10
        units[0] = 0
        units[0x61 ^ 0x161] = 0x8000_0000
        let bytes = units.flatMap { unit in (0..<4).map { UInt8(unit >> ($0 * 8) & 255) } }
        return [0, 8, 0, 0] + bytes + [0x62, 0]
    }()

    /// Unigram and WordPiece with normalisers and decoders of their kind.
    private static let pieces: [[UInt8]] = [
        """
        {"added_tokens":[{"id":0,"content":"<unk>","special":true}],
        "normalizer":{"type":"Sequence","normalizers":[{"type":"Precompiled","precompiled_charsmap":
        "\(Data(charsmap).base64EncodedString())"},{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":" {2,}"},
        "content":" "}]},"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},
        "post_processor":{"type":"BertProcessing","sep":["c",4],"cls":["a",2]},
        "decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"},
        "model":{"type":"Unigram","unk_id":0,"byte_fallback":false,
        "vocab":[["<unk>",0.0],["▁",-1.5],["a",-2.5],["ab",-2.25],["c",-3],["▁ab",-1.25]]}}
        """,
        """
        {"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,
        "lowercase":true},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"BertPreTokenizer"},
        {"type":"Split","pattern":{"Regex":"\\\\p{N}{1,3}"},"behavior":"MergedWithNext","invert":true}]},
        "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece",
        "unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
        "vocab":{"[UNK]":0,"a":1,"##b":2,"##c":3,"x":4,"1":5,"##2":6}}}
        """,
    ].map { Array($0.utf8) }

    private static let tiktoken = Array("YQ== 0\nYg== 1\nYWI= 2\nw6k= 3\nIA== 4\n".utf8)
    private static let tekken = Array(
        #"""
        {"config":{"pattern":"\\p{N}{1,3}","default_vocab_size":8,"default_num_special_tokens":4},
        "vocab":[{"rank":0,"token_bytes":"YQ==","token_str":"a"},{"rank":1,"token_bytes":"Yg=="},
        {"rank":2,"token_bytes":"YWI="}],"special_tokens":[{"rank":0,"token_str":"<unk>","is_control":true},
        {"rank":1,"token_str":"<s>","is_control":true},{"rank":2,"token_str":"</s>"}]}
        """#.utf8)

    private static let vocabulary: [UInt8] = {
        // GPT-2's alphabet: what prints stands for itself, the rest follows from U+0100 on.
        let printing = Set(33...126).union(161...172).union(174...255)
        var next: UInt32 = 256
        var tokens: [String] = []
        for byte in 0..<256 {
            var scalar = UInt32(byte)
            if !printing.contains(byte) {
                scalar = next
                next += 1
            }
            tokens.append(Unicode.Scalar(scalar).map { String(Character($0)) } ?? "")
        }
        tokens += ["ab", "abc", "Ġa", "<|endoftext|>"]
        let members = tokens.enumerated().map { "\(quoted($0.element)): \($0.offset)" }
        return Array("{\(members.joined(separator: ", "))}".utf8)
    }()
    private static let merges = Array("#version: 0.2\na b\nab c\nĠ a\n".utf8)
    private static let configuration = Array(
        #"""
        {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<|endoftext|>", "add_prefix_space": false,
         "eos_token": {"content": "<|endoftext|>", "lstrip": false, "special": true},
         "added_tokens_decoder": {"259": {"content": "<|endoftext|>", "lstrip": false, "rstrip": false,
         "single_word": false, "normalized": false, "special": true}}, "model_max_length": 1024}
        """#.utf8)
    private static let plainConfiguration = Array(
        #"{"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>"}"#.utf8)

    private static func use(_ files: [String: [UInt8]]) throws {
        let tokenizer = try Tokenizer.load(TokenizerFiles(source: "files", files: files))
        let ids = tokenizer.encode("ab abc é <x> <s>🦙 12 <|endoftext|>  x")
        // Ids that a vocabulary with gaps does not have are refused.
        _ = try? tokenizer.decode(ids)
        _ = try? tokenizer.decode(ids, skipSpecialTokens: true)
    }

    /// One file of a tokenizer, damaged, among others that are not.
    private static func among(
        _ name: String, _ seeds: [[UInt8]], _ others: [String: [UInt8]] = [:]
    ) -> UntrustedInput {
        UntrustedInput(name, seeds: { seeds }) { bytes, _ in
            try use(others.merging([name: bytes]) { _, new in new })
        }
    }

    private static var pair: [String: [UInt8]] {
        ["vocab.json": vocabulary, "merges.txt": merges, "tokenizer_config.json": configuration]
    }

    private static var plainPair: [String: [UInt8]] {
        pair.merging(["tokenizer_config.json": plainConfiguration]) { _, new in new }
    }

    static let tokenizers: [UntrustedInput] = [
        UntrustedInput(
            "tokenizer.json",
            seeds: {
                [fallback] + pieces + [
                    try file("Sources/Martlet/Resources/Models/builtin/tokenizer.json")
                ]
            }
        ) { bytes, _ in try use(["tokenizer.json": bytes]) },
        among("tokenizer.model", [sentencePieces]),
        among("tekken.json", [tekken]),
        among("tiktoken.model", [tiktoken]),
        among("vocab.json", [vocabulary], pair),
        among("merges.txt", [merges], pair),
        among("tokenizer_config.json", [configuration, plainConfiguration], pair),
        among(
            "special_tokens_map.json",
            [
                Array(
                    #"{"bos_token": "<|endoftext|>", "eos_token": {"content": "<|endoftext|>", "lstrip": true}}"#
                        .utf8)
            ], plainPair),
        among(
            "added_tokens.json", [Array(#"{"<x>": 260, "<y>": 261}"#.utf8), Array("{}".utf8)],
            plainPair),
    ]
}
