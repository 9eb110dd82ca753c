/// Policies and codecs by request: the answers of models that were loaded with them, inside one budget.

import Martlet
import MartletJSON
import MartletServer
import MartletTestSupport
import Testing

@Suite struct CacheFormTests {
    private static let prompt = String(repeating: "Once upon a time there was a bird. ", count: 6)

    private static func body(
        _ own: JSONValue? = nil, prompt: String = prompt, tokens: Int = 24
    ) -> JSONValue {
        let body = JSONObject().setting("prompt", to: .string(prompt))
            .setting("max_tokens", to: .integer(tokens)).setting("temperature", to: 0.8)
            .setting("seed", to: 5).setting("ignore_eos", to: true)
        return .object(own.map { body.setting("martlet", to: $0) } ?? body)
    }

    private static let forms: [(cache: String, kv: String)] = [
        ("dense", "f32"), ("window(sinks=4, recent=32)", "f32"), ("h2o(budget=48)", "f32"),
        ("dense", "q8"), ("snapkv(budget=64, window=8)", "f16"),
    ]

    @Test func answersAreThoseOfModelsLoadedWithTheForm() async throws {
        let server = try await TestServer(reusesPrompts: true) { $0.allowsLossyForms = true }
        var texts: Set<String> = []
        for (index, form) in (Self.forms + Self.forms).enumerated() {
            let own: JSONValue = ["cache": .string(form.cache), "kv": .string(form.kv)]
            let answer = await server.post("/v1/completions", Self.body(own))
            #expect(answer.status == 200, "\(answer.text)")
            let json = try answer.json()
            var options = ModelOptions()
            options.cachePolicy = form.cache
            options.cacheCodec = try #require(CacheCodec(rawValue: form.kv))
            let loaded = try await TestServer(options: options)
            let alone = try await loaded.post("/v1/completions", Self.body([:])).json()
            #expect(json["choices.0.text"] == alone["choices.0.text"])
            // The second time others left the prompt.
            let figures = index < Self.forms.count ? ["peak_cache_bytes", "peak_tokens"] : []
            for key in ["cache", "kv", "lossy"] + figures {
                #expect(json["martlet.\(key)"] == alone["martlet.\(key)"], "\(form) \(key)")
            }
            #expect(
                (json["martlet.lossy"].arrayValue ?? []).isEmpty == (form == Self.forms[0]))
            texts.insert(json["choices.0.text"].stringValue ?? "")
        }
        #expect(texts.count > 2)
        let state = try await server.send("GET", "/martlet/state").json()
        #expect(state["forms"].arrayValue?.count == Self.forms.count)
        #expect(state["forms.0.cache"] == state["policies.0.form"])
        let shares = state["forms"].arrayValue?.compactMap { $0["shareBytes"].intValue } ?? []
        #expect(shares.reduce(0, +) <= state["memory.total"].intValue ?? 0)
        let metrics = await server.send("GET", "/metrics").text
        #expect(metrics.contains("martlet_engines 5.0"))
        let labels = "{model=\"random:tiny\",cache=\"dense\",kv=\"f32\"}"
        #expect(metrics.contains("martlet_form_cache_bytes" + labels))
    }

    @Test func onlyWhatTheServerAllowsIsTaken() async throws {
        var options = ModelOptions()
        options.cacheCodec = .f16
        let closed = try await TestServer(options: options)
        for (own, path) in [
            (["cache": "h2o(budget=48)"], "martlet.cache"), (["kv": "q4"], "martlet.kv"),
            (["cache": "nothing(3)"], "martlet.cache"), (["kv": "q3"], "martlet.kv"),
            (["cache": "dense + kv(q8)", "kv": "q4"], "martlet.kv"),
            (["cache": "duo(gates=\"/etc/hosts\")"], "martlet.cache"),
            (["cache": "dense + kv(mixed, gates=\"/etc/hosts\")"], "martlet.cache"),
        ] as [(JSONValue, String)] {
            let answer = await closed.post("/v1/completions", Self.body(own))
            #expect(answer.status == 400)
            #expect(try answer.json()["error.param"].stringValue == path, "\(answer.text)")
            #expect(!answer.text.contains("localhost"))
        }
        // What loses nothing is allowed: here that is more than what was loaded.
        let exact = await closed.post("/v1/completions", Self.body(["kv": "f32"]))
        #expect(try exact.json()["martlet.lossy"] == [])
        let state = try await closed.send("GET", "/martlet/state").json()
        #expect(state["codecs"] == ["f16", "f32"])
        #expect(state["policies"].arrayValue?.count == 1)
        let open = try await TestServer { $0.allowsLossyForms = true }
        let all = try await open.send("GET", "/martlet/state").json()
        #expect(all["policies"].arrayValue?.count ?? 0 > 20)
        // Whatever is listed can be asked for as it is.
        for policy in all["policies"].arrayValue ?? [] {
            let answer = await open.post(
                "/v1/completions", Self.body(["cache": policy["form"]], tokens: 2))
            #expect(answer.status == 200, "\(answer.text)")
        }
        let file = await open.post(
            "/v1/completions", Self.body(["cache": "duo(gates=\"/etc/hosts\")"]))
        #expect(file.status == 400)
    }

    @Test func bytesOfAnAnswerAreKept() async throws {
        let server = try await TestServer()
        let free = try await server.post("/v1/completions", Self.body([:], tokens: 64)).json()
        let peak = try #require(free["martlet.peak_cache_bytes"].intValue)
        let whole = try await server.post(
            "/v1/completions", Self.body(["bytes": .integer(peak)], tokens: 64)
        ).json()
        #expect(whole["choices.0.text"] == free["choices.0.text"])
        let less = try await server.post(
            "/v1/completions", Self.body(["bytes": .integer(peak - 1)], tokens: 64)
        ).json()
        let text = try #require(less["choices.0.text"].stringValue)
        #expect(less["choices.0.finish_reason"] == "length")
        #expect(free["choices.0.text"].stringValue?.hasPrefix(text) == true)
        let count = try #require(less["usage.completion_tokens"].intValue)
        #expect(count < 64 && count > 40)
        #expect(try #require(less["martlet.peak_cache_bytes"].intValue) < peak)
        let none = await server.post("/v1/completions", Self.body(["bytes": 1000], tokens: 64))
        #expect(none.status == 400)
        #expect(none.text.contains("1000"))
        let wrong = await server.post("/v1/completions", Self.body(["bytes": 0]))
        #expect(try wrong.json()["error.param"] == "martlet.bytes")
    }

    @Test func searchesRunUnderTheForm() async throws {
        let server = try await TestServer("builtin") { $0.allowsLossyForms = true }
        let answer = try await server.post(
            "/v1/completions",
            [
                "prompt": "A:12+34=", "max_tokens": 32,
                "martlet": [
                    "cache": "window(sinks=4, recent=64)", "kv": "q8", "deadline": 600,
                    "solve": ["width": 2, "length": 32],
                ],
            ]
        ).json()
        #expect(
            answer["martlet.cache"].stringValue?.contains("recent=64") == true,
            "\(answer["martlet"])")
        #expect(answer["martlet.lossy"].arrayValue?.count == 2)
    }
}

extension CacheFormTests {
    /// Requests under several forms at once, in a cache that holds few of them: every answer is that of the request alone, and
    /// shares never come to more than the budget.
    @Test(arguments: [UInt64(1), 2])
    func aCrowdChangesNoAnswer(seed: UInt64) async throws {
        var options = ModelOptions()
        options.threads = 1
        options.promptReuse = PromptReuse()
        let free = try await LoadedModel.load("random:tiny", options: options)
        // About three of the largest answers.
        let most = try free.form().bytes(promptTokens: 280, completionTokens: 40, chainCount: 1)
        let model = try await Model(free, budgetBytes: 3 * most)
        let shares = CacheShares(model, budgetBytes: 3 * most)
        var random = SeededGenerator(seed: seed)
        let forms = try Self.forms.map { try free.form(policy: $0.cache, codec: $0.kv) }
        struct Question: Sendable {
            let form: CacheForm
            let tokens: [Int32]
            let options: GenerationOptions
        }
        let questions = (0..<24).map { index -> Question in
            var options = GenerationOptions()
            options.maximumTokens = Int.random(in: 1...40, using: &random)
            options.temperature = 0.9
            options.seed = UInt64(index)
            options.ignoresEndTokens = true
            let count = Int.random(in: 4...280, using: &random)
            return Question(
                form: forms[Int.random(in: 0..<forms.count, using: &random)],
                tokens: (0..<count).map { Int32($0 * 5 % 97 + 3) }, options: options)
        }
        func answer(_ question: Question, on model: Model) async throws -> [Int32] {
            var tokens: [Int32] = []
            for try await part in try await model.answers(
                to: PreparedPrompt(tokens: question.tokens), options: question.options)
            {
                if let token = part.part.token { tokens.append(token) }
            }
            return tokens
        }
        let crowd = try await withThrowingTaskGroup(of: (Int, [Int32]).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask {
                    let lease = try await shares.lease(
                        question.form,
                        bytes: question.form.bytes(
                            promptTokens: question.tokens.count,
                            completionTokens: question.options.maximumTokens ?? 0, chainCount: 1),
                        patience: .seconds(60))
                    #expect(await shares.sharedBytes <= shares.budgetBytes)
                    let engine = try #require(lease.model)
                    let tokens = try await answer(question, on: engine)
                    let held = await shares.statistics()
                    #expect(held.reduce(0) { $0 + $1.numbers.heldBytes } <= shares.budgetBytes)
                    await shares.end(lease)
                    return (index, tokens)
                }
            }
            return try await group.reduce(into: [Int: [Int32]]()) { $0[$1.0] = $1.1 }
        }
        for (index, question) in questions.enumerated() {
            let alone = try await Model(question.form.loaded, budgetBytes: 3 * most)
            #expect(crowd[index] == (try await answer(question, on: alone)))
            #expect(crowd[index]?.count == question.options.maximumTokens)
        }
        #expect(await shares.openCount == 0)
    }

    @Test func whoWaitsTooLongIsTold() async throws {
        let model = try await Model.load("random:tiny")
        let shares = CacheShares(model, budgetBytes: model.startBudget)
        let other = try model.form(policy: "window(sinks=4, recent=32)")
        let lease = try await shares.lease(
            try model.form(), bytes: .max, patience: .seconds(9))
        await #expect {
            try await shares.lease(other, bytes: 100_000, patience: .milliseconds(20))
        } throws: { ($0 as? MartletError)?.code == .busy }
        // Whoever gives up is not in the way of those behind.
        let waiting = Task {
            try await shares.lease(other, bytes: 1_000_000, patience: .seconds(60))
        }
        while await shares.waitingCount == 0 { await Task.yield() }
        waiting.cancel()
        await #expect { try await waiting.value } throws: {
            ($0 as? MartletError)?.code == .cancelled
        }
        await shares.end(lease)
        let next = try await shares.lease(other, bytes: 1_000_000, patience: .seconds(60))
        #expect(next.model != nil)
        await shares.end(next)
        await shares.shutdown()
    }

    @Test func thoseWhomNobodyWaitsForComeLast() async throws {
        let model = try await Model.load("random:tiny")
        let shares = CacheShares(model, budgetBytes: model.startBudget)
        let other = try model.form(policy: "window(sinks=4, recent=32)")
        // Who takes only what there is waits for nobody.
        let now = try await shares.lease(other, bytes: 100_000, patience: .zero)
        await shares.end(now)
        let all = try await shares.lease(
            try model.form(), bytes: .max, patience: .seconds(600))
        await #expect {
            try await shares.lease(other, bytes: 100_000, patience: .zero)
        } throws: { ($0 as? MartletError)?.code == .busy }
        let batch = Task {
            try await shares.lease(
                other, bytes: .max, isBackground: true, patience: .seconds(600))
        }
        while await shares.waitingCount < 1 { await Task.yield() }
        let asked = Task { try await shares.lease(nil, bytes: .max, patience: .seconds(600)) }
        while await shares.waitingCount < 2 { await Task.yield() }
        await shares.end(all)
        let first = try await asked.value
        #expect(await shares.waitingCount == 1)
        await shares.end(first)
        await shares.end(try await batch.value)
        #expect(await shares.openCount == 0)
        await shares.shutdown()
    }

    @Test func enginesWithAnswersAreFew() async throws {
        let model = try await Model.load("random:tiny")
        let shares = CacheShares(model, budgetBytes: model.startBudget)
        func lease(_ recent: Int, _ patience: Duration) async throws -> CacheShares.Lease {
            try await shares.lease(
                try model.form(policy: "window(sinks=4, recent=\(recent * 16))"), bytes: 1000,
                patience: patience)
        }
        // The one of the loaded form stays.
        var held: [CacheShares.Lease] = []
        for recent in 1..<CacheShares.mostEngines {
            held.append(try await lease(recent, .seconds(600)))
        }
        await #expect {
            try await lease(CacheShares.mostEngines, .zero)
        } throws: { ($0 as? MartletError)?.code == .busy }
        // Those that are there take more.
        held.append(try await lease(1, .zero))
        await shares.end(held[1])
        held[1] = try await lease(CacheShares.mostEngines, .seconds(600))
        #expect(await shares.statistics().count == CacheShares.mostEngines)
        for lease in held { await shares.end(lease) }
        await shares.shutdown()
    }

    @Test func aCodecIsThatOfThePolicyThatIsNamed() async throws {
        var options = ModelOptions()
        options.cachePolicy = "dense + kv(q8)"
        let loaded = try await LoadedModel.load("random:tiny", options: options)
        let own = try loaded.form()
        #expect(try loaded.form(codec: own.storage).id == own.id)
        #expect(try loaded.form(policy: own.policy, codec: own.storage).id == own.id)
        let dense = try loaded.form(policy: "dense", codec: "q8")
        #expect(dense.storage.hasPrefix("q8") && !dense.isExact)
    }

    @Test func enginesAreFew() async throws {
        let model = try await Model.load("random:tiny")
        let shares = CacheShares(model, budgetBytes: model.startBudget)
        for recent in 1...(2 * CacheShares.mostEngines) {
            let form = try model.form(policy: "window(sinks=4, recent=\(recent * 16))")
            let lease = try await shares.lease(form, bytes: 500_000, patience: .seconds(9))
            await shares.end(lease)
            #expect(await shares.statistics().count <= CacheShares.mostEngines)
            #expect(await shares.sharedBytes <= shares.budgetBytes)
        }
        #expect(await shares.statistics().first?.form.id == (try model.form().id))
    }
}
