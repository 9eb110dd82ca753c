/// Reads an answer's pieces: what the model thinks, what it says, what it calls.

import MartletEngine
import MartletTemplates

/// Turns the pieces of a response into those of an answer in a conversation.
struct AnswerReader: Sendable {
    private var parser: ResponseParser
    /// Shows special tokens, which tell the parts of an answer; nil where the pieces' own text does.
    private var marked: MarkedPieces?
    private var text = ""
    private var reasoning = ""
    private var toolCalls: [ToolCall] = []

    init(_ parser: ResponseParser, options: GenerationOptions, text codec: TextCodec) {
        self.parser = parser
        // A stop text may end the text of pieces before that of their tokens.
        var isSpecial: (@Sendable (Int32) -> Bool)?
        if !options.stop.isEmpty { isSpecial = { id in codec.isSpecial(id) } }
        marked = codec.makeAnswerDecoder().map { MarkedPieces($0, isSpecial: isSpecial) }
    }

    /// The piece of the answer that a piece of the response gives.
    mutating func read(_ part: ResponsePart) -> ResponsePart {
        let new =
            marked?.read(text: part.text, token: part.token, isLast: part.response != nil)
            ?? part.text
        var events = parser.add(new)
        if part.response != nil { events += parser.finish() }
        var (saying, thinking, calling, deltas) = ("", "", [ToolCall](), [ToolCallDelta]())
        for event in events {
            switch event {
            case .text(let text): saying += text
            case .reasoning(let text): thinking += text
            case .callDelta(let delta): deltas.append(delta)
            case .call(let call): calling.append(call)
            }
        }
        text += saying
        reasoning += thinking
        toolCalls += calling
        var answer: Response?
        if let response = part.response {
            answer = Response(
                text: text, reasoning: reasoning, toolCalls: toolCalls, tokens: response.tokens,
                logprobs: response.logprobs, top: response.top,
                finishReason: response.finishReason == .stop && !toolCalls.isEmpty
                    ? .toolCalls : response.finishReason,
                usage: response.usage)
            answer?.match = response.match
        }
        return ResponsePart(
            text: saying, reasoning: thinking, callDeltas: deltas, toolCalls: calling,
            token: part.token, logprob: part.logprob, top: part.top, response: answer)
    }
}
