/// `/v1/messages` and its counting of tokens.

import Martlet
import MartletJSON

/// The endpoints of Anthropic's API.
enum AnthropicMessages {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/v1/messages", shape: .anthropic,
            summary: "Answers a conversation, whole or in named events.",
            fields: [
                "max_tokens": "The most tokens of the answer.",
                "messages": "What was said, in text or in blocks.",
                "system": "What the model is told before.", "tools": "Tools with an input_schema.",
                "stop_sequences": "Texts before which the answer ends.",
                "thinking": "Whether the model thinks first.",
            ], handle: answer),
        Endpoint(
            "POST", "/v1/messages/count_tokens", shape: .anthropic,
            summary: "Counts the tokens of a conversation's prompt.", handle: count),
    ]

    @Sendable private static func answer(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let request = try AnthropicRequest(fields, exchange, service, model)
        exchange.note(ignored: fields.unread)
        try await service.admitted(exchange) { () async throws(WireError) in
            var writer = AnthropicAnswer(request, model)
            guard request.streams else {
                let chains = try await service.run(
                    request.answer, for: exchange, on: model)
                return try await exchange.reply(writer.whole(chains[0]))
            }
            var events: EventStream?
            let chains = try await service.run(
                request.answer, for: exchange, on: model,
                begin: { () async throws(WireError) in
                    let opened = try await EventStream(
                        exchange, pingEvery: service.configuration.pingInterval)
                    events = opened
                    try await opened.send(writer.opening())
                },
                each: { (piece) async throws(WireError) in
                    try await events?.send(writer.events(piece.part))
                })
            try await events?.send(writer.closing(chains[0]))
        }
    }

    @Sendable private static func count(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let conversation = try AnthropicRequest.conversation(
            fields, exchange, service.configuration)
        let prompt = try model.prompt(conversation.prompt)
        try await exchange.reply(["input_tokens": .integer(prompt.tokens.count)])
    }
}
