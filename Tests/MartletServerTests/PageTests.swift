/// The page, what it draws of the server, and reports of what the cache holds.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct PageTests {
    @Test func browsersGetThePage() async throws {
        let server = try await TestServer { $0.keys = [(key: "secret", tenant: "a")] }
        let html = [(name: "accept", value: "text/html,*/*")]
        let page = await server.send("GET", "/", headers: html)
        #expect(page.status == 200)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
        #expect(page.text.contains("main.js"))
        #expect(await server.send("GET", "/").text == "Ollama is running")
        let module = await server.send("GET", "/view/chart.js")
        #expect(module.status == 200)
        let tag = try #require(module.headers["etag"])
        let again = await server.send("GET", "/view/chart.js", headers: [("if-none-match", tag)])
        #expect(again.status == 304 && again.bytes.isEmpty)
        // The page is public and what it draws is not.
        #expect(await server.send("GET", "/martlet/state").status == 401)
        #expect(await server.send("GET", "/view/nothing.js").status == 404)
        #expect(await server.send("POST", "/main.js", [:]).status == 404)
        let closed = try await TestServer { $0.servesPage = false }
        #expect(await closed.send("GET", "/main.js").status == 404)
    }

    @Test func theStateIsTold() async throws {
        let server = try await TestServer()
        _ = await server.post("/v1/completions", ["prompt": "Hello", "max_tokens": 4])
        let state = try await server.send("GET", "/martlet/state").json()
        #expect(state["version"] == .string(MartletVersion.current))
        // A policy without parameters is written as its name.
        #expect(state["policies.0.form"] == state["policies.0.name"])
        #expect(state["policies.0.lossy"] == .bool(false))
        #expect(state["policies.0.summary"].stringValue?.isEmpty == false)
        #expect(state["queue.running"] == 0)
        #expect(try #require(state["step.count"].intValue) >= 4)
        let parts = ["running", "parked", "free"].compactMap { state["memory.\($0)"].intValue }
        #expect(parts.count == 3 && parts.reduce(0, +) == state["memory.total"].intValue)
    }

    @Test func chunksReportWhatTheCacheHolds() async throws {
        let server = try await TestServer { $0.chatTemplate = TestServer.chatML }
        func events(_ fields: JSONValue?) async throws -> [JSONValue] {
            let body: JSONValue = [
                "messages": [["role": "user", "content": "Hello"]], "max_tokens": 24,
                "stream": true, "temperature": 0, "ignore_eos": true,
            ]
            var object = try #require(body.objectValue)
            if let fields { object = object.setting("martlet", to: fields) }
            return try await server.post("/v1/chat/completions", .object(object)).events()
        }
        let reports = try await events(["report": true]).map { $0["martlet.report.cache"] }
            .filter { !$0.isNull }
        let last = try #require(reports.last)
        let state = try await server.send("GET", "/martlet/state").json()
        #expect(last["policy"] == state["policies.0.form"])
        // The last glance is taken when the chain ends, and its last token is not computed.
        let logical = try #require(last["logicalTokens"].intValue)
        #expect(logical > 24)
        let layers = try #require(last["liveTokens"].arrayValue)
        #expect(!layers.isEmpty)
        for layer in layers {
            let heads = try #require(layer.arrayValue)
            #expect(!heads.isEmpty && heads.allSatisfy { $0.doubleValue == Double(logical) })
        }
        #expect(try #require(last["bytesHeld"].intValue) > 0)
        #expect(try #require(last["readsPerToken"].doubleValue) <= Double(logical))
        let silent = try await events(nil)
        #expect(silent.count > 2 && silent.allSatisfy { $0["martlet"].isNull })
        let wrong = await server.post(
            "/v1/chat/completions",
            ["messages": [["role": "user", "content": "Hello"]], "martlet": ["report": 3]])
        #expect(wrong.status == 400)
        #expect(try wrong.json()["error.param"] == "martlet.report")
    }
}
