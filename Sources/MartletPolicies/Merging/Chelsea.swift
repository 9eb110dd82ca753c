/// Chelsea: similar keys of a chunk become one, with the number of tokens it stands for (2506.11418).

import Foundation
import MartletCache

/// Inside each chunk tokens fall alternately into two sets; each of the first finds the most similar key
/// of the second (cosine), and the strongest pairs merge into the mean of keys and of values, weighted
/// by how many tokens each stands for. Rounds follow until the budget is reached. With `counts` a slot's
/// score gains the log of its number of tokens, which makes merging equal keys lossless; the paper does
/// not say whether it does this. Protected tokens do not merge.
struct Chelsea: KVCompressor {
    let chunk: Int
    let counts: Bool

    var competes: Bool { false }
    var signals: PromptSignals { PromptSignals() }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { [Float](repeating: 0, count: layer.length($0)) }
    }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        let free = chosen.protect(scores(layer))
        return (0..<layer.headCount).map { head in
            let (keys, values) = layer.decode(head)
            var clusters = Clusters(
                keys: keys, values: values, sizes: layer.sizes(head), dimension: layer.dimension)
            clusters.merge(to: budget, chunk: chunk) { free[head][$0] < .infinity }
            return clusters.verdict(counts: counts)
        }
    }
}

/// Tokens of one head on their way to being merged.
private struct Clusters {
    let dimension: Int
    var keys: [Float]
    var values: [Float]
    /// Tokens that each slot stands for; 0 where it went into another.
    var sizes: [Float]
    var live: [Int]

    private let before: [Float]

    init(keys: [Float], values: [Float], sizes: [Float], dimension: Int) {
        (self.keys, self.values, self.dimension) = (keys, values, dimension)
        self.sizes = sizes
        before = sizes
        live = Array(sizes.indices)
    }

    mutating func merge(to budget: Int, chunk: Int, isFree: (Int) -> Bool) {
        var width = chunk
        while live.count > budget {
            let pairs = pairs(chunk: width, isFree: isFree)
            guard !pairs.isEmpty else {
                // A chunk that has one free token left has nobody to merge with: look further.
                guard width < live.count else { return }
                width *= 2
                continue
            }
            for pair in pairs.prefix(live.count - budget) { join(pair.from, into: pair.to) }
            live = live.filter { sizes[$0] > 0 }
        }
    }

    /// Each token of the first set with its most similar one of the second, strongest first.
    private func pairs(
        chunk: Int, isFree: (Int) -> Bool
    ) -> [(similarity: Float, from: Int, to: Int)] {
        var result: [(similarity: Float, from: Int, to: Int)] = []
        for start in stride(from: 0, to: live.count, by: chunk) {
            let slots = live[start..<min(start + chunk, live.count)].filter(isFree)
            let first = slots.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            let second = slots.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            guard !second.isEmpty else { continue }
            for a in first {
                var best: (Float, Int) = (-.infinity, second[0])
                for b in second {
                    let similarity = cosine(a, b)
                    if similarity > best.0 { best = (similarity, b) }
                }
                result.append((best.0, a, best.1))
            }
        }
        return result.sorted { ($1.similarity, $0.from) < ($0.similarity, $1.from) }
    }

    private func cosine(_ a: Int, _ b: Int) -> Float {
        var (dot, aa, bb): (Float, Float, Float) = (0, 0, 0)
        for i in 0..<dimension {
            let (x, y) = (keys[a * dimension + i], keys[b * dimension + i])
            dot += x * y
            aa += x * x
            bb += y * y
        }
        let norm = (aa * bb).squareRoot()
        return norm > 0 ? dot / norm : 0
    }

    private mutating func join(_ a: Int, into b: Int) {
        let total = sizes[a] + sizes[b]
        let share = sizes[a] / total
        for i in 0..<dimension {
            let (x, y) = (a * dimension + i, b * dimension + i)
            // Equal ones stay what they are, bit for bit.
            keys[y] += (keys[x] - keys[y]) * share
            values[y] += (values[x] - values[y]) * share
        }
        sizes[b] = total
        sizes[a] = 0
    }

    func verdict(counts: Bool) -> HeadVerdict {
        guard live.count < sizes.count else { return HeadVerdict() }
        return HeadVerdict(
            kept: live.map(Int32.init),
            merges: live.filter { sizes[$0] > before[$0] }.map { slot in
                let range = slot * dimension..<(slot + 1) * dimension
                return MergedSlot(
                    slot: Int32(slot), key: Array(keys[range]), value: Array(values[range]),
                    count: counts ? sizes[slot] : 1)
            })
    }
}

extension CachePolicyEntry {
    static let chelsea = CachePolicyEntry(
        name: "chelsea",
        summary: "merges similar keys of a chunk, counting what each stands for",
        source: "Chelsea (2506.11418)",
        parameters: .scored(recent: 32) + [
            CachePolicyParameter(
                name: "chunk", domain: .integer(2...65_536), defaultValue: .integer(64),
                summary: "neighbouring tokens among which pairs are sought"),
            CachePolicyParameter(
                name: "counts", domain: .boolean, defaultValue: .boolean(true),
                summary: "add the log of a slot's tokens to its score"),
        ],
        phases: [.prefill], sharesPrefix: true, state: "4 bytes a token, once any merged",
        examples: ["chelsea(%, chunk=16)"],
        sized: { ["chelsea(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            Chelsea(chunk: values.integer("chunk"), counts: values.boolean("counts")))
    }
}
