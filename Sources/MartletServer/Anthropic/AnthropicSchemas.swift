/// What Anthropic's endpoints take and answer.

import MartletJSON

/// The schemas of Anthropic's endpoints, by method and path.
enum AnthropicSchemas {
    static let all: [String: OperationSchema] = [
        "POST /v1/messages": OperationSchema(
            fields: Schemas.together(
                asking, Schemas.sampling, Schemas.own,
                [
                    "max_tokens": Schemas.integer(0...1 << 30), "stop_sequences": Schemas.texts,
                    "stream": Schemas.flag,
                ]), required: ["messages", "max_tokens"],
            answers: [
                OperationSchema.json: Schemas.object([
                    "id": Schemas.text, "type": Schemas.word("message"),
                    "role": Schemas.word("assistant"), "model": Schemas.text,
                    "content": Schemas.list(Schemas.object(["type": Schemas.text])),
                    "stop_reason": Schemas.word(
                        "end_turn", "max_tokens", "stop_sequence", "tool_use"),
                    "stop_sequence": Schemas.textOrNull,
                    "usage": Schemas.object([
                        "input_tokens": Schemas.count, "output_tokens": Schemas.count,
                        "cache_read_input_tokens": Schemas.count,
                    ]),
                ]), OperationSchema.events: Schemas.text,
            ]),
        "POST /v1/messages/count_tokens": OperationSchema(
            fields: asking, required: ["messages"],
            answers: [OperationSchema.json: Schemas.object(["input_tokens": Schemas.count])]),
    ]

    private static let asking: [String: JSONValue] = [
        "messages": Schemas.list([
            "type": "object", "required": ["role", "content"],
            "properties": [
                "role": Schemas.word("user", "assistant", "system"),
                "content": Schemas.either(
                    Schemas.text,
                    Schemas.list([
                        "type": "object", "required": ["type"],
                        "properties": ["type": Schemas.text],
                    ])),
            ],
        ]),
        "system": Schemas.either(Schemas.text, Schemas.objects), "tools": Schemas.objects,
        "tool_choice": Schemas.anyObject, "thinking": Schemas.anyObject,
        "output_config": Schemas.anyObject,
    ]
}
