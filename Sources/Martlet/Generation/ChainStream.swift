/// The events of a request as pieces of responses, one response for each chain.

import MartletEngine

/// A piece of one chain's response.
public struct ChainPart: Sendable, Hashable {
    /// The chain, from 0.
    public let chain: Int
    /// The piece.
    public let part: ResponsePart

    /// The same chain with another piece.
    package func with(_ part: ResponsePart) -> ChainPart { ChainPart(chain: chain, part: part) }
}

/// The pieces of all chains in the order in which they come; each chain's last one carries its whole
/// response.
///
/// Cancelling the task that reads it, or letting go of it, ends generation within one step. There is one reader.
public struct ChainStream: AsyncSequence, Sendable {
    /// What it yields.
    public typealias Element = ChainPart
    /// How it fails.
    public typealias Failure = MartletError

    private let base: GenerationStream
    private let engine: Engine

    init(_ base: GenerationStream, of engine: Engine) {
        self.base = base
        self.engine = engine
    }

    /// Ends generation within one step. The chains' last pieces still come, with what there is.
    public func cancel() { engine.cancel(base.id) }

    /// Reads the pieces in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: GenerationStream.AsyncIterator
        var builders: [Int: ResponseBuilder] = [:]

        /// Waits until the engine has taken the prompt. Throws when it refuses it.
        mutating func begin() async throws(MartletError) {
            do { _ = try await base.next() } catch { throw MartletError(error) }
        }

        /// The next piece, or nil at the end. Throws when the prompt is refused or the model fails.
        public mutating func next() async throws(MartletError) -> ChainPart? {
            try await next(isolation: nil)
        }

        /// The next piece, or nil at the end. Throws when the prompt is refused or the model fails.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(MartletError) -> ChainPart? {
            while true {
                let event: GenerationEvent?
                do { event = try await base.next(isolation: actor) } catch {
                    throw MartletError(error)
                }
                switch event {
                case nil: return nil
                case .started: continue
                case .token(let token):
                    let part = builders[token.chain, default: ResponseBuilder()].add(token)
                    return ChainPart(chain: token.chain, part: part)
                case .finished(let end):
                    let builder = builders.removeValue(forKey: end.chain) ?? ResponseBuilder()
                    return ChainPart(chain: end.chain, part: builder.finished(end))
                }
            }
        }
    }

    /// Starts reading.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }
}

/// Collects one chain's response.
struct ResponseBuilder: Sendable {
    private var text = ""
    private var tokens: [Int32] = []
    private var logprobs: [Float] = []
    private var top: [[TokenLogprob]] = []

    mutating func add(_ token: GeneratedToken) -> ResponsePart {
        text += token.text
        tokens.append(token.id)
        if let logprob = token.logprob {
            logprobs.append(logprob)
            top.append(token.top)
        }
        return ResponsePart(
            text: token.text, token: token.id, logprob: token.logprob, top: token.top,
            response: nil)
    }

    func finished(_ end: ChainEnd) -> ResponsePart {
        var response = Response(
            text: text + end.text, tokens: tokens, logprobs: logprobs, top: top,
            finishReason: end.reason, usage: end.usage)
        response.match = end.match
        return ResponsePart(text: end.text, token: nil, response: response)
    }
}
