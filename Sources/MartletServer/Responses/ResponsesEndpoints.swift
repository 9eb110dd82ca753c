/// `/v1/responses` and what was stored of it.

import Martlet
import MartletJSON
import MartletTemplates

/// The endpoints of the Responses API.
enum ResponsesEndpoints {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/v1/responses", aliases: ["/responses"], shape: .openAI,
            summary: "Answers items, whole or in named events.",
            fields: [
                "input": "A text, or items: messages, calls and what they gave, reasoning.",
                "instructions": "What the model is told before.",
                "previous_response_id": "A stored response that this one goes on with.",
                "tools": "Functions that the model may call.",
                "max_output_tokens": "The most tokens of the answer.",
                "store": "Whether the response may be asked for again; true without it.",
                "truncation": "auto drops the oldest items where all do not fit.",
            ],
            asks: { (exchange, service) throws(WireError) in
                let fields = try Fields(body: exchange.request.body)
                return [try ResponsesRequest(fields, exchange, service, service.model()).answer]
            }, handle: answer),
        Endpoint(
            "POST", "/v1/responses/input_tokens", aliases: ["/responses/input_tokens"],
            shape: .openAI, summary: "Counts the tokens of a prompt.", handle: count),
        Endpoint(
            "GET", "/v1/responses/{id}/input_items", shape: .openAI,
            summary: "The items that a stored response answered, the last first."
        ) { (exchange, service) async throws(WireError) in
            let (_, entry) = try stored(exchange, service)
            let page = try ListPage(exchange.request.query, most: 100, usual: 20)
            try await exchange.reply(
                try page.list(
                    entry.items.reversed().map {
                        (id: $0.objectValue?["id"]?.stringValue ?? "", $0)
                    }))
        },
        Endpoint(
            "GET", "/v1/responses/{id}", shape: .openAI, summary: "A stored response."
        ) { (exchange, service) async throws(WireError) in
            let streams = exchange.request.query["stream"] ?? "false"
            guard streams != "true" else {
                throw .unsupported(
                    "stream", "reading the events of a stored response again",
                    instead: "leave it out for the response as a whole")
            }
            guard streams == "false" else {
                throw .field(
                    "stream", got: "'\(streams.prefix(40))'", expected: "true or false")
            }
            try await exchange.reply(try stored(exchange, service).entry.value)
        },
        Endpoint(
            "DELETE", "/v1/responses/{id}", shape: .openAI, summary: "Forgets a stored response."
        ) { (exchange, service) async throws(WireError) in
            let (id, _) = try stored(exchange, service)
            _ = service.responses.remove(id, of: exchange.tenant)
            try await exchange.reply([
                "id": .string(id), "object": "response", "deleted": true,
            ])
        },
        Endpoint(
            "POST", "/v1/responses/{id}/cancel", shape: .openAI,
            summary: "Refused: no response runs in the background."
        ) { (exchange, service) async throws(WireError) in
            let (id, _) = try stored(exchange, service)
            throw WireError(
                .invalidRequest,
                "\(id): it does not run in the background; close its connection to end one.")
        },
    ]

    private static func stored(
        _ exchange: Exchange, _ service: Service
    ) throws(WireError) -> (id: String, entry: StoredResponses.Entry) {
        let id = exchange.parameters["id"] ?? ""
        guard let entry = service.responses.entry(id, of: exchange.tenant) else {
            throw WireError(
                .notFound, "There is no response '\(id.prefix(80))' (any more).", param: "id",
                code: "not_found")
        }
        return (id, entry)
    }

    @Sendable private static func answer(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let request = try ResponsesRequest(fields, exchange, service, model)
        exchange.note(ignored: fields.unread)
        try await service.admitted(exchange) { () async throws(WireError) in
            var writer = ResponsesAnswer(request, model)
            var events: EventStream?
            var teller: StreamTeller?
            let chains = try await service.run(
                request.answer, for: exchange, on: model,
                begin: { () async throws(WireError) in
                    guard request.streams else { return }
                    let opened = try await EventStream(
                        exchange, pingEvery: service.configuration.pingInterval)
                    events = opened
                    try await opened.send(writer.opening())
                    teller = StreamTeller(request.telling, of: request.answer) {
                        [writer] (progress) async throws(WireError) in
                        try await opened.send([writer.progress(progress)])
                    }
                },
                each: { (piece) async throws(WireError) in
                    await teller?.end()
                    let new = writer.events(
                        piece.part, timings: teller?.timings(after: piece.part))
                    try await events?.send(new)
                })
            let last = writer.closing(chains[0])
            let value = writer.object(ResponsesAnswer.status(chains[0]), chains[0])
            if request.stores { keep(writer, value, chains[0], request, exchange, service) }
            if let events { return try await events.send(last) }
            try await exchange.reply(value)
        }
    }

    private static func keep(
        _ writer: ResponsesAnswer, _ value: JSONValue, _ chain: FinishedChain,
        _ request: ResponsesRequest, _ exchange: Exchange, _ service: Service
    ) {
        let response = chain.response
        let said = Message(
            .assistant, response.text,
            reasoning: response.reasoning.isEmpty ? nil : response.reasoning,
            toolCalls: response.toolCalls)
        service.responses.keep(
            writer.id,
            StoredResponses.Entry(
                tenant: exchange.tenant, value: value, items: request.items,
                messages: request.messages + [said],
                // The request's and the messages made of it, the answer's in three forms.
                bytes: 2 * exchange.request.body.count
                    + request.messages.reduce(0) { $0 + $1.text.utf8.count }
                    + 3 * response.text.utf8.count + 2000))
    }

    @Sendable private static func count(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let asked = try ResponsesRequest.conversation(fields, exchange, service)
        let prompt = try model.prompt(asked.prompt)
        try await exchange.reply([
            "object": "response.input_tokens", "input_tokens": .integer(prompt.tokens.count),
        ])
    }
}
