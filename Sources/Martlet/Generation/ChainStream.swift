/// The events of a request as pieces of responses, one response for each chain.

package import MartletEngine

/// A piece of one chain's response.
package struct ChainPart: Sendable {
    /// The chain, from 0.
    package let chain: Int
    /// The piece.
    package let part: ResponsePart
}

/// The pieces of all chains in the order in which they come; each chain's last one carries its whole
/// response.
package struct ChainStream: AsyncSequence, Sendable {
    package typealias Element = ChainPart
    package typealias Failure = MartletError

    /// The request, for `Model.cancel(_:)`.
    package let id: RequestID
    private let base: GenerationStream

    init(_ base: GenerationStream) {
        self.base = base
        id = base.id
    }

    /// Reads the pieces in order.
    package struct AsyncIterator: AsyncIteratorProtocol {
        var base: GenerationStream.AsyncIterator
        var builders: [Int: ResponseBuilder] = [:]

        package mutating func next() async throws(MartletError) -> ChainPart? {
            try await next(isolation: nil)
        }

        package mutating func next(
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

    package func makeAsyncIterator() -> AsyncIterator {
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
        return ResponsePart(text: token.text, token: token.id, response: nil)
    }

    func finished(_ end: ChainEnd) -> ResponsePart {
        let response = Response(
            text: text + end.text, tokens: tokens, logprobs: logprobs, top: top,
            finishReason: end.reason, usage: end.usage)
        return ResponsePart(text: end.text, token: nil, response: response)
    }
}
