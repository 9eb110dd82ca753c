/// SnapKV: what the end of the prompt attends to (2404.14469).

import MartletCache

/// Attention from the last `window` tokens, averaged over them and over the heads of a group, smoothed
/// by a running mean or maximum over `kernel` tokens; the window itself always stays. The published
/// code keeps another set for every query head; a page serves a whole group, so the group's mean
/// decides, as in kvpress.
struct SnapKV: KVCompressor {
    enum Pooling: String, CaseIterable, Sendable { case mean, max }

    let window: TokenAllowance
    let kernel: Int
    let pooling: Pooling

    var signals: PromptSignals { PromptSignals(lastQueries: window.tokens) }
    var forcedRecent: TokenAllowance { window }
    var scoresAttention: Bool { true }

    func scores(_ layer: LayerView) -> [[Float]] {
        let window = window.of(layer.kept)
        return (0..<layer.headCount).map { head in
            let mass = layer.recentMass(head, rows: window)
            let seen = max(0, mass.count - window)
            let scale = 1 / Float(window * layer.group)
            let pooled = pool(mass[..<seen].map { $0 * scale })
            return pooled + [Float](repeating: .infinity, count: mass.count - seen)
        }
    }

    private func pool(_ x: [Float]) -> [Float] {
        guard kernel > 1 else { return x }
        let half = kernel / 2
        return x.indices.map { center in
            let near = x[Swift.max(0, center - half)..<min(x.count, center - half + kernel)]
            // Places beyond the ends count as zeros in the mean.
            return switch pooling {
            case .mean: near.reduce(0, +) / Float(kernel)
            case .max: near.reduce(0, Swift.max)
            }
        }
    }
}

extension CachePolicyEntry {
    static let snapkv = CachePolicyEntry(
        name: "snapkv", summary: "keeps what the end of the prompt attends to",
        source: "SnapKV (2404.14469)",
        parameters: .scored(sinks: 0, recent: 0) + [.window(64), .kernel(5), .pooling],
        phases: [.prefill], sharesPrefix: false,
        signals: "the last window's queries: window·n·d products a head, once",
        examples: ["snapkv(%, window=8)", "snapkv(%, pooling=max, kernel=7, window=8)"],
        sweep: [SweepForm(6, .prompt, "snapkv(budget={budget})")],
        sized: { ["snapkv(budget=\($0))"] }
    ) { values throws(CacheError) in try values.keep(values.snapKV) }
}

extension CachePolicyParameter {
    static let pooling = CachePolicyParameter(
        name: "pooling", domain: .choice(SnapKV.Pooling.allCases.map(\.rawValue)),
        defaultValue: .name(SnapKV.Pooling.mean.rawValue), summary: "how they are pooled")
}

extension CachePolicyValues {
    /// SnapKV with the values of its own parameters.
    var snapKV: SnapKV {
        SnapKV(
            window: tokens("window"), kernel: integer("kernel"),
            pooling: SnapKV.Pooling(rawValue: name("pooling")) ?? .mean)
    }
}
