// One layer of attention with given queries, keys and values, run under a policy.

import Foundation
import MartletKernels

@testable import MartletAttention
@testable import MartletCache
@testable import MartletPolicies

/// One layer with given queries, keys and values, and no rotation.
struct LayerStream {
    static let (heads, group, dimension) = (2, 2, 8)
    var queries: [[Float]]
    var keys: [[Float]]
    var values: [[Float]]

    init(count: Int, seed: UInt64) {
        var random = CounterRandom(seed: seed)
        func rows(_ width: Int) -> [[Float]] {
            (0..<count).map { _ in random.floats(width, magnitude: 2) }
        }
        queries = rows(Self.heads * Self.group * Self.dimension)
        keys = rows(Self.heads * Self.dimension)
        values = rows(Self.heads * Self.dimension)
    }

    /// Scaled products of a token with positions that a KV head holds, one row for each query head.
    func logits(_ token: Int, head: Int, held: [Int]) -> [[Double]] {
        (0..<Self.group).map { member in
            let q = (head * Self.group + member) * Self.dimension
            return held.map { position in
                (0..<Self.dimension).reduce(0.0) {
                    $0 + Double(queries[token][q + $1])
                        * Double(keys[position][head * Self.dimension + $1])
                } * 0.25
            }
        }
    }

    /// The softmax of some logits.
    static func softmax(_ logits: [Double]) -> [Double] {
        let largest = logits.max() ?? 0
        let sum = logits.reduce(0) { $0 + exp($1 - largest) }
        return logits.map { exp($0 - largest) / sum }
    }

    /// Attention weights of a token over positions that a KV head holds, one row for each query head.
    func weights(_ token: Int, head: Int, held: [Int]) -> [[Double]] {
        logits(token, head: head, held: held).map(Self.softmax)
    }

    /// Runs a policy through the engine's own attention; what each head holds after every token from
    /// the prompt's last on.
    func held(_ policy: String, prompt: Int, chunk: Int) throws -> [[[Int]]] {
        try run(policy, prompt: prompt, chunk: chunk).held
    }

    /// The same with what attention made of every generated token, `[token][head][dimension]`, and the
    /// tokens that each read.
    func run(
        _ policy: String, prompt: Int, chunk: Int, sentences: Set<Int32> = []
    ) throws -> (held: [[[Int]]], outputs: [[Float]], reads: [Double]) {
        let codec = CacheCodec.f32
        let shape = KVShape(
            layerCount: 1, keyValueHeadCount: Self.heads, headDimension: Self.dimension,
            codec: codec, pageBytes: codec.pageBytes(headDimension: Self.dimension))
        let chosen = try CachePolicy(policy)
        let cache = try KVCache(shape: shape, budgetBytes: 1 << 20, policy: chosen)
        let attention = try PagedAttention(
            headCount: Self.heads * Self.group, cache: cache, scale: 0.25,
            frequencies: [[]], kernels: KernelSet.selected(), pool: WorkerPool(threadCount: 2))
        cache.sentenceTokens = sentences
        let id = cache.makeSequence()
        var held: [[[Int]]] = []
        var outputs: [[Float]] = []
        var reads: [Double] = []
        var start = 0
        while start < keys.count {
            let end = start < prompt ? min(prompt, start + chunk) : start + 1
            let rows = end - start
            try cache.reserve([(id, rows)])
            let tokens = (start..<end).map { Int32($0) }
            try attention.begin(
                [AttentionSlice(sequence: id, firstRow: 0, count: rows, position: start)],
                tokens: tokens, cache: cache)
            let q = queries[start..<end].flatMap(\.self)
            var (k, v) = (keys[start..<end].flatMap(\.self), values[start..<end].flatMap(\.self))
            var out = [Float](repeating: 0, count: q.count)
            k.withUnsafeMutableBufferPointer { k in
                v.withUnsafeMutableBufferPointer { v in
                    guard let keys = k.baseAddress, let values = v.baseAddress else { return }
                    let rows = AppendedRows(
                        keys: keys, values: values, stride: Self.heads * Self.dimension)
                    attention.append(layer: 0, cache: cache, rows: rows) { _, _ in }
                }
            }
            let width = Self.heads * Self.group * Self.dimension
            attention.attend(
                layer: 0, cache: cache, q: q, queryStride: width, out: &out, outStride: width)
            let before = cache.reads(of: id).kvReads
            let isDecode = start >= prompt
            cache.commit(
                id, tokens: rows, isDecode: isDecode,
                reads: attention.reads(slice: 0, isDecode: isDecode, cache: cache))
            if start >= prompt {
                outputs.append(out)
                reads.append(cache.reads(of: id).kvReads - before)
            }
            try attention.finishStep(cache: cache)
            if end == prompt { try attention.completePrompt(id, cache: cache) }
            try cache.checkIntegrity()
            if end >= prompt {
                held.append(
                    (0..<Self.heads).map { cache.heldPositions(id, layer: 0, head: $0).sorted() })
            }
            start = end
        }
        return (held, outputs, reads)
    }

    /// Attention of a token over given positions, in float64: `[head][dimension]`, all heads of all groups.
    func attention(_ token: Int, over positions: (_ head: Int) -> [Int]) -> [Double] {
        var out: [Double] = []
        for head in 0..<Self.heads {
            let held = positions(head)
            for row in weights(token, head: head, held: held) {
                for d in 0..<Self.dimension {
                    out.append(
                        zip(row, held).reduce(0) {
                            $0 + $1.0 * Double(values[$1.1][head * Self.dimension + d])
                        })
                }
            }
        }
        return out
    }
}
