/// Schedules against PyTorch's and transformers', and against their formulas.

import Foundation
import MartletTraining
import Testing

@Suite struct LearningRateScheduleTests {
    @Test func ratesAreThoseOfPyTorchAndTransformers() throws {
        let goldens = try OptimiserGoldens.load().schedules
        let peak = goldens.peak
        func schedule(
            _ shape: LearningRateSchedule.Shape, minimum: Double = 0
        ) throws -> LearningRateSchedule {
            try LearningRateSchedule(peak: peak, shape: shape, warmUp: .steps(10), minimum: minimum)
        }
        func decay(_ decay: LearningRateSchedule.Decay) throws -> LearningRateSchedule {
            // transformers begins the warm-up at the minimum.
            try LearningRateSchedule(
                peak: peak, shape: .warmUpStableDecay(decayFraction: 0.2, decay: decay),
                warmUp: .steps(10), warmUpStart: 0.1, minimum: 0.1 * peak)
        }
        let schedules = [
            "constant": try schedule(.constant),
            "linear": try schedule(.linear),
            "one-cycle": try .oneCycle(peak: peak),
            "cosine": try schedule(.cosine),
            "cosine-minimum": try schedule(.cosine, minimum: 0.1 * peak),
            "inverse-root": try schedule(.inverseSquareRoot(timescale: 10, finalFraction: 0)),
            "nano-t5": try .nanoT5(peak: peak, warmUpSteps: 20),
            "wsd-linear": try decay(.linear),
            "wsd-cosine": try decay(.cosine),
            "wsd-1-sqrt": try decay(.oneMinusRoot),
        ]
        #expect(schedules.keys.sorted() == goldens.rates.keys.sorted())
        for (name, expected) in goldens.rates {
            let schedule = try #require(schedules[name])
            #expect(expected.count == 34)
            for (index, rate) in expected.enumerated() {
                let got = schedule.rate(at: Double(index * goldens.every), of: goldens.total)
                #expect(abs(got - rate) <= 1e-9 * peak, "\(name) at \(index * goldens.every)")
            }
        }
    }

    @Test func stepsNeedNotBeWhole() throws {
        let schedule = try LearningRateSchedule(peak: 2, shape: .cosine, warmUp: .fraction(0.25))
        #expect(schedule.rate(at: 12.5, of: 100) == 1)
        #expect(abs(schedule.rate(at: 62.5, of: 100) - 1) < 1e-15)
        #expect(schedule.rate(at: 6.25, of: 50) == schedule.rate(at: 12.5, of: 100))
    }

    @Test func theEndIsTheMinimumAndStays() throws {
        let shapes: [LearningRateSchedule.Shape] = [
            .linear, .cosine, .warmUpStableDecay(decayFraction: 0.3, decay: .oneMinusRoot),
            .warmUpStableDecay(decayFraction: 0.3, decay: .cosine),
            .inverseSquareRoot(timescale: 20, finalFraction: 0.1),
        ]
        for shape in shapes {
            let schedule = try LearningRateSchedule(
                peak: 1, shape: shape, warmUp: .steps(10), warmUpStart: 0.5, minimum: 0.01)
            #expect(abs(schedule.rate(at: 80, of: 80) - 0.01) < 1e-15)
            #expect(schedule.rate(at: 500, of: 80) == schedule.rate(at: 80, of: 80))
            #expect(schedule.rate(at: -3, of: 80) == 0.5)
            #expect(abs(schedule.rate(at: 5, of: 80) - 0.75) < 1e-15)
            #expect(schedule.rate(at: 10, of: 80) == 1)
            let rates = (10...80).map { schedule.rate(at: Double($0), of: 80) }
            #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 >= $1 })
        }
    }

    @Test func t5FallsWithTheRootAndThenToZero() throws {
        let schedule = try LearningRateSchedule.t5()
        #expect(schedule.rate(at: 0, of: 65_536) == 1e-2)
        #expect(schedule.rate(at: 9_999, of: 65_536) == 1e-2)
        #expect(abs(schedule.rate(at: 40_000, of: 65_536) - 1 / 200) < 1e-15)
        let last = 0.9 * 65_536.0
        #expect(abs(schedule.rate(at: last, of: 65_536) - 1 / last.squareRoot()) < 1e-15)
        let middle = schedule.rate(at: 0.95 * 65_536, of: 65_536)
        #expect(abs(middle - 0.5 / last.squareRoot()) < 1e-12)
        #expect(schedule.rate(at: 65_536, of: 65_536) == 0)
    }

    @Test func aRunShorterThanItsWarmUpOnlyRises() throws {
        let schedule = try LearningRateSchedule(peak: 1, shape: .cosine, warmUp: .steps(100))
        #expect(schedule.rate(at: 50, of: 50) == 0.5)
        #expect(schedule.rate(at: 0, of: 0) == 0)
        let none = try LearningRateSchedule(peak: 1, shape: .cosine)
        #expect(none.rate(at: 0, of: 10) == 1)
        #expect(none.rate(at: 0, of: 0) == 0)
    }

    @Test func badValuesAreRefused() {
        #expect(throws: OptimiserError.self) { try LearningRateSchedule(peak: 0) }
        #expect(throws: OptimiserError.self) { try LearningRateSchedule(peak: .infinity) }
        #expect(throws: OptimiserError.self) { try LearningRateSchedule(peak: 1, minimum: 2) }
        #expect(throws: OptimiserError.self) { try LearningRateSchedule(peak: 1, warmUpStart: 2) }
        #expect(throws: OptimiserError.self) {
            try LearningRateSchedule(peak: 1, warmUp: .fraction(1.5))
        }
        #expect(throws: OptimiserError.self) {
            try LearningRateSchedule(
                peak: 1, shape: .warmUpStableDecay(decayFraction: .nan, decay: .linear))
        }
        #expect(throws: OptimiserError.self) {
            try LearningRateSchedule(
                peak: 1, shape: .inverseSquareRoot(timescale: 5, finalFraction: 0),
                warmUp: .steps(10))
        }
    }
}
