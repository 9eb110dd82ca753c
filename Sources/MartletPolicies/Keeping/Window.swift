/// The bounded policy: attention sinks and a window of recent tokens, at positions the model knows.

import MartletCache
import MartletKernels

/// Keeps the first `sinks` tokens and the newest `recent` ones. A row at position `i` attends to
/// `p <= i` with `p > i - recent` or `p < sinks`, in prefill as in decode.
///
/// Sources: Efficient Streaming Language Models with Attention Sinks (StreamingLLM, 2309.17453) and
/// LM-Infinite (2308.16137). They differ in the distance at which sinks are seen once the
/// sequence is longer than `sinks + recent`; up to there both equal the model's own.
struct SinkWindow: Sendable, Hashable {
    /// First tokens that stay, 0 ... 48.
    let sinks: Int
    /// Newest tokens that stay, the current one included; at least 1.
    let recent: Int
    /// How far away the sinks appear.
    let positions: Positions

    /// How the distance to a sink is bounded.
    enum Positions: String, Sendable, Hashable, CaseIterable {
        /// LM-Infinite: `min(i - s, limit)`, all distant sinks at the same distance.
        case clamp
        /// StreamingLLM: positions are those inside the cache, so the query stands at
        /// `min(i, limit)` and sink `s` at `s`.
        case reindex
    }

    /// The largest distance that occurs: `sinks + recent - 1`.
    var limit: Int { sinks + recent - 1 }

    /// The distance at which the row at position `query` sees the sink at position `sink`.
    func sinkDistance(query: Int, sink: Int) -> Int {
        switch positions {
        case .clamp: min(query - sink, limit)
        case .reindex: min(query, limit) - sink
        }
    }
}

extension SinkWindow: CacheMethod {
    var decision: PolicyDecision { .keeping }

    func describe(_ traits: inout CacheTraits) {
        traits.sinks = sinks
        traits.window = recent
        // Pages that leave the window are gone.
        traits.undo = min(traits.undo, .sometimes)
    }

    func conflict(
        with demands: MethodDemands, named other: String, own: String
    ) -> String? {
        if demands.sealsPages {
            return "a window turns the keys of its sinks, which a sealed page cannot give back"
        }
        return demands.choosesReads
            ? "a window moves whole pages out of reach of a choice among all" : nil
    }

    var maker: StageMaker? {
        guard sinks > 0 else { return nil }
        return StageMaker(
            memory: { NoMemory() },
            stage: { context, _ throws(KernelError) in try SinkRotation(self, context) })
    }
}

extension CachePolicyEntry {
    static let window = CachePolicyEntry(
        name: "window",
        summary: "keeps the first tokens and the newest ones; bounded memory at any length",
        source: "StreamingLLM (2309.17453), LM-Infinite (2308.16137)",
        parameters: [
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...48), defaultValue: .integer(4),
                summary: "first tokens that stay"),
            CachePolicyParameter(
                name: "recent", domain: .integer(1...Int(Int32.max)), defaultValue: nil,
                summary: "newest tokens that stay, the current one included"),
            CachePolicyParameter(
                name: "positions", domain: .choice(SinkWindow.Positions.allCases.map(\.rawValue)),
                defaultValue: .name(SinkWindow.Positions.reindex.rawValue),
                summary: "how far away the first tokens appear"),
        ],
        phases: [.prefill, .decode], sharesPrefix: true,
        examples: ["window(sinks=4, recent=30)", "window(sinks=0, recent=20)"],
        sweep: [SweepForm(4, .all, "window(sinks=4, recent={rest})")],
        sized: { ["window(recent=\(max(1, $0 - 4)))"] }
    ) { values in
        [
            SinkWindow(
                sinks: values.integer("sinks"), recent: values.integer("recent"),
                positions: SinkWindow.Positions(rawValue: values.name("positions")) ?? .reindex)
        ]
    }
}
