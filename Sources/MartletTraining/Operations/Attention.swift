// Grouped causal attention over packed documents, with an additive mask for every key.

import CMartletKernels
import MartletKernels

/// Sequences of `length` rows each; see `mk_training_attention`.
struct AttentionOperation: Operation {
    let q: Value
    let k: Value
    let v: Value
    let mask: Value?
    let starts: Integers
    let y: Value
    let logSums: Value
    let (sequences, length): (Int, Int)
    let (heads, keyValueHeads, dimension): (Int, Int, Int)
    let scale: Float
    let window: Int

    var name: String { "attention" }
    var inputs: [Value] { [q, k, v] + (mask.map { [$0] } ?? []) }
    var outputs: [Value] { [y, logSums] }
    var kept: [Value] { inputs + outputs }
    /// Scores and weighted values over the causal half.
    var multiplyAdds: Double {
        Double(sequences * heads * dimension) * Double(length) * Double(length + 1)
    }
    /// Scores are recomputed.
    func passes(in graph: Graph) -> Double { 3.5 }
    private var group: Int { heads / keyValueHeads }
    var scratchBytes: Int {
        mk_training_attention_scratch(Int32(length), Int32(dimension), Int32(group))
    }

    func forward(_ run: GraphRun) {
        run.pool.run(sequences * keyValueHeads) { job, worker in
            var work = work(run, job, worker)
            run.kernels.attention_forward(&work)
        }
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y) else { return }
        // Beside a frozen base, the first layer's mask is all that has a gradient.
        let (dq, dk, dv) = (
            run.gradientTarget(q), run.gradientTarget(k), run.gradientTarget(v)
        )
        let dm = mask.flatMap { run.gradientTarget($0) }
        run.pool.run(sequences * keyValueHeads) { job, worker in
            var work = work(run, job, worker)
            let (query, key, maskAt, _) = offsets(job)
            work.d_out = UnsafePointer(dy + query)
            work.d_q = dq.map { $0.pointer + query }
            work.d_k = dk.map { $0.pointer + key }
            work.d_v = dv.map { $0.pointer + key }
            work.d_mask = dm.map { $0.pointer + maskAt }
            work.add_q = dq?.adds == true ? 1 : 0
            work.add_k = dk?.adds == true ? 1 : 0
            work.add_v = dv?.adds == true ? 1 : 0
            work.add_mask = dm?.adds == true ? 1 : 0
            run.kernels.attention_backward(&work)
        }
    }

    /// Offsets of one (sequence, KV head) in queries, keys, the mask and the sums.
    private func offsets(_ job: Int) -> (query: Int, key: Int, mask: Int, sums: Int) {
        let (sequence, head) = (job / keyValueHeads, job % keyValueHeads)
        return (
            (sequence * length * heads + head * group) * dimension,
            (sequence * length * keyValueHeads + head) * dimension,
            sequence * length * keyValueHeads + head, job * group * length
        )
    }

    private func work(_ run: GraphRun, _ job: Int, _ worker: Int) -> mk_training_attention {
        let (query, key, maskAt, sums) = offsets(job)
        return mk_training_attention(
            tokens: Int32(length), dimension: Int32(dimension), group: Int32(group),
            q: UnsafePointer(run[q] + query), q_stride: heads * dimension,
            k: UnsafePointer(run[k] + key), v: UnsafePointer(run[v] + key),
            kv_stride: keyValueHeads * dimension, scale: scale,
            start: UnsafePointer(run[starts] + job / keyValueHeads * length),
            mask: mask.map { UnsafePointer(run[$0] + maskAt) }, mask_stride: keyValueHeads,
            window: Int32(window), out: run[y] + query, out_stride: heads * dimension,
            lse: run[logSums] + sums, scratch: UnsafeMutableRawPointer(run.scratch(worker)),
            d_out: nil, d_q: nil, d_k: nil, d_v: nil, d_mask: nil, add_q: 0, add_k: 0, add_v: 0,
            add_mask: 0)
    }
}

/// How an attention reads its rows.
public struct AttentionShape: Sendable, Hashable {
    /// Rows of one sequence.
    public var length: Int
    /// Query heads, KV heads and the channels of each.
    public var heads: Int
    /// KV heads.
    public var keyValueHeads: Int
    /// Channels of a head.
    public var dimension: Int
    /// Factor of the products of queries and keys.
    public var scale: Float

    /// Describes an attention.
    public init(length: Int, heads: Int, keyValueHeads: Int, dimension: Int, scale: Float) {
        self.length = length
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.dimension = dimension
        self.scale = scale
    }
}

extension Graph {
    /// Causal attention: the query of row i sees the keys of its sequence from `starts[i]` (a place in the
    /// sequence) to itself; keys more than `window` before it get their `mask` (rows x KV heads) added.
    public func attention(
        q: Value, k: Value, v: Value, starts: Integers, shape attention: AttentionShape,
        mask: Value? = nil, window: Int = 0
    ) -> Value {
        let rows = shape(q).rows
        let (a, b) = (attention.heads, attention.keyValueHeads)
        precondition(
            rows % attention.length == 0 && a % b == 0
                && shape(q).columns == a * attention.dimension
                && shape(k) == (rows, b * attention.dimension) && shape(v) == shape(k),
            "attention: got q \(shape(q)), k \(shape(k)), v \(shape(v)) for \(attention)")
        let sources = [q, k, v] + (mask.map { [$0] } ?? [])
        let y = computed(rows: rows, columns: shape(q).columns, from: sources, name: "attention")
        let sums = computed(rows: rows, columns: a, from: [], name: "attention sums")
        append(
            AttentionOperation(
                q: q, k: k, v: v, mask: mask, starts: starts, y: y, logSums: sums,
                sequences: rows / attention.length, length: attention.length, heads: a,
                keyValueHeads: b, dimension: attention.dimension, scale: attention.scale,
                window: window))
        return y
    }
}
