/// `/v1/responses`: items, events, what is stored; vectors, ranks and searches.

import Foundation
import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct ResponsesTests {
    private func server(
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> TestServer {
        try await TestServer {
            $0.chatTemplate = TestServer.chatML
            change(&$0)
        }
    }

    @Test func responsesHaveTheirShape() async throws {
        let server = try await server()
        let body: JSONValue = [
            "input": "Hello", "instructions": "Be brief.", "max_output_tokens": 4,
            "temperature": 0,
        ]
        let answer = await server.post("/v1/responses", body)
        #expect(answer.status == 200, "\(answer.text)")
        let json = try answer.json()
        #expect(json["object"] == "response")
        #expect(json["id"].stringValue?.hasPrefix("resp_") == true)
        #expect(json["status"] == "incomplete")
        #expect(json["incomplete_details.reason"] == "max_output_tokens")
        #expect(json["output.0.type"] == "message")
        #expect(json["output.0.content.0.type"] == "output_text")
        #expect(json["usage.output_tokens"] == 4)
        #expect(json["instructions"] == "Be brief.")
        let counted = try await server.post("/v1/responses/input_tokens", body).json()
        #expect(counted["input_tokens"] == json["usage.input_tokens"])

        // The stream holds the same, in events with growing numbers.
        let streamed = await server.post(
            "/v1/responses", .object((body.objectValue ?? JSONObject()).setting("stream", to: true))
        )
        let events = try streamed.events()
        let names = streamed.text.split(separator: "\n").filter { $0.hasPrefix("event: ") }
            .map { String($0.dropFirst(7)) }
        #expect(names == events.compactMap { $0["type"].stringValue })
        #expect(events.compactMap { $0["sequence_number"].intValue } == Array(0..<events.count))
        #expect(
            names.filter { !$0.hasSuffix("delta") } == [
                "response.created", "response.in_progress", "response.output_item.added",
                "response.content_part.added", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.incomplete",
            ])
        let text = events.compactMap { $0["delta"].stringValue }.joined()
        #expect(text == json["output.0.content.0.text"].stringValue)
        let last = try #require(events.last)
        #expect(last["response.output.0.content.0.text"].stringValue == text)
        let ids = Set(events.compactMap { $0["item_id"].stringValue })
        #expect(ids == [last["response.output.0.id"].stringValue ?? ""])
    }

    @Test func responsesAreStoredForTheirTenant() async throws {
        let server = try await server {
            $0.keys = [(key: "a", tenant: "a"), (key: "b", tenant: "b")]
        }
        let a = [(name: "authorization", value: "Bearer a")]
        let b = [(name: "authorization", value: "Bearer b")]
        let first = try await server.post(
            "/v1/responses", ["input": "Hello", "max_output_tokens": 2], headers: a
        ).json()
        let id = try #require(first["id"].stringValue)
        #expect(try await server.send("GET", "/v1/responses/\(id)", headers: a).json() == first)
        #expect(await server.send("GET", "/v1/responses/\(id)", headers: b).status == 404)
        let items = try await server.send("GET", "/v1/responses/\(id)/input_items", headers: a)
            .json()
        #expect(items["data.0.content.0.text"] == "Hello")
        let next: JSONValue = [
            "input": "More", "previous_response_id": .string(id), "max_output_tokens": 2,
        ]
        let second = try await server.post("/v1/responses", next, headers: a).json()
        // The earlier turn and its answer are in the prompt.
        #expect(
            second["usage.input_tokens"].intValue ?? 0
                > (first["usage.input_tokens"].intValue ?? 0) + 20)
        #expect(await server.post("/v1/responses", next, headers: b).status == 404)
        let cancel = await server.send("POST", "/v1/responses/\(id)/cancel", headers: a)
        #expect(cancel.status == 400)
        #expect(await server.send("DELETE", "/v1/responses/\(id)", headers: b).status == 404)
        let gone = try await server.send("DELETE", "/v1/responses/\(id)", headers: a).json()
        #expect(gone["deleted"] == true)
        #expect(await server.send("GET", "/v1/responses/\(id)", headers: a).status == 404)
        let kept = try await server.post(
            "/v1/responses", ["input": "x", "store": false, "max_output_tokens": 1], headers: a
        ).json()
        let other = kept["id"].stringValue ?? ""
        #expect(await server.send("GET", "/v1/responses/\(other)", headers: a).status == 404)
    }

    @Test func itemsOfManyKindsAreUnderstood() async throws {
        let answer = await (try server()).post(
            "/v1/responses",
            [
                "max_output_tokens": 1,
                "input": [
                    ["role": "developer", "content": "Be brief."],
                    [
                        "type": "message", "role": "user",
                        "content": [["type": "input_text", "text": "Go"]],
                    ],
                    [
                        "type": "reasoning", "id": "rs_1",
                        "summary": [["type": "summary_text", "text": "hm"]],
                    ],
                    ["type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"],
                    [
                        "type": "function_call_output", "call_id": "c1",
                        "output": [["type": "input_text", "text": "3"]],
                    ],
                    ["type": "additional_tools", "tools": []],
                ],
                "tools": [
                    ["type": "function", "name": "f", "parameters": [:]],
                    ["type": "web_search"], ["type": "namespace", "name": "x", "tools": []],
                ],
            ])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers["martlet-ignored"] == "input.5, tools.1, tools.2")
        for (body, path) in [
            (["input": 3] as JSONValue, "input"), (["x": 1], "input"),
            (["input": "a", "text": ["format": ["type": "x"]]], "text.format.type"),
            (["input": "a", "background": true], "background"),
            (
                ["input": [["role": "user", "content": [["type": "input_image"]]]]],
                "input.0.content.0"
            ),
        ] {
            let refused = await (try server()).post("/v1/responses", body)
            #expect(refused.status == 400)
            #expect(try refused.json()["error.param"].stringValue == path)
        }
    }

    @Test func longInputsAreCutOnlyWhereThatIsAskedFor() async throws {
        let server = try await server { $0.contextLength = 200 }
        let turns =
            (0..<8).map { index -> JSONValue in
                [
                    "role": index % 2 == 0 ? "user" : "assistant",
                    "content": .string(String(repeating: "x", count: 20)),
                ]
            } + [["role": "user", "content": "Well?"]]
        let refused = await server.post("/v1/responses", ["input": .array(turns)])
        #expect(refused.status == 400)
        #expect(try refused.json()["error.code"] == "context_length_exceeded")
        let cut = try await server.post(
            "/v1/responses",
            ["input": .array(turns), "truncation": "auto", "max_output_tokens": 1]
        ).json()
        #expect(cut["usage.input_tokens"].intValue ?? 1000 < 200)
    }

    @Test func modelsWithoutVectorsSaySo() async throws {
        let server = try await server()
        for (path, body) in [
            ("/v1/embeddings", ["input": "a"] as JSONValue),
            ("/v1/rerank", ["query": "a", "documents": ["b"]]), ("/api/embed", ["input": "a"]),
        ] {
            #expect(await server.post(path, body).status == 501)
        }
    }

    @Test func searchesThinkAloud() async throws {
        let server = try await TestServer("builtin")
        let body: JSONValue = [
            "messages": [["role": "user", "content": "C97:a=8,b=a*9+4,c=b*8,c?"]],
            "martlet": ["solve": ["width": 2, "length": 64], "deadline": 600],
        ]
        let answer = await server.post("/v1/chat/completions", body)
        #expect(answer.status == 200, "\(answer.text)")
        let json = try answer.json()
        #expect(json["choices.0.message.content"] == "26")
        #expect(json["choices.0.message.reasoning"].stringValue?.contains("2 chains") == true)
        let events = try await server.post(
            "/v1/chat/completions",
            .object((body.objectValue ?? JSONObject()).setting("stream", to: true))
        ).events()
        #expect(
            events.compactMap { $0["choices.0.delta.content"].stringValue }.joined() == "26")
        #expect(events.contains { $0["choices.0.delta.reasoning_content"].stringValue != nil })
        #expect(events.allSatisfy { $0["martlet.report"].isNull })
        let large = await server.post(
            "/v1/chat/completions",
            [
                "messages": [["role": "user", "content": "C97:a=8,a?"]],
                "martlet": ["solve": ["memory": 1_000_000_000_000]],
            ])
        #expect(large.status == 400)
        #expect(try large.json()["error.param"] == "martlet.solve.memory")
    }

    /// Reports of a search tell what the page draws: the plan, every chain that ended, and the votes as they stood at the end.
    @Test func searchesAreReported() async throws {
        let server = try await TestServer("builtin")
        let events = try await server.post(
            "/v1/chat/completions",
            [
                "messages": [["role": "user", "content": "C97:a=8,b=a*9+4,c=b*8,c?"]],
                "stream": true,
                "martlet": ["report": true, "solve": ["width": 2, "length": 64], "deadline": 600],
            ]
        ).events()
        let reports = events.map { $0["martlet.report.solve"] }.filter { !$0.isNull }
        let last = try #require(reports.last)
        #expect(reports[0]["planned"].stringValue?.hasPrefix("2 chains of at most 64") == true)
        #expect(last["chains"] == 2)
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $0 != $1 })
        let votes = last["votes"].arrayValue ?? []
        #expect(votes.first?["answer"] == "26", "\(last)")
        let ended = last["ended"].arrayValue ?? []
        #expect(last["chainsEnded"].intValue == ended.count && !ended.isEmpty)
        #expect(ended.allSatisfy { $0["answer"] == "26" && ($0["tokens"].intValue ?? 0) > 0 })
        let written = ended.reduce(0) { $0 + ($1["tokens"].intValue ?? 0) }
        #expect((last["tokens"].intValue ?? 0) >= written)
        // The answer comes once.
        #expect(
            events.compactMap { $0["choices.0.delta.content"].stringValue }.joined() == "26")
    }
}
