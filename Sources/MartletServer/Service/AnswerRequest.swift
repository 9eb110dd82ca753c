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

    /// The seed that all chains draw from.
    var seed: UInt64 { options.seed ?? 0 }
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
}

extension ServedModel {
    /// The prompt of a conversation.
    func prompt(_ conversation: ChatPrompt) throws(WireError) -> PreparedPrompt {
        let model = try generating()
        do throws(MartletError) {
            return try model.prepare(
                conversation.messages, tools: conversation.tools,
                options: conversation.promptOptions,
                format: conversation.tools.isEmpty ? format : toolFormat,
                continues: conversation.continuesLast)
        } catch { throw WireError(error) }
    }

    /// Tokens that an answer to a prompt may have. Throws `promptTooLong` where there is no room for one.
    ///
    /// - Parameter wanted: what was asked for; nil for all that is left.
    func completionLimit(
        _ prompt: PreparedPrompt, wanted: Int?, _ configuration: ServerConfiguration
    ) throws(WireError) -> Int {
        let tokens = prompt.tokens.count
        guard tokens < contextLength else {
            throw .promptTooLong(tokens: tokens, context: contextLength)
        }
        let room = contextLength - tokens
        return min(wanted ?? .max, configuration.maximumTokens ?? .max, room)
    }
}
