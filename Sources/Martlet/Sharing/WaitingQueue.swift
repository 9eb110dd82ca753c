/// Who waits for something that one actor hands out, and in which order.

import Synchronization

/// Those who wait: in the order of arrival, and what nobody waits for after all that somebody does.
///
/// The actor looks at ``first``, finds out whether it can be served, and says so with ``serve(_:with:)`` or ``refuse(_:_:)``.
/// Whoever was served, refused or cancelled has left the queue, and leaves it once: while the actor was at work the first may
/// have given up, or somebody else may have come to be the first.
package final class WaitingQueue<Wish: Sendable, Grant: Sendable, Refusal: Error>: Sendable {
    /// Somebody who waits.
    package struct Waiter: Sendable {
        /// Who it is: a number of the queue's own.
        package let id: Int
        /// What is asked for.
        package let wish: Wish
        /// Whether nobody waits for what comes of it.
        package let isBackground: Bool
        /// When it came.
        package let since: ContinuousClock.Instant
        fileprivate let continuation: CheckedContinuation<Result<Grant, Refusal>, Never>
    }

    private struct State {
        var waiters: [Waiter] = []
        var lastID = 0
    }

    private let state = Mutex(State())
    private let limit: Int
    private let full: Refusal
    private let cancelled: Refusal

    /// A queue for any number.
    ///
    /// - Parameter cancelled: what whoever gives up is refused with.
    package convenience init(cancelled: Refusal) {
        self.init(limit: .max, full: cancelled, cancelled: cancelled)
    }

    /// A queue in which so many stand who somebody waits for, and as many whom nobody does.
    ///
    /// - Parameters:
    ///   - full: what more are refused with.
    ///   - cancelled: what whoever gives up is refused with.
    package init(limit: Int, full: Refusal, cancelled: Refusal) {
        self.limit = limit
        self.full = full
        self.cancelled = cancelled
    }

    // MARK: Waiting

    /// Waits until the wish is granted. Throws what it is refused with.
    ///
    /// - Parameters:
    ///   - isBackground: whether nobody waits for what comes of it.
    ///   - beside: runs as long as it waits, and is cancelled then: it tells the actor that somebody waits, and refuses who
    ///     has waited for too long.
    package func wait(
        for wish: Wish, isBackground: Bool = false, isolation: isolated (any Actor)? = #isolation,
        beside: @escaping @Sendable (_ id: Int) async -> Void
    ) async throws(Refusal) -> Grant {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        var watch: Task<Void, Never>?
        let result: Result<Grant, Refusal> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(
                    id: id, wish: wish, isBackground: isBackground, since: .now,
                    continuation: continuation)
                guard enter(waiter) else {
                    return continuation.resume(returning: .failure(full))
                }
                watch = Task { await beside(id) }
                // A cancellation that came before found nobody to refuse.
                if Task.isCancelled { refuse(id, cancelled) }
            }
        } onCancel: {
            refuse(id, cancelled)
        }
        watch?.cancel()
        return try result.get()
    }

    private func enter(_ waiter: Waiter) -> Bool {
        state.withLock { state in
            let alike = state.waiters.count(where: { $0.isBackground == waiter.isBackground })
            guard alike < limit else { return false }
            let end = state.waiters.endIndex
            let place =
                waiter.isBackground
                ? end : state.waiters.firstIndex(where: \.isBackground) ?? end
            state.waiters.insert(waiter, at: place)
            return true
        }
    }

    // MARK: Handing out

    /// Who is next.
    package var first: Waiter? { state.withLock { $0.waiters.first } }
    /// All who wait, in their order.
    package var all: [Waiter] { state.withLock { $0.waiters } }
    /// How many wait.
    package var count: Int { state.withLock { $0.waiters.count } }

    /// Grants a wish. False where whoever had it waits no longer: then nothing is made.
    @discardableResult
    package func serve(_ id: Int, with grant: () -> Grant) -> Bool {
        guard let waiter = leave(id) else { return false }
        waiter.continuation.resume(returning: .success(grant()))
        return true
    }

    /// Refuses a wish. False where whoever had it waits no longer.
    @discardableResult
    package func refuse(_ id: Int, _ error: Refusal) -> Bool {
        guard let waiter = leave(id) else { return false }
        waiter.continuation.resume(returning: .failure(error))
        return true
    }

    /// Refuses all wishes.
    package func refuseAll(_ error: Refusal) {
        for waiter in all { refuse(waiter.id, error) }
    }

    private func leave(_ id: Int) -> Waiter? {
        state.withLock { state in
            guard let place = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: place)
        }
    }
}
