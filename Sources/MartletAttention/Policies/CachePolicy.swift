/// Which tokens stay in the cache and which of them a row attends to. Knows no pages.
///
/// Policies that choose tokens by a score will attach here as `KVCompressor`, called by the cache
/// after prefill and after each commit, and policies that choose what a decode step reads as
/// `DecodePageSelector`, called before attention; both by an entry in ``CachePolicyRegistry``.

/// A cache policy with its parameters, made from text such as `dense` or
/// `window(sinks=4, recent=1024)`.
public struct CachePolicy: Sendable, Hashable, CustomStringConvertible {
    /// What stays.
    public let retention: Retention

    /// The rules for what stays that exist now.
    public enum Retention: Sendable, Hashable {
        /// Every token.
        case dense
        /// The first tokens and the newest ones.
        case window(SinkWindow)
    }

    /// Keeps everything: exact.
    public static let dense = CachePolicy(retention: .dense)

    /// Keeps `sinks` first tokens and `recent` newest ones.
    /// Throws `badPolicyParameter` outside the ranges of the registry.
    public static func window(
        sinks: Int = 4, recent: Int, positions: SinkWindow.Positions = .reindex
    ) throws(CacheError) -> CachePolicy {
        try CachePolicy(SinkWindow(sinks: sinks, recent: recent, positions: positions).expression)
    }

    /// Parses and checks a policy's text. Throws `malformedPolicy`, `unknownPolicy`,
    /// `badPolicyParameter` or `policiesDoNotCombine`.
    public init(_ text: String) throws(CacheError) { try self.init(PolicyExpression(text)) }

    /// Checks an expression against the registry. Throws as ``init(_:)-(String)`` does.
    public init(_ expression: PolicyExpression) throws(CacheError) {
        let term = expression.terms[0]
        guard expression.terms.count == 1 else {
            throw .policiesDoNotCombine(first: term.name, second: expression.terms[1].name)
        }
        let entry = try CachePolicyRegistry.entry(named: term.name)
        retention = entry.make(try entry.bind(term))
    }

    init(retention: Retention) { self.retention = retention }

    /// The policy as an expression, every parameter written out.
    public var expression: PolicyExpression {
        switch retention {
        case .dense: PolicyExpression(terms: [PolicyTerm(name: "dense")])
        case .window(let window): window.expression
        }
    }

    /// The canonical text: equal policies print alike, so it can key a prefix index or a report.
    public var description: String { expression.description }

    /// What the registry says of this policy.
    public var entry: CachePolicyEntry {
        switch retention {
        case .dense: .dense
        case .window: .window
        }
    }

    /// The attention pattern in a layer whose model has a sliding window of `modelWindow` tokens
    /// (nil: full attention). The narrower window holds. Under the policy's window the sinks stay
    /// visible, because their distance is bounded anyway; under the model's there are none.
    public func visibility(modelWindow: Int?) -> Visibility {
        switch retention {
        case .dense: Visibility(sinks: 0, window: modelWindow)
        case .window(let window):
            if let modelWindow, modelWindow <= window.recent {
                Visibility(sinks: 0, window: modelWindow)
            } else {
                Visibility(sinks: window.sinks, window: window.recent)
            }
        }
    }

    /// The distance at which the row at position `query` sees the sink at position `sink`, for
    /// relative positions such as RoPE. Other keys are seen at their own distance.
    public func sinkDistance(query: Int, sink: Int) -> Int {
        switch retention {
        case .dense: query - sink
        case .window(let window): window.sinkDistance(query: query, sink: sink)
        }
    }
}
