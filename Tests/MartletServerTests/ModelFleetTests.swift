/// Several models in one server: by name, within one budget, each answering as it would alone.

import Martlet
import MartletJSON
import MartletServer
import MartletTestSupport
import Synchronization
import Testing

@Suite struct ModelFleetTests {
    /// Three models of the same size and other weights; a server whose budget holds `room` of them.
    private struct Setup {
        let server: TestServer
        let fleet: ModelFleet
        let bytes: Int
    }

    /// Ollama's clients read what loading took, of the request that waited for it and of no other.
    @Test func loadingIsTold() async throws {
        let setup = try await Self.setup(room: 1.5)
        for (model, loads) in [
            ("model-1", true), ("model-1", false), ("model-3", true), ("model-1", true),
        ] {
            let answer = try await setup.server.post(
                "/api/generate",
                [
                    "model": .string(model), "prompt": "Hello", "stream": false,
                    "options": ["num_predict": 3],
                ]
            ).json()
            let load = try #require(answer["load_duration"].intValue)
            #expect((load > 0) == loads, "\(model): \(load)")
            let parts = ["load_duration", "prompt_eval_duration", "eval_duration"]
                .compactMap { answer[$0].intValue }
            // Each is rounded by itself.
            let total = try #require(answer["total_duration"].intValue)
            #expect(parts.count == 3 && abs(parts.reduce(0, +) - total) <= 3)
        }
        await setup.fleet.shutdown()
    }

    private static let cacheBytes = 2 << 20

    private static func load(
        _ seed: UInt64, _ configuration: ServerConfiguration
    ) async throws(MartletError) -> ServedModel {
        var options = ModelOptions()
        options.threads = 1
        options.seed = seed
        options.memoryBudget = cacheBytes
        var configuration = configuration
        configuration.names = ["model-\(seed)", "alias-\(seed)"]
        return try await ServedModel.load(
            "random:tiny", options: options, configuration: configuration)
    }

    private static func setup(
        room: Double, kept: Set<UInt64> = [], estimates: Bool = true,
        failures: Int = 0, _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> Setup {
        var configuration = ServerConfiguration()
        configuration.seed = 7
        configuration.chatTemplate = TestServer.chatML
        change(&configuration)
        let bytes = try await load(1, configuration).bytes
        let failing = Failures(failures)
        let entries = (1...3).map { (number: Int) -> ModelFleet.Entry in
            let seed = UInt64(number)
            return ModelFleet.Entry(
                names: ["model-\(seed)", "alias-\(seed)"], isKept: kept.contains(seed),
                estimatedBytes: { estimates ? bytes : nil },
                load: { [configuration] () async throws(MartletError) in
                    if seed == 2, failing.next() {
                        throw MartletError(code: .malformedFile, message: "the file is damaged")
                    }
                    return try await load(seed, configuration)
                })
        }
        let fleet = try ModelFleet(
            entries, budgetBytes: Int(Double(bytes) * room), queueLimit: configuration.queueLimit)
        let service = Service(configuration)
        try await fleet.loadKept()
        service.begin(with: fleet)
        return Setup(server: TestServer(serving: Server(service)), fleet: fleet, bytes: bytes)
    }

    private final class Failures: Sendable {
        private let left: Mutex<Int>
        init(_ count: Int) { left = Mutex(count) }
        func next() -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }
    }

    private static func body(
        _ model: String?, _ prompt: String = "Once", tokens: Int = 6, seed: Int = 1
    ) -> JSONValue {
        let body = JSONObject().setting("prompt", to: .string(prompt))
            .setting("max_tokens", to: .integer(tokens)).setting("temperature", to: 0.9)
            .setting("seed", to: .integer(seed)).setting("ignore_eos", to: true)
        return .object(model.map { body.setting("model", to: .string($0)) } ?? body)
    }

    @Test func namesChoose() async throws {
        let setup = try await Self.setup(room: 2.5)
        let server = setup.server
        #expect(await server.send("GET", "/health").status == 200)
        var texts: Set<String> = []
        for (name, id) in [
            ("model-1", "model-1"), ("alias-2", "model-2"), ("model-3:latest", "model-3"),
            (nil, "model-1"), ("", "model-1"),
        ] as [(String?, String)] {
            let answer = try await server.post("/v1/completions", Self.body(name)).json()
            #expect(answer["model"].stringValue == id)
            texts.insert(answer["choices.0.text"].stringValue ?? "")
        }
        #expect(texts.count == 3)
        for (path, body) in [
            ("/v1/completions", Self.body("other")),
            (
                "/v1/chat/completions",
                ["model": "other", "messages": [["role": "user", "content": "a"]]]
            ),
            (
                "/v1/messages",
                [
                    "model": "other", "max_tokens": 3,
                    "messages": [["role": "user", "content": "a"]],
                ]
            ),
            ("/api/chat", ["model": "other", "messages": [["role": "user", "content": "a"]]]),
            ("/v1/embeddings", ["model": "other", "input": "a"]),
            ("/tokenize", ["model": "other", "content": "a"]),
        ] as [(String, JSONValue)] {
            let answer = await server.post(path, body)
            #expect(answer.status == 404, "\(path)")
            #expect(answer.text.contains("model-1, model-2, model-3"), "\(answer.text)")
        }
        let anthropic = try await server.post(
            "/v1/messages",
            ["model": "other", "max_tokens": 3, "messages": [["role": "user", "content": "a"]]]
        ).json()
        #expect(anthropic["type"] == "error" && anthropic["error.type"] == "not_found_error")
    }

    @Test func whatIsThereIsListed() async throws {
        let setup = try await Self.setup(room: 2.5, kept: [3])
        let server = setup.server
        func loaded() async throws -> [String] {
            try await server.send("GET", "/api/ps").json()["models"].arrayValue?
                .compactMap { $0["name"].stringValue } ?? []
        }
        #expect(try await loaded() == ["model-3:latest"])
        #expect(try await server.send("GET", "/api/tags").json()["models"].arrayValue?.count == 3)
        let models = try await server.send("GET", "/v1/models").json()
        #expect(models["data"].arrayValue?.map { $0["id"] } == ["model-1", "model-2", "model-3"])
        #expect(models["data.0.status.value"] == "unloaded")
        #expect(models["data.2.status.value"] == "loaded")
        #expect(await server.send("GET", "/v1/models/alias-1").status == 200)
        #expect(await server.send("GET", "/v1/models/other").status == 404)
        let shown = try await server.post("/api/show", ["model": "model-2"]).json()
        #expect(shown["model_info"].objectValue?.count ?? 0 > 0)
        #expect(try await loaded() == ["model-2:latest", "model-3:latest"])
        _ = await server.post("/v1/completions", Self.body("model-1"))
        // The kept one stays, the other goes.
        #expect(try await loaded() == ["model-1:latest", "model-3:latest"])
        let metrics = await server.send("GET", "/metrics").text
        #expect(metrics.contains("martlet_model_loaded{model=\"model-2\"} 0"))
        #expect(metrics.contains("martlet_model_loads_total{model=\"model-2\"} 1"))
        #expect(metrics.contains("martlet_model_bytes{model=\"model-1\"} \(setup.bytes)"))
        let state = try await server.send("GET", "/martlet/state?model=model-1").json()
        #expect(state["policies"].arrayValue?.isEmpty == false)
        let props = try await server.send("GET", "/props?model=model-3").json()
        #expect(props["model_alias"] == "model-3")
    }

    @Test func ollamaSaysHowLongAModelStays() async throws {
        let setup = try await Self.setup(room: 3)
        func loaded() async -> Int { await setup.fleet.listing.filter { $0.model != nil }.count }
        func ask(_ keepAlive: JSONValue, prompt: String) async throws -> JSONValue {
            try await setup.server.post(
                "/api/generate",
                [
                    "model": "model-1", "prompt": .string(prompt), "stream": false, "raw": true,
                    "keep_alive": keepAlive, "options": ["num_predict": 3],
                ]
            ).json()
        }
        #expect(try await ask("5m", prompt: "")["done_reason"] == "load")
        #expect(await loaded() == 1)
        let left = try #require(await setup.fleet.listing[0].timeLeft)
        #expect(left > .seconds(250) && left <= .seconds(300))
        #expect(try await ask(0, prompt: "a")["done"] == true)
        // Its bytes are counted until they are free.
        while await setup.fleet.countedBytes > 0 { await Task.yield() }
        #expect(await loaded() == 0)
        #expect(try await ask(-1, prompt: "a")["done"] == true)
        #expect(await setup.fleet.listing[0].timeLeft == nil)
        #expect(try await ask("0s", prompt: "")["done_reason"] == "unload")
        while await loaded() > 0 { await Task.yield() }
        #expect(try await ask("0.05s", prompt: "a")["done"] == true)
        while await loaded() > 0 { try await Task.sleep(for: .milliseconds(10)) }
        let wrong = await setup.server.post(
            "/api/generate", ["model": "model-1", "prompt": "a", "keep_alive": "soon"])
        #expect(wrong.status == 400)
    }

    @Test func failuresAreToldAndTriedAgain() async throws {
        let setup = try await Self.setup(room: 2, failures: 1)
        let first = await setup.server.post("/v1/completions", Self.body("model-2"))
        #expect(first.status == 500)
        #expect(first.text.contains("model-2: the model could not be loaded: the file is damaged"))
        #expect(await setup.fleet.countedBytes == 0)
        #expect(await setup.server.post("/v1/completions", Self.body("model-2")).status == 200)
    }

    @Test func whatCannotFitIsSaid() async throws {
        let setup = try await Self.setup(room: 1.5, kept: [1])
        let never = await setup.server.post("/v1/completions", Self.body("model-2"))
        #expect(never.status == 503 && never.headers["retry-after"] != nil)
        #expect(never.text.contains("\(setup.bytes)"))
        #expect(await setup.server.post("/v1/completions", Self.body("model-1")).status == 200)
        // Where nothing says how large a model is, it is found out.
        let blind = try await Self.setup(room: 0.9, estimates: false)
        let late = await blind.server.post("/v1/completions", Self.body("model-1"))
        #expect(late.status == 503, "\(late.text)")
        #expect(await blind.fleet.countedBytes == 0)
    }

    @Test func whoWaitsForAnswersHasADeadline() async throws {
        let setup = try await Self.setup(room: 1.2) {
            $0.roomPatience = .milliseconds(50)
            $0.queueLimit = 1
        }
        let (model, hold) = try await setup.fleet.use("model-1", patience: .seconds(9))
        #expect(model.bytes == setup.bytes)
        let late = await setup.server.post("/v1/completions", Self.body("model-2"))
        #expect(late.status == 503 && late.headers["retry-after"] != nil, "\(late.text)")
        // Others go on meanwhile.
        #expect(await setup.server.post("/v1/completions", Self.body("model-1")).status == 200)
        let waiting = Task {
            try await setup.fleet.use("model-3", patience: .seconds(60)).model.bytes
        }
        while await setup.fleet.waitingCount == 0 { await Task.yield() }
        let full = await setup.server.post("/v1/completions", Self.body("model-2"))
        #expect(full.status == 503)
        #expect(try full.json()["error.code"] == "queue_full")
        withExtendedLifetime(hold) {}
        waiting.cancel()
        await #expect(throws: (any Error).self) { try await waiting.value }
    }

    /// A crowd asks three models in a budget for two: every answer is that of the model alone, and what is counted never
    /// exceeds the budget.
    @Test(arguments: [UInt64(3), 4], [true, false])
    func aCrowdGetsTheAnswersOfEachModelAlone(seed: UInt64, estimates: Bool) async throws {
        let setup = try await Self.setup(room: 2.3, estimates: estimates)
        var random = SeededGenerator(seed: seed)
        struct Question: Sendable, Hashable {
            let model: Int, prompt: String, tokens: Int, seed: Int
        }
        let questions = (0..<30).map { _ in
            Question(
                model: 1 + random.below(3),
                prompt: String(repeating: "bird ", count: 1 + random.below(30)),
                tokens: 1 + random.below(24), seed: random.below(5))
        }
        let budget = setup.fleet.budgetBytes
        let watcher = Task {
            var most = 0
            while !Task.isCancelled {
                most = max(most, await setup.fleet.countedBytes)
                await Task.yield()
            }
            return most
        }
        let crowd = try await withThrowingTaskGroup(of: (Int, JSONValue).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask {
                    let answer = await setup.server.post(
                        "/v1/completions",
                        Self.body(
                            "model-\(question.model)", question.prompt, tokens: question.tokens,
                            seed: question.seed))
                    #expect(answer.status == 200, "\(answer.text)")
                    return (index, try answer.json()["choices.0.text"])
                }
            }
            return try await group.reduce(into: [Int: JSONValue]()) { $0[$1.0] = $1.1 }
        }
        watcher.cancel()
        #expect(await watcher.value <= budget)
        for model in 1...3 {
            let service = Service(ServerConfiguration())
            service.begin(with: try await Self.load(UInt64(model), ServerConfiguration()))
            let alone = TestServer(serving: Server(service))
            for (index, question) in questions.enumerated() where question.model == model {
                let answer = try await alone.post(
                    "/v1/completions",
                    Self.body(nil, question.prompt, tokens: question.tokens, seed: question.seed)
                ).json()
                #expect(crowd[index] == answer["choices.0.text"])
            }
        }
        let listing = await setup.fleet.listing
        #expect(listing.reduce(0) { $0 + $1.loads } > 3)
        #expect(listing.filter { $0.model != nil }.count <= 2)
    }

    @Test func namesOfPathsAreShort() throws {
        #expect(ModelFleet.Entry.names(of: "models/qwen/") == ["qwen", "models/qwen"])
        #expect(ModelFleet.Entry.names(of: "/m/gemma-Q4.gguf") == ["gemma-Q4", "/m/gemma-Q4.gguf"])
        #expect(ModelFleet.Entry.names(of: "random:tiny") == ["random:tiny"])
        #expect(ModelFleet.Entry.names(of: "builtin") == ["builtin"])
        #expect(throws: MartletError.self) { try ModelFleet.Entry.models(in: "/nowhere") }
        let twice = ["a/x", "b/x"].map {
            ModelFleet.Entry(
                $0, options: ModelOptions(), isKept: false, configuration: ServerConfiguration())
        }
        #expect(throws: MartletError.self) { try ModelFleet(twice, budgetBytes: 1) }
    }
}
