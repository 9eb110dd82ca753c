/// Counters only grow, whatever engines and models go.

import Martlet
import MartletJSON
import MartletServer
import Testing

@Suite struct MetricsTests {
    private static let counters = [
        "martlet_engine_steps_total", "martlet_engine_tokens_total",
        "martlet_engine_preemptions_total",
    ]

    private static func counters(_ server: TestServer) async throws -> [Double] {
        let text = await server.send("GET", "/metrics").text
        return try counters.map { name in
            let line = try #require(
                text.split(separator: "\n").first { $0.hasPrefix(name + " ") }, "\(name)")
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
    }

    private static func body(_ more: [(key: String, value: JSONValue)]) -> JSONValue {
        .object(
            more.reduce(
                JSONObject().setting("prompt", to: "Once upon a time").setting("max_tokens", to: 4)
                    .setting("ignore_eos", to: true)
            ) { $0.setting($1.key, to: $1.value) })
    }

    @Test func countersOutliveEngines() async throws {
        let server = try await TestServer { $0.allowsLossyForms = true }
        #expect(try await Self.counters(server) == [0, 0, 0])
        var last = [0.0, 0, 0]
        // Each has an engine of its own, and those before make way.
        for recent in 1...(CacheShares.mostEngines + 3) {
            let form: JSONValue = [
                "cache": .string("window(sinks=4, recent=\(16 * recent))"), "kv": "f32",
            ]
            let answer = await server.post("/v1/completions", Self.body([("martlet", form)]))
            #expect(answer.status == 200, "\(answer.text)")
            let now = try await Self.counters(server)
            // The 16 letters of the prompt, and all tokens of the answer but the last.
            #expect(now[1] == last[1] + 19 && now[0] > last[0] && now[2] == last[2])
            last = now
        }
        let state = try await server.send("GET", "/martlet/state").json()
        #expect(state["step.count"].intValue == Int(last[0]))
    }

    @Test func countersOutliveModels() async throws {
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
        let entries = [UInt64(1), 2].map { (seed: UInt64) -> ModelFleet.Entry in
            ModelFleet.Entry(
                names: ["model-\(seed)"], estimatedBytes: { bytes },
                load: { () async throws(MartletError) in try await load(seed) })
        }
        let fleet = try ModelFleet(entries, budgetBytes: bytes * 3 / 2)
        let service = Service(configuration)
        service.begin(with: fleet)
        let server = TestServer(serving: Server(service))
        var last = try await Self.counters(server)
        #expect(last == [0, 0, 0])
        for model in ["model-1", "model-2", "model-1", "model-1"] {
            let answer = await server.post(
                "/v1/completions", Self.body([("model", .string(model))]))
            #expect(answer.status == 200, "\(answer.text)")
            let now = try await Self.counters(server)
            #expect(now[1] == last[1] + 19 && now[0] > last[0])
            last = now
        }
        // Also when nothing is in memory any more.
        #expect(await fleet.keepAlive("model-1", for: .zero))
        while await fleet.countedBytes > 0 { await Task.yield() }
        #expect(try await Self.counters(server) == last)
        await fleet.shutdown()
    }

    @Test func everyNumberIsAddedAndSubtracted() {
        var (first, second) = (EngineWork(), EngineWork())
        for (index, number) in EngineWork.numbers.enumerated() {
            first.add(index + 1, to: number)
            second.add(100 * (index + 1), to: number)
        }
        let (sum, difference) = (first + second, second - first)
        for (index, number) in EngineWork.numbers.enumerated() {
            #expect(sum[keyPath: number.path] == 101 * (index + 1), "\(number.name)")
            #expect(difference[keyPath: number.path] == 99 * (index + 1), "\(number.name)")
        }
        let names = EngineWork.numbers.map(\.name)
        #expect(Set(names).count == names.count)
        // Every stored number is in the list.
        #expect(Mirror(reflecting: first).children.count == names.count)
    }
}

extension EngineWork {
    fileprivate mutating func add(_ count: Int, to number: Number) {
        self[keyPath: number.path] += count
    }
}
