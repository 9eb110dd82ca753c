/// A search as an asynchronous sequence.

/// What happens while an answer is looked for; the last event is the answer. There is one reader.
public struct SolveStream: AsyncSequence, Sendable {
    /// What it yields.
    public typealias Element = SolveEvent
    /// How it fails.
    public typealias Failure = MartletError

    private let base: AsyncStream<Result<SolveEvent, MartletError>>
    private let task: Task<Void, Never>

    /// Begins a search; letting go of the stream, or cancelling the task that reads it, cancels it.
    init(
        _ search:
            @escaping @Sendable (@escaping @Sendable (SolveEvent) -> Void)
            async throws(MartletError)
            -> Void
    ) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Result<SolveEvent, MartletError>.self)
        let task = Task {
            do throws(MartletError) {
                try await search { continuation.yield(.success($0)) }
            } catch {
                continuation.yield(.failure(error))
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        base = stream
        self.task = task
    }

    /// Ends the search within one step. The answer still comes: the best so far.
    public func cancel() { task.cancel() }

    /// Reads the events in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: AsyncStream<Result<SolveEvent, MartletError>>.AsyncIterator

        /// The next event, or nil at the end. Throws when the budget holds nothing or the model fails.
        public mutating func next() async throws(MartletError) -> SolveEvent? {
            try await next(isolation: nil)
        }

        /// The next event, or nil at the end. Throws when the budget holds nothing or the model fails.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(MartletError) -> SolveEvent? {
            try await base.next(isolation: actor)?.get()
        }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }
}
