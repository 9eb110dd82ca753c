// The highest compression that costs nothing, where it is known.

import Testing

@testable import MartletEvaluation

@Suite struct SafeCompressionTests {
    private static let tasks = (0..<250).map { $0 >= 240 ? "rare" : $0 % 2 == 0 ? "easy" : "hard" }

    /// - Parameter measured: tokens that a dense cache reads over those that were read; nil for what was asked for.
    private static func point(
        _ method: String, _ ratio: Double, width: Int = 1, measured: Double? = nil,
        _ score: (Int) -> Double
    ) -> FrontierPoint {
        FrontierPoint(
            FrontierConfiguration(
                method: method, model: "m", policy: "p", length: 8, width: width, ratio: ratio,
                phase: .steps),
            scores: tasks.indices.map(score), tasks: tasks, tokens: 1, costs: [:],
            measured: MeasuredCompression(held: 1, read: measured))
    }

    private static func judged(_ own: [FrontierPoint]) throws -> SafeCompression {
        let dense = [1, 2].map { width in point("dense", 1, width: width) { _ in 1 } }
        return try #require(
            SafeCompression.judged(
                [(Array(2..<2 + own.count), [0, 1])], of: dense + own, ProblemDraws(count: 200)
            ).first)
    }

    private static func upTo(_ sparsity: Double, isBound: Bool) -> SafeCompression.Verdict {
        .upTo(1 / (1 - sparsity), isBound: isBound)
    }

    /// At 8 every hard problem is lost, at 4 and 2 none: safe up to 0.7, the last level that is no blend with 8 or beyond.
    @Test func isJudgedForEachKind() throws {
        let safe = try Self.judged([
            Self.point("x", 2) { _ in 1 }, Self.point("x", 4) { _ in 1 },
            Self.point("x", 8) { Self.tasks[$0] == "hard" ? 0 : 1 },
        ])
        #expect(safe.method == "x" && safe.phase == .steps)
        #expect(safe.overall.verdict == Self.upTo(0.7, isBound: false))
        #expect(
            safe.perTask == [
                .init(task: "easy", problems: 120, verdict: Self.upTo(0.87, isBound: true)),
                .init(task: "hard", problems: 120, verdict: Self.upTo(0.7, isBound: false)),
                .init(task: "rare", problems: 10, verdict: .tooFew),
            ])
        #expect(safe.perTask[2].ratio == nil)
    }

    /// What was measured counts, not what was asked for: half of 8 is read, so only 0.5 is reached.
    @Test func theMeasuredCompressionCounts() throws {
        let safe = try Self.judged([Self.point("x", 8, measured: 2) { _ in 1 }])
        #expect(safe.overall.verdict == Self.upTo(0.5, isBound: true))
        let little = try Self.judged([Self.point("x", 8, measured: 1.1) { _ in 1 }])
        #expect(little.overall.verdict == .upTo(1, isBound: true))
    }

    /// One length or width that loses is enough; where all lose there is no ratio.
    @Test func everyShapeMustHold() throws {
        let one = try Self.judged([
            Self.point("x", 4) { _ in 1 }, Self.point("x", 4, width: 2) { _ in 0 },
            Self.point("x", 2) { _ in 1 }, Self.point("x", 2, width: 2) { _ in 1 },
        ])
        #expect(one.overall.verdict == Self.upTo(0.5, isBound: false))
        let none = try Self.judged([Self.point("x", 2) { _ in 0 }])
        #expect(none.ratio == nil && none.overall.verdict == .none)
        #expect(none.perTask.allSatisfy { $0.ratio == nil })
    }

    /// A lower compression that loses makes a higher one unsafe too, whatever luck it had.
    @Test func nothingIsSafeBeyondALoss() throws {
        let safe = try Self.judged([
            Self.point("x", 1.5) { _ in 1 }, Self.point("x", 2) { _ in 0 },
            Self.point("x", 8) { _ in 1 },
        ])
        #expect(safe.overall.verdict == Self.upTo(0.33, isBound: false))
    }

    @Test func phasesOfMethods() throws {
        #expect(try FrontierMethod("snapkv").phase == .prompt)
        #expect(try FrontierMethod("kvzip").phase == .prompt)
        #expect(try FrontierMethod("think").phase == .prompt)
        #expect(try FrontierMethod("quest").phase == .steps)
        for name in ["tova", "rkv", "dms", "dmc"] {
            #expect(try FrontierMethod(name).phase == .both)
        }
        let prompt = try FrontierMethod("prompt:tova(budget={budget}, steps=false)")
        #expect(prompt.phase == .prompt)
        #expect(
            prompt.policy(ratio: 4, promptTokens: 100, length: 1000)
                == "tova(budget=25, steps=false)")
        let steps = try FrontierMethod("steps:lserve(budget={budget})")
        #expect(steps.phase == .steps)
        #expect(
            steps.policy(ratio: 4, promptTokens: 100, length: 1000, codec: "f16")
                == "lserve(budget=275) + kv(f16)")
        #expect(
            try FrontierMethod("think").policy(ratio: 4, promptTokens: 1, length: 1)
                == "think(ratio=0.7500)")
        // What says itself how it stores keys and values is asked with no other codec.
        let own = try FrontierMethod("tova(budget={budget}) + kv(kivi)")
        #expect(
            own.policy(ratio: 2, promptTokens: 10, length: 10, codec: "q8")
                == "tova(budget=10) + kv(kivi)")
        // R-KV's name ends like it.
        #expect(
            try FrontierMethod("rkv").policy(ratio: 2, promptTokens: 9, length: 9, codec: "q8")
                == "rkv(budget=9) + kv(q8)")
    }
}
