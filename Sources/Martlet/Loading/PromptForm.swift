/// How a prompt is put to a model: as the beginning of a text, or as somebody's message.

import MartletTemplates

/// What a prompt is.
public enum PromptForm: Sendable, Hashable {
    /// The beginning of a text, which the model continues.
    case text
    /// A user's message, which the model answers through its chat template; with what the model is told before, if
    /// anything.
    case message(system: String?)
}

extension LoadedModel {
    /// The tokens of a prompt. Throws `missingTemplate` for a message to a model without a chat template.
    package func promptTokens(
        utf8 prompt: [UInt8], form: PromptForm
    ) throws(MartletError) -> [Int32] {
        try formed(utf8: prompt, form: form).tokens
    }

    /// The tokens of a prompt, and what reads the answer to it; nil for a text that is continued. Throws
    /// `missingTemplate` for a message to a model without a chat template.
    func formed(
        utf8 prompt: [UInt8], form: PromptForm, tools: [ToolDefinition] = []
    ) throws(MartletError) -> (tokens: [Int32], parser: ResponseParser?) {
        guard case .message(let system) = form else { return (try text.encode(utf8: prompt), nil) }
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
        return (try text.encode(rendered), format.parser(answering: rendered, tools: tools))
    }
}
