// The highest compression that costs nothing, where it is known.

import Testing

@testable import MartletEvaluation

@Suite struct SafeCompressionTests {
    private static let tasks = (0..<60).map { ["easy", "hard", "rare"][$0 == 59 ? 2 : $0 % 2] }

    private static func point(
        _ method: String, _ ratio: Double, width: Int = 1, _ score: (Int) -> Double
    ) -> FrontierPoint {
        FrontierPoint(
            FrontierConfiguration(
                method: method, model: "m", policy: "p", length: 8, width: width, ratio: ratio,
                phase: .steps),
            scores: (0..<60).map(score), tasks: tasks, tokens: 1, costs: [:])
    }

    private static let dense = [
        point("dense", 1) { _ in 1 }, point("dense", 1, width: 2) { _ in 1 },
    ]

    /// At 8 every hard problem is lost, at 4 one of thirty, at 2 none.
    @Test func isJudgedForEachKind() throws {
        let safe = try #require(
            SafeCompression(
                [
                    Self.point("x", 2) { _ in 1 },
                    Self.point("x", 4) { $0 == 1 ? 0 : 1 },
                    Self.point("x", 8) { Self.tasks[$0] == "hard" ? 0 : 1 },
                ], beside: Self.dense, seed: 0))
        #expect(safe.method == "x" && safe.phase == .steps)
        #expect(safe.ratio == 4)
        #expect(
            safe.perTask == [
                .init(task: "easy", problems: 30, ratio: 8),
                .init(task: "hard", problems: 29, ratio: 4),
            ])
    }

    /// One length or width that loses is enough; where all lose there is no ratio.
    @Test func everyShapeMustHold() throws {
        let one = try #require(
            SafeCompression(
                [
                    Self.point("x", 4) { _ in 1 }, Self.point("x", 4, width: 2) { _ in 0 },
                    Self.point("x", 2) { _ in 1 },
                ], beside: Self.dense, seed: 0))
        #expect(one.ratio == 2)
        let none = try #require(
            SafeCompression([Self.point("x", 2) { _ in 0 }], beside: Self.dense, seed: 0))
        #expect(none.ratio == nil && none.perTask.allSatisfy { $0.ratio == nil })
    }

    @Test func phasesOfMethods() throws {
        #expect(try FrontierMethod("snapkv").phase == .prompt)
        #expect(try FrontierMethod("quest").phase == .steps)
        #expect(try FrontierMethod("tova").phase == .both)
        let prompt = try FrontierMethod("prompt:tova(budget={budget}, steps=false)")
        #expect(prompt.phase == .prompt)
        #expect(
            prompt.policy(ratio: 4, promptTokens: 100, length: 1000)
                == "tova(budget=25, steps=false)")
        let steps = try FrontierMethod("steps:lserve(budget={budget})")
        #expect(steps.phase == .steps)
        #expect(
            steps.policy(ratio: 4, promptTokens: 100, length: 1000) == "lserve(budget=275)")
    }
}
