/// LOOK-M on text: what is evicted joins the most similar key that stays (2406.18139).

import MartletCache

/// Heavy hitters and the newest tokens stay, as with H2O. Each evicted pair of key and value then goes to
/// the kept key with the largest cosine: averaged with it, by way of the middle between the two
/// (pivotal, the best in the paper), or weighted by the cosine.
struct LookM: KVCompressor {
    enum Merge: String, CaseIterable, Sendable { case pivotal, average, weighted, off }

    let merge: Merge

    var signals: PromptSignals { PromptSignals(columnMass: true) }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { layer.columnMass($0) }
    }

    func verdicts(_ layer: LayerView, budget: Int, chosen: TokenDivision) -> [HeadVerdict] {
        let kept = chosen.rule.select(chosen.protect(scores(layer)), budget: budget)
        guard merge != .off else { return kept.map { HeadVerdict(kept: $0) } }
        return kept.enumerated().map { head, slots in
            guard let slots else { return HeadVerdict() }
            let (keys, values) = layer.decode(head)
            return HeadVerdict(
                kept: slots,
                merges: join(keys: keys, values: values, kept: slots, dimension: layer.dimension))
        }
    }

    private func join(
        keys: [Float], values: [Float], kept: [Int32], dimension: Int
    ) -> [MergedSlot] {
        let norms = keys.norms(of: dimension)
        var isKept = [Bool](repeating: false, count: norms.count)
        for slot in kept { isKept[Int(slot)] = true }
        // Directions of kept keys, channel by channel, so that the inner loop runs over tokens.
        var directions = [Float](repeating: 0, count: kept.count * dimension)
        for (place, slot) in kept.enumerated() where norms[Int(slot)] > 0 {
            for i in 0..<dimension {
                directions[i * kept.count + place] =
                    keys[Int(slot) * dimension + i] / norms[Int(slot)]
            }
        }
        var joined: [Int: [(slot: Int, similarity: Float)]] = [:]
        var products = [Float](repeating: 0, count: kept.count)
        for slot in norms.indices where !isKept[slot] {
            let inverse = norms[slot] > 0 ? 1 / norms[slot] : 0
            for place in products.indices { products[place] = 0 }
            products.withUnsafeMutableBufferPointer { products in
                directions.withUnsafeBufferPointer { directions in
                    for i in 0..<dimension {
                        let (x, row) = (keys[slot * dimension + i] * inverse, i * products.count)
                        for place in 0..<products.count {
                            products[place] += x * directions[row + place]
                        }
                    }
                }
            }
            var best = 0
            for place in products.indices where products[place] > products[best] { best = place }
            joined[Int(kept[best]), default: []].append((slot, products[best]))
        }
        return joined.keys.sorted().map { target in
            func mean(_ x: [Float]) -> [Float] {
                (0..<dimension).map { i in
                    let own = x[target * dimension + i]
                    var sum = own
                    for other in joined[target] ?? [] {
                        let value = x[other.slot * dimension + i]
                        switch merge {
                        case .pivotal: sum += (value + own) / 2
                        case .average, .off: sum += value
                        case .weighted: sum += value * other.similarity
                        }
                    }
                    return sum / Float(1 + (joined[target]?.count ?? 0))
                }
            }
            return MergedSlot(slot: Int32(target), key: mean(keys), value: mean(values))
        }
    }
}

extension CachePolicyEntry {
    static let lookm = CachePolicyEntry(
        name: "lookm",
        summary: "keeps heavy hitters; what goes joins the most similar key that stays",
        source: "LOOK-M (2406.18139)",
        parameters: .scored(recent: 64, share: .half) + [
            CachePolicyParameter(
                name: "merge", domain: .choice(LookM.Merge.allCases.map(\.rawValue)),
                defaultValue: .name(LookM.Merge.pivotal.rawValue), summary: "how it joins")
        ],
        phases: [.prefill], sharesPrefix: false,
        signals: "all weights of the prompt: its products again",
        examples: ["lookm(%)", "lookm(%, merge=weighted)"],
        sized: { ["lookm(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(LookM(merge: LookM.Merge(rawValue: values.name("merge")) ?? .pivotal))
    }
}
