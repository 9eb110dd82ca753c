/// A response as it is generated, as an asynchronous sequence.

/// The pieces of one response; the last one carries the whole.
///
/// Cancelling the task that reads it, or letting go of it, ends generation within one step; a
/// cancelled reader sees the sequence end without a last piece. There is one reader.
public struct ResponseStream: AsyncSequence, Sendable {
    /// What it yields.
    public typealias Element = ResponsePart
    /// How it fails.
    public typealias Failure = MartletError

    let turn: Turn
    let base: Result<ChainStream, MartletError>
    /// Reads the parts of an answer; nil where the model only continues text.
    var reader: AnswerReader?

    /// Reads the pieces in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let turn: Turn
        let failure: MartletError?
        var base: ChainStream.AsyncIterator?
        var reader: AnswerReader?

        /// The next piece, or nil at the end. Throws when the prompt is refused or the model fails.
        public mutating func next() async throws(MartletError) -> ResponsePart? {
            try await next(isolation: nil)
        }

        /// The next piece, or nil at the end. Throws when the prompt is refused or the model fails.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(MartletError) -> ResponsePart? {
            if let failure { throw failure }
            do throws(MartletError) {
                if var part = try await base?.next(isolation: actor)?.part {
                    if let read = reader?.read(part) { part = read }
                    turn.append(part)
                    if part.response != nil {
                        base = nil
                        turn.end()
                    }
                    return part
                }
            } catch {
                base = nil
                turn.end()
                throw error
            }
            base = nil
            turn.end()
            return nil
        }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator {
        switch base {
        case .success(let stream):
            AsyncIterator(
                turn: turn, failure: nil, base: stream.makeAsyncIterator(), reader: reader)
        case .failure(let error): AsyncIterator(turn: turn, failure: error, base: nil)
        }
    }
}
