/// Laws of accuracy: planted slopes are found, and held-out cells foretold.

import Foundation
import MartletTasks
import Testing

@testable import MartletEvaluation

@Suite struct ScalingLawTests {
    /// Cells of a law with these slopes; counts are the law's own, without chance, unless random numbers are given.
    private static func cells(
        size: Double = 1.3, length: Double = -1.1, compression: Double = -0.8,
        problems: Int = 100_000, random: inout TaskRandom?
    ) -> [ScalingObservation] {
        var cells: [ScalingObservation] = []
        for (task, offset) in [("easy", 2.0), ("hard", -1.5)] {
            for weights in [6e5, 2.4e6, 9e6] {
                for tokens in [500.0, 1000, 2000] {
                    for ratio in [1.0, 2, 4, 8] {
                        let z =
                            offset + size * log(weights / 2.4e6) + length * log(tokens / 1000)
                            + compression * log(ratio)
                        let p = 1 / (1 + exp(-z))
                        var right = p * Double(problems)
                        if random != nil {
                            right = 0
                            for _ in 0..<problems where (random?.unit() ?? 1) < p { right += 1 }
                        }
                        cells.append(
                            ScalingObservation(
                                task: task, size: weights, length: tokens, compression: ratio,
                                right: right, problems: problems))
                    }
                }
            }
        }
        return cells
    }

    @Test func findsPlantedSlopes() throws {
        var none: TaskRandom?
        let law = try #require(ScalingLaw(Self.cells(random: &none)))
        #expect(abs(try #require(law.slopes[.size]).value - 1.3) < 1e-4)
        #expect(abs(try #require(law.slopes[.length]).value + 1.1) < 1e-4)
        #expect(abs(try #require(law.slopes[.compression]).value + 0.8) < 1e-4)
        let (easy, hard) = (
            try #require(law.offsets["easy"]), try #require(law.offsets["hard"])
        )
        #expect(abs(easy - hard - 3.5) < 1e-3)
    }

    /// Of a hundred fits to random counts, the planted slope lies within 1.96 standard errors in about 95.
    @Test func errorsCoverPlantedSlopes() throws {
        var covered = 0
        for seed in 0..<100 as Range<UInt64> {
            var random: TaskRandom? = TaskRandom(seed: seed, stream: 0)
            let law = try #require(ScalingLaw(Self.cells(problems: 40, random: &random)))
            let slope = try #require(law.slopes[.compression])
            if abs(slope.value + 0.8) <= 1.96 * slope.error { covered += 1 }
        }
        #expect((88...100).contains(covered))
    }

    @Test func foretellsWhatItHasNotSeen() throws {
        var random: TaskRandom? = TaskRandom(seed: 7, stream: 0)
        let cells = Self.cells(problems: 200, random: &random)
        for axis in ScalingAxis.allCases {
            let held = try #require(ScalingHoldOut(cells, axis: axis))
            #expect(held.count == (axis == .compression ? 18 : 24))
            #expect(held.error < 3 * held.chance)
            #expect(held.errorWithout > 2 * held.error)
            #expect(try #require(held.determination) > 0.9)
        }
    }

    @Test func heldOutValueIsTheGreatestAndNeverFitted() throws {
        var none: TaskRandom?
        var cells = Self.cells(random: &none)
        // Whatever the held-out cells say, the law that foretells them stays the same.
        let before = try #require(ScalingHoldOut(cells, axis: .compression))
        cells = cells.map { each in
            guard each.compression == 8 else { return each }
            return ScalingObservation(
                task: each.task, size: each.size, length: each.length, compression: 8,
                right: 0, problems: each.problems)
        }
        let after = try #require(ScalingHoldOut(cells, axis: .compression))
        #expect(before.value == after.value && abs(before.value - 8) < 1e-9)
        #expect(before.error < 0.001 && after.error > 0.1)
        #expect(before.chance == after.chance)
    }

    @Test func staysFiniteWhereATaskIsAlwaysRight() throws {
        let cells = [1.0, 2, 4].map {
            ScalingObservation(
                task: "sure", size: 1e6, length: 100, compression: $0, right: 50, problems: 50)
        }
        let law = try #require(ScalingLaw(cells))
        #expect(law.slopes[.size] == nil && law.slopes[.length] == nil)
        #expect(abs(try #require(law.slopes[.compression]).value) < 1e-6)
        #expect(try #require(law.accuracy(cells[0])) > 0.97)
        #expect(ScalingLaw([]) == nil)
        #expect(ScalingHoldOut(cells, axis: .size) == nil)
    }

    @Test func orderChangesNothing() throws {
        var random: TaskRandom? = TaskRandom(seed: 3, stream: 0)
        let cells = Self.cells(problems: 30, random: &random)
        let (there, back) = (
            try #require(ScalingLaw(cells)), try #require(ScalingLaw(cells.reversed()))
        )
        for axis in ScalingAxis.allCases {
            let (a, b) = (try #require(there.slopes[axis]), try #require(back.slopes[axis]))
            #expect(abs(a.value - b.value) < 1e-9 && abs(a.error - b.error) < 1e-9)
        }
    }
}
