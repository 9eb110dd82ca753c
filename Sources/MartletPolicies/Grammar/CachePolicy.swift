/// Which tokens stay in the cache, which of them a generated token reads, and how they are stored.

package import MartletCache
package import MartletKernels

/// A cache policy with its parameters, made from text such as `dense`, `window(sinks=4, recent=1024)`
/// or `snapkv(budget=1024) + kv(q8)`.
///
/// It is a list of methods, at most one for each ``PolicyDecision``; ``plan(for:)`` turns it into what a
/// cache of some shape does.
package struct CachePolicy: Sendable, Hashable, CustomStringConvertible {
    /// The methods, in the order in which their stages run.
    let methods: [any CacheMethod]
    /// The policy as an expression, every parameter written out.
    package let expression: PolicyExpression
    /// What the registry says of the term that decides what stays.
    package let entry: CachePolicyEntry
    /// Whether which tokens are seen equals the plain model; what a codec rounds is said elsewhere.
    package let isExact: Bool
    /// How keys and values are stored; nil where the policy does not say.
    package let codec: CacheCodec?
    /// What a cache must do for the policy, as far as that does not depend on a model's shape.
    package let traits: CacheTraits

    /// Keeps everything: exact.
    package static let dense = CachePolicy(
        methods: [],
        expression: PolicyExpression(terms: [PolicyTerm(name: CachePolicyEntry.dense.name)]),
        entry: .dense)

    /// Parses and checks a policy's text. Throws `malformedPolicy`, `unknownPolicy`,
    /// `badPolicyParameter`, `policiesDoNotCombine` or `policiesExclude`.
    package init(_ text: String) throws(CacheError) { try self.init(PolicyExpression(text)) }

    /// Checks an expression against the registry. Throws as ``init(_:)-(String)`` does.
    package init(_ expression: PolicyExpression) throws(CacheError) {
        try self.init(expression, asScorer: false)
    }

    /// `asScorer` says that a wrapper takes the policy's scores alone, so that it has no budget.
    init(_ expression: PolicyExpression, asScorer: Bool) throws(CacheError) {
        var parts: [PolicyDecision: BoundMethod] = [:]
        for term in expression.terms {
            let entry = try CachePolicyRegistry.entry(named: term.name)
            let bound = try entry.bind(term, asScorer: asScorer)
            for method in try entry.make(bound.values) {
                let part = BoundMethod(method: method, term: bound.term, entry: entry)
                if let first = parts[method.decision] {
                    throw .policiesDoNotCombine(
                        first: first.named, second: part.named,
                        decision: method.decision.description)
                }
                parts[method.decision] = part
            }
        }
        // Each sees the others as they were named, whatever the order.
        let named = parts
        for (decision, part) in named {
            let others = PolicyDecision.allCases.filter { $0 != decision }
                .compactMap { named[$0]?.method }.filter { !$0.isPlain }
            let (method, says) = part.method.beside(others)
            let term = PolicyTerm(
                name: part.term.name, wrapped: part.term.wrapped,
                arguments: part.entry.ordered(part.term.arguments + says))
            parts[decision] = BoundMethod(method: method, term: term, entry: part.entry)
        }
        let ordered = PolicyDecision.allCases.compactMap { parts[$0] }
        var terms: [PolicyTerm] = []
        for part in ordered where !terms.contains(part.term) { terms.append(part.term) }
        if parts[.keeping] == nil {
            terms.insert(PolicyTerm(name: CachePolicyEntry.dense.name), at: 0)
        }
        try Self.check(ordered)
        self.init(
            methods: ordered.map(\.method), expression: PolicyExpression(terms: terms),
            entry: parts[.keeping]?.entry ?? .dense,
            isLossy: parts[.pruning] != nil || parts[.reading] != nil,
            sharesPrefix: ordered.allSatisfy(\.entry.sharesPrefix))
    }

    /// The same, with keys and values stored as `kv` stores them in `codec` unless the policy's text says how: what a
    /// codec that is named outside of a policy stands for. Throws `policiesExclude`.
    package func storing(_ codec: CacheCodec) throws(CacheError) -> CachePolicy {
        guard self.codec == nil, codec == .q8 || codec == .q4 else { return self }
        let wrapped = PolicyExpression(terms: [PolicyTerm(name: codec.rawValue)])
        return try CachePolicy(
            PolicyExpression(
                terms: expression.terms + [
                    PolicyTerm(name: CachePolicyEntry.kv.name, wrapped: wrapped)
                ]))
    }

    private init(
        methods: [any CacheMethod], expression: PolicyExpression, entry: CachePolicyEntry,
        isLossy: Bool = false, sharesPrefix: Bool = true
    ) {
        self.methods = methods
        self.expression = expression
        self.entry = entry
        isExact = entry.isExact && !isLossy
        codec = methods.lazy.compactMap(\.codec).first
        var traits = CacheTraits()
        for method in methods { method.describe(&traits) }
        if !sharesPrefix { traits.prefixSharing = .never }
        traits.name = entry.name
        traits.text = expression.description
        self.traits = traits
    }

    /// A method as a term of the text named it.
    private struct BoundMethod {
        let method: any CacheMethod
        let term: PolicyTerm
        let entry: CachePolicyEntry
        /// How messages name it: with its arguments where its first one says what it is.
        var named: String { method.decision == .storing ? "\(term)" : term.name }
    }

    /// Refuses methods that cannot be true together.
    private static func check(_ parts: [BoundMethod]) throws(CacheError) {
        // What stores pages in few bits is asked first, so that its reason is the one that is said.
        for later in parts.reversed() {
            for earlier in parts where earlier.method.decision < later.method.decision {
                guard
                    let reason = earlier.method.conflict(
                        with: later.method.demands, named: later.term.name,
                        own: earlier.term.name)
                else { continue }
                throw .policiesExclude(
                    first: earlier.term.name, second: later.named, reason: reason)
            }
        }
    }

    /// Whether every token stays and is read, however it is stored.
    package var keepsAll: Bool { methods.allSatisfy { $0.isPlain || $0.decision == .storing } }

    /// How keys and values are stored, in words; nil where the policy does not say.
    package var storage: String? {
        for term in expression.terms where term.name == CachePolicyEntry.kv.name {
            guard let name = term.wrapped?.description else { continue }
            for (argument, words) in [("by", "by"), ("demote", "demoting to")] {
                if let value = term.arguments.first(where: { $0.name == argument })?.value {
                    return "\(name) \(words) \(value)"
                }
            }
            return name
        }
        return nil
    }

    /// What a cache of `shape` does under the policy. Throws `badPolicyParameter` for what does not fit the
    /// shape: a budget in bytes that is too small, gates of other heads.
    package func plan(for shape: KVShape) throws(CacheError) -> CachePlan {
        var traits = traits
        let names = PolicyNames(name: entry.name, text: description)
        for method in methods { try method.fit(&traits, to: shape, policy: names) }
        return CachePlan(traits: traits, makers: methods.compactMap(\.maker))
    }

    /// Whether two policies mean the same: their canonical texts agree.
    package static func == (a: CachePolicy, b: CachePolicy) -> Bool { a.expression == b.expression }
    /// Hashes the canonical expression.
    package func hash(into hasher: inout Hasher) { hasher.combine(expression) }

    /// The canonical text: equal policies print alike, so it can key a prefix index or a report.
    package var description: String { expression.description }
}

extension KVCache {
    /// Creates an empty cache that runs under a policy. Throws as
    /// ``init(shape:budgetBytes:plan:layerWindows:)`` and ``CachePolicy/plan(for:)`` do.
    package convenience init(
        shape: KVShape, budgetBytes: Int, policy: CachePolicy, layerWindows: [Int?] = []
    ) throws(CacheError) {
        try self.init(
            shape: shape, budgetBytes: budgetBytes, plan: policy.plan(for: shape),
            layerWindows: layerWindows)
    }
}
