/// What OpenAI's endpoints take and answer.

import MartletJSON

/// The schemas of OpenAI's endpoints, by method and path.
enum OpenAISchemas {
    static let all = Schemas.together(models, answering, files, batches)

    private static let models: [String: OperationSchema] = [
        "GET /v1/models": .reading(
            Schemas.object([
                "object": Schemas.word("list"), "data": Schemas.list(model),
                "models": Schemas.objects,
            ])),
        "GET /v1/models/{id}": .reading(model),
    ]

    private static let model = Schemas.object([
        "id": Schemas.text, "object": Schemas.word("model"), "created": Schemas.integer,
        "owned_by": Schemas.text,
    ])

    // MARK: Answers

    private static let answering: [String: OperationSchema] = [
        "POST /v1/chat/completions": OperationSchema(
            fields: chat, required: ["messages"],
            answers: [
                OperationSchema.json: Schemas.object([
                    "id": Schemas.text, "object": Schemas.word("chat.completion"),
                    "created": Schemas.integer, "model": Schemas.text,
                    "choices": Schemas.list(
                        Schemas.object([
                            "index": Schemas.count,
                            "message": Schemas.object([
                                "role": Schemas.word("assistant"), "content": Schemas.textOrNull,
                            ]),
                            "logprobs": Schemas.any,
                            "finish_reason": Schemas.word(
                                "stop", "length", "tool_calls", "function_call"),
                        ]), least: 1), "usage": Schemas.usage,
                ]), OperationSchema.events: Schemas.text,
            ]),
        "POST /v1/chat/completions/input_tokens": OperationSchema(
            fields: conversation, required: ["messages"],
            answers: [
                OperationSchema.json: Schemas.object([
                    "object": Schemas.text, "input_tokens": Schemas.count,
                ])
            ]),
        "POST /v1/completions": OperationSchema(
            fields: completion, required: ["prompt"],
            answers: [
                OperationSchema.json: Schemas.object([
                    "id": Schemas.text, "object": Schemas.word("text_completion"),
                    "created": Schemas.integer, "model": Schemas.text,
                    "choices": Schemas.list(
                        Schemas.object([
                            "index": Schemas.count, "text": Schemas.text, "logprobs": Schemas.any,
                            "finish_reason": Schemas.word("stop", "length"),
                        ]), least: 1), "usage": Schemas.usage,
                ]), OperationSchema.events: Schemas.text,
            ]),
        "POST /v1/embeddings": OperationSchema(
            fields: [
                "input": prompts, "encoding_format": Schemas.word("float", "base64"),
                "dimensions": Schemas.integer(1...1 << 20),
            ], required: ["input"],
            answers: [
                OperationSchema.json: Schemas.object([
                    "object": Schemas.word("list"), "model": Schemas.text,
                    "data": Schemas.list(
                        Schemas.object([
                            "object": Schemas.word("embedding"), "index": Schemas.count,
                            "embedding": Schemas.either(Schemas.vector, Schemas.text),
                        ]), least: 1),
                    "usage": Schemas.object([
                        "prompt_tokens": Schemas.count, "total_tokens": Schemas.count,
                    ]),
                ])
            ]),
        "POST /v1/rerank": OperationSchema(
            fields: [
                "query": Schemas.text, "top_n": Schemas.integer,
                "documents": Schemas.list(Schemas.either(Schemas.text, Schemas.anyObject)),
                "return_documents": Schemas.flag,
            ], required: ["query"],
            answers: [
                OperationSchema.json: Schemas.either(
                    Schemas.object([
                        "object": Schemas.word("list"), "model": Schemas.text,
                        "results": Schemas.list(
                            Schemas.object([
                                "index": Schemas.count, "relevance_score": Schemas.number,
                            ])),
                    ]),
                    Schemas.list(
                        Schemas.object(["index": Schemas.count, "score": Schemas.number])))
            ]),
    ]

    /// A text, tokens, or several of either.
    private static let prompts = Schemas.either(
        Schemas.text, Schemas.anyObject, Schemas.list(Schemas.any, least: 1))

    /// What the prompt of a conversation is made of.
    static let conversation: [String: JSONValue] = [
        "messages": Schemas.list(
            [
                "type": "object", "required": ["role"],
                "properties": [
                    "role": Schemas.word(
                        "developer", "system", "user", "assistant", "tool", "function"),
                    "content": Schemas.orNull(
                        Schemas.either(Schemas.text, Schemas.list(Schemas.anyObject))),
                    "tool_call_id": Schemas.textOrNull, "name": Schemas.textOrNull,
                ],
            ], least: 1),
        "tools": Schemas.objects, "functions": Schemas.objects,
        "tool_choice": Schemas.either(
            Schemas.word("none", "auto", "required"), Schemas.anyObject),
        "chat_template_kwargs": Schemas.anyObject,
        "reasoning_effort": Schemas.word("none", "minimal", "low", "medium", "high", "xhigh"),
        "add_generation_prompt": Schemas.flag, "continue_final_message": Schemas.flag,
    ]

    /// The forms that local servers know.
    static let forms: [String: JSONValue] = [
        "grammar": Schemas.text, "guided_grammar": Schemas.text, "guided_regex": Schemas.text,
        "guided_choice": Schemas.texts, "structured_outputs": Schemas.anyObject,
    ]

    private static let streaming: [String: JSONValue] = [
        "stream": Schemas.flag,
        "stream_options": [
            "type": "object", "properties": ["include_usage": Schemas.orNull(Schemas.flag)],
        ],
        "timings_per_token": Schemas.flag, "return_progress": Schemas.flag,
    ]

    private static let lengths = Schemas.integer(-1...1 << 30)

    private static let chat = Schemas.together(
        conversation, Schemas.sampling, Schemas.own, forms, streaming,
        [
            "max_completion_tokens": lengths, "max_tokens": lengths,
            "n": Schemas.integer(1...128), "logprobs": Schemas.flag,
            "top_logprobs": Schemas.integer(0...20), "response_format": Schemas.form,
            "parallel_tool_calls": Schemas.flag, "modalities": Schemas.texts,
            "verbose": Schemas.flag,
        ])

    private static let completion = Schemas.together(
        Schemas.sampling, Schemas.own, forms, streaming,
        [
            "prompt": prompts, "suffix": Schemas.text, "max_tokens": lengths,
            "n": Schemas.integer(1...128), "best_of": Schemas.integer(1...128),
            "logprobs": Schemas.either(Schemas.flag, Schemas.integer(0...20)),
            "echo": Schemas.flag,
        ])

    // MARK: Files and batches

    private static let file = Schemas.object([
        "id": Schemas.text, "object": Schemas.word("file"), "bytes": Schemas.count,
        "created_at": Schemas.integer, "filename": Schemas.text, "purpose": Schemas.text,
        "status": Schemas.text,
    ])

    private static let batch = Schemas.object([
        "id": Schemas.text, "object": Schemas.word("batch"), "endpoint": Schemas.text,
        "input_file_id": Schemas.text, "completion_window": Schemas.text,
        "created_at": Schemas.integer,
        "status": Schemas.word(
            "validating", "failed", "in_progress", "finalizing", "completed", "expired",
            "cancelling", "cancelled"),
        "request_counts": Schemas.object([
            "total": Schemas.count, "completed": Schemas.count, "failed": Schemas.count,
        ]),
    ])

    /// What chooses the page of a list.
    static func paging(most: Int) -> [String: JSONValue] {
        [
            "limit": Schemas.integer(1...most), "order": Schemas.word("asc", "desc"),
            "after": Schemas.text, "before": Schemas.text,
        ]
    }

    /// That something is removed.
    static func deleted(_ object: String) -> JSONValue {
        Schemas.object([
            "id": Schemas.text, "object": Schemas.word(object),
            "deleted": ["type": "boolean", "enum": [true]],
        ])
    }

    private static let files: [String: OperationSchema] = [
        "POST /v1/files": OperationSchema(
            fields: [
                "file": ["type": "string", "format": "binary"],
                "purpose": Schemas.word(
                    "assistants", "batch", "fine-tune", "vision", "user_data", "evals"),
                "expires_after[anchor]": Schemas.word("created_at"),
                "expires_after[seconds]": Schemas.integer(Lifetime.seconds),
            ], required: ["file", "purpose"], answers: [OperationSchema.json: file]),
        "GET /v1/files": .reading(
            Schemas.page(file),
            query: Schemas.together(paging(most: 10_000), ["purpose": Schemas.text])),
        "GET /v1/files/{id}": .reading(file),
        "GET /v1/files/{id}/content": OperationSchema(
            answers: ["application/octet-stream": ["type": "string", "format": "binary"]]),
        "DELETE /v1/files/{id}": .reading(deleted("file")),
    ]

    private static let batches: [String: OperationSchema] = [
        "POST /v1/batches": OperationSchema(
            fields: [
                "input_file_id": Schemas.text, "endpoint": Schemas.text,
                "completion_window": ["type": "string", "pattern": "^[0-9]+[smhd]$"],
                "metadata": [
                    "type": "object", "maxProperties": 16, "additionalProperties": Schemas.text,
                ], "output_expires_after": Schemas.anyObject,
            ], required: ["input_file_id", "endpoint", "completion_window"],
            answers: [OperationSchema.json: batch]),
        "GET /v1/batches": .reading(Schemas.page(batch), query: paging(most: 100)),
        "GET /v1/batches/{id}": .reading(batch),
        "POST /v1/batches/{id}/cancel": OperationSchema(
            needsBody: false, answers: [OperationSchema.json: batch]),
    ]
}
