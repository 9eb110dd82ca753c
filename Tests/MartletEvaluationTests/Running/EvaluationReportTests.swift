/// Sums and means over results that are written by hand.

import Martlet
import MartletEvaluation
import Testing

@Suite struct EvaluationReportTests {
    /// Chains are (answer, score); each generated 10 tokens, read 100, moved `moved` bytes and held at most 20.
    private func result(
        _ index: Int, _ chains: [(answer: String?, score: Double)], task: String = "addition",
        bytes: Int = 1000, moved: Int? = 5000, reason: FinishReason = .stop
    ) throws -> SampleResult {
        let sample = try TaskRegistry.task(task).sample(seed: 1, index: index, split: .heldOut)
        return SampleResult(
            index: index, sample: sample, seed: 3,
            chains: chains.map {
                ChainResult(
                    text: "", answer: $0.answer, score: $0.score, tokens: 10, kvReads: 100,
                    bytesMoved: moved, peakTokens: 20, finishReason: reason)
            },
            bytes: bytes, cacheBytes: bytes * 3)
    }

    @Test func oneChain() throws {
        let report = EvaluationReport(samples: [
            try result(0, [("1", 1)]), try result(1, [("2", 0)], bytes: 2000),
            try result(2, [("3", 1)], bytes: 3000), try result(3, [(nil, 0)], reason: .length),
        ])
        #expect(report.accuracy == 0.5)
        #expect(report.chainAccuracy == 0.5 && report.passAtAll == 0.5)
        #expect(report.interval == AccuracyInterval(scores: [1, 0, 1, 0]))
        #expect(report.tokens == 10 && report.kvReads == 100 && report.peakTokens == 20)
        #expect(report.bytes == 1750)
        #expect(report.peakCacheBytes == 9000)
        #expect(report.unfinishedChains == 1)
        #expect(report.parts.count == 1)
    }

    @Test func chainsVote() throws {
        let report = EvaluationReport(samples: [
            // The majority is right.
            try result(0, [("5", 0), ("4", 1), ("4", 1)]),
            // A tie goes to the answer that came first, which is wrong here.
            try result(1, [("5", 0), ("4", 1), (nil, 0)]),
            // Nobody is right.
            try result(2, [("5", 0), ("6", 0), ("6", 0)]),
        ])
        #expect(report.samples.map(\.answer) == ["4", "5", "6"])
        #expect(report.accuracy == 1.0 / 3)
        #expect(abs(report.chainAccuracy - 1.0 / 3) < 1e-12)
        #expect(report.passAtAll == 2.0 / 3)
        // Costs are those of all chains; pages are shared, so bytes are given for all.
        #expect(report.tokens == 30 && report.kvReads == 300 && report.peakTokens == 60)
        #expect(report.bytes == 1000 && report.bytesMoved == 15_000)
    }

    /// A mean over some of the problems would be no mean of all.
    @Test func bytesMovedAreThoseOfAllOrNone() throws {
        let known = try result(0, [("1", 1), ("1", 1)], moved: 7)
        let unknown = try result(1, [("1", 1), ("1", 1)], moved: nil)
        #expect(known.bytesMoved == 14 && unknown.bytesMoved == nil)
        #expect(EvaluationReport(samples: [known, known]).bytesMoved == 14)
        let mixed = EvaluationReport(samples: [known, unknown])
        #expect(mixed.bytesMoved == nil && mixed.kvReads == 200)
    }

    @Test func aMixtureHasParts() throws {
        let mixture = "mixture(addition,copy)"
        let report = EvaluationReport(samples: [
            try result(0, [("a", 1)], task: mixture), try result(1, [("b", 0.5)], task: mixture),
            try result(2, [("c", 0)], task: mixture), try result(3, [("d", 1)], task: mixture),
        ])
        #expect(report.parts.map(\.task.first) == ["a", "c"])
        #expect(report.parts.map(\.samples) == [2, 2])
        #expect(report.parts.map(\.accuracy) == [0.5, 0.75])
        #expect(report.parts[0].interval == AccuracyInterval(scores: [1, 0]))
    }

    @Test func nothingIsZero() {
        let report = EvaluationReport(samples: [])
        #expect(report.accuracy == 0 && report.tokens == 0 && report.peakCacheBytes == 0)
        #expect(report.interval.upper == 1 && report.parts.isEmpty)
    }
}
