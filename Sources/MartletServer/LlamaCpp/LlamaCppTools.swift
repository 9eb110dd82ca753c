/// Tokens, templates and properties, in the words of llama.cpp's server.

import Martlet
import MartletJSON

/// The endpoints beside completions.
enum LlamaCppTools {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/tokenize", shape: .llamaCpp, summary: "The tokens of a text.",
            fields: [
                "content": "The text.",
                "add_special": "Whether the model's own tokens come around it.",
                "parse_special": "Whether the spelling of a special token is that token.",
                "with_pieces": "Whether the text of each token is told.",
            ], handle: tokenize),
        Endpoint(
            "POST", "/detokenize", shape: .llamaCpp, summary: "The text of tokens.",
            fields: ["tokens": "Token ids."], handle: detokenize),
        Endpoint(
            "POST", "/apply-template", shape: .llamaCpp,
            summary: "The prompt of a conversation, as the model reads it."
        ) { (exchange, service) async throws(WireError) in
            let (model, fields) = try await service.open(exchange)
            let conversation = try ChatRequest.conversation(
                fields, exchange, service.configuration)
            let prompt = try model.prompt(conversation)
            try await exchange.reply(["prompt": .text(prompt.text)])
        },
        Endpoint("GET", "/props", shape: .llamaCpp, summary: "What the server is.", handle: props),
        Endpoint("POST", "/props", shape: .llamaCpp, summary: "Refused: properties do not change.")
        {
            (_, _) async throws(WireError) in
            throw WireError(
                .notSupported, "The server's properties cannot be changed; start another.")
        },
        Endpoint("GET", "/slots", shape: .llamaCpp, summary: "What runs.", handle: slots),
    ]

    @Sendable private static func tokenize(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let text = try fields.string("content") ?? ""
        let tokenizer = try model.tokenizing()
        let tokens = tokenizer.encode(
            text, addSpecialTokens: try fields.flag("add_special") ?? false,
            recognizeSpecialTokens: try fields.flag("parse_special") ?? true)
        let pieces = try fields.flag("with_pieces") ?? false
        exchange.note(ignored: fields.unread)
        try await exchange.reply([
            "tokens": .array(
                tokens.map { token in
                    guard pieces else { return .integer(Int(token)) }
                    let bytes = tokenizer.token(for: token) ?? []
                    // A part of a character is told by its bytes.
                    let piece: JSONValue =
                        String(validating: bytes, as: UTF8.self).map { .string($0) }
                        ?? .array(bytes.map { .integer(Int($0)) })
                    return ["id": .integer(Int(token)), "piece": piece]
                })
        ])
    }

    @Sendable private static func detokenize(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        guard let elements = fields["tokens"]?.arrayValue else {
            throw .missing("tokens", expected: "an array of token ids")
        }
        let tokenizer = try model.tokenizing()
        var tokens: [Int32] = []
        for (index, element) in elements.enumerated() {
            guard let id = element.intValue, let token = Int32(exactly: id),
                tokenizer.token(for: token) != nil
            else {
                throw .field(
                    "tokens.\(index)", got: element.summary, expected: "a token id of this model")
            }
            tokens.append(token)
        }
        try await exchange.reply(["content": .string(model.markedText(of: tokens))])
    }

    /// The model that the request names; without a name one that is loaded: whoever watches a server loads nothing, and
    /// puts nothing away. Nil where none is.
    private static func described(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) -> ServedModel? {
        if let name = exchange.request.query["model"], !name.isEmpty {
            return try await service.model(named: name, for: exchange)
        }
        return try await service.fleet().listing.lazy.compactMap(\.model).first
    }

    @Sendable private static func props(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        guard let model = try await described(exchange, service) else {
            return try await exchange.reply([
                "total_slots": .integer(service.configuration.slots), "model_alias": "",
                "model_path": "", "chat_template": "",
                "modalities": ["vision": false, "audio": false],
                "build_info": .string(Identifier.fingerprint),
            ])
        }
        let options = model.usualOptions(service.configuration)
        try await exchange.reply([
            "default_generation_settings": [
                "n_ctx": .integer(model.contextLength),
                "params": NativeAnswer.settings(
                    options, wanted: service.configuration.maximumTokens, of: model),
            ],
            "total_slots": .integer(service.configuration.slots),
            "model_alias": .string(model.id),
            "model_path": .string(model.model?.path ?? model.id),
            "chat_template": .string(model.template),
            "modalities": ["vision": false, "audio": false],
            "build_info": .string(Identifier.fingerprint),
        ])
    }

    @Sendable private static func slots(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        guard service.configuration.reportsSlots else {
            throw WireError(
                .notSupported, "This server does not tell what runs; start it without --no-slots.")
        }
        guard let model = try await described(exchange, service) else {
            return try await exchange.reply(.array([]))
        }
        let running = await model.statistics()?.runningChains ?? 0
        try await exchange.reply(
            .array(
                (0..<service.configuration.slots).map { slot in
                    [
                        "id": .integer(slot), "n_ctx": .integer(model.contextLength),
                        "speculative": false, "is_processing": .bool(slot < running),
                    ]
                }))
    }
}
