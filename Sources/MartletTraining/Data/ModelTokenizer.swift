// The tokenizer of a model in training, with the files that its checkpoint carries.

import Foundation
package import MartletFormats
package import MartletTokenizers

/// A tokenizer and its files, byte for byte.
public struct ModelTokenizer: Sendable {
    /// The tokenizer.
    package let tokenizer: Tokenizer
    /// Ends every solution, and fills rows.
    public let endToken: Int32
    /// The chat template, for conversations; nil where the model has none.
    package let chatTemplate: ChatTemplateSource?
    /// File names and contents to put beside the weights.
    public let files: [(name: String, bytes: [UInt8])]

    static let fileNames = [
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "tekken.json",
        "tiktoken.model", "vocab.json", "merges.txt",
        "special_tokens_map.json", "added_tokens.json", "generation_config.json",
        "chat_template.jinja",
    ]

    /// Every byte a token, and one that ends texts: id 256.
    public static func bytes() throws(TrainingError) -> ModelTokenizer {
        var vocabulary: [JSONObject.Member] = []
        for (byte, scalar) in ByteAlphabet.scalars.enumerated() {
            let character = Unicode.Scalar(scalar).map(String.init) ?? ""
            vocabulary.append(.init(key: character, value: .integer(byte)))
        }
        let end = "<|end|>"
        func object(_ members: [(String, JSONValue)]) -> JSONValue {
            .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
        }
        let level = object([
            ("type", .string("ByteLevel")), ("add_prefix_space", .bool(false)),
            ("trim_offsets", .bool(true)), ("use_regex", .bool(false)),
        ])
        let added = object([
            ("id", .integer(256)), ("content", .string(end)), ("single_word", .bool(false)),
            ("lstrip", .bool(false)), ("rstrip", .bool(false)), ("normalized", .bool(false)),
            ("special", .bool(true)),
        ])
        let document = object([
            ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
            ("added_tokens", .array([added])), ("normalizer", .null), ("pre_tokenizer", level),
            ("post_processor", .null), ("decoder", level),
            (
                "model",
                object([
                    ("type", .string("BPE")), ("dropout", .null), ("unk_token", .null),
                    ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null),
                    ("fuse_unk", .bool(false)), ("byte_fallback", .bool(false)),
                    ("vocab", .object(JSONObject(vocabulary))), ("merges", .array([])),
                ])
            ),
        ])
        let settings = object([
            ("tokenizer_class", .string("PreTrainedTokenizerFast")), ("eos_token", .string(end)),
            ("clean_up_tokenization_spaces", .bool(false)),
        ])
        let files = [
            ("tokenizer.json", document.serialized(indentation: 1)),
            ("tokenizer_config.json", settings.serialized(indentation: 2)),
        ]
        do throws(TokenizerError) {
            let tokenizer = try Tokenizer(
                tokenizerJSON: files[0].1, configuration: files[1].1)
            return ModelTokenizer(
                tokenizer: tokenizer, endToken: 256, chatTemplate: nil, files: files)
        } catch { throw .data(source: "the byte tokenizer", reason: "\(error)") }
    }

    /// The tokenizer of a model directory.
    public static func load(directory: String) throws(TrainingError) -> ModelTokenizer {
        let tokenizer: Tokenizer
        do { tokenizer = try Tokenizer.load(directory: directory) } catch {
            throw .data(source: directory, reason: "\(error)")
        }
        guard let end = tokenizer.eosTokens.first else {
            throw .data(
                source: directory,
                reason: "its tokenizer names no end token; set eos_token in tokenizer_config.json")
        }
        var files: [(name: String, bytes: [UInt8])] = []
        for name in fileNames {
            let path = directory + "/" + name
            if let data = FileManager.default.contents(atPath: path) {
                files.append((name, [UInt8](data)))
            }
        }
        let template: ChatTemplateSource?
        do throws(FormatError) { template = try ChatTemplateSource(directory: directory) } catch {
            throw .format(error)
        }
        return ModelTokenizer(
            tokenizer: tokenizer, endToken: end, chatTemplate: template, files: files)
    }
}
