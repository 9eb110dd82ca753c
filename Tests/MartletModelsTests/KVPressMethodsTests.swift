// Methods that kvpress or their authors publish, token by token and channel by channel, on the same checkpoints.

import Foundation
import MartletCache
import MartletFormats
import MartletKernels
import MartletPolicies
import Testing

@testable import MartletModels

/// What a published method chose on one checkpoint; see tools/fixtures/make_kvpress_goldens.py.
struct PressMethodGolden: Sendable, CustomTestStringConvertible {
    let model: String
    /// The policy's text, as the golden names it.
    let policy: String
    /// Tokens of the prompt.
    let length: Int
    /// Tokens that were generated before the choice was noted.
    let more: Int
    var testDescription: String { "\(model), \(length)+\(more) tokens, \(policy)" }

    /// The policy. The authors of ThinK leave the newest keys whole, kvpress, which alone names a window of
    /// 32 last, does not.
    var text: String {
        policy.replacingOccurrences(of: "window=32)", with: "window=32, recent=0)")
    }

    /// How the golden names it.
    var key: String { "\(policy)|\(length)" + (more > 0 ? "+\(more)|" : "|") }

    static func file(_ model: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: PressGolden.folder + "/\(model).methods.safetensors")
    }

    /// The goldens of all methods with one of these words in their text, each once.
    static func named(_ words: [String]) -> [PressMethodGolden] {
        PressGolden.models.flatMap { model -> [PressMethodGolden] in
            guard let file = try? file(model) else { return [] }
            var seen: Set<String> = []
            return file.entries.compactMap { entry in
                let parts = entry.name.split(separator: "|").map(String.init)
                guard parts.count == 3, ["kept", "channels"].contains(parts[2]),
                    words.contains(where: parts[0].contains),
                    seen.insert(parts[0] + "|" + parts[1]).inserted
                else { return nil }
                let counts = parts[1].split(separator: "+").compactMap { Int($0) }
                guard let length = counts.first else { return nil }
                return PressMethodGolden(
                    model: model, policy: parts[0], length: length,
                    more: counts.count > 1 ? counts[1] : 0)
            }
        }
    }
}

/// A checkpoint under a policy, one sequence.
private struct MethodRun {
    let model: LanguageModel
    let cache: KVCache
    let runner: ModelRunner
    let id: SequenceID

    init(_ name: String, policy: String) throws {
        model = try LanguageModel(
            Checkpoint(directory: GoldenCase.folder + "/" + name), weights: .f32,
            kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 1))
        cache = try KVCache(
            shape: model.cacheShape(codec: .f32), budgetBytes: 16 << 20,
            policy: CachePolicy(policy), layerWindows: model.shape.layerWindows)
        runner = try ModelRunner(model, maximumBatchTokens: 100, cache: cache)
        id = cache.makeSequence()
    }

    /// Computes a prompt in chunks of 100, on which no choice may depend.
    func compute(_ prompt: [Int32]) throws {
        for start in stride(from: 0, to: prompt.count, by: 100) {
            let end = min(prompt.count, start + 100)
            try cache.reserve([(id, end - start)])
            _ = try runner.forward(
                ForwardBatch(slices: [
                    SequenceSlice(
                        sequence: id, tokens: Array(prompt[start..<end]), logits: .none,
                        completesPrompt: end == prompt.count)
                ]), cache: cache)
        }
        try cache.checkIntegrity()
    }

    /// The keys that each head of each layer holds, one after another.
    func keys() -> [[Float]] {
        (0..<cache.shape.tableCount).map { table in
            let (layer, head) = table.quotientAndRemainder(
                dividingBy: cache.shape.keyValueHeadCount)
            var keys: [Float] = []
            cache.visitSlots(id, layer: layer, head: head) { _, key, _ in
                keys += UnsafeBufferPointer(start: key, count: cache.shape.headDimension)
            }
            return keys
        }
    }

    /// Computes tokens one by one; the log-probabilities after each.
    func decode(_ tokens: [Int32]) throws -> [[Float]] {
        try tokens.map { token in
            try cache.reserve([(id, 1)])
            let logits = Array(
                try runner.forward(
                    ForwardBatch(slices: [
                        SequenceSlice(
                            sequence: id, tokens: [token], logits: .last, isDecode: true)
                    ]), cache: cache))
            try cache.checkIntegrity()
            let largest = logits.max() ?? 0
            let sum = logits.reduce(0.0) { $0 + exp(Double($1 - largest)) }
            return logits.map { Float(Double($0 - largest) - log(sum)) }
        }
    }
}

@Suite struct KVPressMethodsTests {
    static let goldens = PressMethodGolden.named(["rkv(", "chunkkv(", "threshold(", "think("])

    @Test func goldensAreComplete() { #expect(Self.goldens.count == 31 + 54 + 99 + 36) }

    /// Exactly the same positions in every head, at the end of the prompt or some tokens later, and
    /// log-probabilities within 1e-3 at that place.
    @Test(arguments: goldens) func keepsWhatIsPublished(_ golden: PressMethodGolden) throws {
        let file = try PressMethodGolden.file(golden.model)
        let tokens = Array(try #require(file["tokens"]).bytes.bindMemory(to: Int32.self))
        let marks = file[golden.key + "kept"].map { Array($0.bytes) }

        let run = try MethodRun(golden.model, policy: golden.text)
        let shape = run.cache.shape
        let count = golden.length + golden.more
        try run.compute(Array(tokens[..<golden.length]))
        var rows = try run.decode(Array(tokens[golden.length..<count]))
        for layer in 0..<shape.layerCount {
            for head in 0..<shape.keyValueHeadCount {
                let base = (layer * shape.keyValueHeadCount + head) * count
                let expected = (0..<count).filter { marks == nil || marks?[base + $0] == 1 }
                let got = run.cache.heldPositions(run.id, layer: layer, head: head).sorted()
                #expect(got == expected, "layer \(layer), head \(head)")
            }
        }
        if let channels = file[golden.key + "channels"] {
            let whole = try MethodRun(
                golden.model,
                policy: marks == nil ? "dense" : String(golden.policy.prefix { $0 != "+" }))
            try whole.compute(Array(tokens[..<golden.length]))
            for (index, (got, dense)) in zip(run.keys(), whole.keys()).enumerated() {
                let marks = channels.bytes[
                    index * shape.headDimension..<(index + 1) * shape.headDimension]
                let pruned = dense.enumerated().map { place, x in
                    marks[marks.startIndex + place % shape.headDimension] == 1 ? x : 0
                }
                #expect(got == pruned, "table \(index)")
            }
        }
        guard let expected = try file[golden.key + "logprobs"]?.floats() else { return }
        let steps = expected.count / run.model.shape.vocabularySize
        if golden.more == 0 { rows = try run.decode(Array(tokens[count..<count + steps])) }
        let worst = zip(rows.suffix(steps).flatMap(\.self), expected).map { abs($0 - $1) }.max()
        #expect(try #require(worst) < 1e-3)
    }

    /// Neither chunks nor threads change what falls below a threshold, nor a bit; nothing does below the
    /// lowest score; sinks and the window stay.
    @Test(arguments: [
        ("threshold(knorm(sinks=2), below=%, window=16)", "-2.2"),
        ("threshold(knorm(sinks=2), below=%, window=16, steps=false)", "-2.2"),
        ("threshold(snapkv(sinks=2, window=8), below=%, window=16, steps=false)", "0.0068"),
    ]) func aThresholdDependsOnTheTokensAlone(_ template: String, _ below: String) throws {
        func text(_ below: String) -> String {
            template.replacingOccurrences(of: "%", with: below)
        }
        let (prompt, following) = (randomTokens(150, seed: 3), randomTokens(40, seed: 4))
        for codec in [CacheCodec.f16, .q4] {
            let whole = try PolicyRun(text(below), codec: codec)
                .decode(prompt, following, chunk: 1024)
            for (chunk, threads) in [(1, 1), (7, 2), (64, 2)] {
                let got = try PolicyRun(text(below), codec: codec, threads: threads)
                    .decode(prompt, following, chunk: chunk)
                #expect(got.rows == whole.rows && got.held == whole.held, "chunk \(chunk)")
            }
            #expect(Set(whole.held.map(\.count)).count > 1)
            for held in whole.held {
                #expect(held.count < 190 && held.starts(with: 0..<2))
                #expect(held.suffix(16) == Array(174..<190)[...])
            }
        }
        let dense = try PolicyRun("dense").decode(prompt, following, chunk: 64)
        let got = try PolicyRun(text("-1e9")).decode(prompt, following, chunk: 64)
        #expect(got.rows == dense.rows && got.held == dense.held)
    }

    /// Neither chunks nor threads change a bit of what pruning does, whatever stands beside it; the prompt's
    /// own rows are those without it.
    @Test(arguments: [
        ("dense", "think(ratio=0.5, window=8, recent=20)"),
        ("snapkv(budget=70, window=8)", "think(ratio=0.25, window=40)"),
        ("kvzip(budget=70, chunk=40)", "think(ratio=0.5, window=8)"),
        ("h2o(budget=70, recent=8)", "think(ratio=0.7)"),
        ("rkv(bytes=60KB)", "think(ratio=0.5, window=8, recent=0)"),
        ("lserve(ratio=0.5, sinks=16, recent=16)", "think(ratio=0.5, window=8, recent=4)"),
        ("loopserve(budget=70)", "think(ratio=0.5, window=8, recent=4)"),
        ("window(sinks=4, recent=60)", "think(ratio=0.5, window=8, recent=4)"),
        ("kv(kivi, residual=160)", "think(ratio=0.5, window=8, recent=4)"),
    ]) func pruningDependsOnThePromptAlone(plain: String, pruning: String) throws {
        let policy = "\(plain) + \(pruning)"
        let parsed = try CachePolicy(policy)
        #expect(try CachePolicy(parsed.description) == parsed && !parsed.isExact)
        let (prompt, following) = (randomTokens(150, seed: 3), randomTokens(20, seed: 4))
        // What is sealed is written in halves first.
        for codec in parsed.traits.sealKinds.isEmpty ? [CacheCodec.f16, .q4] : [.f16] {
            let whole = try PolicyRun(policy, codec: codec).decode(prompt, following, chunk: 1024)
            for (chunk, threads) in [(1, 1), (7, 2), (64, 2)] {
                let got = try PolicyRun(policy, codec: codec, threads: threads)
                    .decode(prompt, following, chunk: chunk)
                #expect(got.rows == whole.rows && got.held == whole.held, "chunk \(chunk)")
            }
            let without = try PolicyRun(plain, codec: codec)
                .decode(prompt, following, chunk: 1024)
            #expect(without.rows[0] == whole.rows[0] && without.rows[1] != whole.rows[1])
        }
    }

    /// The newest keys of the prompt and those of generated tokens stay whole.
    @Test func newKeysStayWhole() throws {
        func state(_ policy: String) throws -> (keys: [[Int: [Float]]], bytes: Int) {
            let run = try PolicyRun(policy, codec: .f32)
            let id = run.cache.makeSequence()
            _ = try run.step([
                SequenceSlice(
                    sequence: id, tokens: randomTokens(100, seed: 5), logits: .last,
                    completesPrompt: true)
            ])
            var keys: [[Int: [Float]]] = []
            for table in 0..<6 {
                keys.append([:])
                run.cache.visitSlots(id, layer: table / 2, head: table % 2) { position, key, _ in
                    keys[table][position] = Array(UnsafeBufferPointer(start: key, count: 16))
                }
            }
            return (keys, run.cache.statistics.bytesHeld)
        }
        let (dense, think) = (try state("dense"), try state("think(ratio=0.3, recent=32)"))
        #expect(dense.bytes == think.bytes)
        for (whole, pruned) in zip(dense.keys, think.keys) {
            for position in 0..<100 {
                let (a, b) = (whole[position] ?? [], pruned[position] ?? [])
                let zeros = b.count { $0 == 0 }
                #expect(
                    zeros == (position < 68 ? 4 : 0) && zip(a, b).allSatisfy { $1 == 0 || $0 == $1 }
                )
            }
        }
    }

    @Test(arguments: [
        "threshold(knorm())", "threshold(below=1)", "threshold(knorm(budget=8), below=-1)",
        "threshold(snapkv(), below=0.1)", "threshold(adakv(knorm(budget=8)), below=-1)",
        "threshold(h2o(), below=1, steps=false)", "threshold(rkv(), below=0, steps=false)",
        "knorm()", "chunkkv(adakv(knorm(budget=8)))", "chunkkv(h2o(budget=80))",
        "chunkkv(chunkkv(knorm(budget=8)))", "adakv(chunkkv(knorm(budget=8)))",
        "threshold(knorm(), below=-1) + kv(kivi)",
    ]) func refusals(policy: String) {
        #expect(throws: CacheError.self) { try CachePolicy(policy) }
    }
}
