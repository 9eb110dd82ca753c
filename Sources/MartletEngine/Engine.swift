/// The engine's front: requests from any task, served by one loop on a thread of its own.

import Dispatch
import MartletCache
import MartletModels

/// Serves requests. It owns a model, a cache and a thread; between two steps, and only there, it
/// reads what consumers have told it.
///
/// ```swift
/// let engine = try await Engine { EngineParts(forward: model, cache: cache) }
/// for try await event in engine.generate(GenerationRequest(promptTokens: tokens)) { … }
/// ```
package actor Engine {
    private let executor: ThreadExecutor
    private let inbox = Inbox()
    private let clock: EngineClock
    private var loop: EngineLoop?
    /// What it had done when it was shut down.
    private var ended: EngineStatistics?

    /// The thread on which the steps run.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.unowned }

    /// Starts an engine. `parts` makes the model and the cache; it runs on the engine's thread, which
    /// is the only one that ever uses them.
    ///
    /// Throws `startFailed` with what `parts` throws, and `invalidParameter` for a step budget
    /// without tokens or sequences.
    package init(
        configuration: EngineConfiguration = EngineConfiguration(),
        parts: @Sendable () throws -> sending EngineParts
    ) async throws(EngineError) {
        executor = ThreadExecutor(name: "martlet-engine")
        clock = configuration.clock
        loop = nil
        let made: EngineParts
        do { made = try parts() } catch { throw .startFailed(error) }
        loop = try EngineLoop(parts: made, configuration: configuration)
        let queue = DispatchQueue(label: "martlet-prompts-read", qos: .userInitiated)
        loop?.beginFetch = { [weak self] name, read in
            queue.async { [weak self] in self?.post(.fetched(name, read())) }
        }
    }

    // MARK: Requests

    /// Continues a prompt. The events come as they happen; the request ends early, within one step,
    /// when the consumer's task is cancelled or lets go of the stream, or at ``cancel(_:)``.
    ///
    /// The stream throws when the request is refused (`emptyPrompt`, `tokenOutOfRange`,
    /// `promptTooLong`, `promptExceedsBudget`, `invalidParameter`, `shutDown`) or fails
    /// (`promptOutgrewBudget`, `badLogits`, `forwardFailed`).
    package nonisolated func generate(_ request: GenerationRequest) -> GenerationStream {
        let id = inbox.nextID()
        let (stream, continuation) = AsyncStream.makeStream(
            of: Result<[GenerationEvent], EngineError>.self)
        continuation.onTermination = { [inbox] reason in
            if case .cancelled = reason { inbox.postCancellation(id) }
        }
        post(
            .generate(request, id, sent: clock.now() - request.waited) { delivery in
                switch delivery {
                case .events(let events): continuation.yield(.success(events))
                case .failed(let error):
                    continuation.yield(.failure(error))
                    continuation.finish()
                case .ended: continuation.finish()
                }
            })
        return GenerationStream(id: id, base: stream)
    }

    /// Computes the log-probability of each token of a text given those before it.
    ///
    /// Throws as ``generate(_:)`` does, `outOfPages` when the cache cannot hold the text, and
    /// `cancelled` when the task is cancelled.
    package nonisolated func score(
        _ request: ScoringRequest
    ) async throws(EngineError) -> ScoringResult {
        let id = inbox.nextID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                post(.score(request, id, sent: clock.now()) { continuation.resume(returning: $0) })
                // A cancellation that came before the request was posted found nothing to cancel.
                if Task.isCancelled { inbox.postCancellation(id) }
            }
        } onCancel: {
            inbox.postCancellation(id)
        }
        return try result.get()
    }

    /// Ends a request within one step: its open chains finish with ``FinishReason/cancelled``. Does
    /// nothing when it has ended.
    package nonisolated func cancel(_ id: RequestID) { inbox.postCancellation(id) }

    /// Ends every request with ``FinishReason/cancelled``, gives model and cache back and refuses
    /// later requests. Returns when no step runs any more.
    package func shutdown() {
        for message in inbox.close() { message.refuse() }
        loop?.cancelAll()
        if let loop { ended = loop.statistics }
        loop = nil
    }

    // MARK: Conversations

    /// Starts a conversation; it ends when the object is let go of.
    package nonisolated func makeConversation() -> Conversation {
        Conversation(id: inbox.nextConversation()) { self.post(.end($0)) }
    }

    // MARK: Prefixes

    /// Lets what a tenant's requests have pinned, or pinned for everyone, be given up like anything else that is kept.
    package nonisolated func unpin(tenant: String) { post(.unpin(tenant)) }

    // MARK: State

    /// What the engine has done and holds; nil after ``shutdown()``.
    package var statistics: EngineStatistics? { loop?.statistics }

    /// What the engine has done: it stays known after ``shutdown()``, as the last that it did.
    package var lastStatistics: EngineStatistics? { loop?.statistics ?? ended }

    /// Sets the bytes that the cache may hold, at most those that it was made with; see ``EngineLoop/setBudget(_:)``. They are
    /// not exceeded any more when this returns, which is between two steps.
    package func setBudget(_ bytes: Int) { loop?.setBudget(bytes) }

    /// Proves that scheduler, requests and cache agree. Throws `brokenIntegrity` when they do not.
    package func checkIntegrity() throws(EngineError) { try loop?.checkIntegrity() }

    // MARK: The loop

    private nonisolated func post(_ message: Inbox.Message) {
        switch inbox.post(message) {
        case .willBeRead: break
        case .mustStart: Task { await run() }
        case .isClosed: message.refuse()
        }
    }

    /// Steps until there is nothing to do. The yield between two steps is where shutdown and
    /// statistics get their turn; nothing inside a step waits.
    private func run() async {
        while let loop {
            for message in inbox.take() { read(message, loop) }
            if !loop.step(hasNews: { inbox.hasMessages }) && inbox.rest() { return }
            if loop.awaitsStorage, !inbox.hasMessages {
                // Nothing can be done until something is read, which takes milliseconds.
                try? await Task.sleep(for: .microseconds(500))
            } else {
                await Task.yield()
            }
        }
    }

    private func read(_ message: Inbox.Message, _ loop: EngineLoop) {
        switch message {
        case .generate(let request, let id, let sent, let deliver):
            loop.submit(request, id: id, arrival: sent, deliver: deliver)
        case .score(let request, let id, let sent, let deliver):
            loop.submit(request, id: id, arrival: sent, deliver: deliver)
        case .cancel(let id): loop.cancel(id)
        case .end(let id): loop.endConversation(id)
        case .unpin(let tenant): loop.unpin(tenant: tenant)
        case .fetched(let name, let segments): loop.fetched(name, segments)
        }
    }
}
