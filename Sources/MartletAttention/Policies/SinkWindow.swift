/// The bounded policy: attention sinks and a window of recent tokens, at positions the model knows.

/// Keeps the first `sinks` tokens and the newest `recent` ones. A row at position `i` attends to
/// `p <= i` with `p > i - recent` or `p < sinks`, in prefill as in decode.
///
/// Sources: Efficient Streaming Language Models with Attention Sinks (StreamingLLM, 2309.17453) and
/// LM-Infinite (2308.16137). They differ in the distance at which sinks are seen once the
/// sequence is longer than `sinks + recent`; up to there both equal the model's own.
public struct SinkWindow: Sendable, Hashable {
    /// First tokens that stay, 0 ... 48.
    public let sinks: Int
    /// Newest tokens that stay, the current one included; at least 1.
    public let recent: Int
    /// How far away the sinks appear.
    public let positions: Positions

    /// How the distance to a sink is bounded.
    public enum Positions: String, Sendable, Hashable, CaseIterable {
        /// LM-Infinite: `min(i - s, limit)`, all distant sinks at the same distance.
        case clamp
        /// StreamingLLM: positions are those inside the cache, so the query stands at
        /// `min(i, limit)` and sink `s` at `s`.
        case reindex
    }

    /// The largest distance that occurs: `sinks + recent - 1`.
    public var limit: Int { sinks + recent - 1 }

    /// The distance at which the row at position `query` sees the sink at position `sink`.
    public func sinkDistance(query: Int, sink: Int) -> Int {
        switch positions {
        case .clamp: min(query - sink, limit)
        case .reindex: min(query, limit) - sink
        }
    }

    /// The canonical expression.
    var expression: PolicyExpression {
        PolicyExpression(terms: [
            PolicyTerm(
                name: "window",
                arguments: [
                    PolicyArgument(name: "sinks", value: .integer(sinks)),
                    PolicyArgument(name: "recent", value: .integer(recent)),
                    PolicyArgument(name: "positions", value: .name(positions.rawValue)),
                ])
        ])
    }
}
