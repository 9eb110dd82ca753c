/// What is asked of the model, whichever API it came by.

import Martlet
import MartletTemplates

/// A prompt with everything that an answer depends on.
struct AnswerRequest: Sendable {
    /// The prompt.
    var prompt: PreparedPrompt
    /// How the answer is generated. The seed is always there.
    var options = GenerationOptions()
    /// Continuations of the prompt.
    var chainCount = 1
    /// Whether an answer may call several tools.
    var callsInParallel = true
    /// What only Martlet knows.
    var own = MartletFields()
    /// The prompt as a search takes it; nil for a conversation of several turns.
    var question: Question?

    /// The name of what the prompt begins with, for whoever divides requests among servers.
    var affinity: String

    /// A prompt without roles, or one that was made elsewhere.
    init(prompt: PreparedPrompt, question: Question? = nil) {
        self.prompt = prompt
        affinity = PromptAffinity.name(of: prompt.tokens)
        self.question =
            question ?? prompt.text.map { Question(text: $0, form: .text) }
    }

    /// The seed that all chains draw from.
    var seed: UInt64 { options.seed ?? 0 }
}

/// What a search is asked.
struct Question: Sendable {
    /// The text.
    var text: String
    /// Whether it is a text to continue or a message to answer.
    var form: PromptForm
}

/// A conversation as any API brings it.
struct ChatPrompt: Sendable {
    /// What was said.
    var messages: [Message] = []
    /// The tools that the model is told of.
    var tools: [ToolDefinition] = []
    /// What the prompt asks for beside the messages.
    var promptOptions = PromptOptions()
    /// Whether the answer goes on with the last message.
    var continuesLast = false
    /// What the answer must match; nil for anything.
    var constraint: Constraint?
    /// The calls that the answer must be; nil where the model may choose.
    var forced: ForcedCall?
}

/// A call that an answer must be.
struct ForcedCall: Sendable {
    /// The field that asks for it.
    let path: String
    /// The tools of which one is called, or several.
    let tools: [ToolDefinition]
}

extension ServedModel {
    /// What the answer of a conversation must match: its calls in the model's own notation where they are forced, else its
    /// form, if any.
    func constraint(
        of conversation: ChatPrompt, beside form: Constraint?
    ) throws(WireError) -> Constraint? {
        guard let forced = conversation.forced else { return form }
        guard form == nil else {
            throw .field(
                forced.path, got: "a forced call beside a form of the answer",
                expected: "one of the two")
        }
        guard let toolFormat else {
            throw .unsupported(
                forced.path, "forcing a call of a model without a chat template",
                instead: "use auto or none")
        }
        do throws(MartletError) {
            return try toolFormat.callConstraint(on: forced.tools, isRequired: true)
        } catch {
            throw .unsupported(
                forced.path, "forcing this call (\(error.message))", instead: "use auto or none")
        }
    }

    /// The prompt of a conversation.
    func prompt(_ conversation: ChatPrompt) throws(WireError) -> PreparedPrompt {
        let model = try generating()
        do throws(MartletError) {
            return try model.prepare(
                conversation.messages, tools: conversation.tools,
                options: conversation.promptOptions,
                format: conversation.tools.isEmpty ? format : toolFormat,
                continues: conversation.continuesLast, addsPrefix: hasForeignTemplate)
        } catch { throw WireError(error) }
    }

    /// Tokens that an answer to a prompt may have. Throws `promptTooLong` where there is no room for one.
    ///
    /// - Parameters:
    ///   - path: the field that the prompt is made of.
    ///   - wanted: what was asked for; nil for all that is left.
    func completionLimit(
        _ prompt: PreparedPrompt, at path: String, wanted: Int?,
        _ configuration: ServerConfiguration
    ) throws(WireError) -> Int {
        let tokens = prompt.tokens.count
        guard tokens < contextLength else {
            throw .promptTooLong(tokens: tokens, context: contextLength, at: path)
        }
        let room = contextLength - tokens
        // There a server's number is what is meant where a request has none.
        if configuration.isLlamaCompatible, let wanted { return min(wanted, room) }
        return min(wanted ?? .max, configuration.maximumTokens ?? .max, room)
    }
}
