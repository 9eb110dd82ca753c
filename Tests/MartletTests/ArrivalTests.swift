/// What a request has waited for before the engine gets it is a part of its times.

import Martlet
import Testing

@Suite struct ArrivalTests {
    @Test func waitingElsewhereIsQueueTime() async throws {
        var loading = ModelOptions()
        loading.threads = 1
        let model = try await Model.load("random:tiny", options: loading)
        func usage(_ arrival: ContinuousClock.Instant?) async throws -> Usage {
            var options = GenerationOptions()
            options.maximumTokens = 3
            options.ignoresEndTokens = true
            options.service.arrival = arrival
            return try await model.makeSession().respond(to: "Once", options: options).usage
        }
        let late = try await usage(.now - .seconds(1000))
        let queue = try #require(late.queueTime)
        let first = try #require(late.timeToFirstToken)
        #expect(queue >= .seconds(1000) && first >= queue && late.duration >= first)
        let now = try await usage(nil)
        #expect(try #require(now.queueTime) < .seconds(900))
        await model.shutdown()
    }
}
