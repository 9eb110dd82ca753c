/// One conversation: its model, its session, and what was said.

import Martlet

/// A conversation at the terminal.
struct ChatConversation {
    private(set) var loaded: LoadedModel
    private var model: Model
    private(set) var budgetBytes: Int?
    let view: ChatView
    var options: GenerationOptions
    var promptOptions: PromptOptions {
        didSet { if promptOptions != oldValue { restart(with: messages) } }
    }
    private let tools: [ToolDefinition]
    private let interrupts: ChatInterrupts
    /// What tools gave for the first calls of the last answer.
    private var results: [Message] = []
    /// Whether `/quit` was said.
    var isOver = false
    /// Tokens of the last prompt and its answer; nil where that is not what comes before the next message.
    private var usedTokens: Int?
    private var session: Session?
    private var begun: [Message] = []

    init(
        _ loaded: LoadedModel, budgetBytes: Int?, options: GenerationOptions,
        promptOptions: PromptOptions = PromptOptions(), tools: [ToolDefinition] = [],
        view: ChatView, interrupts: ChatInterrupts
    ) async throws(MartletError) {
        self.loaded = loaded
        self.budgetBytes = budgetBytes
        self.options = options
        self.promptOptions = promptOptions
        self.tools = tools
        self.view = view
        self.interrupts = interrupts
        model = try await Self.start(loaded, budgetBytes)
    }

    private static func start(
        _ loaded: LoadedModel, _ bytes: Int?
    ) async throws(MartletError) -> Model {
        let size: Int
        if let bytes { size = bytes } else { size = try loaded.defaultCacheBytes() }
        return try await Model(loaded, budgetBytes: size)
    }

    // MARK: What was said

    /// Everything said so far.
    var messages: [Message] {
        get { session?.messages ?? begun }
        set {
            usedTokens = nil
            results = []
            // The session's part of the cache is worth something to what has the same beginning.
            if session?.begin(with: newValue) != true { restart(with: newValue) }
        }
    }

    private mutating func restart(with messages: [Message]) {
        (session, begun) = (nil, messages)
    }

    /// Tokens that are left of the model's context; nil where it has no end, or nothing was said.
    var contextLeft: Int? {
        guard let limit = loaded.positionLimit, let usedTokens else { return nil }
        return max(0, limit - usedTokens)
    }

    /// The call of the last answer whose result comes next.
    private var openCall: ToolCall? {
        messages.last?.toolCalls.dropFirst(results.count).first
    }

    /// What stands before a message.
    var prompt: String {
        if let openCall { return "\(openCall.name) gives > " }
        return contextLeft.map { "[\($0) left] > " } ?? "> "
    }

    /// Tokens of the model's context, and how many are used, in words.
    var contextUse: String {
        let limit = loaded.positionLimit.map { "\($0) tokens" } ?? "without an end"
        return limit + (usedTokens.map { ", \($0) used" } ?? "")
    }

    // MARK: Lines

    /// Does what a line says: a command, or a message for the model.
    mutating func take(_ line: String) async throws(MartletError) {
        guard line.hasPrefix("/") else { return try await ask(line) }
        let (command, value) = try ChatCommand.parse(line)
        try await command.act(&self, value)
    }

    /// Puts a message to the model and shows the answer as it comes. Ctrl-C ends the answer, not the program.
    /// What is said behind a call is what its tool gives.
    mutating func ask(_ text: String) async throws(MartletError) {
        var new = [Message(.user, text)]
        if let call = openCall {
            results.append(.toolResult(text, for: call))
            guard openCall == nil else { return }
            new = results
        }
        do { try await ask(new) } catch {
            // The last may be said again; those before it stand.
            if !results.isEmpty { results.removeLast() }
            throw error
        }
        results = []
    }

    private mutating func ask(_ new: [Message]) async throws(MartletError) {
        let session =
            session
            ?? model.makeSession(
                messages: begun, tools: tools, promptOptions: promptOptions)
        self.session = session
        let (stream, options, view) = (session, options, view)
        let answering = Task { () async -> Result<Response, MartletError> in
            do throws(MartletError) {
                return .success(
                    try await stream.respond(
                        to: new, options: options, each: view.show))
            } catch { return .failure(error) }
        }
        let result = await interrupts.working(stoppedBy: { answering.cancel() }) {
            await answering.value
        }
        switch result {
        case .success(let response):
            usedTokens = response.usage.promptTokens + response.usage.completionTokens
            view.finish(response, of: loaded, adapter: options.adapter)
        case .failure(let error):
            view.end()
            throw error
        }
    }

    /// Goes on with the same conversation in another cache.
    mutating func change(
        to loaded: LoadedModel, budgetBytes bytes: Int?
    ) async throws(MartletError) {
        let next = try await Self.start(loaded, bytes)
        restart(with: messages)
        await model.shutdown()
        (self.loaded, budgetBytes, model) = (loaded, bytes, next)
    }
}
