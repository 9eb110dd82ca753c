// Attention by content and distance, also between rows of different resolution.
// This file knows strides, sums and derivatives; it refuses to know models and what a distance means.

import CMartletKernels
import MartletKernels
import MartletTraining

/// Which rows meet, and how far apart they are.
///
/// Query i of a sequence is at place i · queryStride + shift, key j at j · keyStride; a query sees the keys
/// that are not after it. Self-attention has strides of 1; shortening by k has a query stride of k and a shift
/// of k - 1, so that a group sees all of its members; lengthening has a key stride of k.
struct RelativePlaces {
    let queries: RowLayout
    let keys: RowLayout
    var queryStride = 1
    var keyStride = 1
    var shift = 0

    /// The place of a query, which is its distance to key 0.
    func place(_ query: Int) -> Int { query * queryStride + shift }

    /// Number of keys that a query sees, of `keys`.
    func seen(_ query: Int, of keys: Int) -> Int { min(keys, place(query) / keyStride + 1) }
}

/// score(i, j) = ((q_i + u) · k_j + (q_i + w) · r_(i - j)) / √d, then softmax over the keys that are seen, as
/// Transformer-XL has it (Dai et al. 2019, arXiv 1901.02860, section 3.3).
///
/// `r` holds a row for every distance, the largest first. Scores are recomputed in backward.
struct RelativeAttentionOperation: SizedOperation {
    let (q, k, v, r): (Value, Value, Value, Value)
    /// u and w: one row each.
    let (contentBias, placeBias): (Value, Value)
    let y: Value
    let logSums: Value
    let places: RelativePlaces
    let (heads, dimension, distances): (Int, Int, Int)

    var name: String { "relative attention" }
    var inputs: [Value] { [q, k, v, r, contentBias, placeBias] }
    var outputs: [Value] { [y, logSums] }
    var kept: [Value] { inputs + outputs }
    var scratchBytes: Int {
        RelativeBlock.gemmFloats * 4
            + RelativeBlock.floats(places.keys.length, distances, dimension) * 4
    }
    var width: Int { heads * dimension }

    var multiplyAdds: Double {
        Double(places.queries.sequences) * products(places.queries.length, places.keys.length)
    }

    func workload(_ run: GraphRun) -> (multiplyAdds: Double, floats: Double) {
        var sum = 0.0
        for sequence in 0..<places.queries.sequences {
            sum += products(
                places.queries.range(sequence, run).count, places.keys.range(sequence, run).count)
        }
        return (sum, Double(places.queries.rows(run) * (width + heads)))
    }

    /// Two products for each pair of a query and a key that it sees, one for each distance.
    private func products(_ queries: Int, _ keys: Int) -> Double {
        var pairs = 0
        for query in 0..<queries {
            pairs += 2 * places.seen(query, of: keys) + places.place(query) + 1
        }
        return Double(pairs * width)
    }

    func forward(_ run: GraphRun) {
        run.pool.run(places.queries.sequences * heads) { job, worker in
            var block = RelativeBlock(self, run, head: job % heads, worker: worker)
            block.begin(sequence: job / heads)
            while block.next() { block.forward() }
        }
    }

    /// One thread does a head in all sequences, since they share the gradients of r, u and w.
    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y) else { return }
        let targets = inputs.map { run.gradientTarget($0) }
        run.pool.run(heads) { head, worker in
            let rows = [
                places.queries.rows(run), places.keys.rows(run), places.keys.rows(run), distances,
                1, 1,
            ]
            for (target, rows) in zip(targets, rows) {
                guard let target, !target.adds else { continue }
                for row in 0..<rows {
                    (target.pointer + row * width + head * dimension)
                        .update(repeating: 0, count: dimension)
                }
            }
            var block = RelativeBlock(self, run, head: head, worker: worker)
            block.setGradients(dy, targets.map { $0?.pointer })
            for sequence in 0..<places.queries.sequences {
                block.begin(sequence: sequence)
                while block.next() { block.backward() }
            }
        }
    }
}

/// The parameters and tables of one relative attention.
struct RelativeInputs {
    let (q, k, v): (Value, Value, Value)
    /// A row for each distance, the largest first.
    let r: Value
    let contentBias: Value
    let placeBias: Value
}

extension Graph {
    /// Attention by content and distance; see ``RelativeAttentionOperation``.
    func relativeAttention(_ x: RelativeInputs, heads: Int, places: RelativePlaces) -> Value {
        let width = shape(x.q).columns
        let distances = shape(x.r).rows
        precondition(
            width % heads == 0 && shape(x.k) == (places.keys.capacity, width)
                && shape(x.v) == shape(x.k) && shape(x.q).rows == places.queries.capacity
                && shape(x.r).columns == width
                && places.place(places.queries.length - 1) < distances,
            "relative attention: got q \(shape(x.q)), k \(shape(x.k)), r \(shape(x.r))")
        let y = computed(
            rows: places.queries.capacity, columns: width,
            from: [x.q, x.k, x.v, x.r, x.contentBias, x.placeBias], name: "relative attention")
        let sums = computed(
            rows: places.queries.capacity, columns: heads, from: [], name: "attention sums")
        append(
            RelativeAttentionOperation(
                q: x.q, k: x.k, v: x.v, r: x.r, contentBias: x.contentBias, placeBias: x.placeBias,
                y: y, logSums: sums, places: places, heads: heads, dimension: width / heads,
                distances: distances))
        return y
    }
}
