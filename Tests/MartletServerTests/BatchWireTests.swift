/// `/v1/files` and `/v1/batches`: their shapes, their states, their bounds, and what outlives a process.

import Foundation
import Martlet
import MartletJSON
import MartletServer
import MartletTestSupport
import Testing

@Suite struct BatchWireTests {
    private static let key = (name: "authorization", value: "Bearer k")

    /// A form as clients send files.
    private static func form(
        _ content: String, name: String = "requests.jsonl",
        fields: [(String, String)] = [("purpose", "batch")]
    ) -> [UInt8] {
        var text = ""
        for (name, value) in fields {
            text += "--XX\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }
        text +=
            "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n\(content)\r\n--XX--\r\n"
        return Array(text.utf8)
    }

    private static func line(_ id: String, tokens: Int = 2) -> String {
        #"{"custom_id": "\#(id)", "method": "POST", "url": "/v1/completions", "#
            + #""body": {"prompt": "Hello \#(id)", "max_tokens": \#(tokens), "ignore_eos": true}}"#
    }

    private func send(
        _ server: TestServer, _ body: [UInt8], headers: [(name: String, value: String)] = []
    ) async throws -> CollectedAnswer {
        let sink = CollectedAnswer()
        await server.server.respond(
            to: ServerRequest(
                "POST", "/v1/files",
                headers: [("Content-Type", "multipart/form-data; boundary=XX")] + headers,
                body: body), through: sink)
        return sink
    }

    private func file(_ server: TestServer, _ content: String) async throws -> String {
        let answer = try await send(server, Self.form(content))
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(try answer.json()["id"].stringValue)
    }

    /// Begins a batch, and waits until it has ended.
    private func batch(
        _ server: TestServer, _ content: String, until status: String = "completed"
    ) async throws -> JSONValue {
        let begun = await server.post(
            "/v1/batches",
            [
                "input_file_id": .string(try await file(server, content)),
                "endpoint": "/v1/completions", "completion_window": "24h",
                "metadata": ["a": "b"],
            ])
        #expect(begun.status == 200, "\(begun.text)")
        let id = try #require(try begun.json()["id"].stringValue)
        return try await wait(server, id, until: status)
    }

    private func wait(
        _ server: TestServer, _ id: String, until status: String
    ) async throws -> JSONValue {
        // Two minutes: among all other tests on two processors an answer can take half a minute.
        for _ in 0..<12_000 {
            let batch = try await server.send("GET", "/v1/batches/\(id)").json()
            if batch["status"].stringValue == status { return batch }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the batch is not \(status)")
        return .null
    }

    private func content(_ server: TestServer, _ id: JSONValue) async throws -> [JSONValue] {
        try await server.send("GET", "/v1/files/\(id.stringValue ?? "")/content").lines()
    }

    @Test func filesAreKeptListedAndRemoved() async throws {
        let server = try await TestServer()
        var ids: [String] = []
        for content in ["one", "two\r\n--X", ""] { ids.append(try await file(server, content)) }
        let described = try await server.send("GET", "/v1/files/\(ids[1])").json()
        #expect(described["object"] == "file" && described["bytes"] == 8)
        #expect(described["filename"] == "requests.jsonl" && described["purpose"] == "batch")
        #expect(
            described["expires_at"].intValue
                == (described["created_at"].intValue ?? 0) + 2_592_000)
        #expect(await server.send("GET", "/v1/files/\(ids[1])/content").text == "two\r\n--X")
        let all = try await server.send("GET", "/v1/files?purpose=batch").json()
        #expect(all["data"].arrayValue?.count == 3 && all["has_more"] == false)
        let order = all["data"].arrayValue?.compactMap { $0["id"].stringValue } ?? []
        let page = try await server.send("GET", "/v1/files?limit=1&after=\(order[0])").json()
        #expect(page["data.0.id"].stringValue == order[1] && page["has_more"] == true)
        #expect(page["first_id"].stringValue == order[1])
        for wrong in ["limit=0", "limit=x", "order=up", "after=file-none"] {
            #expect(await server.send("GET", "/v1/files?\(wrong)").status == 400)
        }
        let removed = try await server.send("DELETE", "/v1/files/\(ids[0])").json()
        #expect(removed == ["id": .string(ids[0]), "object": "file", "deleted": true])
        #expect(await server.send("GET", "/v1/files/\(ids[0])").status == 404)
        #expect(await server.send("GET", "/v1/files/\(ids[0])/content").status == 404)
        #expect(await server.send("DELETE", "/v1/files/\(ids[0])").status == 404)
    }

    @Test func formsAreReadOrRefused() async throws {
        let server = try await TestServer()
        let valid = Self.form("x")
        let missing = try await send(server, Self.form("x", fields: []))
        #expect(try missing.json()["error.param"] == "purpose")
        let wrong = try await send(server, Self.form("x", fields: [("purpose", "fun")]))
        #expect(try wrong.json()["error.param"] == "purpose")
        let short = Self.form(
            "x", fields: [("purpose", "batch"), ("expires_after[seconds]", "10")])
        #expect(try await send(server, short).json()["error.param"] == "expires_after.seconds")
        let other = try await send(
            server, Self.form("x", fields: [("purpose", "batch"), ("new", "y")]))
        #expect(other.headers["martlet-ignored"] == "new")
        let quoted = try await send(server, Self.form("x", name: #"a\"b;c.jsonl"#))
        #expect(try quoted.json()["filename"] == #"a"b;c.jsonl"#)
        for (type, body) in [
            ("application/json", valid), ("multipart/form-data", valid),
            ("multipart/form-data; boundary=YY", valid),
            ("multipart/form-data; boundary=XX", Array(valid.dropLast(8))),
            ("multipart/form-data; boundary=XX", []),
        ] {
            let sink = CollectedAnswer()
            await server.server.respond(
                to: ServerRequest(
                    "POST", "/v1/files", headers: [("Content-Type", type)], body: body),
                through: sink)
            #expect(sink.status == 400, "\(type) \(sink.text)")
        }
        var mutator = Mutator(seed: 17)
        var refused = 0
        for _ in 0..<400 {
            let answer = try await send(server, mutator.mutate(valid, with: valid))
            #expect(answer.status == 200 || answer.status == 400, "\(answer.text)")
            refused += answer.status == 400 ? 1 : 0
        }
        #expect(refused > 50)
    }

    @Test func aBatchIsAnswered() async throws {
        let server = try await TestServer(reusesPrompts: true)
        let bad = Self.line("bad").replacing("true", with: "3")
        let ended = try await batch(
            server, [Self.line("b"), Self.line("a"), bad].joined(separator: "\n"))
        #expect(ended["object"] == "batch" && ended["endpoint"] == "/v1/completions")
        #expect(ended["errors"] == .null && ended["metadata"] == ["a": "b"])
        #expect(ended["request_counts"] == ["total": 3, "completed": 2, "failed": 1])
        #expect(ended["usage.output_tokens"] == 4)
        for time in ["created_at", "in_progress_at", "finalizing_at", "completed_at"] {
            #expect(ended[time].intValue != nil, "\(time)")
        }
        #expect(ended["failed_at"] == .null && ended["cancelled_at"] == .null)
        let output = try await content(server, ended["output_file_id"])
        #expect(output.map { $0["custom_id"].stringValue } == ["b", "a"])
        for line in output {
            #expect(line["id"].stringValue?.hasPrefix("batch_req_") == true)
            #expect(line["response.status_code"] == 200 && line["error"] == .null)
            #expect(line["response.body.object"] == "text_completion")
            #expect(line["response.body.usage.completion_tokens"] == 2)
        }
        let errors = try await content(server, ended["error_file_id"])
        #expect(errors.map { $0["custom_id"].stringValue } == ["bad"])
        #expect(errors[0]["response.body.error.param"] == "ignore_eos")
        let list = try await server.send("GET", "/v1/batches?limit=1").json()
        #expect(list["data.0.id"] == ended["id"] && list["has_more"] == false)
        let again = await server.post("/v1/batches/\(ended["id"].stringValue ?? "")/cancel", [:])
        #expect(again.status == 400)
    }

    @Test func whatIsWrongWithAFileIsToldByLine() async throws {
        let server = try await TestServer()
        let failed = try await batch(
            server, Self.line("a") + "\nx\n" + Self.line("a"), until: "failed")
        #expect(failed["errors.object"] == "list")
        #expect(failed["errors.data.0.code"] == "invalid_json_line")
        #expect(failed["errors.data.0.line"] == 2)
        #expect(failed["errors.data.1.code"] == "duplicate_custom_id")
        #expect(failed["output_file_id"] == .null && failed["failed_at"].intValue != nil)
        let id = try await file(server, Self.line("a"))
        for (field, value) in [
            ("input_file_id", "file-none"), ("endpoint", "/v1/audio"),
            ("completion_window", "soon"),
        ] as [(String, JSONValue)] {
            let body = JSONObject([
                .init(key: "input_file_id", value: .string(id)),
                .init(key: "endpoint", value: "/v1/completions"),
                .init(key: "completion_window", value: "24h"),
            ]).setting(field, to: value)
            let answer = await server.post("/v1/batches", .object(body))
            #expect(answer.status == 400)
            #expect(try answer.json()["error.param"].stringValue == field)
        }
    }

    @Test func aBatchIsCancelledOrExpires() async throws {
        let server = try await TestServer()
        let content = (0..<4).map { Self.line("\($0)", tokens: 3000) }.joined(separator: "\n")
        func begin(_ window: JSONValue) async throws -> String {
            let begun = await server.post(
                "/v1/batches",
                [
                    "input_file_id": .string(try await file(server, content)),
                    "endpoint": "/v1/completions", "completion_window": window,
                ])
            return try #require(try begun.json()["id"].stringValue)
        }
        let cancelled = try await begin("24h")
        _ = try await wait(server, cancelled, until: "in_progress")
        let answer = try await server.post("/v1/batches/\(cancelled)/cancel", [:]).json()
        #expect(answer["status"] == "cancelling")
        let ended = try await wait(server, cancelled, until: "cancelled")
        #expect(ended["cancelling_at"].intValue != nil && ended["cancelled_at"].intValue != nil)
        let expired = try await wait(server, try await begin("1s"), until: "expired")
        let errors = try await self.content(server, expired["error_file_id"])
        #expect(errors.contains { $0["error.code"] == "batch_expired" && $0["response"] == .null })
    }

    /// Nobody sees another tenant's files and batches.
    @Test func tenantsSeeTheirOwn() async throws {
        let server = try await TestServer {
            $0.keys = [("k", "one"), ("l", "two")]
        }
        let answer = try await send(server, Self.form("x"), headers: [Self.key])
        let id = try #require(try answer.json()["id"].stringValue)
        let other = [(name: "authorization", value: "Bearer l")]
        #expect(await server.send("GET", "/v1/files/\(id)", headers: [Self.key]).status == 200)
        for (method, path) in [
            ("GET", "/v1/files/\(id)"), ("GET", "/v1/files/\(id)/content"),
            ("DELETE", "/v1/files/\(id)"),
        ] {
            #expect(await server.send(method, path, headers: other).status == 404)
        }
        let list = try await server.send("GET", "/v1/files", headers: other).json()
        #expect(list["data"] == [])
        #expect(await server.send("GET", "/v1/files").status == 401)
    }

    /// A store is bounded, and files go when their time is over.
    @Test func theStoreIsBounded() async throws {
        let clock = FakeTime()
        let server = try await TestServer(files: FileStore(byteLimit: 100) { clock.now })
        let first = try await file(server, String(repeating: "x", count: 60))
        let full = try await send(server, Self.form(String(repeating: "x", count: 60)))
        #expect(full.status == 413)
        #expect(try full.json()["error.code"] == "storage_full")
        clock.now += 2_592_000
        #expect(await server.send("GET", "/v1/files/\(first)").status == 404)
        _ = try await file(server, String(repeating: "x", count: 60))
    }

    /// A folder outlives the process: files, batches that ended, and one that was under way.
    @Test func aFolderOutlivesTheServer() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "martlet-store-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let begun: String
        let ended: JSONValue
        do {
            let server = try await TestServer(files: try FileStore(folder))
            #expect(throws: MartletError.self) { try FileStore(folder) }
            ended = try await batch(server, Self.line("a"))
            let content = [Self.line("short"), Self.line("long", tokens: 2500)]
            let answer = await server.post(
                "/v1/batches",
                [
                    "input_file_id": .string(
                        try await file(server, content.joined(separator: "\n"))),
                    "endpoint": "/v1/completions", "completion_window": "24h",
                ])
            begun = try #require(try answer.json()["id"].stringValue)
            // Two minutes: among all other tests on two processors an answer can take half a minute.
            for _ in 0..<12_000 {
                let batch = try await server.send("GET", "/v1/batches/\(begun)").json()
                if batch["request_counts.completed"] == 1 { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            server.service.end()
            try await Task.sleep(for: .milliseconds(100))
            let left = try await server.send("GET", "/v1/batches/\(begun)").json()
            #expect(left["status"] == "in_progress" && left["request_counts.completed"] == 1)
            #expect(
                FileManager.default.fileExists(atPath: folder + "/batches/\(begun).journal"))
        }
        // A content whose record was never written, and a record whose content is gone.
        let files = folder + "/files/"
        try Data("x".utf8).write(to: URL(filePath: files + "file-orphan.data"))
        try Data(#"{"id": "file-x"}"#.utf8).write(to: URL(filePath: files + "file-x.json"))
        let server = try await TestServer(files: try await reopened(folder))
        let again = try await server.send("GET", "/v1/batches/\(ended["id"].stringValue ?? "")")
            .json()
        #expect(again == ended)
        #expect(try await content(server, again["output_file_id"]).count == 1)
        let finished = try await wait(server, begun, until: "completed")
        #expect(finished["request_counts"] == ["total": 2, "completed": 2, "failed": 0])
        let output = try await content(server, finished["output_file_id"])
        #expect(output.map { $0["custom_id"].stringValue } == ["short", "long"])
        let names = try FileManager.default.contentsOfDirectory(atPath: files)
        #expect(!names.contains("file-orphan.data") && !names.contains("file-x.json"))
        // A batch is seen to have ended a moment before its journal goes, in this order, so that a kill between the two
        // loses nothing.
        var rest: [String] = []
        for _ in 0..<500 {
            rest = try FileManager.default.contentsOfDirectory(atPath: folder + "/batches")
            if rest.allSatisfy({ $0.hasSuffix(".json") }) { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(rest.count == 2 && rest.allSatisfy { $0.hasSuffix(".json") })
        server.service.end()
    }

    /// The folder, as soon as the server that had it is gone.
    private func reopened(_ folder: String) async throws -> FileStore {
        for _ in 0..<200 {
            if let store = try? FileStore(folder) { return store }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try FileStore(folder)
    }
}

/// A time that tests set.
private final class FakeTime: @unchecked Sendable {
    // One test uses it, one step after another.
    var now = 1_000_000
}
