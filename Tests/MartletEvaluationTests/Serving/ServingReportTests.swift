/// Figures of served requests against sums by hand.

import Testing

@testable import MartletEvaluation

@Suite struct ServingReportTests {
    /// Etalon's index: an early stall is felt, the same stall after tokens that came early is not.
    @Test func earlyStallsAreFeltLateOnesAreNot() {
        func index(_ gaps: [Double]) -> Double { Fluidity.index(gaps: gaps, first: 1, gap: 0.5) }
        #expect(index([1, 0.5, 0.5, 0.5]) == 1)
        #expect(index([0.5, 0.1, 0.1, 0.1, 0.1, 2]) == 1)
        // 2 s where half a second is allowed: late by 1.5 s, so four deadlines are missed beside four that are met.
        #expect(index([1, 2, 0.1, 0.1, 0.1]) == 0.5)
        #expect(index([]) == 1)
        // The first token three deadlines of a gap late: (2.6 - 1) / 0.5 is 3.2.
        #expect(index([2.6]) == 0)
        #expect(index([2.6, 0.5, 0.5, 0.5, 0.5]) == 0.5)
    }

    @Test func quantilesAreMeasuredTimes() throws {
        let times = try #require(TimeQuantiles((1...100).map(Double.init).reversed()))
        #expect(times.median == 50 && times.ninetieth == 90 && times.ninetyNinth == 99)
        #expect(times.largest == 100 && times.mean == 50.5)
        let one = try #require(TimeQuantiles([3]))
        #expect(one.median == 3 && one.ninetyNinth == 3)
        #expect(TimeQuantiles([]) == nil)
    }

    private static func timeline(
        _ arrival: Double, _ tokens: [Double], prompt: Int = 512, cached: Int = 0,
        _ ending: RequestTimeline.Ending = .answered, ended: Double? = nil
    ) -> RequestTimeline {
        RequestTimeline(
            arrival: arrival, started: arrival + 0.125, tokens: tokens, promptTokens: prompt,
            cachedTokens: cached, ending: ending, ended: ended ?? tokens.last ?? arrival)
    }

    @Test func countsWhatMetItsTarget() throws {
        let report = ServingReport(
            [
                // In time; every gap, too.
                Self.timeline(10, [11, 11.2, 11.4], cached: 256),
                // The first token is late.
                Self.timeline(10, [13, 13.2]),
                // A gap of two seconds.
                Self.timeline(11, [11.5, 13.5, 13.6]),
                Self.timeline(12, [], .refused, ended: 12), Self.timeline(12, [12.5], .failed),
                Self.timeline(18, [18.5, 20], .cancelled),
            ], target: FluidityTarget(first: 0.5, gap: 0.25)
        ) { Double($0) / 1024 }
        #expect(report.requests == 6 && report.endings[.answered] == 3)
        #expect(report.endings[.refused] == 1 && report.endings[.cancelled] == 1)
        #expect(report.seconds == 10)
        // Tokens that came count, whatever became of the rest.
        #expect(abs(report.tokensPerSecond - 1.1) < 1e-12)
        #expect(abs(report.promptTokensPerSecond - 153.6) < 1e-9)
        #expect(abs(report.cachedShare - 1.0 / 6) < 1e-12)
        #expect(report.goodput == 0.1)
        // One second for 512 tokens of prompt: the second is late; the third stalls.
        #expect(report.effectiveThroughput == 0.1)
        #expect(report.timeToFirstToken?.median == 1)
        #expect(report.queueTime?.largest == 0.125)
        #expect(abs(report.fluidShare - 1.0 / 6) < 1e-12)
        #expect(report.fluidity < 0.5)
        let empty = ServingReport([], target: FluidityTarget(first: 1, gap: 1))
        #expect(empty.requests == 0 && empty.goodput == 0 && empty.timeToFirstToken == nil)
    }

    @Test(arguments: [0.03, 0.9, 1, 3.7, 900])
    func capacityIsFoundFromBothSides(capacity: Double) async throws {
        var calls = 0
        let found = await CapacitySearch(start: 1, precision: 1.05, most: 40).run {
            calls += 1
            return $0 <= capacity
        }
        let rate = try #require(found.capacity)
        #expect(rate <= capacity && rate * 1.05 > capacity)
        #expect(calls == found.trials.count && calls < 25)
        #expect(Set(found.trials.map(\.rate)).count == calls)
        let none = await CapacitySearch(most: 5).run { _ in false }
        #expect(none.capacity == nil && none.trials.count == 5)
    }
}
