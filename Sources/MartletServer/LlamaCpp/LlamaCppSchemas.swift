/// What the endpoints of llama.cpp's server take and answer.

import MartletJSON

/// The schemas of llama.cpp's endpoints, by method and path.
enum LlamaCppSchemas {
    static let all: [String: OperationSchema] = [
        "POST /completion": OperationSchema(
            fields: Schemas.together(
                answering,
                [
                    "prompt": Schemas.either(
                        Schemas.text, Schemas.anyObject, Schemas.list(Schemas.any, least: 1))
                ]), required: ["prompt"], answers: answers),
        "POST /infill": OperationSchema(
            fields: Schemas.together(
                answering,
                [
                    "prompt": Schemas.text, "input_prefix": Schemas.text,
                    "input_suffix": Schemas.text,
                    "input_extra": Schemas.objects,
                ]), required: ["input_prefix", "input_suffix"], answers: answers),
        "POST /tokenize": OperationSchema(
            fields: [
                "content": Schemas.text, "add_special": Schemas.flag,
                "parse_special": Schemas.flag, "with_pieces": Schemas.flag,
            ],
            answers: [
                OperationSchema.json: Schemas.object([
                    "tokens": Schemas.list(
                        Schemas.either(
                            Schemas.count,
                            Schemas.object([
                                "id": Schemas.count,
                                "piece": Schemas.either(Schemas.text, Schemas.list(Schemas.count)),
                            ])))
                ])
            ]),
        "POST /detokenize": OperationSchema(
            fields: ["tokens": Schemas.list(Schemas.count)], required: ["tokens"],
            answers: [OperationSchema.json: Schemas.object(["content": Schemas.text])]),
        "POST /apply-template": OperationSchema(
            fields: OpenAISchemas.conversation, required: ["messages"],
            answers: [OperationSchema.json: Schemas.object(["prompt": Schemas.text])]),
        "GET /props": .reading(
            Schemas.object([
                "total_slots": Schemas.count, "model_alias": Schemas.text,
                "model_path": Schemas.text, "chat_template": Schemas.text,
                "build_info": Schemas.text,
            ]), query: ["model": Schemas.text]),
        "GET /slots": .reading(
            Schemas.list(
                Schemas.object([
                    "id": Schemas.count, "n_ctx": Schemas.count, "is_processing": Schemas.flag,
                ])), query: ["model": Schemas.text]),
    ]

    private static let answers: [String: JSONValue] = {
        let whole = Schemas.object(
            ["content": Schemas.text, "stop": Schemas.flag], optional: ["content", "stop"])
        return [
            OperationSchema.json: Schemas.either(whole, Schemas.list(whole)),
            OperationSchema.events: Schemas.text,
        ]
    }()

    private static let answering = Schemas.together(
        Schemas.sampling, Schemas.own, OpenAISchemas.forms,
        [
            "n_predict": Schemas.integer(-2...1 << 30), "n_probs": Schemas.integer(0...1000),
            "stream": Schemas.flag, "return_tokens": Schemas.flag,
            "response_fields": Schemas.texts, "post_sampling_probs": Schemas.flag,
            "n_cmpl": Schemas.integer(1...128), "return_progress": Schemas.flag,
            "timings_per_token": Schemas.flag,
        ])
}
