// Scores of attention sinks at a bounded distance (StreamingLLM, LM-Infinite).
//
// Keys are stored rotated at their own position, so a sink is seen at another distance by turning
// the query instead: R(i)q . R(s)k at distance D needs the query at position s + D, which is the
// stored one turned by s + D - i.

import CMartletKernels
import Foundation
import MartletKernels

/// The turns of one step: one angle set for each (batch row, sink).
struct SinkRotation {
    let policy: SinkWindow
    private var cosines: [Float]
    private var sines: [Float]
    private let half: Int

    /// Computes the turns of the slices' queries. Nil unless the policy bounds distances to sinks,
    /// some query has passed the bound, and positions are rotations (`frequencies` is not empty).
    init?(policy: CachePolicy, slices: [AttentionSlice], frequencies: [Double]) {
        guard case .window(let window) = policy.retention, window.sinks > 0, !frequencies.isEmpty,
            slices.contains(where: { $0.position + $0.count - 1 > window.limit })
        else { return nil }
        self.policy = window
        half = frequencies.count
        let sinks = window.sinks
        let rows = slices.reduce(0) { max($0, $1.firstRow + $1.count) }
        cosines = [Float](repeating: 1, count: rows * sinks * half)
        sines = [Float](repeating: 0, count: rows * sinks * half)
        for slice in slices {
            for query in 0..<slice.count where slice.position + query > window.limit {
                let position = slice.position + query
                for sink in 0..<sinks {
                    let turn = sink + window.sinkDistance(query: position, sink: sink) - position
                    let base = ((slice.firstRow + query) * sinks + sink) * half
                    for i in 0..<half {
                        let angle = Double(turn) * frequencies[i]
                        cosines[base + i] = Float(cos(angle))
                        sines[base + i] = Float(sin(angle))
                    }
                }
            }
        }
    }

    /// The first of `count` queries at `position` whose sinks are not where they were; `count` if none.
    func firstQuery(position: Int, count: Int) -> Int {
        min(count, max(0, policy.limit + 1 - position))
    }

    /// Scaled scores `[count * group][sinks]` for queries from `first` on.
    func scores(
        into scratch: WorkerScratch, q: UnsafePointer<Float>, queryStride: Int, row: Int,
        first: Int,
        count: Int, group: Int, dimension: Int, scale: Float,
        page: (Int) -> UnsafeMutableRawPointer, codec: CacheCodec
    ) -> UnsafePointer<Float> {
        let sinks = policy.sinks
        let key = scratch.vector
        let value = key + ((dimension + 15) & ~15)
        for sink in 0..<sinks {
            let bytes = page(sink / KVPage.tokens).assumingMemoryBound(to: UInt8.self)
            mk_read_slot(
                codec.code, bytes, Int32(dimension), Int32(sink % KVPage.tokens), key, value)
            for query in first..<count {
                let turn = ((row + query) * sinks + sink) * half
                for head in 0..<group {
                    let x = q + query * queryStride + head * dimension
                    var sum: Float = 0
                    for i in 0..<half {
                        let c = cosines[turn + i]
                        let s = sines[turn + i]
                        let a = x[i]
                        let b = x[half + i]
                        sum += (a * c - b * s) * key[i] + (b * c + a * s) * key[half + i]
                    }
                    scratch.sinkScores[(query * group + head) * sinks + sink] = sum * scale
                }
            }
        }
        return UnsafePointer(scratch.sinkScores)
    }
}
