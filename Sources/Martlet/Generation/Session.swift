/// A conversation with a model.

import MartletEngine
public import MartletTemplates
import MartletTokenizers
import Synchronization

/// A conversation: what was asked and answered is the beginning of what is asked next.
///
/// A model that has a chat template is asked through it: the messages have roles, the answer is told apart into what the
/// model thinks, what it says and which tools it calls, and no text of a message becomes a special token. A model without
/// one continues plain text: the messages' texts one after another as they are. A session answers one prompt at a time; make
/// one session for each conversation, they are served together.
///
/// A session keeps its part of the model's cache between two prompts. The next answer computes only what is new
/// (`Usage.cachedPromptTokens` says how many tokens that saved), and is the same, token for token, as that of a new
/// session with the same text. The pages count in the memory budget, are given up when another request needs them, and go
/// when the session does. Four things make it compute more:
///
/// - A cache policy that chooses which tokens of a prompt stay chooses by where the prompt ends. Under it every prompt
///   is computed anew. One that reads less for generated tokens computes its answers anew when they are a part of a prompt.
/// - An answer's text, encoded again as part of the conversation, may give other tokens than were generated: a stop text
///   is left out, and text may be cut into tokens in several ways. Tokens are reused up to the first that differs.
/// - Under a window the tokens before that one may have been freed. Then the prompt is computed anew.
/// - What one adapter computed serves that adapter alone: an answer under another one computes the prompt anew.
public final class Session: Sendable {
    private struct State {
        var messages: [Message]
        /// The last prompt with everything before it: the beginning of the next.
        var encoded = EncodedText(utf8: [], tokens: [])
        var isResponding = false
    }

    private let model: Model
    /// What the engine keeps the session's part of the cache by.
    private let conversation: Conversation
    private let state: Mutex<State>
    /// The tools that the model is told of.
    public let tools: [ToolDefinition]
    /// What prompts ask for beside the messages.
    public let promptOptions: PromptOptions
    /// Which of ``ModelOptions/adapters`` it answers under, unless ``GenerationOptions/adapter`` names another; nil for
    /// the model's own weights.
    public let adapter: String?
    /// How the model is talked to; nil where it continues plain text.
    private let format: Result<ChatFormat?, MartletError>

    init(
        model: Model, messages: [Message], tools: [ToolDefinition], promptOptions: PromptOptions,
        usesTemplate: Bool, adapter: String? = nil
    ) {
        self.model = model
        self.tools = tools
        self.adapter = adapter
        self.promptOptions = promptOptions
        do throws(MartletError) {
            let template = usesTemplate ? model.loaded.chatTemplate : nil
            format = .success(try template?.format(hasTools: !tools.isEmpty))
        } catch { format = .failure(error) }
        conversation = model.engine.makeConversation()
        state = Mutex(State(messages: messages))
    }

    /// Everything said so far, in order.
    public var messages: [Message] { state.withLock { $0.messages } }
    /// Goes on as if other messages had been said; what they have in common with those before is not computed again. False
    /// while a response is under way.
    package func begin(with messages: [Message]) -> Bool {
        state.withLock { state in
            guard !state.isResponding else { return false }
            state.messages = messages
            return true
        }
    }

    /// Everything said so far as the model reads it, instructions included.
    public var transcript: String {
        let messages = messages
        var options = promptOptions
        options.asksForAnswer = false
        let prompt = (try? format.get()).flatMap { format in
            try? format.prompt(messages, tools: tools, options: options)
        }
        return prompt?.text ?? Self.text(messages)
    }
    /// Whether the model is asked through its chat template.
    public var hasTemplate: Bool { (try? format.get()) != nil }
    /// Whether a response is under way.
    public var isResponding: Bool { state.withLock { $0.isResponding } }

    /// Answers a prompt.
    ///
    /// Cancelling the task ends generation within one step; the response then holds what there was and
    /// finishes with `FinishReason.cancelled`.
    ///
    /// - Throws: `busy`, `promptTooLong`, `contextExceeded`, `invalidParameter`, `missingTokenizer`,
    ///   or what the model fails with. A refused prompt leaves the conversation as it was.
    public func respond(
        to prompt: String, options: GenerationOptions = GenerationOptions()
    ) async throws(MartletError) -> Response {
        try await respond(to: [Message(.user, prompt)], options: options)
    }

    /// Answers what is new: a question, or what tools gave for the calls of the last answer.
    ///
    /// Throws what ``respond(to:options:)-(String,_)`` throws.
    public func respond(
        to new: [Message], options: GenerationOptions = GenerationOptions()
    ) async throws(MartletError) -> Response {
        try await respond(to: new, options: options) { _ in }
    }

    /// As ``respond(to:options:)-([Message],_)``, telling each piece as it comes.
    package func respond(
        to new: [Message], options: GenerationOptions,
        each: @escaping @Sendable (ResponsePart) -> Void
    ) async throws(MartletError) -> Response {
        let stream = stream(new, options: options)
        let chains = try stream.base.get()
        // Read in a task of its own, so that the events of a cancelled response are still heard.
        let reading = Task { () -> Result<Response?, MartletError> in
            do throws(MartletError) {
                for try await part in stream {
                    each(part)
                    if let response = part.response { return .success(response) }
                }
                return .success(nil)
            } catch { return .failure(error) }
        }
        let result = await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            chains.cancel()
        }
        guard let response = try result.get() else {
            throw MartletError(EngineError.shutDown)
        }
        return response
    }

    /// Answers a prompt piece by piece. Generation starts at once.
    ///
    /// Reading throws what ``respond(to:options:)-(String,_)`` throws.
    public func stream(
        _ prompt: String, options: GenerationOptions = GenerationOptions()
    ) -> ResponseStream {
        stream([Message(.user, prompt)], options: options)
    }

    /// Answers what is new piece by piece. Generation starts at once.
    public func stream(
        _ new: [Message], options: GenerationOptions = GenerationOptions()
    ) -> ResponseStream {
        let begun: (asked: [Message], earlier: EncodedText)? = state.withLock { state in
            guard !state.isResponding else { return nil }
            state.isResponding = true
            return (state.messages + new, state.encoded)
        }
        guard let (asked, earlier) = begun else {
            return ResponseStream(turn: Turn(), base: .failure(.sessionIsBusy))
        }
        var options = options
        options.adapter = options.adapter ?? adapter
        let turn = Turn { [weak self] answer in
            self?.state.withLock { state in
                state.isResponding = false
                if let answer { state.messages = asked + [answer] }
            }
        }
        do throws(MartletError) {
            if let format = try format.get() {
                let prompt = try prompt(asked, format)
                let stream = try model.generate(
                    try model.loaded.text.encode(prompt), options: options,
                    conversation: conversation)
                return ResponseStream(
                    turn: turn, base: .success(stream),
                    reader: AnswerReader(
                        format.parser(answering: prompt, tools: tools), options: options,
                        text: model.loaded.text))
            }
            let text = Array(Self.text(asked).utf8)
            let tokens = try model.loaded.text.encode(utf8: text, continuing: earlier)
            state.withLock { $0.encoded = EncodedText(utf8: text, tokens: tokens) }
            let stream = try model.generate(tokens, options: options, conversation: conversation)
            return ResponseStream(turn: turn, base: .success(stream))
        } catch {
            turn.end()
            return ResponseStream(turn: turn, base: .failure(error))
        }
    }

    private func prompt(
        _ messages: [Message], _ format: ChatFormat
    ) throws(MartletError) -> RenderedPrompt {
        do throws(TemplateError) {
            return try format.prompt(messages, tools: tools, options: promptOptions)
        } catch { throw MartletError(error) }
    }

    private static func text(_ messages: [Message]) -> String { messages.map(\.text).joined() }
}

/// One prompt and its answer. Ends when the answer does, or when nobody reads it any more.
final class Turn: Sendable {
    private struct State {
        var answer: Message?
        var finish: (@Sendable (Message?) -> Void)?
    }

    private let state: Mutex<State>

    /// `finish` hears the answer, or nil when there was none.
    init(finish: (@Sendable (Message?) -> Void)? = nil) {
        state = Mutex(State(finish: finish))
    }

    deinit { end() }

    func append(_ part: ResponsePart) {
        state.withLock { state in
            var answer = state.answer ?? Message(.assistant, "")
            answer.text += part.text
            if !part.reasoning.isEmpty {
                answer.reasoning = (answer.reasoning ?? "") + part.reasoning
            }
            answer.toolCalls += part.toolCalls
            state.answer = answer
        }
    }

    func end() {
        let (finish, answer) = state.withLock { state in
            defer { state.finish = nil }
            return (state.finish, state.answer)
        }
        finish?(answer)
    }
}
