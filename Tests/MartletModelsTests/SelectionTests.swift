// Page selectors inside a model: exact limits, choices that nothing else changes, reads that are true.

import Foundation
import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

@Suite struct SelectionTests {
    static let selectors =
        PolicyExample.reading
        + [
            "snapkv(budget=100, window=16) + quest(%, dense=0)", "knorm(ratio=0.5) + stride(%)",
            "dms(cr=3, window=6) + quest(%, dense=0)",
            "h2o(budget=90, recent=8) + quest(%, dense=0)",
        ].map(PolicyExample.init)

    /// A budget that covers what is held reads it all: the same bits as without the selector.
    @Test(arguments: selectors) func aFullBudgetChangesNothing(_ example: PolicyExample) throws {
        let (prompt, following) = (randomTokens(90, seed: 1), randomTokens(12, seed: 2))
        // What stays is the first term.
        let without = try example.policy("ratio=0").expression.terms[0]
        let plain = try PolicyRun(without.description).decode(prompt, following, chunk: 64)
        for budget in ["budget=4096", "ratio=0"] {
            let got = try PolicyRun(example.text(budget)).decode(prompt, following, chunk: 64)
            #expect(got.rows == plain.rows && got.held == plain.held, "\(budget)")
        }
    }

    @Test func sentencesOfAFullBudgetChangeNothing() throws {
        let (prompt, following) = (randomTokens(90, seed: 1), randomTokens(12, seed: 2))
        let dense = try PolicyRun("dense").decode(prompt, following, chunk: 64)
        let run = try PolicyRun("sentencekv(budget=4096)")
        run.cache.sentenceTokens = [3, 5, 70]
        #expect(try run.decode(prompt, following, chunk: 64).rows == dense.rows)
    }

    /// Neither chunks nor threads change a bit, and less is read than is held.
    @Test(
        arguments: selectors + [
            PolicyExample(template: "sentencekv(budget=48, sinks=4, recent=8, factor=2)")
        ])
    func choicesDependOnTheTokensAlone(_ example: PolicyExample) throws {
        let (prompt, following) = (randomTokens(150, seed: 3), randomTokens(25, seed: 4))
        for codec in [CacheCodec.f16, .q4] {
            let policy = example.text("budget=48")
            func decode(chunk: Int, threads: Int) throws -> [[UInt32]] {
                let run = try PolicyRun(policy, codec: codec, threads: threads)
                run.cache.sentenceTokens = Set(0..<20)
                return try run.decode(prompt, following, chunk: chunk).rows
            }
            let expected = try decode(chunk: 1024, threads: 1)
            for (chunk, threads) in [(1, 1), (7, 2), (64, 2)] {
                #expect(
                    try decode(chunk: chunk, threads: threads) == expected,
                    "\(policy) \(codec) chunk \(chunk)")
            }
        }
    }

    /// Reads are what was read: whole pages, and the bounds that chose them.
    @Test func readsAreCounted() throws {
        let run = try PolicyRun("quest(budget=48, dense=1, sinks=0)")
        let id = run.cache.makeSequence()
        _ = try run.step([
            SequenceSlice(
                sequence: id, tokens: randomTokens(200, seed: 9), logits: .last,
                completesPrompt: true)
        ])
        #expect(run.cache.reads(of: id).kvReads == 0)
        _ = try run.step([SequenceSlice(sequence: id, tokens: [1], logits: .last, isDecode: true)])
        // One of three layers is dense: 201 tokens. The others read two pages and the nine newest
        // tokens, chosen among thirteen.
        let chosen = 2 * 16 + 9
        #expect(run.cache.reads(of: id).kvReads == Double(201 + 2 * (chosen + 13)) / 3)
        let (page, bounds) = (run.cache.shape.pageBytes, run.cache.shape.boundsBytes)
        // In each of the six heads the newest page is described anew: its keys, which are half of it, and bounds.
        let described = 6 * (page / 2 + bounds)
        #expect(
            run.cache.statistics.stepBytesRead
                == 2 * (13 * page + 2 * (3 * page + 13 * bounds)) + described)
        #expect(run.cache.reads(of: id).bytesMoved == run.cache.statistics.stepBytesRead)
        #expect(run.cache.shape.heldBytesPerPage == page + 64 + bounds)
        #expect(run.cache.statistics.bytesHeld == 6 * 13 * run.cache.shape.heldBytesPerPage)
    }

    /// A choice that stands for several tokens costs its bounds once, and looking at keys to choose costs them.
    @Test func boundsAreCountedWhenTheyAreScanned() throws {
        func bytes(_ policy: String) throws -> [Int] {
            let run = try PolicyRun(policy)
            let id = run.cache.makeSequence()
            _ = try run.step([
                SequenceSlice(
                    sequence: id, tokens: randomTokens(200, seed: 9), logits: .last,
                    completesPrompt: true)
            ])
            return try (0..<5).map { _ in
                _ = try run.step([
                    SequenceSlice(sequence: id, tokens: [1], logits: .last, isDecode: true)
                ])
                return run.cache.statistics.stepBytesRead
            }
        }
        let shape = try PolicyRun("quest(budget=48)").cache.shape
        let (page, bounds) = (shape.pageBytes, shape.boundsBytes)
        // Thirteen pages, of which two runs of two are read, and the newest page joins them.
        let lserve = try bytes("lserve(budget=64, page=32, refresh=4, sinks=0, recent=16)")
        #expect(
            lserve[0] - lserve[1] == 6 * 13 * bounds && lserve[4] - lserve[3] == 6 * 13 * bounds)
        // The newest page is described, and two numbers say which runs were chosen.
        let described = 6 * (page / 2 + bounds)
        #expect((lserve[1] - described - 6 * 2 * 4) % page == 0)
        // A full pass weighs every key, which is half of every page, before attention reads them all.
        let recycled = try bytes("recycled(budget=64, refresh=50, similarity=-1)")
        #expect(recycled[0] == 6 * (13 * page + 13 * page / 2))
        // Then 64 tokens are read, with their weights.
        let chosen = recycled[1] - 6 * 64 * 8
        #expect(chosen % page == 0 && chosen <= 6 * 13 * page)
        // A budget that covers everything scans nothing.
        #expect(try bytes("quest(budget=4096, dense=0)")[0] == 6 * 13 * page + described)
    }

    /// A fork goes on as its parent does.
    @Test(arguments: selectors) func forksAgree(_ example: PolicyExample) throws {
        let run = try PolicyRun(example.text("budget=48"))
        let id = run.cache.makeSequence()
        _ = try run.step([
            SequenceSlice(
                sequence: id, tokens: randomTokens(120, seed: 5), logits: .last,
                completesPrompt: true)
        ])
        let following = randomTokens(20, seed: 6)
        func step(_ ids: [SequenceID], _ token: Int32) throws -> [UInt32] {
            try run.step(
                ids.map {
                    SequenceSlice(sequence: $0, tokens: [token], logits: .last, isDecode: true)
                })
        }
        for token in following[..<7] { _ = try step([id], token) }
        let fork = run.cache.fork(id)
        for token in following[7...] {
            let bits = try step([fork, id], token)
            #expect(Array(bits[..<131]) == Array(bits[131...]), "\(example)")
            try run.cache.checkIntegrity()
        }
    }

    /// What cannot be true together is refused, and the reason said.
    @Test(arguments: [
        "window(recent=64) + quest(budget=64)", "dmc(cr=2) + quest(budget=64)",
        "h2o(budget=64, recent=8) + recycled(budget=64)", "dms(cr=2) + hip(budget=64)",
        "quest(budget=64) + stride(budget=64)", "sentencekv(budget=64) + quest(budget=64)",
        "snapkv(budget=128) + sentencekv(budget=64)", "quest(budget=64, ratio=0.5)", "quest",
        "quest(budget=64, page=24)", "sentencekv(budget=10, recent=11)",
        "lserve(budget=64, gates=\"/no/file\")",
    ])
    func refusals(policy: String) throws {
        #expect(throws: CacheError.self) { try CachePolicy(policy) }
    }
}
