/// `/v1/models`: what is served.

import Martlet
import MartletJSON

/// The endpoints that list the models.
enum ModelList {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "GET", "/v1/models", aliases: ["/models"], shape: .openAI, isPublic: true,
            summary: "Lists the models."
        ) { (exchange, service) async throws(WireError) in
            let all = try await service.fleet().listing
            try await exchange.reply([
                "object": "list",
                "data": .array(all.map { entry($0, service) }),
                // As clients of Ollama and of Codex read it.
                "models": .array(
                    all.map {
                        let id = JSONValue.string($0.id)
                        return ["name": id, "model": id, "slug": id, "display_name": id]
                    }),
            ])
        },
        Endpoint(
            "GET", "/v1/models/{id}", aliases: ["/models/{id}"], shape: .openAI, isPublic: true,
            summary: "Describes a model."
        ) { (exchange, service) async throws(WireError) in
            let fleet = try service.fleet()
            let name = exchange.parameters["id"] ?? ""
            guard let found = await fleet.listing.first(where: { $0.entry.names.contains(name) })
            else { throw .unknownModel(name, among: fleet.names) }
            try await exchange.reply(entry(found, service))
        },
    ]

    private static func entry(_ listed: ModelFleet.Listing, _ service: Service) -> JSONValue {
        let model = listed.model
        return .present([
            "id": .string(listed.id), "object": "model",
            "created": .integer(model?.created ?? service.created),
            "owned_by": "martlet", "max_model_len": model.map { .integer($0.contextLength) },
            "aliases": .array(listed.entry.names.map { .string($0) }),
            "tags": .array(service.configuration.tags.map { .string($0) }),
            "status": ["value": model == nil ? "unloaded" : "loaded"],
            "meta": model.flatMap { model in
                model.model.map { loaded in
                    [
                        "n_ctx_train": .integer(loaded.shape.contextLength),
                        "n_ctx": .integer(model.contextLength),
                        "n_embd": .integer(loaded.shape.hiddenSize),
                        "n_params": .integer(loaded.parameterCount),
                        "n_vocab": .integer(loaded.shape.vocabularySize),
                        "size": .integer(loaded.weightBytes),
                    ]
                }
            },
        ])
    }
}

extension ModelFleet.Listing {
    /// The name that answers carry.
    var id: String { entry.names.first ?? "" }
}
