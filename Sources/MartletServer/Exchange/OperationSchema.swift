/// What an endpoint takes and answers, for the document that programs read.

import MartletJSON

/// The schemas of one endpoint. They say no more than what is held to: what breaks one is refused.
struct OperationSchema: Sendable {
    /// The fields of the body, by name. A null is a field that is not there.
    var fields: [String: JSONValue] = [:]
    /// The fields that must be there.
    var required: [String] = []
    /// Whether there must be a body.
    var needsBody = true
    /// What may follow the question mark, by name.
    var query: [String: JSONValue] = [:]
    /// What a good answer is, by its type.
    var answers: [String: JSONValue] = [:]
    /// Whether a good answer is that the connection speaks another protocol from there on.
    var upgrades = false

    /// One that takes nothing, and answers in JSON.
    static func reading(_ answer: JSONValue, query: [String: JSONValue] = [:]) -> OperationSchema {
        OperationSchema(query: query, answers: [json: answer])
    }

    static let json = "application/json"
    static let events = "text/event-stream"
    static let lines = "application/x-ndjson"
}

/// Schemas of values, and what larger ones are made of.
enum Schemas {
    static let text: JSONValue = ["type": "string"]
    static let flag: JSONValue = ["type": "boolean"]
    static let integer: JSONValue = ["type": "integer"]
    static let number: JSONValue = ["type": "number"]
    static let anyObject: JSONValue = ["type": "object"]
    static let any: JSONValue = [:]
    /// A text, or null.
    static let textOrNull: JSONValue = ["type": ["string", "null"]]
    /// A text or several.
    static let texts: JSONValue = either(text, list(text))
    static let objects: JSONValue = list(anyObject)
    /// A count that an answer tells.
    static let count: JSONValue = ["type": "integer", "minimum": 0]
    /// A vector.
    static let vector: JSONValue = list(number)

    static func integer(_ range: ClosedRange<Int>) -> JSONValue {
        [
            "type": "integer", "minimum": .integer(range.lowerBound),
            "maximum": .integer(range.upperBound),
        ]
    }

    static func number(_ range: ClosedRange<Double>) -> JSONValue {
        [
            "type": "number", "minimum": .number(range.lowerBound),
            "maximum": .number(range.upperBound),
        ]
    }

    static func word(_ words: String...) -> JSONValue {
        ["type": "string", "enum": .array(words.map { .string($0) })]
    }

    static func list(_ element: JSONValue, least: Int = 0) -> JSONValue {
        let list: JSONObject = JSONObject(present: ["type": "array", "items": element])
        return .object(least > 0 ? list.setting("minItems", to: .integer(least)) : list)
    }

    static func either(_ schemas: JSONValue...) -> JSONValue { ["anyOf": .array(schemas)] }

    /// An object whose members must all be there, unless they are named; it may have others.
    static func object(
        _ members: KeyValuePairs<String, JSONValue>, optional: Set<String> = []
    ) -> JSONValue {
        let required = members.map(\.key).filter { !optional.contains($0) }
        return [
            "type": "object", "required": .array(required.map { .string($0) }),
            "properties": .object(
                JSONObject(members.map { JSONObject.Member(key: $0.key, value: $0.value) })),
        ]
    }

    /// The page of a list.
    static func page(_ element: JSONValue) -> JSONValue {
        object([
            "object": word("list"), "data": list(element), "has_more": flag,
            "first_id": textOrNull, "last_id": textOrNull,
        ])
    }

    /// All of several tables in one.
    static func together<Value>(_ tables: [String: Value]...) -> [String: Value] {
        tables.reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    /// A schema that null is right for, too.
    static func orNull(_ schema: JSONValue) -> JSONValue {
        guard let object = schema.objectValue, object.count > 0 else { return schema }
        if let type = object["type"]?.stringValue, object["enum"] == nil {
            return .object(object.setting("type", to: [.string(type), "null"]))
        }
        return either(schema, ["type": "null"])
    }

    /// How tokens are chosen, in all APIs.
    static let sampling: [String: JSONValue] = [
        "temperature": number(0...100), "top_p": number(0...1),
        "top_k": integer(-1...Int(Int32.max)), "min_p": number(0...1),
        "repetition_penalty": number, "repeat_penalty": number,
        "presence_penalty": number(-1000...1000), "frequency_penalty": number(-1000...1000),
        "seed": either(integer, text), "stop": texts, "stop_token_ids": list(integer),
        "ignore_eos": flag, "logit_bias": either(anyObject, list(any)),
    ]

    /// What all APIs take beside their own fields.
    static let own: [String: JSONValue] = [
        "cache_prompt": flag, "cache_salt": text,
        "martlet": [
            "type": "object",
            "properties": [
                "deadline": orNull(number(0.001...86_400)),
                "priority": orNull(integer(-1000...1000)),
                "sharing": orNull(word("tenant", "nobody", "everyone")), "pin": orNull(flag),
                "adapter": orNull(text), "bytes": orNull(integer), "report": orNull(flag),
                "cache": orNull(text), "kv": orNull(text),
                "solve": orNull(either(flag, anyObject)),
            ],
        ],
    ]

    /// A form that an answer must have.
    static let form: JSONValue = [
        "type": "object", "required": ["type"],
        "properties": ["type": word("text", "json_object", "json_schema")],
    ]

    /// Tokens and what they were for.
    static let usage: JSONValue = object([
        "prompt_tokens": count, "completion_tokens": count, "total_tokens": count,
    ])

    /// The error of an API.
    static func error(_ shape: WireShape) -> JSONValue {
        switch shape {
        case .openAI:
            object([
                "error": object([
                    "message": text, "type": text, "param": textOrNull, "code": textOrNull,
                ])
            ])
        case .llamaCpp:
            object(["error": object(["message": text, "type": text, "code": integer])])
        case .anthropic:
            object([
                "type": word("error"), "error": object(["type": text, "message": text]),
                "request_id": text,
            ])
        case .ollama: object(["error": text])
        }
    }
}
