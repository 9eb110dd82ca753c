/// The sequence of events that a consumer awaits.

/// The events of one request. Awaiting it from a cancelled task, or letting go of it before it ends,
/// cancels the request within one step.
package struct GenerationStream: AsyncSequence, Sendable {
    /// What it yields.
    package typealias Element = GenerationEvent
    /// How it fails.
    package typealias Failure = EngineError

    /// The request, for ``Engine/cancel(_:)``.
    package let id: RequestID
    let base: AsyncStream<Result<[GenerationEvent], EngineError>>

    /// Reads the events in order.
    package struct AsyncIterator: AsyncIteratorProtocol {
        var base: AsyncStream<Result<[GenerationEvent], EngineError>>.AsyncIterator
        /// The last delivery, and the place of what is read next in it.
        var events: [GenerationEvent] = []
        var place = 0

        /// The next event, or nil at the end. Throws when the request is refused or fails.
        package mutating func next() async throws(EngineError) -> GenerationEvent? {
            try await next(isolation: nil)
        }

        /// The next event, or nil at the end. Throws when the request is refused or fails.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(EngineError) -> GenerationEvent? {
            while place == events.count {
                guard let delivery = try await base.next(isolation: actor)?.get() else {
                    return nil
                }
                events = delivery
                place = 0
            }
            defer { place += 1 }
            return events[place]
        }
    }

    /// Starts reading; there is one reader.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }
}
