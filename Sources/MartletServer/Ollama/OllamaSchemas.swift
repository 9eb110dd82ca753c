/// What Ollama's endpoints take and answer.

import MartletJSON

/// The schemas of Ollama's endpoints, by method and path.
enum OllamaSchemas {
    static let all: [String: OperationSchema] = [
        "POST /api/chat": answering(
            ["messages": Schemas.any, "tools": Schemas.any], "message",
            Schemas.object(["role": Schemas.text, "content": Schemas.text])),
        "POST /api/generate": answering(
            ["prompt": Schemas.text, "system": Schemas.any, "raw": Schemas.any], "response",
            Schemas.text),
        "GET /api/version": .reading(Schemas.object(["version": Schemas.text])),
        "GET /api/tags": .reading(models),
        "GET /api/ps": .reading(models),
        "POST /api/show": OperationSchema(
            fields: ["model": Schemas.any], needsBody: false,
            answers: [
                OperationSchema.json: Schemas.object([
                    "template": Schemas.text, "details": Schemas.anyObject,
                    "model_info": Schemas.anyObject, "capabilities": Schemas.list(Schemas.text),
                ])
            ]),
        "POST /api/embed": OperationSchema(
            fields: embedding("input"), required: ["input"],
            answers: [
                OperationSchema.json: Schemas.object([
                    "model": Schemas.text, "embeddings": Schemas.list(Schemas.vector, least: 1),
                    "total_duration": Schemas.count, "load_duration": Schemas.count,
                    "prompt_eval_count": Schemas.count,
                ])
            ]),
        "POST /api/embeddings": OperationSchema(
            fields: embedding("prompt"), required: ["prompt"],
            answers: [OperationSchema.json: Schemas.object(["embedding": Schemas.vector])]),
    ]

    private static let models = Schemas.object([
        "models": Schemas.list(
            Schemas.object([
                "name": Schemas.text, "model": Schemas.text, "modified_at": Schemas.text,
                "size": Schemas.count, "digest": Schemas.text, "details": Schemas.anyObject,
            ]))
    ])

    private static func embedding(_ key: String) -> [String: JSONValue] {
        [
            key: Schemas.either(
                Schemas.text, Schemas.anyObject, Schemas.list(Schemas.any, least: 1)),
            "truncate": Schemas.flag, "dimensions": Schemas.integer(1...1 << 20),
        ]
    }

    /// An answer: lines of JSON, or one object. Without a prompt it is about the model alone, and nothing else is read.
    private static func answering(
        _ fields: [String: JSONValue], _ key: String, _ said: JSONValue
    ) -> OperationSchema {
        let answer: JSONValue = Schemas.object([
            "model": Schemas.text, "created_at": Schemas.text, key: said, "done": Schemas.flag,
        ])
        return OperationSchema(
            fields: Schemas.together(fields, ["stream": Schemas.flag]),
            answers: [OperationSchema.json: answer, OperationSchema.lines: Schemas.text])
    }
}
