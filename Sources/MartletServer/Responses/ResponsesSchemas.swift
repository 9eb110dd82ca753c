/// What the endpoints of the Responses API take and answer.

import MartletJSON

/// The schemas of its endpoints, by method and path.
enum ResponsesSchemas {
    static let all: [String: OperationSchema] = [
        "POST /v1/responses": OperationSchema(
            fields: Schemas.together(
                asking, Schemas.sampling, Schemas.own,
                [
                    "max_output_tokens": Schemas.integer(-1...1 << 30),
                    "parallel_tool_calls": Schemas.flag, "background": Schemas.flag,
                    "include": Schemas.texts, "top_logprobs": Schemas.integer(0...20),
                    "stream": Schemas.flag, "store": Schemas.flag, "truncation": Schemas.text,
                    "timings_per_token": Schemas.flag, "return_progress": Schemas.flag,
                ]), required: ["input"],
            answers: [OperationSchema.json: response, OperationSchema.events: Schemas.text]),
        "POST /v1/responses/input_tokens": OperationSchema(
            fields: asking, required: ["input"],
            answers: [
                OperationSchema.json: Schemas.object([
                    "object": Schemas.word("response.input_tokens"), "input_tokens": Schemas.count,
                ])
            ]),
        "GET /v1/responses/{id}": .reading(response, query: ["stream": Schemas.flag]),
        "GET /v1/responses/{id}/input_items": .reading(
            Schemas.page(item), query: OpenAISchemas.paging(most: 100)),
        "DELETE /v1/responses/{id}": .reading(OpenAISchemas.deleted("response")),
        "POST /v1/responses/{id}/cancel": OperationSchema(needsBody: false),
    ]

    private static let item = Schemas.object(["id": Schemas.text, "type": Schemas.text])

    private static let asking: [String: JSONValue] = [
        "input": Schemas.either(Schemas.text, Schemas.objects), "instructions": Schemas.text,
        "previous_response_id": Schemas.text, "tools": Schemas.objects,
        "tool_choice": Schemas.either(
            Schemas.word("none", "auto", "required"), Schemas.anyObject),
        "reasoning": Schemas.anyObject, "text": Schemas.anyObject,
    ]

    private static let response = Schemas.object([
        "id": Schemas.text, "object": Schemas.word("response"), "created_at": Schemas.integer,
        "status": Schemas.word("completed", "incomplete"), "model": Schemas.text,
        "output": Schemas.list(item, least: 1), "error": Schemas.any,
        "incomplete_details": Schemas.any, "store": Schemas.flag,
        "usage": Schemas.object([
            "input_tokens": Schemas.count, "output_tokens": Schemas.count,
            "total_tokens": Schemas.count,
            "input_tokens_details": Schemas.object([
                "cached_tokens": Schemas.count, "cache_write_tokens": Schemas.count,
            ]),
            "output_tokens_details": Schemas.object(["reasoning_tokens": Schemas.count]),
        ]),
    ])
}
