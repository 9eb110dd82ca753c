// Budgets in bytes: never exceeded, not for one step, however long prompt and answer are.

import Foundation
import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

@Suite struct ByteBudgetTests {
    /// The peak stays below the budget over a prompt and an answer many times its size; the cache itself
    /// has no more memory than that.
    @Test(arguments: PolicyExample.keepingInBytes)
    func thePeakNeverExceedsTheBudget(_ example: PolicyExample) throws {
        // 6 heads of 16 channels: 6,912 bytes hold a page of every head.
        for bytes in [42_000, 100_000] {
            let arguments = "bytes=\(bytes)B, recent=8"
            let policy = example.text(arguments)
            let sinks = try #require(example.keeping(arguments)).sinks.tokens
            let run = try PolicyRun(policy, budgetBytes: bytes)
            let got = try run.decode(
                randomTokens(400, seed: 3), randomTokens(120, seed: 4), chunk: 1024)
            let peak = run.cache.statistics.peakBytes
            #expect(peak <= bytes, "\(policy): \(peak)")
            #expect(peak > bytes / 2, "\(policy): \(peak)")
            for held in got.held {
                #expect(held.starts(with: 0..<sinks), "\(policy)")
                #expect(held.last == 519 && Set(held).count == held.count)
            }
        }
    }

    /// Chunks and threads do not change a bit.
    @Test(arguments: PolicyExample.keepingInBytes)
    func chunksChangeNothing(_ example: PolicyExample) throws {
        let policy = example.text("bytes=60KB, recent=8")
        let (prompt, following) = (randomTokens(230, seed: 5), randomTokens(40, seed: 6))
        let whole = try PolicyRun(policy).decode(prompt, following, chunk: 1024)
        for (chunk, threads) in [(1, 1), (7, 2), (30, 2)] {
            let got = try PolicyRun(policy, threads: threads)
                .decode(prompt, following, chunk: chunk)
            #expect(got.rows == whole.rows && got.held == whole.held, "\(policy) chunk \(chunk)")
        }
    }

    /// Too few bytes are refused with the number that would do, and that number does.
    @Test(arguments: ["snapkv(%)", "knorm(%, recent=40)", "adakv(snapkv(%, window=20))"])
    func tooFewBytesAreRefused(method: String) throws {
        let small = method.replacingOccurrences(of: "%", with: "bytes=8KB")
        let error = #expect(throws: CacheError.self) { try PolicyRun(small) }
        let words = "\(try #require(error))".split(whereSeparator: { !$0.isNumber })
        let needed = try #require(words.compactMap { Int($0) }.max())
        _ = try PolicyRun(method.replacingOccurrences(of: "%", with: "bytes=\(needed)B"))
        #expect(throws: CacheError.self) {
            try PolicyRun(method.replacingOccurrences(of: "%", with: "bytes=\(needed - 1)B"))
        }
    }
}
