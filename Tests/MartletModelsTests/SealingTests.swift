// Pages in few bits inside a model: memory that is really smaller, bits that do not depend on chunks.

import Foundation
import MartletCache
import MartletPolicies
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct SealingTests {
    static let storages =
        PolicyExample.sealing.map { $0.text("") } + [
            "snapkv(budget=100, window=16) + kv(kivi, residual=16)",
            "chelsea(budget=100) + kv(q4, by=channel, residual=0)",
        ]

    /// Tokens of a prompt of which something is sealed: `zipcache` seals 128 of a kind at once.
    private static func promptLength(_ policy: String) -> Int {
        policy.contains("zipcache") ? 300 : 140
    }

    /// A residual that covers everything seals nothing: f16, bit for bit.
    @Test func nothingIsSealedInsideTheResidual() throws {
        let (prompt, following) = (randomTokens(90, seed: 1), randomTokens(12, seed: 2))
        let plain = try PolicyRun("dense").decode(prompt, following, chunk: 64)
        for storage in ["kivi", "zipcache", "mixed", "q8, by=channel"] {
            let run = try PolicyRun("kv(\(storage), residual=4096)")
            #expect(try run.decode(prompt, following, chunk: 64).rows == plain.rows, "\(storage)")
        }
    }

    /// Neither chunks nor threads change a bit; every token stays; pages are given back.
    @Test(arguments: storages) func chunksChangeNothing(policy: String) throws {
        let count = Self.promptLength(policy) + 10
        let (prompt, following) = (randomTokens(count, seed: 3), randomTokens(50, seed: 4))
        func decode(chunk: Int, threads: Int) throws -> (rows: [[UInt32]], held: [[Int]]) {
            let run = try PolicyRun(policy, threads: threads)
            let result = try run.decode(prompt, following, chunk: chunk)
            try run.cache.checkIntegrity()
            #expect(run.cache.freePages == run.cache.pageCapacity)
            return result
        }
        let whole = try decode(chunk: 1024, threads: 1)
        for (chunk, threads) in [(1, 1), (7, 2), (64, 2)] {
            let got = try decode(chunk: chunk, threads: threads)
            #expect(got.rows == whole.rows && got.held == whole.held, "\(policy) chunk \(chunk)")
        }
        if !policy.contains("budget") {
            #expect(whole.held.allSatisfy { $0 == Array(0..<count + 50) })
        }
    }

    /// More bits come closer to the plain cache.
    @Test func moreBitsLoseLess() throws {
        let (prompt, following) = (randomTokens(320, seed: 5), randomTokens(10, seed: 6))
        func logits(_ policy: String) throws -> [Float] {
            try PolicyRun(policy).decode(prompt, following, chunk: 64).rows
                .flatMap { $0.map { Float(bitPattern: $0) } }
        }
        let plain = try logits("dense")
        func loss(_ policy: String) throws -> Double {
            zip(try logits(policy), plain).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
        }
        let two = try loss("kv(kivi, residual=0)")
        let four = try loss("kv(kivi, bits=4, residual=0)")
        let eight = try loss("kv(kivi, bits=8, residual=0)")
        let salient = try loss("kv(zipcache, residual=0)")
        let mixed = try loss("kv(mixed, high=8, low=2, residual=0)")
        #expect(eight < four && four < two && salient < two && mixed < two)
        #expect(eight > 0)
    }

    /// Bytes held and read are those of the smaller pages, and others can have the rest.
    @Test func theMemoryIsReallySmaller() throws {
        let prompt = randomTokens(320, seed: 7)
        func held(_ policy: String) throws -> (bytes: Int, read: Int) {
            let run = try PolicyRun(policy)
            let id = run.cache.makeSequence()
            _ = try run.step([
                SequenceSlice(sequence: id, tokens: prompt, logits: .last, completesPrompt: true)
            ])
            let bytes = run.cache.statistics.bytesHeld
            _ = try run.step([
                SequenceSlice(sequence: id, tokens: [1], logits: .last, isDecode: true)
            ])
            return (bytes, run.cache.statistics.stepBytesRead)
        }
        // Sixteen channels: a page of f16 has 1,024 bytes and sixteen positions, one of two bits its parameters, a word
        // of keys for each token and two of values for each channel, and one position.
        let small = 2 * 32 + 16 + 16 + 64 + 64
        let (dense, two) = (try held("dense"), try held("kv(kivi, residual=0)"))
        #expect(dense.bytes == 6 * 20 * (1024 + 64))
        #expect(two.bytes == 6 * 20 * (small + 4))
        #expect(two.read == 6 * (20 * small + 1024))
        // Of 320 tokens 128 of each half are sealed: eight pages that share 32 centres and scales of keys and 16
        // factors, a byte for each token, and positions in 16 bits.
        let zip = try held("kv(zipcache, residual=0, salient=0.5)")
        let shared = 32 + 32 + 16 + 128 + 4 + 16
        func unit(_ bits: Int) -> Int {
            (shared + 8 * (64 * (16 * bits / 32) + 32 * bits) + 15) / 16 * 16 + 8 * 36
        }
        #expect(zip.bytes == 6 * (unit(4) + unit(2) + 4 * 1088))
    }

    /// Pages are sealed while the prompt is computed: what is held at once is never a whole prompt in f16.
    @Test(arguments: [
        ("kv(q8)", 32, 0.72), ("kv(q4)", 32, 0.5), ("kv(kivi, residual=0)", 32, 0.45),
        ("kv(mixed, residual=0)", 256, 0.8), ("kv(zipcache, residual=0)", 256, 0.8),
    ]) func thePeakFollows(policy: String, chunk: Int, share: Double) throws {
        func peak(_ policy: String) throws -> Int {
            let run = try PolicyRun(policy, codec: .f16)
            let id = run.cache.makeSequence()
            let prompt = randomTokens(768, seed: 12)
            for start in stride(from: 0, to: prompt.count, by: chunk) {
                let end = start + chunk
                _ = try run.step([
                    SequenceSlice(
                        sequence: id, tokens: Array(prompt[start..<end]), logits: .last,
                        completesPrompt: end == prompt.count)
                ])
            }
            return run.cache.statistics.peakBytes
        }
        let (dense, sealed) = (try peak("dense"), try peak(policy))
        #expect(Double(sealed) < share * Double(dense), "\(policy): \(sealed) of \(dense)")
    }

    /// Tokens can be forgotten back to the page that is being written, and what follows has the bits that it would
    /// have had; further back pages are sealed already.
    @Test func positionsSayWhatCanBeForgotten() throws {
        let prompt = randomTokens(70, seed: 13)
        let run = try PolicyRun("kv(q4)")
        let id = run.cache.makeSequence()
        _ = try run.step([
            SequenceSlice(sequence: id, tokens: prompt, logits: .last, completesPrompt: true)
        ])
        #expect(run.cache.canCut(id, to: 64) && !run.cache.canCut(id, to: 63))
        try run.cache.truncate(id, to: 65)
        let again = try run.step([
            SequenceSlice(sequence: id, tokens: Array(prompt[65...]), logits: .last)
        ])
        let other = try PolicyRun("kv(q4)")
        let whole = other.cache.makeSequence()
        let expected = try other.step([
            SequenceSlice(sequence: whole, tokens: prompt, logits: .last, completesPrompt: true)
        ])
        #expect(again == expected)
    }

    /// Forks go on as their parents do, and random operations break nothing.
    @Test(arguments: storages) func forksAgree(policy: String) throws {
        let run = try PolicyRun(policy, budgetBytes: 1 << 20)
        let id = run.cache.makeSequence()
        _ = try run.step([
            SequenceSlice(
                sequence: id, tokens: randomTokens(Self.promptLength(policy), seed: 8),
                logits: .last,
                completesPrompt: true)
        ])
        let fork = run.cache.fork(id)
        for token in randomTokens(40, seed: 9) {
            let bits = try run.step(
                [id, fork].map {
                    SequenceSlice(sequence: $0, tokens: [token], logits: .last, isDecode: true)
                })
            #expect(Array(bits[..<131]) == Array(bits[131...]), "\(policy)")
            try run.cache.checkIntegrity()
        }
        run.cache.release(id)
        run.cache.release(fork)
        try run.cache.checkIntegrity()
        #expect(run.cache.freePages == run.cache.pageCapacity)
    }

    /// With little room, forks that share open pages go on bit for bit as they do with much, or their
    /// step is refused before it began; what is then released lets the other go on.
    @Test(arguments: storages) func littleRoomChangesNoBit(policy: String) throws {
        let following = randomTokens(40, seed: 11)
        func decode(pages: Int?) throws -> (rows: [[UInt32]], refused: Int) {
            let bytes = pages.map { $0 * 1088 } ?? 8 << 20
            let run = try PolicyRun(policy, budgetBytes: bytes)
            let id = run.cache.makeSequence()
            var (rows, refused): ([[UInt32]], Int) = ([], 0)
            func step(_ sequences: [SequenceID], _ token: Int32) throws -> [UInt32] {
                try run.step(
                    sequences.map {
                        SequenceSlice(sequence: $0, tokens: [token], logits: .last, isDecode: true)
                    })
            }
            do {
                _ = try run.step([
                    SequenceSlice(
                        sequence: id, tokens: randomTokens(Self.promptLength(policy), seed: 10),
                        logits: .last,
                        completesPrompt: true)
                ])
            } catch CacheError.outOfPages { return ([], 1) }
            var forks = [run.cache.fork(id), run.cache.fork(id)]
            for token in following {
                do {
                    rows.append(Array(try step([id] + forks, token)[..<131]))
                } catch CacheError.outOfPages {
                    refused += 1
                    forks.forEach { run.cache.release($0) }
                    forks = []
                    do { rows.append(try step([id], token)) } catch CacheError.outOfPages { break }
                }
                try run.cache.checkIntegrity()
            }
            ([id] + forks).forEach { run.cache.release($0) }
            #expect(run.cache.freePages == run.cache.pageCapacity)
            return (rows, refused)
        }
        let roomy = try decode(pages: nil)
        #expect(roomy.refused == 0 && roomy.rows.count == following.count)
        var refusals = 0
        for pages in stride(from: 40, through: 176, by: 8) {
            let tight = try decode(pages: pages)
            refusals += tight.refused
            #expect(tight.rows == Array(roomy.rows.prefix(tight.rows.count)), "\(pages) pages")
        }
        #expect(refusals > 0)
    }

    @Test(arguments: [
        "quest(budget=64) + kv(kivi)", "window(recent=64) + kv(kivi)", "dms(cr=2) + kv(zipcache)",
        "h2o(budget=64, recent=8) + kv(mixed)", "snapkv(bytes=1MB) + kv(kivi)", "kv(kivi, bits=3)",
        "kv(q8, by=token, residual=16)", "kv(f16, by=channel)", "kv(zipcache, bits=2)", "kv(q3)",
    ])
    func refusals(policy: String) { #expect(throws: CacheError.self) { try CachePolicy(policy) } }
}
