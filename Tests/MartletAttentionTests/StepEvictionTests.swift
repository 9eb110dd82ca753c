/// Policies that hold their budget at every token, against a plain float64 simulation of the papers.

import Foundation
import MartletKernels
import Testing

@testable import MartletAttention

/// One layer with given queries, keys and values, and no rotation.
private struct Stream {
    static let (heads, group, dimension) = (2, 2, 8)
    let queries: [[Float]]
    let keys: [[Float]]
    let values: [[Float]]

    init(count: Int, seed: UInt64) {
        var random = CounterRandom(seed: seed)
        func rows(_ width: Int) -> [[Float]] {
            (0..<count).map { _ in random.floats(width, magnitude: 2) }
        }
        queries = rows(Self.heads * Self.group * Self.dimension)
        keys = rows(Self.heads * Self.dimension)
        values = rows(Self.heads * Self.dimension)
    }

    /// Attention weights of a token over positions that a KV head holds, one row for each query head.
    func weights(_ token: Int, head: Int, held: [Int]) -> [[Double]] {
        (0..<Self.group).map { member in
            let q = (head * Self.group + member) * Self.dimension
            let scores = held.map { position in
                (0..<Self.dimension).reduce(0.0) {
                    $0 + Double(queries[token][q + $1])
                        * Double(keys[position][head * Self.dimension + $1])
                } * 0.25
            }
            let largest = scores.max() ?? 0
            let sum = scores.reduce(0) { $0 + exp($1 - largest) }
            return scores.map { exp($0 - largest) / sum }
        }
    }

    /// Runs a policy through the engine's own attention; what each head holds after every token from
    /// the prompt's last on.
    func run(_ policy: String, prompt: Int, chunk: Int) throws -> [[[Int]]] {
        let codec = CacheCodec.f32
        let shape = KVShape(
            layerCount: 1, keyValueHeadCount: Self.heads, headDimension: Self.dimension,
            codec: codec, pageBytes: codec.pageBytes(headDimension: Self.dimension))
        let chosen = try CachePolicy(policy)
        let cache = try KVCache(shape: shape, budgetBytes: 1 << 20, policy: chosen)
        let attention = try PagedAttention(
            headCount: Self.heads * Self.group, shape: shape, scale: 0.25, policy: chosen,
            frequencies: [], kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 2))
        let id = cache.makeSequence()
        var held: [[[Int]]] = []
        var start = 0
        while start < keys.count {
            let end = start < prompt ? min(prompt, start + chunk) : start + 1
            let rows = end - start
            try cache.reserve([(id, rows)])
            try attention.begin(
                [AttentionSlice(sequence: id, firstRow: 0, count: rows, position: start)],
                cache: cache)
            let q = queries[start..<end].flatMap(\.self)
            let (k, v) = (keys[start..<end].flatMap(\.self), values[start..<end].flatMap(\.self))
            var out = [Float](repeating: 0, count: q.count)
            attention.append(
                layer: 0, cache: cache, keys: k, values: v, stride: Self.heads * Self.dimension
            ) { _, _ in }
            let width = Self.heads * Self.group * Self.dimension
            attention.attend(
                layer: 0, cache: cache, q: q, queryStride: width, out: &out, outStride: width)
            cache.commit(id, tokens: rows, isDecode: start >= prompt)
            try attention.finishStep(cache: cache)
            if end == prompt { try attention.completePrompt(id, cache: cache) }
            try cache.checkIntegrity()
            if end >= prompt {
                held.append(
                    (0..<Self.heads).map { cache.heldPositions(id, layer: 0, head: $0).sorted() })
            }
            start = end
        }
        return held
    }
}

@Suite struct StepEvictionTests {
    static let (count, prompt, budget) = (110, 60, 24)

    /// H2O: a float for every token, the attention it received; the lowest that is neither a sink nor
    /// recent goes.
    @Test(arguments: [false, true], [1, 7, 64]) func h2o(average: Bool, chunk: Int) throws {
        let stream = Stream(count: Self.count, seed: 71)
        let got = try stream.run(
            "h2o(budget=\(Self.budget), sinks=2, recent=5, average=\(average))",
            prompt: Self.prompt, chunk: chunk)
        for head in 0..<Stream.heads {
            var mass = [Double](repeating: 0, count: Self.count)
            var held: [Int] = []
            for token in 0..<Self.count {
                held.append(token)
                for row in stream.weights(token, head: head, held: held) {
                    for (index, position) in held.enumerated() { mass[position] += row[index] }
                }
                guard token >= Self.prompt - 1 else { continue }
                while held.count > Self.budget {
                    let lowest = held.filter { $0 >= 2 && $0 < token - 4 }.min {
                        rank(mass, $0, token, average) < rank(mass, $1, token, average)
                    }
                    held.removeAll { $0 == lowest }
                }
                #expect(got[token - Self.prompt + 1][head] == held, "token \(token), head \(head)")
            }
        }
    }

    private func rank(_ mass: [Double], _ token: Int, _ newest: Int, _ average: Bool) -> Double {
        average ? mass[token] / Double(newest + 1 - token) : mass[token]
    }

    /// TOVA: only the newest token's attention counts, averaged over every head, and all hold the same.
    @Test(arguments: [1, 64]) func tova(chunk: Int) throws {
        let stream = Stream(count: Self.count, seed: 72)
        let got = try stream.run(
            "tova(budget=\(Self.budget), sinks=0)", prompt: Self.prompt, chunk: chunk)
        var held: [Int] = Array(0..<Self.prompt - 1)
        for token in Self.prompt - 1..<Self.count {
            held.append(token)
            var mean = [Double](repeating: 0, count: held.count)
            for head in 0..<Stream.heads {
                for row in stream.weights(token, head: head, held: held) {
                    for index in held.indices { mean[index] += row[index] }
                }
            }
            let order = held.indices.dropLast().sorted { mean[$0] > mean[$1] }
            held = (order.prefix(Self.budget - 1).map { held[$0] } + [token]).sorted()
            #expect(got[token - Self.prompt + 1] == [held, held], "token \(token)")
        }
    }

    @Test func aRatioHoldsWhatThePromptKept() throws {
        let stream = Stream(count: 90, seed: 73)
        let got = try stream.run("h2o(ratio=0.5, recent=4)", prompt: 60, chunk: 60)
        #expect(got.allSatisfy { $0.allSatisfy { $0.count == 30 } })
        let prompt = try stream.run("h2o(ratio=0.5, recent=4, steps=false)", prompt: 60, chunk: 60)
        #expect(prompt.last?.allSatisfy { $0.count == 60 } == true)
    }
}
