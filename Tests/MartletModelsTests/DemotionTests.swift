// Pages sealed because there is no room: what that frees, what it costs, and whom it leaves alone.

import MartletCache
import MartletKernels
import MartletPolicies
import Testing

@testable import MartletModels

@Suite struct DemotionTests {
    private static let policies = ["kv(f16, demote=q8)", "kv(f16, demote=q4)"]

    /// A prompt in one sequence, complete.
    private func prompt(_ run: PolicyRun, _ tokens: [Int32]) throws -> SequenceID {
        let id = run.cache.makeSequence()
        _ = try run.step([
            SequenceSlice(sequence: id, tokens: tokens, logits: .last, completesPrompt: true)
        ])
        return id
    }

    private func decode(_ run: PolicyRun, _ id: SequenceID, _ token: Int32) throws -> [Float] {
        try run.step([
            SequenceSlice(sequence: id, tokens: [token], logits: .last, isDecode: true)
        ]).map { Float(bitPattern: $0) }
    }

    /// Where there is room it is f16, bit for bit.
    @Test(arguments: policies) func withRoomItIsF16(policy: String) throws {
        let (tokens, following) = (randomTokens(90, seed: 1), randomTokens(12, seed: 2))
        let plain = try PolicyRun("dense").decode(tokens, following, chunk: 64)
        #expect(try PolicyRun(policy).decode(tokens, following, chunk: 7).rows == plain.rows)
    }

    /// What is sealed frees what was said, is read in fewer bytes, and answers almost as before; again only what came since.
    @Test(arguments: policies) func sealingFreesWhatItSays(policy: String) throws {
        let run = try PolicyRun(policy)
        let plain = try PolicyRun("dense")
        let tokens = randomTokens(150, seed: 3)
        let (id, other) = (try prompt(run, tokens), try prompt(plain, tokens))
        let cache = run.cache
        let (before, promised) = (cache.statistics.bytesHeld, cache.demotableBytes(of: id))
        let pages = try run.runner.demote(id, cache: cache)
        try cache.checkIntegrity()
        #expect(pages == 150 / KVPage.tokens * cache.shape.tableCount)
        #expect(before - cache.statistics.bytesHeld == promised && promised > before / 4)
        #expect(cache.isDemoted(id) && cache.demotableBytes(of: id) == 0)
        #expect(cache.demotedTokens(of: id) == 144)
        #expect(try run.runner.demote(id, cache: cache) == 0)
        let (got, expected) = (try decode(run, id, 7), try decode(plain, other, 7))
        let worst = zip(got, expected).map { abs($0 - $1) }.max() ?? .infinity
        let size = expected.map(abs).max() ?? 0
        #expect(
            worst > 0 && worst < size * (policy.contains("q8") ? 0.02 : 0.3), "\(worst) of \(size)")
        let saved = plain.cache.statistics.stepBytesRead - cache.statistics.stepBytesRead
        #expect(
            saved == promised - pages
                * (cache.shape.heldBytesPerPage - cache.shape.pageBytes - KVPage.positionBytes))
        for token in 0..<Int32(10) { _ = try decode(run, id, token) }
        #expect(try run.runner.demote(id, cache: cache) == cache.shape.tableCount)
        try cache.checkIntegrity()
        cache.release(id)
        #expect(cache.freePages == cache.pageCapacity)
    }

    /// Pages that others hold stay as they are, for them and for the one that gives its own.
    @Test func sharedPagesStayOpen() throws {
        let run = try PolicyRun("kv(f16, demote=q4)")
        let id = try prompt(run, randomTokens(64, seed: 4))
        let fork = run.cache.fork(id)
        #expect(run.cache.demotableBytes(of: id) == 0)
        for token in 0..<Int32(32) { _ = try decode(run, id, token) }
        #expect(try run.runner.demote(id, cache: run.cache) == 2 * run.cache.shape.tableCount)
        #expect(run.cache.isDemoted(id) && !run.cache.isDemoted(fork))
        let plain = try PolicyRun("dense")
        let expected = try decode(plain, try prompt(plain, randomTokens(64, seed: 4)), 5)
        #expect(try decode(run, fork, 5) == expected)
        // A fork of what was sealed is sealed, and cannot be cut to what it was before.
        let later = run.cache.fork(id)
        #expect(run.cache.isDemoted(later) && !run.cache.canTruncate(id, to: 80))
        try run.cache.checkIntegrity()
    }

    /// Beside layers with windows, whose pages go.
    @Test func windowsAreLeftAlone() throws {
        let run = try PolicyRun("kv(f16, demote=q8)", model: windowed())
        let plain = try PolicyRun("dense", model: windowed())
        let tokens = randomTokens(150, seed: 5)
        let (id, other) = (try prompt(run, tokens), try prompt(plain, tokens))
        #expect(try run.runner.demote(id, cache: run.cache) > 0)
        for token in 0..<Int32(40) {
            let (got, expected) = (try decode(run, id, token), try decode(plain, other, token))
            let size = expected.map(abs).max() ?? 0
            #expect(zip(got, expected).allSatisfy { abs($0 - $1) < size * 0.05 })
            try run.cache.checkIntegrity()
        }
        #expect(run.cache.statistics.stepBytesRead < plain.cache.statistics.stepBytesRead)
    }

    private func windowed() throws -> LanguageModel {
        let shape = DecoderShape(
            family: "llama", layerCount: 2, hiddenSize: 48, intermediateSize: 80, headCount: 6,
            keyValueHeadCount: 2, headDimension: 16, vocabularySize: 131, contextLength: 4096,
            tiesEmbeddings: true, layerWindows: [50, nil], rotary: RotaryParameters(base: 10_000))
        return try LanguageModel(
            randomShape: shape, weights: .f32, seed: 5, kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 2))
    }

    /// It is a word of f16 alone, and says what it takes.
    @Test func othersHaveNoSuchWord() throws {
        for policy in ["kv(q8, demote=q4)", "kv(f32, demote=q8)", "kv(f16, demote=f16)"] {
            #expect(throws: CacheError.self) { try CachePolicy(policy) }
        }
        #expect(throws: CacheError.self) { try CachePolicy("h2o(budget=64) + kv(f16, demote=q8)") }
        let traits = try CachePolicy("kv(f16, demote=q8)").traits
        #expect(traits.demotes && traits.prefixSharing == .everything && !traits.tracksSlots)
    }
}
