/// A conversation with a model.

import MartletEngine
import Synchronization

/// A conversation: what was asked and answered is the beginning of what is asked next.
///
/// The conversation is plain text that the model continues: instructions, prompt, answer, prompt … one
/// after another as they are, without a chat template. A session answers one prompt at a time; make one
/// session for each conversation, they are served together.
public final class Session: Sendable {
    private struct State {
        var transcript: String
        var isResponding = false
    }

    private let model: Model
    private let state: Mutex<State>

    init(model: Model, instructions: String) {
        self.model = model
        state = Mutex(State(transcript: instructions))
    }

    /// Everything said so far, instructions included.
    public var transcript: String { state.withLock { $0.transcript } }
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
        let id = try stream.base.get().id
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
        } onCancel: { [engine = model.engine] in
            engine.cancel(id)
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
        let transcript: String? = state.withLock { state in
            guard !state.isResponding else { return nil }
            state.isResponding = true
            return state.transcript + prompt
        }
        guard let transcript else {
            return ResponseStream(turn: Turn(), base: .failure(.sessionIsBusy))
        }
        let turn = Turn { [weak self] answer in
            self?.state.withLock { state in
                state.isResponding = false
                if let answer { state.transcript = transcript + answer }
            }
        }
        do throws(MartletError) {
            let stream = try model.generate(try model.encode(transcript), options: options)
            return ResponseStream(turn: turn, base: .success(stream))
        } catch {
            turn.end()
            return ResponseStream(turn: turn, base: .failure(error))
        }
    }
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
