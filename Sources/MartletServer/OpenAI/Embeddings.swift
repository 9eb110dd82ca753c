/// `/v1/embeddings` and `/v1/rerank`.

import Foundation
import Martlet
import MartletJSON

/// The endpoints of vectors.
enum Embeddings {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/v1/embeddings", aliases: ["/embeddings"], shape: .openAI,
            summary: "Makes vectors of texts.",
            fields: [
                "input": "A text, tokens, or a list of them; none is cut.",
                "encoding_format": "float, or base64 of little-endian f32.",
                "dimensions": "The first channels that are kept, of models trained so.",
            ], asks: { (_, _) throws(WireError) in [] }, handle: embed),
        Endpoint(
            "POST", "/v1/rerank", aliases: ["/rerank", "/reranking", "/v1/reranking"],
            shape: .openAI,
            summary: "Ranks texts by the cosines of their vectors with a query's.",
            fields: [
                "query": "What is looked for.", "documents": "The texts.",
                "top_n": "How many are returned.",
            ], handle: rerank),
    ]

    @Sendable private static func embed(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange, forVectors: true)
        let embedding = try model.embeddingModel()
        let inputs = try EmbeddingInput.read(fields, "input", embedding)
        var options = EmbeddingOptions()
        options.prompt = embedding.defaultPrompt
        options.longTexts = .refuse
        options.dimensions = try fields.integer("dimensions", in: 1...1 << 20)
        enum Format: String, CaseIterable { case float, base64 }
        let format = try fields.word("encoding_format", Format.self) ?? .float
        fields.accept("model", "user")
        exchange.note(ignored: fields.unread)
        try await service.admitted(exchange) { [options] () async throws(WireError) in
            let result = try await inputs.embedded(by: embedding, options)
            let tokens = result.tokenCounts.reduce(0, +)
            var usage = AnswerUsage()
            usage.promptTokens = tokens
            exchange.background?.answerHasEnded(usage)
            try await exchange.reply([
                "object": "list", "model": .string(model.id),
                "data": .array(
                    result.vectors.enumerated().map { index, vector in
                        [
                            "object": "embedding", "index": .integer(index),
                            "embedding": format == .float
                                ? .array(vector.map { .number(Double($0)) })
                                : .string(base64(vector)),
                        ]
                    }),
                "usage": [
                    "prompt_tokens": .integer(tokens), "total_tokens": .integer(tokens),
                ],
            ])
        }
    }

    private static func base64(_ vector: [Float]) -> String {
        Data(
            vector.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
            }
        )
        .base64EncodedString()
    }

    @Sendable private static func rerank(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange, forVectors: true)
        let embedding = try model.embeddingModel()
        let query = try fields.required("query", try fields.string("query"), "a text")
        // Another server's name for the same; its answers are a bare list.
        let isBare = fields.object["texts"] != nil
        let key = isBare ? "texts" : "documents"
        let documents = try documents(fields, key)
        let top = try fields.integer("top_n", in: 1...Int.max) ?? documents.count
        let returns = try fields.flag(isBare ? "return_text" : "return_documents") ?? false
        fields.accept("model")
        exchange.note(ignored: fields.unread)
        try await service.admitted(exchange) { () async throws(WireError) in
            var options = EmbeddingOptions()
            options.longTexts = .refuse
            options.prompt = embedding.prompts["query"] ?? embedding.defaultPrompt
            let asked = try await EmbeddingInput.texts([query]).embedded(by: embedding, options)
            let named = ["document", "passage"].lazy.compactMap { embedding.prompts[$0] }.first
            options.prompt = named ?? embedding.defaultPrompt
            let found = try await EmbeddingInput.texts(documents).embedded(by: embedding, options)
            let ranked = found.similarities(to: asked.vectors[0]).enumerated()
                .sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(top)
            let tokens = (asked.tokenCounts + found.tokenCounts).reduce(0, +)
            let results = ranked.map { index, similarity -> JSONValue in
                let text = JSONValue.string(documents[index])
                return .present([
                    "index": .integer(index),
                    (isBare ? "score" : "relevance_score"): .number(Double(similarity)),
                    (isBare ? "text" : "document"): !returns
                        ? nil : (isBare ? text : ["text": text]),
                ])
            }
            if isBare { return try await exchange.reply(.array(results)) }
            try await exchange.reply([
                "id": .string("rerank-" + Identifier.random()), "object": "list",
                "model": .string(model.id), "results": .array(results),
                "usage": [
                    "prompt_tokens": .integer(tokens), "total_tokens": .integer(tokens),
                ],
            ])
        }
    }

    /// Texts, or objects with a text.
    private static func documents(_ fields: Fields, _ key: String) throws(WireError) -> [String] {
        let elements = try fields.required(
            key, fields[key]?.arrayValue, "an array of texts")
        guard !elements.isEmpty else {
            throw .field(key, got: "an empty array", expected: "at least one text")
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.stringValue ?? element.objectValue?["text"]?.stringValue else {
                throw .field("\(key).\(index)", got: element.summary, expected: "a text")
            }
            texts.append(text)
        }
        return texts
    }
}

extension ServedModel {
    /// What makes vectors. Throws `notSupported` where nothing does.
    func embeddingModel() throws(WireError) -> EmbeddingModel {
        guard let embedding else {
            throw WireError(
                .notSupported,
                "\(id) makes no vectors of texts; serve an embedding model, or give one with --embeddings."
            )
        }
        return embedding
    }
}
