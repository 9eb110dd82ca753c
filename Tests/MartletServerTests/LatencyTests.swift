/// Latencies of the last minutes, and what a step may have, as they are told.

import Martlet
import MartletJSON
import Testing

@testable import MartletServer

@Suite struct LatencyTests {
    /// A window knows times to 1/32, to which the middle of a part is right.
    private static func isAbout(_ told: Double?, _ right: Double) -> Bool {
        told.map { abs($0 / right - 1) <= 1.0 / 32 } ?? false
    }

    @Test func quantilesAreThoseOfWhatWasCounted() {
        var window = LatencyWindow()
        #expect(window.quantiles(at: .zero).count == 0)
        #expect(window.quantiles(at: .zero).quantile(0.5) == nil)
        for number in (1...1000).reversed() { window.note(.milliseconds(number), at: .seconds(7)) }
        let times = window.quantiles(at: .seconds(8))
        #expect(times.count == 1000)
        for share in [0.001, 0.25, 0.5, 0.9, 0.99, 1] {
            #expect(Self.isAbout(times.quantile(share), share), "\(share)")
        }
        // From microseconds to an hour.
        for time in [Duration.microseconds(20), .milliseconds(3), .seconds(50), .seconds(3000)] {
            var one = LatencyWindow()
            one.note(time, at: .zero)
            #expect(Self.isAbout(one.quantiles(at: .zero).quantile(0.5), time / .seconds(1)))
        }
    }

    @Test func whatIsOlderIsForgotten() {
        var window = LatencyWindow()
        window.note(.seconds(1), at: .seconds(5))
        window.note(.seconds(2), at: .seconds(200))
        #expect(window.quantiles(at: .seconds(299)).count == 2)
        #expect(window.quantiles(at: .seconds(305)).count == 1)
        #expect(Self.isAbout(window.quantiles(at: .seconds(305)).quantile(0.01), 2))
        #expect(window.quantiles(at: .seconds(500)).count == 0)
        // A slot that comes again is empty.
        window.note(.seconds(3), at: .seconds(305))
        #expect(window.quantiles(at: .seconds(306)).count == 2)
    }

    @Test func theStateTellsBoth() async throws {
        var options = ModelOptions()
        options.targetGap = .milliseconds(250)
        options.maximumBatchTokens = 96
        let server = try await TestServer(options: options)
        let before = try await server.send("GET", "/martlet/state").json()
        #expect(before["latency.ttft.count"] == 0)
        #expect(before["latency.ttft.p50"] == .null && before["step.cost"] == .null)
        for _ in 0..<2 {
            let answer = await server.post(
                "/v1/completions",
                ["prompt": "Once upon a time", "max_tokens": 8, "n": 2, "ignore_eos": true])
            #expect(answer.status == 200, "\(answer.text)")
        }
        let state = try await server.send("GET", "/martlet/state").json()
        #expect(state["latency.windowSeconds"] == 300)
        // Two chains in each of two answers, seven gaps in each of the chains.
        #expect(state["latency.ttft.count"] == 4)
        #expect(state["latency.gap.count"] == 28)
        #expect(state["latency.queue.count"] == 2)
        for name in ["ttft", "gap", "queue"] {
            let marks = ["p50", "p90", "p99"].compactMap {
                state["latency.\(name).\($0)"].doubleValue
            }
            #expect(marks.count == 3 && marks == marks.sorted() && marks[0] > 0)
        }
        #expect(state["step.targetGap"] == 0.25)
        #expect(state["step.mostTokens"] == 96)
        #expect(state["step.budgetTokens"] == 96)
        let costs = ["fixed", "perToken", "perRead"].compactMap {
            state["step.cost.\($0)"].doubleValue
        }
        #expect(costs.count == 3 && costs.allSatisfy { $0 >= 0 } && costs.reduce(0, +) > 0)
    }
}
