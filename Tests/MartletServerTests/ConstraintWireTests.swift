/// Forms of answers, by every API that has a field for them.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct ConstraintWireTests {
    private static let shared = Task {
        try await TestServer { $0.chatTemplate = TestServer.chatML }
    }

    /// The text of a random model is the numbers of its tokens, which are bytes.
    private func said(_ text: String?) -> String {
        let numbers = (text ?? "").split(separator: ">").compactMap { UInt8($0.dropFirst()) }
        return String(decoding: numbers, as: UTF8.self)
    }

    private static let schema: JSONValue = [
        "type": "object", "properties": ["a": ["enum": [1, 2]]], "required": ["a"],
        "additionalProperties": false,
    ]

    @Test func chatAnswersKeepToTheirForm() async throws {
        let server = try await Self.shared.value
        let schema = String(decoding: Self.schema.serialized(), as: UTF8.self)
        let object = "\\{\\s*\"a\":\\s*[12]\\s*\\}"
        let forms: [(field: String, pattern: String)] = [
            (
                #""response_format":{"type":"json_schema","json_schema":{"name":"x","schema":\#(schema)}}"#,
                object
            ),
            (#""json_schema":\#(schema)"#, object),
            (#""grammar":"root ::= [ab]{3}""#, "[ab]{3}"),
            (#""guided_regex":"[xy]+z""#, "[xy]+z"),
            (#""guided_choice":["yes","no"]"#, "yes|no"),
            (#""structured_outputs":{"choice":["yes","no"]}"#, "yes|no"),
        ]
        for form in forms {
            let members = try JSONValue.parse(Array("{\(form.field)}".utf8))
            var body = JSONObject([
                .init(key: "messages", value: [["role": "user", "content": "Hello"]]),
                .init(key: "max_tokens", value: 60),
            ])
            for member in members.objectValue?.members ?? [] {
                body = body.setting(member.key, to: member.value)
            }
            let answer = await server.post("/v1/chat/completions", .object(body))
            #expect(answer.status == 200, "\(answer.text)")
            let text = said(try answer.json()["choices.0.message.content"].stringValue)
            #expect(try text.wholeMatch(of: Regex(form.pattern)) != nil, "\(text)")
            #expect(try answer.json()["choices.0.finish_reason"] == "stop")
        }
    }

    /// A misspelt keyword means nothing to a schema, and whoever wrote it is told.
    @Test func wordsThatMeanNothingAreTold() async throws {
        let server = try await Self.shared.value
        let schema: JSONValue = [
            "type": "object",
            "properties": ["a": ["enum": [1], "maximun": 3, "title": "t", "x-order": 1]],
            "required": ["a"], "additionalProperties": false,
        ]
        let question: JSONValue = [["role": "user", "content": "Hello"]]
        let asked: [(path: String, body: JSONValue, told: String)] = [
            (
                "/v1/chat/completions",
                [
                    "messages": question,
                    "response_format": ["type": "json_schema", "json_schema": ["schema": schema]],
                ],
                "response_format.json_schema.schema.properties.a.maximun"
            ),
            (
                "/v1/chat/completions", ["messages": question, "guided_json": schema],
                "guided_json.properties.a.maximun"
            ),
            (
                "/v1/completions", ["prompt": "a", "structured_outputs": ["json": schema]],
                "structured_outputs.json.properties.a.maximun"
            ),
            (
                "/api/chat", ["messages": question, "stream": false, "format": schema],
                "format.properties.a.maximun"
            ),
        ]
        for (path, body, told) in asked {
            let answer = await server.post(path, body)
            #expect(answer.status == 200, "\(path): \(answer.text)")
            #expect(answer.headers["martlet-ignored"] == told, "\(path)")
        }
    }

    @Test func otherWiresKeepToTheirForm() async throws {
        let server = try await Self.shared.value
        let ollama = await server.post(
            "/api/chat",
            [
                "messages": [["role": "user", "content": "a"]], "stream": false,
                "format": Self.schema,
                "options": ["num_predict": 60],
            ])
        #expect(
            said(try ollama.json()["message.content"].stringValue).contains("\"a\""),
            "\(ollama.text)")
        let native = await server.post(
            "/completion", ["prompt": "a", "grammar": "root ::= \"abc\"", "n_predict": 9])
        #expect(said(try native.json()["content"].stringValue) == "abc", "\(native.text)")
        let refused = await server.post(
            "/v1/chat/completions",
            [
                "messages": [["role": "user", "content": "a"]],
                "response_format": [
                    "type": "json_schema",
                    "json_schema": ["name": "x", "schema": ["uniqueItems": true]],
                ],
            ])
        #expect(refused.status == 400 && refused.text.contains("uniqueItems"), "\(refused.text)")
    }
}
