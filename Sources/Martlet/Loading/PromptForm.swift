/// How a prompt is put to a model: as the beginning of a text, or as somebody's message.

package import MartletFormats
import MartletTemplates

/// What a prompt is.
public enum PromptForm: Sendable, Hashable {
    /// The beginning of a text, which the model continues.
    case text
    /// A user's message, which the model answers through its chat template; with what the model is told before, if
    /// anything.
    case message(system: String?)
}

/// What makes a prompt of text or of a message: a model's tokenizer and chat template, without its weights.
package struct PromptEncoder: Sendable {
    /// The tokenizer.
    package let text: TextCodec
    /// The chat template; nil where there is none.
    package let chatTemplate: ChatTemplateSource?
    /// What errors call the model.
    let name: String

    init(text: TextCodec, chatTemplate: ChatTemplateSource?, name: String) {
        (self.text, self.chatTemplate, self.name) = (text, chatTemplate, name)
    }

    /// Reads a model's tokenizer and template alone. Throws what reading them does.
    package init(of name: String) throws(MartletError) {
        self.name = name
        let source = try ModelSource(name)
        text = try TextCodec(source)
        do {
            switch source {
            case .random: chatTemplate = nil
            case .gguf(let path):
                chatTemplate = ChatTemplateSource(metadata: try GGUFFile(path: path))
            case .directory(let path): chatTemplate = try ChatTemplateSource(directory: path)
            }
        } catch { throw MartletError(any: error) }
    }

    /// The tokens of a prompt, what reads the answer to it, and the marks around what the model thinks in it; nil for a
    /// text that is continued. Throws `missingTemplate` for a message to a model without a chat template.
    func formed(
        utf8 prompt: [UInt8], form: PromptForm, tools: [ToolDefinition] = []
    ) throws(MartletError) -> (
        tokens: [Int32], parser: ResponseParser?, reasoning: ReasoningMarks?
    ) {
        guard case .message(let system) = form else {
            return (try text.encode(utf8: prompt), nil, nil)
        }
        guard let chatTemplate else {
            throw MartletError(
                code: .missingTemplate, subject: name,
                message: "\(name): it has no chat template, expected chat_template.jinja or a "
                    + "chat_template in tokenizer_config.json; give the prompt as plain text")
        }
        let format = try chatTemplate.format(hasTools: !tools.isEmpty)
        let messages =
            (system.map { [Message(.system, $0)] } ?? [])
            + [Message(.user, String(decoding: prompt, as: UTF8.self))]
        let rendered: RenderedPrompt
        do throws(TemplateError) { rendered = try format.prompt(messages, tools: tools) } catch {
            throw MartletError(error)
        }
        return (
            try text.encode(rendered), format.parser(answering: rendered, tools: tools),
            format.reasoning(answering: rendered)
        )
    }
}

extension LoadedModel {
    /// What makes prompts for it.
    package var prompts: PromptEncoder {
        PromptEncoder(text: text, chatTemplate: chatTemplate, name: name)
    }
}

extension PromptEncoder {
    /// Takes the reasoning out of answers to a message, and leaves what is said; what continues a text stays as it is. The
    /// message counts: some prompts end inside the reasoning that the answer goes on with.
    package func reader(
        utf8 prompt: [UInt8], form: PromptForm
    ) throws(MartletError) -> @Sendable (String) -> String {
        guard form != .text, let parser = try formed(utf8: prompt, form: form).parser else {
            return { $0 }
        }
        return { answer in
            var parser = parser
            return (parser.add(answer) + parser.finish()).reduce(into: "") { text, event in
                if case .text(let piece) = event { text += piece }
            }
        }
    }

    /// The tokens of a prompt. Throws `missingTemplate` for a message to a model without a chat template.
    package func tokens(utf8 prompt: [UInt8], form: PromptForm) throws(MartletError) -> [Int32] {
        try formed(utf8: prompt, form: form).tokens
    }
}
