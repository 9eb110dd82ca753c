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

    /// - Parameter marked: shows special tokens; nil for a model whose tokens have no text.
    init(_ parser: ResponseParser, marked: MarkedPieces?) {
        self.parser = parser
        self.marked = marked
    }

    /// The piece of the answer that a piece of the response gives.
    mutating func read(_ part: ResponsePart) -> ResponsePart {
        let new =
            marked?.read(text: part.text, token: part.token, isLast: part.response != nil)
            ?? part.text
        var events = parser.add(new)
        if part.response != nil { events += parser.finish() }
        var (saying, thinking, calling) = ("", "", [ToolCall]())
        for event in events {
            switch event {
            case .text(let text): saying += text
            case .reasoning(let text): thinking += text
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
                finishReason: response.finishReason, usage: response.usage)
        }
        return ResponsePart(
            text: saying, reasoning: thinking, toolCalls: calling, token: part.token,
            response: answer)
    }
}
