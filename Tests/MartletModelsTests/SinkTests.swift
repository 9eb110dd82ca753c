// Heads with sinks: what reads their attention sees them, and what cannot is refused.

import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

@Suite struct SinkTests {
    /// A gpt-oss without windows, so that every policy may run.
    private static func model(threads: Int = 1) throws -> LanguageModel {
        try GoldenCase(name: "gpt-oss-mxfp4", tolerance: 2e-4).load(.selected(), threads: threads)
    }

    private static let prompt = (0..<70).map { Int32(($0 * 11 + 5) % 29) }

    /// Whether a policy takes scores to be plain.
    private static func isRefused(_ example: PolicyExample) -> Bool {
        example.keeping("budget=96")?.compressor.signals.assumesPlainScores == true
    }

    @Test func someArePlainAlone() {
        let names = Set(
            PolicyExample.keeping.filter(Self.isRefused).map {
                $0.template.prefix { $0.isLetter }
            })
        #expect(names.isSuperset(of: ["expected", "compactor"]))
    }

    @Test(arguments: PolicyExample.keeping)
    func aFullBudgetIsDenseAndOthersAreRefused(_ example: PolicyExample) throws {
        let model = try Self.model()
        let following = [Int32](repeating: 3, count: 4)
        guard !Self.isRefused(example) else {
            #expect {
                try PolicyRun(example.text("budget=96"), model: model)
            } throws: { error in
                if case ModelError.policyNeedsPlainScores = error { return true }
                return false
            }
            return
        }
        let dense = try PolicyRun("dense", model: model).decode(Self.prompt, following, chunk: 64)
        let got = try PolicyRun(example.text("budget=96"), model: model)
            .decode(Self.prompt, following, chunk: 64)
        #expect(got.rows == dense.rows && got.held == dense.held)
    }

    /// Caps on scores are no better.
    @Test func capsRefuseTheSame() throws {
        let model = try GoldenCase(name: "gemma2", tolerance: 2e-4).load(.selected())
        var plan = model.loaded.plan
        #expect(plan.bendsScores)
        plan.attentionCap = 0
        #expect(!plan.bendsScores)
    }

    /// Every policy with a bounded budget: chunks and threads change neither a bit nor what is held.
    @Test(arguments: PolicyExample.all) func choicesDoNotDependOnChunks(_ example: PolicyExample)
        throws
    {
        guard !Self.isRefused(example) else { return }
        let budgets = ["budget=40, sinks=3, recent=2", "budget=40, recent=2", "budget=40", ""]
        let policy = example.text(budgets.first(where: example.accepts) ?? "ratio=0.5")
        func run(_ threads: Int, chunk: Int) throws -> (rows: [[UInt32]], held: [[Int]]) {
            let run = try PolicyRun(policy, model: Self.model(threads: threads))
            run.cache.sentenceTokens = Set(0..<6)
            return try run.decode(Self.prompt, [1, 2, 3, 4], chunk: chunk)
        }
        let expected = try run(1, chunk: 1024)
        let got = try run(2, chunk: 13)
        #expect(got.rows == expected.rows && got.held == expected.held, "\(policy)")
        let isFinite = got.rows.joined().allSatisfy { Float(bitPattern: $0).isFinite }
        #expect(isFinite)
    }

    /// A prompt over several segments, whose sinks join once: a chunk more changes no bit.
    @Test func segmentsAreFoldedBeforeTheSink() throws {
        let model = try Self.model(threads: 2)
        let tokens = randomTokens(4300, seed: 9).map { $0 % 29 }
        func last(chunk: Int) throws -> [UInt32] {
            let run = try PolicyRun("dense", budgetBytes: 64 << 20, model: model)
            return try run.decode(tokens, [], chunk: chunk).rows[0]
        }
        let whole = try last(chunk: 1024)
        #expect(try last(chunk: 700) == whole)
    }
}
