/// How requests reach the engine's thread without waiting for its step to end.

import Synchronization

/// What consumers tell the engine, read by it before each step.
final class Inbox: Sendable {
    enum Message: Sendable {
        /// A request with its name and when it was sent: it waits here while a step runs.
        case generate(
            GenerationRequest, RequestID, sent: Duration, @Sendable (Delivery) -> Void)
        case score(
            ScoringRequest, RequestID, sent: Duration,
            @Sendable (Result<ScoringResult, EngineError>) -> Void)
        case cancel(RequestID)
        case end(ConversationID)
        case unpin(String)
        case fetched(String, FetchedSegments)

        /// Answers a request that came too late.
        func refuse() {
            switch self {
            case .generate(_, _, _, let deliver): deliver(.failed(.shutDown))
            case .score(_, _, _, let deliver): deliver(.failure(.shutDown))
            case .cancel, .end, .unpin, .fetched: break
            }
        }
    }

    /// What the sender of a message has to do.
    enum Receipt: Sendable {
        /// Nothing: the engine runs and will read it.
        case willBeRead
        /// Start the engine's loop.
        case mustStart
        /// Refuse the message: the engine is shut down.
        case isClosed
    }

    private struct State {
        var messages: [Message] = []
        var isRunning = false
        var isClosed = false
        var nextID = 0
        var nextConversation = 0
    }

    private let state = Mutex(State())

    /// Names the next request.
    func nextID() -> RequestID {
        state.withLock { state in
            defer { state.nextID += 1 }
            return RequestID(rawValue: state.nextID)
        }
    }

    /// Names the next conversation.
    func nextConversation() -> ConversationID {
        state.withLock { state in
            defer { state.nextConversation += 1 }
            return ConversationID(rawValue: state.nextConversation)
        }
    }

    /// Leaves a message.
    func post(_ message: Message) -> Receipt {
        state.withLock { state in
            if state.isClosed { return .isClosed }
            state.messages.append(message)
            if state.isRunning { return .willBeRead }
            state.isRunning = true
            return .mustStart
        }
    }

    /// Leaves word that a request is no longer wanted. An engine at rest has no request to cancel.
    func postCancellation(_ id: RequestID) {
        state.withLock { state in
            if state.isRunning { state.messages.append(.cancel(id)) }
        }
    }

    /// Whether something has arrived that was not taken yet.
    var hasMessages: Bool { state.withLock { !$0.messages.isEmpty } }

    /// Takes all messages.
    func take() -> [Message] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Lets the loop end, unless a message has come: then false.
    func rest() -> Bool {
        state.withLock { state in
            guard state.messages.isEmpty else { return false }
            state.isRunning = false
            return true
        }
    }

    /// Refuses all later messages, and returns those that were not read.
    func close() -> [Message] {
        state.withLock { state in
            defer { state.messages = [] }
            state.isClosed = true
            return state.messages
        }
    }
}
