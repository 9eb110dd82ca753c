// Fleets in simulated time, and files of timelines.

import Foundation
import Martlet
import MartletEngine
import MartletFormats
import Testing

@testable import MartletEvaluation

@Suite struct SimulatedFleetTests {
    private static let cost = StepCost(fixed: 0.01, perToken: 0.001, perRead: 1e-7)

    private static func fleet(
        machines: Int = 1, route: SimulatedFleet.Route = .turns
    ) -> SimulatedFleet {
        var configuration = EngineConfiguration()
        configuration.budget.maximumTokens = 64
        configuration.prefixReuse = PrefixReuse()
        return SimulatedFleet(
            cost: cost, layers: 1, cacheTokens: 1 << 14, configuration: configuration,
            machines: machines, route: route)
    }

    /// One request alone takes what its steps take.
    @Test func aRequestAloneTakesWhatItsStepsTake() throws {
        let workload = Workload(requests: 1, prompt: 100, completion: 3)
        let timeline = try #require(try Self.fleet().run(workload, seed: 0).first)
        let prompt = Self.cost.prefillSeconds(tokens: 100, chunk: 64)
        #expect(abs((timeline.timeToFirstToken ?? 0) - prompt) < 1e-5)
        #expect(timeline.tokens.count == 3 && timeline.queueTime == 0)
        let gap = Self.cost.seconds(tokens: 1, reads: 101)
        #expect(abs(timeline.gaps[0] - gap) < 1e-6)
    }

    /// Work is divided: each request is served once, and four machines are done nearly four times as early.
    @Test(arguments: SimulatedFleet.Route.allCases)
    func machinesDivideTheWork(route: SimulatedFleet.Route) throws {
        let requests = (0..<64).map { index in
            Workload.Request(
                arrival: 0, promptTokens: 64, completionTokens: 20, blocks: [index % 32])
        }
        let workload = Workload(name: "many", requests: requests, blockTokens: 32)
        func end(_ machines: Int) throws -> Double {
            let timelines = try Self.fleet(machines: machines, route: route)
                .run(workload, seed: 1)
            #expect(timelines.count == 64)
            #expect(timelines.allSatisfy { $0.ending == .answered && $0.tokens.count == 20 })
            return timelines.map(\.ended).max() ?? 0
        }
        let (one, four) = (try end(1), try end(4))
        #expect(four < (route == .prefix ? 0.7 : 0.5) * one)
    }

    /// Requests that begin alike find what is known of them where they are sent together.
    @Test func requestsThatBeginAlikeMeet() throws {
        let requests = (0..<48).map { index in
            Workload.Request(
                arrival: Double(index), promptTokens: 96, completionTokens: 4, blocks: [index % 8])
        }
        let workload = Workload(name: "groups", requests: requests, blockTokens: 64)
        func known(_ route: SimulatedFleet.Route) throws -> Int {
            try Self.fleet(machines: 3, route: route).run(workload, seed: 1)
                .reduce(0) { $0 + $1.cachedTokens }
        }
        // All but the first of each of the eight groups; a few begin alike beyond the block, by chance.
        let together = try known(.prefix)
        #expect((40 * 64..<41 * 64).contains(together))
        #expect(try known(.turns) < together - 8 * 64)
    }

    // MARK: Files

    @Test func timelinesComeBackFromFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "t.jsonl").path(percentEncoded: false)
        let timelines = [
            RequestTimeline(
                arrival: 1, started: 1.5, tokens: [2, 2.25], promptTokens: 9, cachedTokens: 4,
                ended: 3),
            RequestTimeline(arrival: 2, tokens: [], promptTokens: 1, ending: .failed, ended: 2),
        ]
        let lines = timelines.reduce(into: [UInt8]()) { $0 += $1.json.serialized() + [0x0A] }
        try Data(lines).write(to: URL(filePath: path))
        #expect(try RequestTimeline.read(path) == timelines)
        for wrong in [
            "x", "{}",
            #"{"arrival":1,"tokens":["a"],"promptTokens":1,"ending":"answered","ended":1}"#,
            #"{"arrival":1,"tokens":[],"promptTokens":-1,"ending":"answered","ended":1}"#,
            #"{"arrival":1,"tokens":[],"promptTokens":9223372036854775807,"ending":"answered","ended":1}"#,
            #"{"arrival":1,"tokens":[],"promptTokens":1,"ending":"lost","ended":1}"#,
        ] {
            try Data((wrong + "\n").utf8).write(to: URL(filePath: path))
            #expect {
                try RequestTimeline.read(path)
            } throws: {
                ($0 as? MartletError)?.code == .malformedFile
                    && ($0 as? MartletError)?.message.contains("line 1") == true
            }
        }
        #expect {
            try RequestTimeline.read(path + ".none")
        } throws: {
            ($0 as? MartletError)?.code == .fileNotFound
        }
    }
}
