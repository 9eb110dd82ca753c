/// Problems solved inside a budget, and what they come to.

import Martlet
import MartletEvaluation
import Testing

@Suite struct SolveEvaluationTests {
    private static func evaluation(
        _ budget: SolveBudget, _ change: (inout SolveOptions) -> Void = { _ in }
    ) async throws -> SolveEvaluation {
        var options = SolveOptions()
        (options.width, options.length) = (2, 40)
        change(&options)
        let solver = try await Solver.load(
            "builtin", options: ModelOptions(), costs: CostStore(file: nil))
        return SolveEvaluation(
            try TaskRegistry.task("copy"), solver: solver, budget: budget, options: options, seed: 5
        )
    }

    @Test func problemsAreSolvedInOrderAndSummedUp() async throws {
        let evaluation = try await Self.evaluation(SolveBudget(memory: 8_000_000)) {
            $0.usesCompressedForms = false
        }
        let (samples, continuation) = AsyncStream.makeStream(of: SolveEvaluation.Sample.self)
        let report = try await evaluation.run(3) { continuation.yield($0) }
        continuation.finish()
        var heard: [SolveEvaluation.Sample] = []
        for await sample in samples { heard.append(sample) }
        #expect(heard.map(\.index) == [0, 1, 2])
        let results = heard.compactMap(\.result)
        #expect(results.map(\.seed) == [5, 6, 7])
        #expect(heard.map(\.score) == report.scores)
        #expect(report.accuracy == report.scores.reduce(0, +) / 3)
        #expect(report.peakCacheBytes == results.map(\.peakCacheBytes).max())
        #expect(
            report.bytesMoved == results.reduce(0) { $0 + Double($1.bytesMoved) } / 3
                && report.bytesMoved > 0)
        #expect(report.kvReads == results.reduce(0) { $0 + $1.kvReads } / 3)
        #expect(report.configurations.map(\.label) == ["builtin dense 40-2"])
        #expect(report.configurations.map(\.count) == [3])
        #expect(report.late == nil && report.lossyCount == 0 && report.meanMilliseconds > 0)
        // The same problems have the same answers.
        #expect(try await evaluation.run(3).scores == report.scores)
    }

    @Test func answersAfterTheDeadlineAreCounted() async throws {
        let evaluation = try await Self.evaluation(SolveBudget(deadline: .seconds(60)))
        #expect(try await evaluation.run(1).late == 0)
    }

    @Test func aCancelledEvaluationSumsUpWhatWasSolved() async throws {
        let evaluation = try await Self.evaluation(SolveBudget())
        let running = Task { try await evaluation.run(1000) }
        try await Task.sleep(for: .milliseconds(50))
        running.cancel()
        #expect(try await running.value.scores.count < 1000)
    }
}
