/// What was stored of a response, as OpenAI's client reads it; forms beside forced calls.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct StoredResponseTests {
    private func server() async throws -> TestServer {
        try await TestServer { $0.chatTemplate = TestServer.chatML }
    }

    private func stored(_ input: JSONValue, by server: TestServer) async throws -> JSONValue {
        let answer = await server.post("/v1/responses", ["input": input, "max_output_tokens": 1])
        #expect(answer.status == 200, "\(answer.text)")
        return try answer.json()
    }

    @Test func inputItemsHaveIdsAndParts() async throws {
        let server = try await server()
        let input: JSONValue = [
            ["role": "user", "content": "Hello"],
            ["role": "assistant", "content": "Yes?"],
            ["type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"],
            ["type": "function_call_output", "call_id": "c1", "output": "9"],
            [
                "id": "msg_mine", "type": "message", "role": "user",
                "content": [["type": "input_text", "text": "More"]],
            ],
        ]
        let id = try await stored(input, by: server)["id"].stringValue ?? ""
        let list = try await server.send("GET", "/v1/responses/\(id)/input_items").json()
        let items = list["data"].arrayValue ?? []
        // The last comes first, as in all lists.
        #expect(
            items.map { $0["type"] } == [
                "message", "function_call_output", "function_call", "message", "message",
            ])
        #expect(items.first?["id"] == "msg_mine")
        #expect(items.allSatisfy { $0["status"] == "completed" })
        let ids = items.compactMap { $0["id"].stringValue }
        #expect(Set(ids).count == 5)
        #expect(
            zip(ids, ["msg_", "fco_", "fc_", "msg_", "msg_"]).allSatisfy { $0.hasPrefix($1) })
        #expect(items[3]["content.0"]["type"] == "output_text")
        #expect(items[4]["content"] == [["type": "input_text", "text": "Hello"]])
        #expect(list["first_id"] == "msg_mine")
        #expect(list["last_id"].stringValue == ids.last)
        #expect(list["has_more"] == false)

        let page = try await server.send(
            "GET", "/v1/responses/\(id)/input_items?limit=2&order=asc&after=\(ids[4])"
        ).json()
        #expect(page["data"] == [items[3], items[2]])
        #expect(page["has_more"] == true)
        let wrong = await server.send("GET", "/v1/responses/\(id)/input_items?limit=0")
        #expect(wrong.status == 400)
        #expect(try wrong.json()["error.param"] == "limit")
    }

    @Test func aTextIsOneItem() async throws {
        let server = try await server()
        let id = try await stored("Hello", by: server)["id"].stringValue ?? ""
        let list = try await server.send("GET", "/v1/responses/\(id)/input_items").json()
        #expect(list["data"].arrayValue?.count == 1)
        #expect(list["data.0.role"] == "user")
        #expect(list["data.0.content.0.text"] == "Hello")
    }

    @Test func usageTellsWhatWasWrittenToTheCache() async throws {
        let response = try await stored("Hello", by: try await server())
        #expect(response["usage.input_tokens_details.cache_write_tokens"] == 0)
    }

    /// A client that asks for events would read none in a whole response, and take that for the answer.
    @Test func eventsOfAStoredResponseAreRefused() async throws {
        let server = try await server()
        let id = try await stored("Hello", by: server)["id"].stringValue ?? ""
        let asked = await server.send("GET", "/v1/responses/\(id)?stream=true")
        #expect(asked.status == 400)
        #expect(try asked.json()["error.param"] == "stream")
        #expect(await server.send("GET", "/v1/responses/\(id)?stream=false").status == 200)
        #expect(await server.send("GET", "/v1/responses/\(id)?stream=maybe").status == 400)
    }
}
