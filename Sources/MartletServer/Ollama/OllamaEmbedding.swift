/// Vectors in the words of Ollama's API.

import Martlet
import MartletJSON

/// `/api/embed` and the older `/api/embeddings`.
enum OllamaEmbedding {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/api/embed", shape: .ollama, summary: "Makes vectors of texts.",
            fields: [
                "input": "A text or several.",
                "truncate": "Whether long texts are cut, which this API does without being asked.",
            ]
        ) { (exchange, service) async throws(WireError) in
            try await embed("input", exchange, service)
        },
        Endpoint(
            "POST", "/api/embeddings", shape: .ollama, summary: "Makes the vector of one text."
        ) { (exchange, service) async throws(WireError) in
            try await embed("prompt", exchange, service)
        },
    ]

    private static func embed(
        _ key: String, _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange, forVectors: true)
        let embedding = try model.embeddingModel()
        let input = try EmbeddingInput.read(fields, key, embedding)
        var options = EmbeddingOptions()
        options.prompt = embedding.defaultPrompt
        options.longTexts = try fields.flag("truncate") ?? true ? .truncate : .refuse
        options.dimensions = try fields.integer("dimensions", in: 1...1 << 20)
        fields.accept("model")
        exchange.note(ignored: fields.unread)
        try await service.admitted(exchange) { [options] () async throws(WireError) in
            let clock = ContinuousClock()
            let start = clock.now
            let result = try await input.embedded(by: embedding, options)
            let vectors = result.vectors.map { vector in
                JSONValue.array(vector.map { .number(Double($0)) })
            }
            if key == "prompt" {
                return try await exchange.reply(["embedding": vectors.first ?? []])
            }
            try await exchange.reply([
                "model": .string(model.id), "embeddings": .array(vectors),
                "total_duration": OllamaAnswer.nanoseconds(
                    exchange.loadTime + start.duration(to: clock.now)),
                "load_duration": OllamaAnswer.nanoseconds(exchange.loadTime),
                "prompt_eval_count": .integer(result.tokenCounts.reduce(0, +)),
            ])
        }
    }
}
