/// What steps take: measured in the time that there is.

import MartletEngine
import Testing

@testable import Martlet

@Suite struct CostMeasurementTests {
    /// What a search waits for takes a part of its deadline at most, and then is not what later searches plan by.
    @Test func aShortDeadlineHurriesTheMeasuring() async throws {
        var options = ModelOptions()
        options.threads = 1
        let loaded = try await Model.load("random:tiny", options: options).loaded
        let (cost, isHurried) = try CostMeasurement(loaded, before: .zero).run()
        #expect(isHurried)
        #expect(cost.fixed + cost.perToken > 0 && cost.perRead > 0)
        #expect(try !CostMeasurement(loaded).run().isHurried)
    }
}
