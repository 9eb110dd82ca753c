/// A conversation with a model.

import MartletEngine
import MartletTokenizers
import Synchronization

/// A conversation: what was asked and answered is the beginning of what is asked next.
///
/// The model continues plain text: the messages' texts one after another as they are, without a chat template. A
/// session answers one prompt at a time; make one session for each conversation, they are served together.
///
/// A session keeps its part of the model's cache between two prompts. The next answer computes only what is new
/// (`Usage.cachedPromptTokens` says how many tokens that saved), and is the same, token for token, as that of a new
/// session with the same text. The pages count in the memory budget, are given up when another request needs them, and go
/// when the session does. Three things make it compute more:
///
/// - A cache policy that chooses which tokens of a prompt stay chooses by where the prompt ends. Under it every prompt
///   is computed anew.
/// - An answer's text, encoded again as part of the conversation, may give other tokens than were generated: a stop text
///   is left out, and text may be cut into tokens in several ways. Tokens are reused up to the first that differs.
/// - Under a window the tokens before that one may have been freed. Then the prompt is computed anew.
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

    init(model: Model, messages: [Message]) {
        self.model = model
        conversation = model.engine.makeConversation()
        state = Mutex(State(messages: messages))
    }

    /// Everything said so far, in order.
    public var messages: [Message] { state.withLock { $0.messages } }
    /// Everything said so far as the model reads it, instructions included.
    public var transcript: String { Self.text(messages) }
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
        let stream = stream(prompt, options: options)
        let chains = try stream.base.get()
        // Read in a task of its own, so that the events of a cancelled response are still heard.
        let reading = Task { () -> Result<Response?, MartletError> in
            do throws(MartletError) {
                for try await part in stream {
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
    /// Reading throws what ``respond(to:options:)`` throws.
    public func stream(
        _ prompt: String, options: GenerationOptions = GenerationOptions()
    ) -> ResponseStream {
        let question = Message(.user, prompt)
        let begun: (asked: [Message], earlier: EncodedText)? = state.withLock { state in
            guard !state.isResponding else { return nil }
            state.isResponding = true
            return (state.messages + [question], state.encoded)
        }
        guard let (asked, earlier) = begun else {
            return ResponseStream(turn: Turn(), base: .failure(.sessionIsBusy))
        }
        let turn = Turn { [weak self] answer in
            self?.state.withLock { state in
                state.isResponding = false
                if let answer { state.messages = asked + [Message(.assistant, answer)] }
            }
        }
        do throws(MartletError) {
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

    private static func text(_ messages: [Message]) -> String { messages.map(\.text).joined() }
}

/// One prompt and its answer. Ends when the answer does, or when nobody reads it any more.
final class Turn: Sendable {
    private struct State {
        var answer: String?
        var finish: (@Sendable (String?) -> Void)?
    }

    private let state: Mutex<State>

    /// `finish` hears the answer, or nil when there was none.
    init(finish: (@Sendable (String?) -> Void)? = nil) {
        state = Mutex(State(finish: finish))
    }

    deinit { end() }

    func append(_ text: String) { state.withLock { $0.answer = ($0.answer ?? "") + text } }

    func end() {
        let (finish, answer) = state.withLock { state in
            defer { state.finish = nil }
            return (state.finish, state.answer)
        }
        finish?(answer)
    }
}
