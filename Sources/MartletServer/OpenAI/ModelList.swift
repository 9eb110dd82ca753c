/// `/v1/models`: what is served.

import Martlet
import MartletJSON

/// The endpoints that list the model.
enum ModelList {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "GET", "/v1/models", aliases: ["/models"], shape: .openAI, isPublic: true,
            summary: "Lists the model."
        ) { (exchange, service) async throws(WireError) in
            let model = try service.model()
            try await exchange.reply([
                "object": "list", "data": [entry(model, service.configuration)],
                // As clients of Ollama and of Codex read it.
                "models": [
                    [
                        "name": .string(model.id), "model": .string(model.id),
                        "slug": .string(model.id), "display_name": .string(model.id),
                    ]
                ],
            ])
        },
        Endpoint(
            "GET", "/v1/models/{id}", aliases: ["/models/{id}"], shape: .openAI, isPublic: true,
            summary: "Describes the model."
        ) { (exchange, service) async throws(WireError) in
            let model = try service.model()
            let prefix = exchange.request.path.hasPrefix("/v1/") ? "/v1/models/" : "/models/"
            let name = String(exchange.request.path.dropFirst(prefix.count))
            guard model.names.contains(name) else {
                throw WireError(
                    .notFound, "The model '\(name.prefix(200))' does not exist; \(model.id) does.",
                    param: "model", code: "model_not_found")
            }
            try await exchange.reply(entry(model, service.configuration))
        },
    ]

    private static func entry(
        _ model: ServedModel, _ configuration: ServerConfiguration
    ) -> JSONValue {
        .present([
            "id": .string(model.id), "object": "model", "created": .integer(model.created),
            "owned_by": "martlet", "max_model_len": .integer(model.contextLength),
            "aliases": .array(model.names.map { .string($0) }),
            "tags": .array(configuration.tags.map { .string($0) }),
            "meta": model.model.map { loaded in
                [
                    "n_ctx_train": .integer(loaded.shape.contextLength),
                    "n_ctx": .integer(model.contextLength),
                    "n_embd": .integer(loaded.shape.hiddenSize),
                    "n_params": .integer(loaded.parameterCount),
                    "n_vocab": .integer(loaded.shape.vocabularySize),
                    "size": .integer(loaded.weightBytes),
                ]
            },
        ])
    }
}
