/// Whose turn it is in a server of several models: while one is loaded, in the background, and after the last use.

import Martlet
import MartletJSON
import Synchronization
import Testing

@testable import MartletServer

@Suite struct ModelTurnsTests {
    /// Holds up whoever loads a model until it is opened.
    private final class Gate: Sendable {
        private let state = Mutex((isOpen: true, waiting: 0))

        var waitingCount: Int { state.withLock { $0.waiting } }

        func set(open: Bool) { state.withLock { $0.isOpen = open } }

        func pass() async {
            state.withLock { $0.waiting += 1 }
            while !state.withLock({ $0.isOpen }) { await Task.yield() }
            state.withLock { $0.waiting -= 1 }
        }
    }

    private struct Setup {
        let fleet: ModelFleet
        let server: TestServer
        let gate: Gate
    }

    /// Three models of the same size in a budget for `room` of them, where nobody goes ahead of who waits for bytes.
    private static func setup(room: Double, kept: Set<UInt64> = []) async throws -> Setup {
        let configuration = ServerConfiguration()
        @Sendable func load(_ seed: UInt64) async throws(MartletError) -> ServedModel {
            var options = ModelOptions()
            options.threads = 1
            options.seed = seed
            options.memoryBudget = 2 << 20
            var configuration = configuration
            configuration.names = ["model-\(seed)"]
            return try await ServedModel.load(
                "random:tiny", options: options, configuration: configuration)
        }
        let bytes = try await load(1).bytes
        let gate = Gate()
        let entries = [UInt64(1), 2, 3].map { (seed: UInt64) -> ModelFleet.Entry in
            ModelFleet.Entry(
                names: ["model-\(seed)"], isKept: kept.contains(seed), estimatedBytes: { bytes },
                load: { () async throws(MartletError) in
                    await gate.pass()
                    return try await load(seed)
                })
        }
        let fleet = try ModelFleet(
            entries, budgetBytes: Int(Double(bytes) * room), fairness: .zero)
        let service = Service(configuration)
        try await fleet.loadKept()
        service.begin(with: fleet)
        return Setup(fleet: fleet, server: TestServer(serving: Server(service)), gate: gate)
    }

    @Test func loadingStopsNobody() async throws {
        let setup = try await Self.setup(room: 2.5)
        let fleet = setup.fleet
        _ = try await fleet.use("model-1", patience: .seconds(60))
        setup.gate.set(open: false)
        let loading = Task { try await fleet.use("model-2", patience: .seconds(600)).model.id }
        while setup.gate.waitingCount == 0 { await Task.yield() }
        let waiting = Task {
            try await fleet.use("model-2", patience: .milliseconds(1)).model.id
        }
        while await fleet.waitingCount < 2 { await Task.yield() }
        // What is loaded answers; before, this waited for the end of loading.
        #expect(try await fleet.use("model-1", patience: .milliseconds(50)).model.id == "model-1")
        // Far more than its patience: loading takes as long as it does.
        try await Task.sleep(for: .milliseconds(50))
        setup.gate.set(open: true)
        #expect(try await loading.value == "model-2")
        #expect(try await waiting.value == "model-2")
        await fleet.shutdown()
    }

    /// What a request waits for a model is a part of the time that its answer may take, and of what it waited.
    @Test(.timeLimit(.minutes(2))) func waitingForAModelCounts() async throws {
        let setup = try await Self.setup(room: 1.2)
        func ask(_ deadline: Double) async -> CollectedAnswer {
            await setup.server.post(
                "/v1/completions",
                [
                    "model": "model-1", "prompt": "a", "max_tokens": 2, "ignore_eos": true,
                    "martlet": ["deadline": .number(deadline)],
                ])
        }
        setup.gate.set(open: false)
        // The gate stays shut: without a deadline this would wait for ever.
        let late = await ask(0.05)
        #expect(late.status == 503 && late.headers["retry-after"] != nil)
        #expect(late.text.contains("deadline"), "\(late.text)")
        let asked = Task { await ask(600) }
        while await setup.fleet.waitingCount == 0 { await Task.yield() }
        try await Task.sleep(for: .milliseconds(120))
        setup.gate.set(open: true)
        #expect(await asked.value.status == 200)
        #expect(await setup.fleet.listing[0].loads == 1)
        let counters = setup.server.service.counters.now
        #expect(counters.answers == 1 && counters.firstTokenSeconds >= 0.12)
        await setup.fleet.shutdown()
    }

    @Test func deadlinesBeginWhenARequestIsRead() async throws {
        // Far beyond what a machine that does other things may take for what follows.
        let body: JSONValue = ["martlet": ["deadline": 80_000]]
        let fields = try Fields(body: body.serialized())
        try await Task.sleep(for: .milliseconds(30))
        let early = try #require(MartletFields.timeLeft(of: fields))
        let model = try await TestServer().service.model()
        let left = try #require(try MartletFields(fields, model).timeLeft)
        #expect(left <= early && early <= .milliseconds(79_999_970))
        #expect(MartletFields.timeLeft(of: try Fields(body: Array("{}".utf8))) == nil)
    }

    @Test(.timeLimit(.minutes(2))) func theBackgroundComesLast() async throws {
        let setup = try await Self.setup(room: 1.2)
        let fleet = setup.fleet
        var first: ModelHold? = try await fleet.use("model-1", patience: .seconds(60)).hold
        let batch = Task {
            try await fleet.use("model-2", isBackground: true, patience: .seconds(600))
        }
        while await fleet.waitingCount < 1 { await Task.yield() }
        // It holds nobody up, and whoever comes later stands before it.
        #expect(try await fleet.use("model-1", patience: .milliseconds(50)).model.id == "model-1")
        // A task keeps what it returns, and with it the model.
        var asked: Task? = Task { try await fleet.use("model-3", patience: .seconds(600)) }
        while await fleet.waitingCount < 2 { await Task.yield() }
        withExtendedLifetime(first) {}
        first = nil
        do {
            let granted = try await asked?.value
            #expect(granted?.model.id == "model-3")
            #expect(await fleet.waitingCount == 1)
            withExtendedLifetime(granted?.hold) {}
        }
        asked = nil
        #expect(try await batch.value.model.id == "model-2")
        #expect(await fleet.waitingCount == 0)
    }

    @Test func aModelStaysForSoLongAfterItsLastUse() async throws {
        let setup = try await Self.setup(room: 2.5)
        let fleet = setup.fleet
        let time = Duration.seconds(3600)
        func isUsed() async -> Bool { await fleet.listing[0].uses > 0 }
        for isFirst in [true, false] {
            let (model, hold) = try await fleet.use("model-1", patience: .seconds(60))
            if isFirst { #expect(await fleet.keepAlive(model.id, for: time)) }
            // Its time does not begin before it is let go of.
            #expect(await fleet.listing[0].timeLeft == time)
            withExtendedLifetime(hold) {}
        }
        while await isUsed() { await Task.yield() }
        let left = try #require(await fleet.listing[0].timeLeft)
        #expect(left < time && left > time - .seconds(600))
        await fleet.keepAlive("model-1", for: .zero)
        #expect(await fleet.listing[0].model == nil)
        #expect(await fleet.listing[0].timeLeft == nil)
    }

    @Test func whatIsKeptIsNotUnloaded() async throws {
        let setup = try await Self.setup(room: 2.5, kept: [1])
        let answer = await setup.server.post(
            "/api/generate", ["model": "model-1", "prompt": "", "keep_alive": 0])
        #expect(try answer.json()["done_reason"] == "load", "\(answer.text)")
        #expect(answer.headers["martlet-ignored"]?.contains("keep_alive") == true)
        #expect(await setup.fleet.listing[0].model != nil)
    }

    @Test func whoWatchesLoadsNothing() async throws {
        let setup = try await Self.setup(room: 2.5)
        let slots = await setup.server.send("GET", "/slots")
        #expect(try slots.json().arrayValue?.isEmpty == true, "\(slots.text)")
        #expect(await setup.server.send("GET", "/props").status == 200)
        #expect(await setup.fleet.listing.allSatisfy { $0.model == nil })
        _ = try await setup.fleet.use("model-2", patience: .seconds(60))
        #expect(try await setup.server.send("GET", "/props").json()["model_alias"] == "model-2")
        #expect(try await setup.server.send("GET", "/slots").json().arrayValue?.isEmpty == false)
    }

    @Test func vectorsComeFromTheModelThatIsNamedForThem() async throws {
        var options = ModelOptions()
        options.threads = 1
        options.memoryBudget = 2 << 20
        func entries(_ models: [String]) -> [ModelFleet.Entry] {
            ModelFleet.Entry.entries(
                models, embeddings: "random:tiny", kept: ["random:tiny"], options: options,
                configuration: ServerConfiguration())
        }
        let alone = try #require(entries(["folder/other/"]).last)
        #expect(alone.names == ["random:tiny"] && alone.isKept)
        let vectors = try await alone.load()
        #expect(vectors.model == nil && vectors.embedding != nil)
        let both = entries(["random:tiny"])
        #expect(both.count == 1)
        let model = try await both[0].load()
        #expect(model.model != nil && model.embedding != nil)
        await model.shutdown()
        // A folder is the same model with and without a slash at its end.
        let named = ModelFleet.Entry.entries(
            ["models/a/"], embeddings: "models/a", kept: ["a"], options: options,
            configuration: ServerConfiguration())
        #expect(named.map(\.names) == [["a", "models/a"]] && named[0].isKept)
    }

    @Test func aDeadlineCountsFromTheRequest() async throws {
        let model = try await TestServer().service.model()
        let fields = try Fields(body: Array(#"{"martlet": {"deadline": 60}}"#.utf8))
        var request = AnswerRequest(prompt: PreparedPrompt(tokens: [1]))
        request.own = try MartletFields(fields, model)
        let left = try #require(request.own.timeLeft)
        while request.own.timeLeft == left { await Task.yield() }
        #expect(try #require(request.own.timeLeft) < left)
        request.own.deadline = ContinuousClock.now - .seconds(1)
        #expect(request.own.timeLeft == .zero)
        #expect(model.patience(for: request) == .zero)
    }
}
