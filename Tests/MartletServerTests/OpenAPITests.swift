/// The document that programs read: what it says of the endpoints, and that answers are so.

import Foundation
import Martlet
import MartletJSON
import Testing

@testable import MartletServer

@Suite struct OpenAPITests {
    @Test func everyEndpointOfAnAPIIsDescribed() {
        let described = Set(OpenAPIDocument.schemas.keys)
        let all = Set(EndpointTable.all.map { "\($0.method) \($0.path)" })
        #expect(described.isSubset(of: all), "\(described.subtracting(all))")
        let refused =
            ["pull", "push", "create", "copy", "delete"].map { "/api/" + $0 } + ["/props"]
        let missing = EndpointTable.all.filter { endpoint in
            ["/v1/", "/api/"].contains { endpoint.path.hasPrefix($0) }
                && !(refused.contains(endpoint.path) && endpoint.method != "GET")
                && !described.contains("\(endpoint.method) \(endpoint.path)")
        }
        #expect(missing.isEmpty, "\(missing.map(\.path))")
    }

    @Test func theDocumentHasTypesOfFieldsAndAnswers() async throws {
        let server = try await TestServer()
        let document = try await server.send("GET", "/openapi.json").json()
        let chat = try #require(
            document["paths"].objectValue?["/v1/chat/completions"]?.objectValue?["post"])
        let body = chat["requestBody"]["content"].objectValue?["application/json"]?["schema"]
        #expect(body?["required"] == ["messages"])
        #expect(body?["properties.n.type"] == ["integer", "null"])
        #expect(body?["properties.n.maximum"] == 128)
        #expect(body?["properties.n.description"].stringValue?.isEmpty == false)
        let answers = chat["responses.200.content"].objectValue
        #expect(answers?.keys.sorted() == ["application/json", "text/event-stream"])
        let wrong = chat["responses.4XX.content"].objectValue?["application/json"]
        #expect(wrong?["schema"].objectValue?["$ref"] == "#/components/schemas/openAIError")
        let messages = document["paths"].objectValue?["/v1/messages"]
        let refusal = messages?["post.responses.4XX.content"].objectValue?["application/json"]
        #expect(refusal?["schema"].objectValue?["$ref"] == "#/components/schemas/anthropicError")
        let session = document["paths"].objectValue?["/v1/sessions/{id}"]
        let told = session?["post.responses.200.content"].objectValue?["application/json"]
        #expect(told?["schema.required"] == ["id", "object", "tokens", "cached_tokens"])
        #expect(session?["delete.responses.200.content"].objectValue?.keys == ["application/json"])
        let opening = document["paths"].objectValue?["/v1/sessions"]
        #expect(opening?["get.responses"].objectValue?.keys.sorted() == ["101", "4XX", "5XX"])
        let asked = opening?["post.requestBody.content"].objectValue?["application/json"]
        #expect(asked?["schema.properties.text.type"] == ["string", "null"])
        #expect(asked?["schema.properties.session.type"] == ["object", "null"])
        let cancel = document["paths"].objectValue?["/v1/batches/{id}/cancel"]
        #expect(cancel?["post.requestBody"].isNull == true)
        #expect(cancel?["post.parameters.0.name"] == "id")
    }
}
