// Models that mark their own tokens: the paged cache against dense masked attention in float64.

import Foundation
import MartletCache
import MartletPolicies
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

private struct EvictionGolden: Sendable, CustomTestStringConvertible {
    let name: String
    let policy: String
    var testDescription: String { name }

    static let all = [
        EvictionGolden(name: "qwen3-dms-projection", policy: "dms"),
        EvictionGolden(name: "qwen3-dms-channel", policy: "dms"),
        EvictionGolden(name: "llama-dms-layer", policy: "dms"),
        EvictionGolden(name: "llama-dmc", policy: "dmc"),
        EvictionGolden(name: "qwen3-dmc-short", policy: "dmc"),
    ]

    var folder: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("EvictionGoldens/\(name)").path
    }

    func model(threads: Int = 1) throws -> LanguageModel {
        try LanguageModel(
            Checkpoint(directory: folder), weights: .f32, kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: threads))
    }

    /// Tokens, log-probabilities after each, and whether each head still holds each token at the end.
    func golden() throws -> (tokens: [Int32], logprobs: [Float], seen: [[Int]]) {
        let file = try SafetensorsFile(path: folder + "/golden.safetensors")
        let tokens = Array(try #require(file["tokens"]).bytes.bindMemory(to: Int32.self))
        let seen = Array(try #require(file["seen"]).bytes)
        return (
            tokens, try #require(file["logprobs"]).floats(),
            (0..<seen.count / tokens.count).map { head in
                tokens.indices.filter { seen[head * tokens.count + $0] != 0 }
            }
        )
    }
}

/// A model with a cache, computing sequences under a policy.
private final class Run {
    let model: LanguageModel
    let cache: KVCache
    let runner: ModelRunner

    init(_ golden: EvictionGolden, _ policy: String, codec: CacheCodec = .f32, threads: Int = 1)
        throws
    {
        model = try golden.model(threads: threads)
        cache = try KVCache(
            shape: model.cacheShape(codec: codec), budgetBytes: 16 << 20,
            policy: CachePolicy(policy))
        runner = try ModelRunner(model, maximumBatchTokens: 1024, cache: cache)
    }

    func step(_ slices: [SequenceSlice]) throws -> [Float] {
        try cache.reserve(slices.map { ($0.sequence, $0.tokens.count) })
        let logits = Array(try runner.forward(ForwardBatch(slices: slices), cache: cache))
        if cache.count(slices[0].sequence) % 8 == 0 { try cache.checkIntegrity() }
        return logits
    }

    /// Computes `prompt` tokens in chunks, cut at the policy's blocks, and the others singly.
    func logits(_ tokens: [Int32], prompt: Int, chunk: Int, of id: SequenceID) throws -> [Float] {
        var result: [Float] = []
        var done = 0
        while done < prompt {
            var end = min(prompt, done + chunk)
            if let piece = cache.promptPiece { end = min(end, done + piece - done % piece) }
            result += try step([
                SequenceSlice(
                    sequence: id, tokens: Array(tokens[done..<end]), logits: .all,
                    completesPrompt: end == prompt)
            ])
            done = end
        }
        for token in tokens[prompt...] {
            result += try step([
                SequenceSlice(sequence: id, tokens: [token], logits: .all, isDecode: true)
            ])
        }
        return result
    }

    func held(_ id: SequenceID) -> [[Int]] {
        (0..<cache.shape.tableCount).map {
            let (layer, head) = $0.quotientAndRemainder(dividingBy: cache.shape.keyValueHeadCount)
            return cache.heldPositions(id, layer: layer, head: head).sorted()
        }
    }
}

@Suite struct EvictionGoldenTests {
    /// Prefill, chunked prefill and token by token, against the reference: log-probabilities and which
    /// tokens are live.
    @Test(arguments: EvictionGolden.all, [(300, 300), (300, 64), (300, 7), (130, 33), (1, 1)])
    fileprivate func equalsMaskedAttention(
        _ golden: EvictionGolden, _ way: (prompt: Int, chunk: Int)
    ) throws {
        let (tokens, expected, seen) = try golden.golden()
        let run = try Run(golden, golden.policy)
        let id = run.cache.makeSequence()
        let logits = try run.logits(tokens, prompt: way.prompt, chunk: way.chunk, of: id)
        let width = run.model.shape.vocabularySize
        let largest = expected.map(abs).max() ?? 1
        var worst: Float = 0
        for row in tokens.indices {
            let got = logSoftmax(Array(logits[row * width..<(row + 1) * width]))
            for column in 0..<width {
                worst = max(worst, abs(got[column] - expected[row * width + column]))
            }
        }
        #expect(worst < 1e-5 * largest, "largest difference \(worst) of \(largest)")
        #expect(run.held(id) == seen)
        let live = seen.map(\.count).reduce(0, +)
        #expect(run.cache.liveTokens(of: id).counts.reduce(0, +) == live)
    }

    /// A prompt's chunks, the threads and what else is in the batch do not change a bit.
    @Test(arguments: EvictionGolden.all) fileprivate func chunksChangeNothing(
        _ golden: EvictionGolden
    ) throws {
        let tokens = try golden.golden().tokens
        func bits(chunk: Int, threads: Int = 1) throws -> [UInt32] {
            let run = try Run(golden, golden.policy, codec: .q8, threads: threads)
            return try run.logits(tokens, prompt: 270, chunk: chunk, of: run.cache.makeSequence())
                .map(\.bitPattern)
        }
        let whole = try bits(chunk: 300)
        for chunk in [1, 19, 64, 255] { #expect(try bits(chunk: chunk) == whole, "\(chunk)") }
        #expect(try bits(chunk: 64, threads: 2) == whole)
    }

    /// Decisions that are not carried out leave the dense model, bit for bit.
    @Test(arguments: EvictionGolden.all) fileprivate func withoutEvictionItIsDense(
        _ golden: EvictionGolden
    ) throws {
        let tokens = Array(try golden.golden().tokens.prefix(120))
        var results: [[UInt32]] = []
        for policy in ["dense", "\(golden.policy)(evict=false)", "dms(cr=1)"] {
            let run = try Run(golden, policy, codec: .f16)
            results.append(
                try run.logits(tokens, prompt: 90, chunk: 50, of: run.cache.makeSequence())
                    .map(\.bitPattern))
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    /// A fork goes on as its parent does, and neither disturbs the other.
    @Test(arguments: EvictionGolden.all) fileprivate func forksAgree(_ golden: EvictionGolden)
        throws
    {
        let tokens = try golden.golden().tokens
        let run = try Run(golden, golden.policy, codec: .f16)
        let parent = run.cache.makeSequence()
        _ = try run.logits(Array(tokens[..<100]), prompt: 60, chunk: 64, of: parent)
        let fork = run.cache.fork(parent)
        for index in 100..<200 {
            let logits = try run.step([
                SequenceSlice(
                    sequence: parent, tokens: [tokens[index]], logits: .last, isDecode: true),
                SequenceSlice(
                    sequence: fork, tokens: [tokens[index]], logits: .last, isDecode: true),
            ])
            #expect(
                Array(logits.prefix(97)).map(\.bitPattern) == logits.suffix(97).map(\.bitPattern))
        }
        #expect(run.held(parent) == run.held(fork))
        let alone = run.cache.makeSequence()
        _ = try run.logits(Array(tokens[..<200]), prompt: 60, chunk: 64, of: alone)
        #expect(run.held(alone) == run.held(parent))
        for id in [parent, fork, alone] { run.cache.release(id) }
        try run.cache.checkIntegrity()
        #expect(run.cache.freePages == run.cache.pageCapacity)
    }

    /// Sequences of different lengths in one batch, some in their prompt and some generating, give what each
    /// gives alone.
    @Test(arguments: EvictionGolden.all) fileprivate func batchesChangeNothing(
        _ golden: EvictionGolden
    ) throws {
        let tokens = try golden.golden().tokens
        let run = try Run(golden, golden.policy, codec: .f16)
        let prompts = [Array(tokens[..<40]), Array(tokens[50..<180]), Array(tokens[..<256])]
        let following = Array(tokens[200..<208])
        let alone = try prompts.map { prompt -> [UInt32] in
            let id = run.cache.makeSequence()
            defer { run.cache.release(id) }
            return try run.logits(
                prompt + following, prompt: prompt.count, chunk: 512, of: id
            ).suffix(97 * 9).map(\.bitPattern)
        }
        let ids = prompts.map { _ in run.cache.makeSequence() }
        var (done, rows) = ([0, 0, 0], [[UInt32]](repeating: [], count: 3))
        for chunk in [[40, 33, 100], [1, 60, 100], [1, 37, 56]]
            + Array(repeating: [1, 1, 1], count: 8)
        {
            var slices: [SequenceSlice] = []
            var owners: [Int] = []
            for index in 0..<3 {
                let all = prompts[index] + following
                let end = min(all.count, done[index] + chunk[index])
                guard end > done[index] else { continue }
                slices.append(
                    SequenceSlice(
                        sequence: ids[index], tokens: Array(all[done[index]..<end]), logits: .last,
                        isDecode: done[index] >= prompts[index].count,
                        completesPrompt: end == prompts[index].count))
                owners.append(index)
                done[index] = end
            }
            guard !slices.isEmpty else { continue }
            let logits = try run.step(slices).map(\.bitPattern)
            for (place, index) in owners.enumerated() where done[index] >= prompts[index].count {
                rows[index] += logits[place * 97..<(place + 1) * 97]
            }
        }
        for index in 0..<3 { #expect(rows[index] == alone[index], "sequence \(index)") }
    }

    /// All marked: a window of the newest tokens. Reads and memory are what is live.
    @Test func everythingMarkedIsAWindow() throws {
        let golden = EvictionGolden.all[0]
        let tokens = try golden.golden().tokens
        let run = try Run(golden, "dms(cr=1000, seed=3, window=20)")
        let id = run.cache.makeSequence()
        _ = try run.logits(tokens, prompt: 280, chunk: 300, of: id)
        for positions in run.held(id) {
            // The newest 21 less the one that leaves before the next token, and survivors by chance.
            #expect(positions.suffix(20) == Array(280..<300))
            #expect(positions.count < 24)
        }
        let before = run.cache.reads(of: id).kvReads
        let live = Double(run.cache.liveTokens(of: id).counts.reduce(0, +)) / 4
        _ = try run.step([
            SequenceSlice(sequence: id, tokens: [1], logits: .last, isDecode: true)
        ])
        #expect(run.cache.reads(of: id).kvReads - before == live + 1)
    }

    /// Chance reaches the ratio that was asked for.
    @Test func chanceReachesTheRatio() throws {
        let golden = EvictionGolden.all[0]
        let tokens = try golden.golden().tokens
        let run = try Run(golden, "dms(cr=4, window=2)")
        let id = run.cache.makeSequence()
        _ = try run.logits(tokens, prompt: 300, chunk: 300, of: id)
        let mean = Double(run.held(id).map(\.count).reduce(0, +)) / 4
        #expect(abs(mean - 75) < 15)
    }

    /// A model without such heads is refused in a sentence.
    @Test func plainModelsAreRefused() throws {
        for policy in ["dms", "dmc", "dms(window=8)"] {
            let plain = EvictionGolden.all[policy == "dmc" ? 0 : 3]
            #expect(throws: ModelError.self) { try Run(plain, policy) }
        }
    }
}
