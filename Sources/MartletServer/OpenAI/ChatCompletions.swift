/// `/v1/chat/completions`.

import Martlet
import MartletJSON

/// The endpoint of chat completions.
enum ChatCompletions {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/v1/chat/completions", aliases: ["/chat/completions"], shape: .openAI,
            summary: "Answers a conversation, whole or in server-sent events.",
            fields: fields,
            asks: { (exchange, service) throws(WireError) in
                let fields = try Fields(body: exchange.request.body)
                return [try ChatRequest(fields, exchange, service, service.model()).answer]
            }, handle: answer),
        Endpoint(
            "POST", "/v1/chat/completions/input_tokens",
            aliases: ["/chat/completions/input_tokens"], shape: .openAI,
            summary: "Counts the tokens of a conversation's prompt.", handle: count),
    ]

    private static let fields = [
        "messages": "What was said: role and content, as text or parts of text.",
        "tools": "Functions that the model may call.",
        "tool_choice": "none, auto, required, a tool by name, or the tools that are allowed.",
        "max_completion_tokens":
            "The most tokens of an answer; all that is left of the context without it.",
        "n": "Answers to the same prompt, which is computed once.",
        "stop": "Texts before which an answer ends.",
        "stream": "Whether the answer comes in pieces.",
        "logprobs":
            "Whether each token's log-probability is told, of the model's own distribution.",
        "temperature": "Divides logits; 0 takes the likeliest token.",
        "seed": "The same seed gives the same answer, whatever else runs.",
        "martlet": "What only Martlet knows: deadline, priority, adapter, solve.",
    ]

    @Sendable private static func answer(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let request = try ChatRequest(fields, exchange, service, model)
        exchange.note(ignored: fields.unread)
        try await service.admitted(exchange) { () async throws(WireError) in
            if request.streams {
                try await stream(request, exchange, service, model)
            } else {
                let chains = try await service.run(
                    request.answer, for: exchange, on: model)
                let answer = ChatAnswer(request, model, service.configuration)
                try await exchange.reply(answer.whole(chains))
            }
        }
    }

    private static func stream(
        _ request: ChatRequest, _ exchange: Exchange, _ service: Service, _ model: ServedModel
    ) async throws(WireError) {
        var answer = ChatAnswer(request, model, service.configuration)
        var events: EventStream?
        var teller: StreamTeller?
        let chains = try await service.run(
            request.answer, for: exchange, on: model,
            begin: { () async throws(WireError) in
                let opened = try await EventStream(
                    exchange, pingEvery: service.configuration.pingInterval)
                events = opened
                try await opened.send(answer.opening())
                teller = StreamTeller(request.telling, of: request.answer, reports: true) {
                    [answer] (progress) async throws(WireError) in
                    try await opened.send(answer.progress(progress))
                }
            },
            each: { (piece) async throws(WireError) in
                await teller?.end()
                let timings = teller?.timings(after: piece.part)
                try await events?.send(answer.chunks(piece, timings: timings))
            })
        if let closing = answer.closing(chains) { try await events?.send(closing) }
        try await events?.sendDone()
    }

    @Sendable private static func count(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let conversation = try ChatRequest.conversation(fields, exchange, service.configuration)
        let prompt = try model.prompt(conversation)
        try await exchange.reply([
            "object": "response.input_tokens", "input_tokens": .integer(prompt.tokens.count),
        ])
    }
}
