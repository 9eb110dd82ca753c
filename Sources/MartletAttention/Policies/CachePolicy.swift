/// Which tokens stay in the cache, which of them a generated token reads, and how they are stored. Knows no
/// pages.
///
/// What chooses tokens by a score conforms to `KVCompressor`, what chooses reads to
/// `DecodePageSelector`; ways of storing full pages are a `SealPlan`. All have an entry in
/// ``CachePolicyRegistry``.

public import MartletKernels

/// A cache policy with its parameters, made from text such as `dense`, `window(sinks=4, recent=1024)`
/// or `snapkv(budget=1024) + kv(q8)`.
public struct CachePolicy: Sendable, Hashable, CustomStringConvertible {
    /// What stays.
    public let retention: Retention
    /// What each generated token reads; nil for all that stays.
    let selector: (any DecodePageSelector)?
    /// How keys and values are stored; nil where the policy does not say.
    public let codec: CacheCodec?
    /// How full pages are stored in fewer bits; nil where they stay as they were written.
    public let seal: SealPlan?
    /// The policy as an expression, every parameter written out.
    public let expression: PolicyExpression
    /// What the registry says of the term that decides what stays.
    public let entry: CachePolicyEntry

    /// The rules for what stays that exist now.
    public enum Retention: Sendable {
        /// Every token.
        case dense
        /// The first tokens and the newest ones.
        case window(SinkWindow)
        /// The tokens that score best when the prompt is complete, and all that follow.
        case compressed(Compression)
        /// The tokens that the model itself does not mark.
        case learned(LearnedEviction)
    }

    /// Keeps everything: exact.
    public static let dense = CachePolicy(
        retention: .dense, selector: nil, codec: nil, seal: nil,
        expression: PolicyExpression(terms: [PolicyTerm(name: "dense")]), entry: .dense)

    /// Keeps `sinks` first tokens and `recent` newest ones.
    /// Throws `badPolicyParameter` outside the ranges of the registry.
    public static func window(
        sinks: Int = 4, recent: Int, positions: SinkWindow.Positions = .reindex
    ) throws(CacheError) -> CachePolicy {
        try CachePolicy(SinkWindow(sinks: sinks, recent: recent, positions: positions).expression)
    }

    /// Parses and checks a policy's text. Throws `malformedPolicy`, `unknownPolicy`,
    /// `badPolicyParameter`, `policiesDoNotCombine` or `policiesExclude`.
    public init(_ text: String) throws(CacheError) { try self.init(PolicyExpression(text)) }

    /// Checks an expression against the registry. Throws as ``init(_:)-(String)`` does.
    public init(_ expression: PolicyExpression) throws(CacheError) {
        var retention: (value: Retention, term: PolicyTerm, entry: CachePolicyEntry)?
        var selector: (value: any DecodePageSelector, term: PolicyTerm, entry: CachePolicyEntry)?
        var codec: (value: CacheCodec, seal: SealPlan?, term: PolicyTerm)?
        func refuse(
            _ first: PolicyTerm?, _ second: PolicyTerm, _ decision: String
        ) throws(CacheError) {
            guard let first else { return }
            throw .policiesDoNotCombine(
                first: first.name, second: second.name, decision: decision)
        }
        for term in expression.terms {
            let entry = try CachePolicyRegistry.entry(named: term.name)
            let bound = try entry.bind(term)
            switch try entry.make(bound.values) {
            case .retention(let value):
                try refuse(retention?.term, term, "which tokens stay")
                retention = (value, bound.term, entry)
            case .selector(let value):
                try refuse(selector?.term, term, "what a generated token reads")
                selector = (value, bound.term, entry)
            case .both(let kept, let value):
                try refuse(retention?.term, term, "which tokens stay")
                try refuse(selector?.term, term, "what a generated token reads")
                retention = (kept, bound.term, entry)
                selector = (value, bound.term, entry)
            case .codec(let value, let seal):
                if let first = codec {
                    throw .policiesDoNotCombine(
                        first: "\(first.term)", second: "\(term)",
                        decision: "how keys and values are stored")
                }
                codec = (value, seal, bound.term)
            }
        }
        self.retention = retention?.value ?? .dense
        self.selector = selector?.value
        self.codec = codec?.value
        seal = codec?.seal
        entry = retention?.entry ?? .dense
        isExact = entry.isExact && selector == nil
        self.expression = PolicyExpression(
            terms: [retention?.term ?? PolicyTerm(name: "dense")]
                + (selector.flatMap { $0.term == retention?.term ? nil : [$0.term] } ?? [])
                + (codec.map { [$0.term] } ?? []))
        if seal != nil, let reason = sealConflict {
            throw .policiesExclude(
                first: retention?.term.name ?? selector?.term.name ?? "",
                second: "\(codec?.term.description ?? "")",
                reason: reason)
        }
        if let selector {
            try check(selector.value, named: selector.term.name, beside: retention?.term.name)
        }
    }

    /// Why pages cannot be sealed under this policy; nil where they can.
    private var sealConflict: String? {
        if selector != nil {
            return "a choice of pages reads bounds of keys that sealing would change"
        }
        switch retention {
        case .dense: return nil
        case .window:
            return "a window turns the keys of its sinks, which a sealed page cannot give back"
        case .learned:
            return
                "single tokens are replaced while they are generated, in pages that would be sealed"
        case .compressed(let compression):
            return compression.holdsBudget || compression.choosesAgain
                ? "tokens are taken out of pages that would be sealed" : nil
        }
    }

    /// Refuses what cannot be true together.
    private func check(
        _ selector: any DecodePageSelector, named name: String, beside other: String?
    ) throws(CacheError) {
        let reason: String? =
            switch retention {
            case .dense: nil
            case .window: "a window moves whole pages out of reach of a choice among all"
            case .compressed(let compression):
                (compression.holdsBudget || compression.choosesAgain) && selector.reusesChoices
                    ? "\(other ?? "") moves tokens while they are generated and \(name) names them again later"
                    : nil
            case .learned(let learned):
                learned.method == .compression
                    ? "dmc replaces the newest token while \(name) chooses"
                    : selector.reusesChoices
                        ? "dms moves tokens at every step and \(name) names them again later" : nil
            }
        if let reason {
            throw .policiesExclude(first: other ?? "", second: name, reason: reason)
        }
    }

    private init(
        retention: Retention, selector: (any DecodePageSelector)?, codec: CacheCodec?,
        seal: SealPlan?, expression: PolicyExpression,
        entry: CachePolicyEntry
    ) {
        self.retention = retention
        self.selector = selector
        self.codec = codec
        self.seal = seal
        isExact = true
        self.expression = expression
        self.entry = entry
    }

    /// Whether two policies mean the same: their canonical texts agree.
    public static func == (a: CachePolicy, b: CachePolicy) -> Bool { a.expression == b.expression }
    /// Hashes the canonical expression.
    public func hash(into hasher: inout Hasher) { hasher.combine(expression) }

    /// The canonical text: equal policies print alike, so it can key a prefix index or a report.
    public var description: String { expression.description }

    /// Whether which tokens are seen equals the plain model; what a codec rounds is said elsewhere.
    public let isExact: Bool

    /// The compressor that chooses tokens, if the policy has one.
    public var compression: Compression? {
        if case .compressed(let compression) = retention { compression } else { nil }
    }

    /// The model's own eviction, if the policy asks for it.
    public var learned: LearnedEviction? {
        if case .learned(let eviction) = retention { eviction } else { nil }
    }

    /// Whether steps may write to many pages of a sequence again, not to one at most.
    var rewritesAtSteps: Bool {
        seal != nil || compression?.choosesAgain == true
            || (compression?.compressor.steps?.interval ?? 1) > 1
    }

    /// The head classes that the policy was given.
    var gates: HeadGates? {
        if case .heads(_, _, _, let gates)? = seal?.method, let gates { return gates }
        return (compression?.compressor as? DuoAttention)?.gates ?? (selector as? LServe)?.gates
    }

    /// Whether the prompt is read a second time before tokens are chosen.
    package var rereadsPrompt: Bool { (compression?.compressor.signals.rereadChunk ?? 0) > 0 }

    /// Whether it does nothing before a prompt is complete.
    package var actsAfterPrompt: Bool { compression != nil || selector != nil || seal != nil }

    /// Whether the policy asks where sentences end.
    package var readsSentences: Bool { selector?.readsSentences == true }

    /// Whether heads of one layer may hold or read different tokens.
    package var tracksSlots: Bool {
        compression != nil || learned != nil || selector != nil || seal != nil
    }

    /// A prompt must be cut at multiples of this many tokens; nil where it may be cut anywhere.
    package var promptBlock: Int? { learned == nil ? nil : LearnedEviction.promptBlock }

    /// Whether each generated token may cost another its place, so that they come one by one.
    package var stepsSingly: Bool {
        compression?.holdsBudget == true || compression?.choosesAgain == true || learned != nil
            || selector != nil || seal != nil
    }

    /// The attention pattern in a layer whose model has a sliding window of `modelWindow` tokens
    /// (nil: full attention). The narrower window holds. Under the policy's window the sinks stay
    /// visible, because their distance is bounded anyway; under the model's there are none.
    public func visibility(modelWindow: Int?) -> Visibility {
        switch retention {
        case .dense, .compressed, .learned: Visibility(sinks: 0, window: modelWindow)
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
        case .dense, .compressed, .learned: query - sink
        case .window(let window): window.sinkDistance(query: query, sink: sink)
        }
    }
}
