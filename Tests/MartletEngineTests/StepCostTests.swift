/// The cost of a step: the fit finds what made the measurements, and never less than nothing.

import MartletEngine
import Testing

@Suite struct StepCostTests {
    private static let points = [(1, 2.0), (16, 32), (4, 2056), (1, 2050), (64, 128)]

    private func measure(_ cost: StepCost, noise: Double = 0) -> [StepCost.Measurement] {
        var state: UInt32 = 11
        return Self.points.map { tokens, reads in
            state = state &* 1_664_525 &+ 1_013_904_223
            let factor = 1 + noise * (Double(state >> 8) / Double(1 << 23) - 1)
            return StepCost.Measurement(
                tokens: tokens, reads: reads,
                seconds: factor * cost.seconds(tokens: tokens, reads: reads))
        }
    }

    @Test(arguments: [
        (1e-3, 1e-4, 1e-7), (0, 1e-4, 1e-7), (1e-3, 0, 1e-7), (1e-3, 1e-4, 0), (0.04, 0.01, 2e-5),
        (0, 0, 1e-6),
    ])
    func findsWhatMadeTheMeasurements(fixed: Double, perToken: Double, perRead: Double) throws {
        let cost = StepCost(fixed: fixed, perToken: perToken, perRead: perRead)
        let fitted = try #require(StepCost(fitting: measure(cost)))
        for (tokens, reads) in Self.points {
            let (expected, got) = (
                cost.seconds(tokens: tokens, reads: reads),
                fitted.seconds(tokens: tokens, reads: reads)
            )
            #expect(abs(got - expected) <= 1e-6 * expected)
        }
    }

    @Test(arguments: [0.05, 0.3, 1])
    func noiseNeverMakesACostNegative(noise: Double) throws {
        let cost = StepCost(fixed: 1e-3, perToken: 1e-4, perRead: 1e-8)
        let fitted = try #require(StepCost(fitting: measure(cost, noise: noise)))
        #expect(fitted.fixed >= 0 && fitted.perToken >= 0 && fitted.perRead >= 0)
    }

    @Test func oneMeasurementIsEnough() throws {
        let one = StepCost.Measurement(tokens: 1, reads: 2, seconds: 0.5)
        let fitted = try #require(StepCost(fitting: [one]))
        #expect(abs(fitted.seconds(tokens: 1, reads: 2) - 0.5) < 1e-9)
        #expect(StepCost(fitting: []) == nil)
        let broken = StepCost.Measurement(tokens: 1, reads: 2, seconds: .nan)
        #expect(StepCost(fitting: [broken]) == nil)
    }

    /// A prompt in chunks and a decode are sums of steps.
    @Test func sumsOverSteps() {
        let cost = StepCost(fixed: 1, perToken: 0.1, perRead: 0.001)
        let decode = (0..<10).reduce(0.0) { sum, step in
            sum + cost.seconds(tokens: 3, reads: 3 * (100 + Double(step) + 0.5))
        }
        #expect(abs(cost.decodeSeconds(width: 3, length: 10, promptTokens: 100) - decode) < 1e-9)
        #expect(cost.prefillSeconds(tokens: 0, chunk: 8) == 0)
        let reads = 20.0 * 20 / 2
        #expect(abs(cost.prefillSeconds(tokens: 20, chunk: 8) - (3 + 2 + reads * 0.001)) < 1e-9)
    }
}
