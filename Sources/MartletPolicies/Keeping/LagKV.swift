/// LagKV: tokens that stand out of the range of those that follow them stay (2504.04704).

import MartletCache

/// The prompt behind `sinks` tokens is cut into runs of `lag`. Each run's keys and values are scaled
/// channel by channel with the range of the *next* run; a token's score is the softmax over its run
/// of the standard deviation over channels, keys and values averaged. Runs compete by rank, so each
/// keeps as many. The last whole run and what follows it always stay.
struct LagKV: KVCompressor {
    let sinks: TokenAllowance
    let lag: TokenAllowance
    /// Scores of different runs are compared themselves instead of their ranks.
    let crossing: Bool

    var signals: PromptSignals { PromptSignals() }

    func scores(_ layer: LayerView) -> [[Float]] {
        let (sinks, lag) = (sinks.of(layer.kept), lag.of(layer.kept))
        return (0..<layer.headCount).map { head in
            let count = layer.length(head)
            guard count >= sinks + 2 * lag else {
                // Too short to compare runs: the newest tokens stay.
                return (0..<count).map { token in
                    token < sinks ? 1 : Float(token - sinks) / Float(count - sinks)
                }
            }
            let (keys, values) = layer.decode(head)
            let runs = (count - sinks) / lag
            var scores = [Float](repeating: .infinity, count: count)
            for run in 0..<runs - 1 {
                let first = sinks + run * lag
                let k = spread(keys, first, lag, dimension: layer.dimension)
                let v = spread(values, first, lag, dimension: layer.dimension)
                let mean = zip(k, v).map { ($0 + $1) / 2 }
                let shown = crossing ? mean : ranks(mean, lag)
                for token in 0..<lag { scores[first + token] = shown[token] }
            }
            return scores
        }
    }

    private func spread(_ x: [Float], _ first: Int, _ lag: Int, dimension: Int) -> [Float] {
        var low = [Float](repeating: .infinity, count: dimension)
        var high = [Float](repeating: -.infinity, count: dimension)
        for token in first + lag..<first + 2 * lag {
            for i in 0..<dimension {
                low[i] = min(low[i], x[token * dimension + i])
                high[i] = max(high[i], x[token * dimension + i])
            }
        }
        var result = (first..<first + lag).map { token in
            let scaled = (0..<dimension).map { i in
                (x[token * dimension + i] - low[i]) / (high[i] - low[i])
            }
            let mean = scaled.reduce(0, +) / Float(dimension)
            let squares = scaled.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Float(max(1, dimension - 1))).squareRoot()
        }
        result.softmax()
        return result
    }

    private func ranks(_ x: [Float], _ lag: Int) -> [Float] {
        var result = [Float](repeating: 0, count: x.count)
        let order = x.indices.sorted { (x[$0], $0) < (x[$1], $1) }
        for (rank, index) in order.enumerated() { result[index] = Float(rank) / Float(lag) }
        return result
    }
}

extension CachePolicyEntry {
    static let lagkv = CachePolicyEntry(
        name: "lagkv", summary: "keeps tokens outside the range of those that follow",
        source: "LagKV (2504.04704)",
        parameters: .scored() + [
            CachePolicyParameter(
                name: "lag", domain: .integer(2...65536), defaultValue: .integer(128),
                summary: "tokens in a run, of which up to two at the end always stay",
                share: BudgetShare(divisor: 8, least: 2)),
            CachePolicyParameter(
                name: "crossing", domain: .boolean, defaultValue: .boolean(false),
                summary: "let runs compete by score instead of rank"),
        ],
        phases: [.prefill], sharesPrefix: true, examples: ["lagkv(%, lag=16)", "lagkv(%, lag=8)"],
        sized: { ["lagkv(budget=\($0))"] }
    ) { values throws(CacheError) in
        try values.keep(
            LagKV(
                sinks: values.tokens("sinks"), lag: values.tokens("lag"),
                crossing: values.boolean("crossing")))
    }
}
