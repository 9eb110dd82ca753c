// Asks the compressor for its verdicts, a layer on each thread.

import MartletAttention
import MartletCache
import MartletKernels

extension KeepingStage {
    /// What protected tokens give way to when a head keeps `budget` tokens: without a budget, nothing.
    func kept(_ budget: Int) -> Int { chosen.budget == nil ? .max : budget }

    /// One layer as its compressor sees it when a head keeps `budget` tokens on average.
    func view(
        _ sequence: SequenceID, layer: Int, cache: KVCache, probe: AttentionProbe, budget: Int
    ) -> LayerView {
        let heads = shape.keyValueHeadCount
        return LayerView(
            layer: layer, headCount: heads, group: headCount / heads,
            dimension: shape.headDimension, count: cache.count(sequence), kept: kept(budget),
            frequencies: frequencies[layer],
            recorder: memory(of: sequence, cache).recorder, outputs: outputs, cache: cache,
            sequence: sequence,
            probe: probe)
    }

    /// What becomes of all heads' tokens when each keeps `budget` on average. Counts what it looks at: pages, and all
    /// that was recorded.
    func choose(
        _ sequence: SequenceID, cache: KVCache, budget: Int
    ) -> [HeadVerdict] {
        _ = probes.takeTouches()
        defer {
            let recorded = memory(of: sequence, cache).recorder?.byteCount ?? 0
            cache.move(probes.takeTouches() + recorded, for: sequence)
        }
        let layers = shape.layerCount
        let count = cache.count(sequence)
        let chosen = chosen
        if case .global = chosen.rule { return chooseGlobally(sequence, cache, budget: budget) }
        var ratio: Double?
        if case .ratio(let fraction)? = chosen.budget { ratio = fraction }
        let (share, division) = (ratio, chosen.division(of: kept(budget)))
        var verdicts = [[HeadVerdict]](repeating: [], count: layers)
        verdicts.withUnsafeMutableBufferPointer { verdicts in
            pool.run(layers) { layer, worker in
                let view = view(
                    sequence, layer: layer, cache: cache, probe: probes[worker], budget: budget)
                let layerBudget = chosen.rule.layerBudget(
                    budget, of: count, ratio: share, layer: layer, layerCount: layers)
                verdicts[layer] = chosen.compressor.verdicts(
                    view, budget: layerBudget, chosen: division)
            }
        }
        return verdicts.flatMap(\.self)
    }

    /// All heads of all layers compete for one budget.
    private func chooseGlobally(
        _ sequence: SequenceID, _ cache: KVCache, budget: Int
    ) -> [HeadVerdict] {
        let layers = shape.layerCount
        let chosen = chosen
        let division = chosen.division(of: kept(budget))
        var scores = [[[Float]]](repeating: [], count: layers)
        scores.withUnsafeMutableBufferPointer { scores in
            pool.run(layers) { layer, worker in
                let view = view(
                    sequence, layer: layer, cache: cache, probe: probes[worker], budget: budget)
                scores[layer] = division.protect(chosen.compressor.scores(view))
            }
        }
        var total = budget * shape.tableCount
        if case .ratio(let ratio)? = chosen.budget {
            // Rounded over all heads together, as in kvpress.
            let all = cache.count(sequence) * shape.tableCount
            total = all - Int(Double(all) * ratio)
        }
        return BudgetRule.share(total, of: scores.flatMap(\.self))
            .map { HeadVerdict(kept: $0) }
    }
}
