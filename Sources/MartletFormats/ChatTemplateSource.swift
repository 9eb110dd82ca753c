/// The chat template that belongs to a model, and the texts of its special tokens.

import Foundation
import MartletJSON

/// A model's chat templates before they are parsed.
package struct ChatTemplateSource: Sendable, Equatable {
    /// The template for most conversations.
    package let template: String
    /// The template for conversations with tools, where there is one of its own.
    package let toolTemplate: String?
    /// The texts of special tokens by the names that templates have for them, `bos_token` say.
    package let specialTokens: [String: String]
    /// What errors call it.
    package let name: String

    /// A template that is known already, such as that of a file which holds a whole model.
    package init(
        template: String, toolTemplate: String? = nil, specialTokens: [String: String] = [:],
        name: String
    ) {
        self.template = template
        self.toolTemplate = toolTemplate
        self.specialTokens = specialTokens
        self.name = name
    }

    /// The template of a model directory: `chat_template.jinja`, else that of `chat_template.json`, else that of
    /// `tokenizer_config.json`; nil where there is none.
    ///
    /// Throws what reading the files does.
    package init?(directory: String) throws(FormatError) {
        func path(_ name: String) -> String {
            directory.hasSuffix("/") ? directory + name : directory + "/" + name
        }
        func object(_ name: String) throws(FormatError) -> JSONObject? {
            guard FileManager.default.fileExists(atPath: path(name)) else { return nil }
            return try JSONValue.parse(contentsOf: path(name)).objectValue
        }
        let configuration = try object("tokenizer_config.json")
        specialTokens = Self.specialTokens(configuration ?? JSONObject())
        let file = path("chat_template.jinja")
        if FileManager.default.fileExists(atPath: file) {
            template = try Self.text(of: file)
            (toolTemplate, name) = (nil, file)
            return
        }
        let sources = [
            ("chat_template.json", try object("chat_template.json")),
            ("tokenizer_config.json", configuration),
        ]
        for (name, object) in sources {
            let found = Self.templates(object?["chat_template"])
            guard
                let template = found["default"]
                    ?? found.sorted(by: { $0.key < $1.key }).first?.value
            else { continue }
            self.template = template
            toolTemplate = found["tool_use"]
            self.name = path(name)
            return
        }
        return nil
    }

    /// The template that a GGUF file holds; nil where it has none.
    package init?(metadata file: GGUFFile) {
        guard let template = file["tokenizer.chat_template"]?.text else { return nil }
        let texts = file["tokenizer.ggml.tokens"]?.array?.strings() ?? []
        var found: [String: String] = [:]
        for (key, name) in [
            ("bos", "bos_token"), ("eos", "eos_token"), ("unknown", "unk_token"),
            ("padding", "pad_token"), ("mask", "mask_token"),
        ] {
            guard let id = file["tokenizer.ggml.\(key)_token_id"]?.int, texts.indices.contains(id)
            else { continue }
            found[name] = String(decoding: texts[id], as: UTF8.self)
        }
        self.init(
            template: template, toolTemplate: file["tokenizer.chat_template.tool_use"]?.text,
            specialTokens: found, name: file.file.path)
    }

    private static func text(of path: String) throws(FormatError) -> String {
        let file = try MappedFile(path: path)
        let text = file.withSpan { (bytes: Span<UInt8>) -> String in
            bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
        try file.checkIntact()
        return text
    }

    /// A template, or a list of named ones.
    private static func templates(_ value: JSONValue?) -> [String: String] {
        if let text = value?.stringValue { return ["default": text] }
        var found: [String: String] = [:]
        for element in value?.arrayValue ?? [] {
            if let name = element.objectValue?["name"]?.stringValue,
                let text = element.objectValue?["template"]?.stringValue
            {
                found[name] = text
            }
        }
        return found
    }

    private static func specialTokens(_ configuration: JSONObject) -> [String: String] {
        var found: [String: String] = [:]
        for member in configuration.members where member.key.hasSuffix("_token") {
            if let text = member.value.stringValue
                ?? member.value.objectValue?["content"]?.stringValue
            {
                found[member.key] = text
            }
        }
        return found
    }
}
