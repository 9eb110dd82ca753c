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
                "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer"]]
            ],
        ]
    }

    private static func operation(_ endpoint: Endpoint, _ path: String) -> JSONValue {
        var operation = JSONObject(present: [
            "summary": .string(endpoint.summary),
            "operationId": .string(
                (endpoint.method.lowercased() + path).map {
                    $0.isLetter || $0.isNumber ? "\($0)" : "_"
                }.joined()),
            "security": endpoint.isPublic ? [] : [["bearer": []]],
        ])
        let names = path.split(separator: "/").filter { $0.first == "{" }
        if !names.isEmpty {
            operation = operation.setting(
                "parameters",
                to: .array(
                    names.map {
                        [
                            "name": .string(String($0.dropFirst().dropLast())), "in": "path",
                            "required": true, "schema": ["type": "string"],
                        ]
                    }))
        }
        if endpoint.method == "POST" {
            let properties = JSONObject(
                endpoint.fields.sorted { $0.key < $1.key }.map {
                    JSONObject.Member(key: $0.key, value: ["description": .string($0.value)])
                })
            operation = operation.setting(
                "requestBody",
                to: [
                    "required": true,
                    "content": [
                        endpoint.bodyType: [
                            "schema": ["type": "object", "properties": .object(properties)]
                        ]
                    ],
                ])
        }
        return .object(
            operation.setting(
                "responses",
                to: [
                    "200": ["description": "The answer."],
                    "4XX": ["description": "The request is refused; the error says why."],
                    "5XX": ["description": "The server cannot answer now."],
                ]))
    }
}
