/// What a session answers: all at once, or piece by piece.

public import MartletEngine
public import MartletTemplates

/// A finished response.
public struct Response: Sendable, Hashable {
    /// The text, without the prompt; of a conversation, what the model says.
    public let text: String
    /// What the model thought before, where it tells.
    public var reasoning = ""
    /// The tools that the model calls; what they give is a message of `Message.toolResult(_:for:)`.
    public var toolCalls: [ToolCall] = []
    /// The tokens that were chosen, a final end token excluded.
    public let tokens: [Int32]
    /// The log-probability of each token; empty unless asked for.
    public let logprobs: [Float]
    /// The likeliest tokens at each place; empty unless asked for.
    public let top: [[TokenLogprob]]
    /// Why it ended. A cancelled response holds what there was by then.
    public let finishReason: FinishReason
    /// What it took: tokens, time, cache bytes, KV reads.
    public let usage: Usage
    /// The stop text or the token at which it ended; nil where it ended otherwise.
    package var match: StopMatch?
}

extension Response {
    /// The same with another reason for its end, where somebody else knows better.
    package func ending(_ reason: FinishReason) -> Response {
        var response = Response(
            text: text, reasoning: reasoning, toolCalls: toolCalls, tokens: tokens,
            logprobs: logprobs, top: top, finishReason: reason, usage: usage)
        response.match = match
        return response
    }
}

extension ResponsePart {
    /// The same piece with another whole response.
    package func ending(_ response: Response) -> ResponsePart {
        ResponsePart(
            text: text, reasoning: reasoning, callDeltas: callDeltas, toolCalls: toolCalls,
            token: token, logprob: logprob, top: top, response: response)
    }
}

extension [Response] {
    /// Tokens after each response's first, a second, from the first token to the last response's end, for chains
    /// of one prompt; nil when there are none.
    package var tokensPerSecond: Double? {
        let usages = map(\.usage)
        let later = usages.reduce(0) { $0 + Swift.max(0, $1.completionTokens - 1) }
        guard later > 0, let first = usages.compactMap(\.timeToFirstToken).min(),
            let end = usages.map(\.duration).max(), end > first
        else { return nil }
        return Double(later) / (end - first).seconds
    }
}

/// A piece of a response that is being generated.
public struct ResponsePart: Sendable, Hashable {
    /// The text that is new; possibly none, when a token ends inside a character. The pieces joined
    /// are ``Response/text``.
    public let text: String
    /// What is new of the model's thoughts.
    public var reasoning = ""
    /// What is new of calls, while they are written: provisional until the call itself comes in ``toolCalls``.
    public var callDeltas: [ToolCallDelta] = []
    /// The calls that are new, each whole.
    public var toolCalls: [ToolCall] = []
    /// The token that this piece came with; nil in the last one.
    public let token: Int32?
    /// The token's log-probability, when asked for.
    public var logprob: Float?
    /// The likeliest tokens in its place, when asked for.
    public var top: [TokenLogprob] = []
    /// The whole response, in the last piece only.
    public let response: Response?
}
