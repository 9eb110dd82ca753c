/// Intervals against known values, and the cases where formulas break.

import MartletEvaluation
import Testing

@Suite struct AccuracyIntervalTests {
    struct Known: Sendable {
        let right: Int
        let count: Int
        let lower: Double
        let upper: Double
    }

    /// Wilson's interval without continuity correction, as statsmodels' `proportion_confint` gives it.
    static let known = [
        Known(right: 0, count: 10, lower: 0, upper: 0.277_533),
        Known(right: 8, count: 10, lower: 0.490_162, upper: 0.943_318),
        Known(right: 10, count: 10, lower: 0.722_467, upper: 1),
        Known(right: 50, count: 100, lower: 0.403_832, upper: 0.596_168),
        Known(right: 1, count: 1, lower: 0.206_549, upper: 1),
    ]

    @Test(arguments: known) func wilson(_ known: Known) {
        let wrong = [Double](repeating: 0, count: known.count - known.right)
        let interval = AccuracyInterval(
            scores: [Double](repeating: 1, count: known.right) + wrong)
        #expect(abs(interval.lower - known.lower) < 1e-6)
        #expect(abs(interval.upper - known.upper) < 1e-6)
    }

    @Test func partialScoresUseTheNormalApproximation() {
        // Mean 0.5, variance 1/6, standard error sqrt(1/24).
        let interval = AccuracyInterval(scores: [0, 0.5, 0.5, 1])
        let half = 1.959_963_984_540_054 * (1.0 / 24).squareRoot()
        #expect(abs(interval.lower - (0.5 - half)) < 1e-12)
        #expect(abs(interval.upper - (0.5 + half)) < 1e-12)
    }

    @Test func endsStayBetweenZeroAndOne() {
        let low = AccuracyInterval(scores: [0, 0, 0.1])
        #expect(low.lower == 0)
        let high = AccuracyInterval(scores: [1, 1, 0.9])
        #expect(high.upper == 1)
    }

    @Test func littleIsKnownFromLittle() {
        for scores in [[], [0.5]] as [[Double]] {
            let interval = AccuracyInterval(scores: scores)
            #expect(interval.lower == 0 && interval.upper == 1)
        }
    }
}
