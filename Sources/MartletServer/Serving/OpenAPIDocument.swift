/// The OpenAPI document of a table of endpoints.

import Martlet
import MartletJSON

/// Writes what an API looks like, for tools that read it.
enum OpenAPIDocument {
    static func value(_ endpoints: [Endpoint]) -> JSONValue {
        var paths = JSONObject()
        for endpoint in endpoints {
            for path in [endpoint.path] + endpoint.aliases {
                let method = endpoint.method.lowercased()
                let item = paths[path]?.objectValue ?? JSONObject()
                paths = paths.setting(
                    path, to: .object(item.setting(method, to: operation(endpoint, path))))
            }
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Martlet", "version": .string(MartletVersion.current),
                "description":
                    "Language models on the processor, in the words of OpenAI's, Anthropic's, Ollama's and llama.cpp's APIs.",
            ],
            "paths": .object(paths),
            "components": [
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer"]],
                "schemas": .object(
                    JSONObject(
                        WireShape.allCases.map {
                            JSONObject.Member(key: name(of: $0), value: Schemas.error($0))
                        })),
            ],
        ]
    }

    /// What is taken and answered, by method and path.
    static let schemas = Schemas.together(
        OpenAISchemas.all, ResponsesSchemas.all, AnthropicSchemas.all, OllamaSchemas.all,
        LlamaCppSchemas.all, SessionSchemas.all)

    private static func name(of shape: WireShape) -> String { shape.rawValue + "Error" }

    private static func operation(_ endpoint: Endpoint, _ path: String) -> JSONValue {
        var operation = JSONObject(present: [
            "summary": .string(endpoint.summary),
            "operationId": .string(
                (endpoint.method.lowercased() + path).map {
                    $0.isLetter || $0.isNumber ? "\($0)" : "_"
                }.joined()),
            "security": endpoint.isPublic ? [] : [["bearer": []]],
        ])
        let schema = schemas["\(endpoint.method) \(endpoint.path)"]
        let parameters = parameters(path, schema)
        if !parameters.isEmpty {
            operation = operation.setting("parameters", to: .array(parameters))
        }
        if let body = body(endpoint, schema) {
            operation = operation.setting("requestBody", to: body)
        }
        return .object(operation.setting("responses", to: responses(endpoint, schema)))
    }

    private static func parameters(_ path: String, _ schema: OperationSchema?) -> [JSONValue] {
        let names = path.split(separator: "/").filter { $0.first == "{" }
        let query = (schema?.query ?? [:]).sorted { $0.key < $1.key }
        return names.map {
            [
                "name": .string(String($0.dropFirst().dropLast())), "in": "path",
                "required": true, "schema": ["type": "string"],
            ]
        } + query.map { ["name": .string($0.key), "in": "query", "schema": $0.value] }
    }

    /// The body of a request, with the words that the table has for its fields; nil where none is read.
    private static func body(_ endpoint: Endpoint, _ schema: OperationSchema?) -> JSONValue? {
        let required = schema?.required ?? []
        var fields = (schema?.fields ?? [:]).mapValues { $0.objectValue ?? JSONObject() }
        for (key, value) in fields where !required.contains(key) {
            fields[key] = Schemas.orNull(.object(value)).objectValue
        }
        for (key, words) in endpoint.fields {
            fields[key, default: JSONObject()] = (fields[key] ?? JSONObject())
                .setting("description", to: .string(words))
        }
        guard endpoint.method == "POST", schema == nil || !fields.isEmpty else { return nil }
        let properties = JSONObject(
            fields.sorted { $0.key < $1.key }.map {
                JSONObject.Member(key: $0.key, value: .object($0.value))
            })
        var object: JSONObject = JSONObject(present: [
            "type": "object", "properties": .object(properties),
        ])
        if !required.isEmpty {
            object = object.setting("required", to: .array(required.map { .string($0) }))
        }
        return [
            "required": .bool(schema?.needsBody ?? true),
            "content": [endpoint.bodyType: ["schema": .object(object)]],
        ]
    }

    private static func responses(_ endpoint: Endpoint, _ schema: OperationSchema?) -> JSONValue {
        var good = JSONObject(present: ["description": "The answer."])
        if let answers = schema?.answers, !answers.isEmpty {
            good = good.setting("content", to: content(answers))
        }
        let error = content([
            OperationSchema.json: [
                "$ref": .string("#/components/schemas/" + name(of: endpoint.shape))
            ]
        ])
        let isSwitch = schema?.upgrades == true
        if isSwitch {
            good = JSONObject(present: ["description": "The connection speaks WebSocket now."])
        }
        return [
            (isSwitch ? "101" : "200"): .object(good),
            "4XX": [
                "description": "The request is refused; the error says why.", "content": error,
            ],
            "5XX": ["description": "The server cannot answer now.", "content": error],
        ]
    }

    private static func content(_ types: [String: JSONValue]) -> JSONValue {
        .object(
            JSONObject(
                types.sorted { $0.key < $1.key }.map {
                    JSONObject.Member(key: $0.key, value: ["schema": $0.value])
                }))
    }
}
