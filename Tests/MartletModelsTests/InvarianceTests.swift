// The promise of the engine: a token's logits are the same bits whatever shares its batch, however
// its prompt is chunked, however many threads run, and whether its prefix was forked.

import MartletCache
import MartletPolicies
import MartletKernels
import Testing

@testable import MartletModels

/// A small decoder with awkward widths: nothing is a multiple of a block or a panel.
private func shape(family: String = "llama", window: Int? = nil) -> DecoderShape {
    DecoderShape(
        family: family, layerCount: 2, hiddenSize: 72, intermediateSize: 100, headCount: 6,
        keyValueHeadCount: 2, headDimension: 22, vocabularySize: 131, contextLength: 8192,
        tiesEmbeddings: true, layerWindows: [window, nil], rotary: RotaryParameters(base: 10_000))
}

private struct Setting: Sendable, CustomTestStringConvertible {
    var weights: WeightType
    var codec: CacheCodec
    var testDescription: String { "\(weights) weights, \(codec) cache" }
    static let all = WeightType.allCases.flatMap { weights in
        CacheCodec.allCases.map { Setting(weights: weights, codec: $0) }
    }
}

private final class Bench {
    let model: LanguageModel
    let cache: KVCache
    let runner: ModelRunner

    init(
        _ setting: Setting, threads: Int = 1, rows: Int = 512, pieceRows: Int = 128,
        policy: CachePolicy = .dense, family: String = "llama", window: Int? = nil
    ) throws {
        model = try LanguageModel(
            randomShape: shape(family: family, window: window), weights: setting.weights, seed: 7,
            kernels: KernelSet.selected(), pool: WorkerPool(threadCount: threads))
        cache = try KVCache(
            shape: model.cacheShape(codec: setting.codec), budgetBytes: 64 << 20, policy: policy,
            layerWindows: model.shape.layerWindows)
        runner = try ModelRunner(
            model, maximumBatchTokens: rows, pieceRows: pieceRows, cache: cache)
    }

    /// One step; the rows of logits, one array for each.
    func step(_ slices: [(SequenceID, [Int32])], _ logits: LogitsWanted = .last) throws -> [[Float]]
    {
        try cache.reserve(slices.map { ($0.0, $0.1.count) })
        let rows = try runner.forward(
            ForwardBatch(
                slices: slices.map { SequenceSlice(sequence: $0.0, tokens: $0.1, logits: logits) }),
            cache: cache)
        let width = model.shape.vocabularySize
        return (0..<rows.count / width).map { Array(rows[$0 * width..<($0 + 1) * width]) }
    }

    /// All rows of a prompt, computed alone in chunks.
    func rows(_ tokens: [Int32], chunk: Int) throws -> [[Float]] {
        let id = cache.makeSequence()
        defer { cache.release(id) }
        var result: [[Float]] = []
        for start in stride(from: 0, to: tokens.count, by: chunk) {
            result += try step(
                [(id, Array(tokens[start..<min(tokens.count, start + chunk)]))], .all)
        }
        return result
    }
}

private func prompt(_ count: Int, seed: UInt64) -> [Int32] {
    var random = CounterRandom(seed: seed)
    return (0..<count).map { _ in Int32(random.next() % 131) }
}

/// Bits, so that NaN equals itself and -0 differs from 0.
private func bits(_ rows: [[Float]]) -> [[UInt32]] { rows.map { $0.map(\.bitPattern) } }

@Suite struct InvarianceTests {
    @Test(arguments: Setting.all)
    fileprivate func chunksAndThreads(_ setting: Setting) throws {
        let tokens = prompt(150, seed: 1)
        let expected = bits(try Bench(setting).rows(tokens, chunk: 4096))
        #expect(expected.count == 150)
        for chunk in [1, 7, 64] {
            #expect(
                bits(try Bench(setting).rows(tokens, chunk: chunk)) == expected, "chunk \(chunk)")
        }
        for chunk in [7, 4096] {
            let got = bits(try Bench(setting, threads: 2).rows(tokens, chunk: chunk))
            #expect(got == expected, "2 threads, chunk \(chunk)")
        }
    }

    /// How many rows run through an MLP at once changes no bit, of whatever kind it is.
    @Test(arguments: ["llama", "gemma2", "starcoder2"], [WeightType.f32, .q8])
    fileprivate func piecesOfAnMLP(_ family: String, weights: WeightType) throws {
        let setting = Setting(weights: weights, codec: .f16)
        let tokens = prompt(150, seed: 2)
        let whole = bits(
            try Bench(setting, pieceRows: 512, family: family).rows(tokens, chunk: 4096))
        // Strips of two threads have at least 24 rows together, those of one thread a piece of one row.
        for (threads, rows) in [(1, 1), (1, 13), (1, 64), (2, 24), (2, 50), (3, 128)] {
            let bench = try Bench(setting, threads: threads, pieceRows: rows, family: family)
            let got = bits(try bench.rows(tokens, chunk: 4096))
            #expect(got == whole, "\(threads) threads, pieces of \(rows)")
        }
    }

    /// The inside of an MLP takes as much memory in long steps as in short ones.
    @Test func longStepsTakeNoMoreMLP() throws {
        var wide = shape()
        wide.intermediateSize = 4000
        let model = try LanguageModel(
            randomShape: wide, weights: .q8, seed: 7, kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 1))
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f16), budgetBytes: 1 << 20, policy: .dense)
        func bytes(_ rows: Int, _ piece: Int) throws -> Int {
            try ModelRunner(model, maximumBatchTokens: rows, pieceRows: piece, cache: cache)
                .workspaceBytes
        }
        // Four bytes of a float and one of its quantised twin, beside scales and sums.
        let inside = 4000 * 5
        let (short, long) = (try bytes(128, 128), try bytes(2048, 128))
        #expect(try bytes(2048, 2048) - long > (2048 - 128) * inside)
        // A row of everything else is a tenth of one inside.
        #expect(long - short < (2048 - 128) * inside / 4)
    }

    @Test(arguments: Setting.all)
    fileprivate func batches(_ setting: Setting) throws {
        let bench = try Bench(setting, threads: 2, rows: 1024)
        let prompts = (0..<17).map { prompt(3 + 5 * $0, seed: UInt64($0)) }
        let alone = try prompts.map { bits([try bench.rows($0, chunk: 64).last ?? []])[0] }
        for count in [2, 3, 8, 17] {
            let ids = prompts.prefix(count).map { _ in bench.cache.makeSequence() }
            // All prompts at once, then one more token each, greedy, in one batch.
            let rows = bits(try bench.step(Array(zip(ids, prompts)), .last))
            for index in 0..<count { #expect(rows[index] == alone[index], "\(index) of \(count)") }
            let next = try bench.step(ids.map { ($0, [5]) }, .last)
            for index in [0, count - 1] {
                let expected = try bench.rows(prompts[index] + [5], chunk: 64).last ?? []
                #expect(bits([next[index]]) == bits([expected]), "decode \(index) of \(count)")
            }
            for id in ids { bench.cache.release(id) }
        }
        try bench.cache.checkIntegrity()
    }

    @Test(arguments: Setting.all)
    fileprivate func forks(_ setting: Setting) throws {
        let bench = try Bench(setting)
        let tokens = prompt(37, seed: 3)
        let trunk = bench.cache.makeSequence()
        _ = try bench.step([(trunk, tokens)])
        let branch = bench.cache.fork(trunk)
        let both = try bench.step([(trunk, [1, 2, 3]), (branch, [4, 5])], .all)
        let first = try bench.rows(tokens + [1, 2, 3], chunk: 11)
        let second = try bench.rows(tokens + [4, 5], chunk: 40)
        #expect(bits(both) == bits(Array(first.suffix(3)) + Array(second.suffix(2))))
        bench.cache.release(trunk)
        let after = try bench.step([(branch, [9])], .all)
        #expect(bits(after) == bits([try bench.rows(tokens + [4, 5, 9], chunk: 64).last ?? []]))
    }

    /// Sequences longer than a segment, whose parts are reduced apart and merged.
    @Test(arguments: [1, 2]) func segments(threads: Int) throws {
        let setting = Setting(weights: .q8, codec: .f16)
        let tokens = prompt(4200, seed: 4)
        let bench = try Bench(setting, threads: threads)
        let id = bench.cache.makeSequence()
        var last: [[Float]] = []
        for start in stride(from: 0, to: 4190, by: 419) {
            last = try bench.step([(id, Array(tokens[start..<start + 419]))])
        }
        for token in tokens[4190...] { last = try bench.step([(id, [token])]) }
        let other = try Bench(setting, threads: 3 - threads)
        let whole = other.cache.makeSequence()
        var expected: [[Float]] = []
        for start in stride(from: 0, to: 4200, by: 512) {
            expected = try other.step([(whole, Array(tokens[start..<min(4200, start + 512)]))])
        }
        #expect(bits(last) == bits(expected))
    }

    @Test(arguments: CacheCodec.allCases)
    func windowsDoNotDependOnChunks(codec: CacheCodec) throws {
        let setting = Setting(weights: .f32, codec: codec)
        let tokens = prompt(260, seed: 5)
        for text in [
            "window(sinks=4, recent=50)", "window(sinks=0, recent=16)",
            "window(sinks=20, recent=33, positions=clamp)",
        ] {
            let policy = try CachePolicy(text)
            let expected = bits(try Bench(setting, policy: policy).rows(tokens, chunk: 260))
            for chunk in [1, 7, 64] {
                let bench = try Bench(setting, threads: 2, policy: policy)
                #expect(bits(try bench.rows(tokens, chunk: chunk)) == expected, "\(text), \(chunk)")
                try bench.cache.checkIntegrity()
            }
        }
        let model = bits(try Bench(setting, window: 24).rows(tokens, chunk: 260))
        #expect(bits(try Bench(setting, window: 24).rows(tokens, chunk: 1)) == model)
    }

    @Test(arguments: CacheCodec.allCases)
    func aWindowThatHoldsEverythingIsDense(codec: CacheCodec) throws {
        let setting = Setting(weights: .q4, codec: codec)
        let tokens = prompt(90, seed: 6)
        let dense = bits(try Bench(setting).rows(tokens, chunk: 13))
        for text in ["window(sinks=4, recent=90)", "window(sinks=40, recent=50, positions=clamp)"] {
            let bench = try Bench(setting, policy: CachePolicy(text))
            #expect(bits(try bench.rows(tokens, chunk: 13)) == dense, "\(text)")
        }
    }

    @Test func refusesWhatItCannotRun() throws {
        let bench = try Bench(Setting(weights: .f32, codec: .f32), rows: 8)
        let id = bench.cache.makeSequence()
        #expect(throws: ModelError.self) { try bench.step([(id, [131])]) }
        #expect(throws: ModelError.self) { try bench.step([(id, [-1])]) }
        #expect(throws: ModelError.self) { try bench.step([(id, prompt(9, seed: 1))]) }
        #expect(try bench.step([(id, prompt(8, seed: 1))]).count == 1)
    }
}
