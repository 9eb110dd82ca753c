// Compressing policies inside a model: exact limits, and choices that nothing else can change.

import Foundation
import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

@Suite struct CompressionInvarianceTests {
    /// A budget of at least the prompt is the dense model bit for bit.
    @Test(arguments: PolicyExample.keeping) func aFullBudgetIsDense(_ example: PolicyExample) throws
    {
        let (prompt, following) = (randomTokens(90, seed: 1), randomTokens(6, seed: 2))
        let dense = try PolicyRun("dense").decode(prompt, following, chunk: 64)
        for budget in ["budget=96", "budget=4096", "bytes=8MB"] where example.accepts(budget) {
            let got = try PolicyRun(example.text(budget)).decode(prompt, following, chunk: 64)
            #expect(got.rows == dense.rows && got.held == dense.held, "\(budget)")
        }
    }

    /// Neither chunks nor threads nor the codec's kernels change a choice or a bit; sinks and the newest
    /// token stay; the average budget is kept; the pages are given back.
    @Test(arguments: PolicyExample.keeping)
    func choicesDependOnThePromptAlone(_ example: PolicyExample) throws {
        let (prompt, following) = (randomTokens(150, seed: 3), randomTokens(20, seed: 4))
        for codec in [CacheCodec.f16, .q4] {
            let arguments = "budget=70, sinks=3, recent=2"
            let policy = example.text(arguments)
            let expected = try PolicyRun(policy, codec: codec).decode(
                prompt, following, chunk: 1024)
            for (chunk, threads) in [(1, 1), (7, 2), (64, 2)] {
                let run = try PolicyRun(policy, codec: codec, threads: threads)
                let got = try run.decode(prompt, following, chunk: chunk)
                #expect(got.rows == expected.rows, "\(policy) \(codec) chunk \(chunk)")
                #expect(got.held == expected.held, "\(policy) \(codec) chunk \(chunk)")
            }
            // Twenty tokens were generated: they all stay, unless the method bounds them.
            let method = try #require(example.keeping(arguments))
            let isHeld = method.holdsBudget || method.compressor.interval != nil
            let total = expected.held.reduce(0) { $0 + $1.count }
            if method.steps?.sparesPrompt == true {
                #expect(total <= 6 * (70 + 14) && total >= 6 * 74, "\(total)")
            } else {
                // One that chooses now and then has taken some in since.
                let tokens = isHeld ? 70 + 20 % (method.compressor.interval ?? 1) : 90
                #expect(abs(total - 6 * tokens) <= 3, "\(total)")
            }
            for held in expected.held {
                #expect(held.starts(with: 0..<3))
                #expect(held.suffix(isHeld ? 2 : 22) == Array((isHeld ? 168 : 148)..<170)[...])
                #expect(Set(held).count == held.count)
            }
        }
    }

    /// Sequences of different lengths in one batch, some compressed and some not yet, and forks of a
    /// compressed prompt give what each gives alone.
    @Test(arguments: ["adakv(snapkv(ratio=0.6, window=8))", "h2o(ratio=0.5, recent=4)"])
    func batchesAndForksChangeNothing(policy: String) throws {
        let run = try PolicyRun(policy, threads: 2)
        let prompts = [
            randomTokens(61, seed: 5), randomTokens(130, seed: 6), randomTokens(200, seed: 7),
        ]
        let following = randomTokens(8, seed: 8)
        let alone = try prompts.map { try run.decode($0, following, chunk: 1024).rows }
        let ids = prompts.map { _ in run.cache.makeSequence() }
        // The first prompt decodes while the others are still being computed.
        func rows(_ slices: [(Int, Range<Int>, Bool)]) throws -> [[UInt32]] {
            let bits = try run.step(
                slices.map { index, range, isPrompt in
                    SequenceSlice(
                        sequence: ids[index],
                        tokens: Array((isPrompt ? prompts[index] : following)[range]),
                        logits: .last, isDecode: !isPrompt,
                        completesPrompt: isPrompt && range.upperBound == prompts[index].count)
                })
            return slices.indices.map { Array(bits[$0 * 131..<($0 + 1) * 131]) }
        }
        let first = try rows([(0, 0..<61, true), (1, 0..<40, true)])
        #expect(first[0] == alone[0][0])
        let second = try rows([(0, 0..<1, false), (1, 40..<130, true), (2, 0..<150, true)])
        #expect(second[0] == alone[0][1] && second[1] == alone[1][0])
        let third = try rows([(0, 1..<2, false), (1, 0..<1, false), (2, 150..<200, true)])
        #expect(third[0] == alone[0][2] && third[1] == alone[1][1] && third[2] == alone[2][0])
        let fork = run.cache.fork(ids[2])
        for step in 0..<8 {
            let pair = try run.step(
                [ids[2], fork].map {
                    SequenceSlice(
                        sequence: $0, tokens: [following[step]], logits: .last, isDecode: true)
                })
            #expect(Array(pair[..<131]) == alone[2][step + 1])
            #expect(Array(pair[131...]) == alone[2][step + 1])
            try run.cache.checkIntegrity()
        }
    }

    /// KV reads count what each head really holds.
    @Test func readsFollowTheHeads() throws {
        let run = try PolicyRun("knorm(budget=20)")
        let id = run.cache.makeSequence()
        _ = try run.step([
            SequenceSlice(
                sequence: id, tokens: randomTokens(100, seed: 9), logits: .last,
                completesPrompt: true)
        ])
        #expect(run.cache.liveTokens(of: id).counts == Array(repeating: 20, count: 6))
        for _ in 0..<3 {
            _ = try run.step([
                SequenceSlice(sequence: id, tokens: [1], logits: .last, isDecode: true)
            ])
        }
        #expect(run.cache.reads(of: id).kvReads == 21 + 22 + 23)
        #expect(run.cache.statistics.stepBytesRead == 6 * 2 * run.cache.shape.pageBytes)
        #expect(run.cache.statistics.peakTokens == 100)
    }
}
