/// The one table of cache policies: names, parameters, defaults and properties.

/// Every policy that a text can name.
public enum CachePolicyRegistry {
    /// The policies, in the order in which they are listed to users.
    public static let entries: [CachePolicyEntry] = [.dense, .window]

    /// Throws `unknownPolicy`, which lists what is available.
    static func entry(named name: String) throws(CacheError) -> CachePolicyEntry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw .unknownPolicy(name: name, available: entries.map(\.name))
        }
        return entry
    }
}

extension CachePolicyEntry {
    static let dense = CachePolicyEntry(
        name: "dense", summary: "keeps every token", parameters: [], phases: [],
        isExact: true, sharesPrefix: true, source: "plain causal attention"
    ) { _ in .dense }

    static let window = CachePolicyEntry(
        name: "window",
        summary: "keeps the first tokens and the newest ones; bounded memory at any length",
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
        phases: [.prefill, .decode], isExact: false, sharesPrefix: true,
        source: "StreamingLLM (2309.17453), LM-Infinite (2308.16137)"
    ) { values in
        .window(
            SinkWindow(
                sinks: values.integer("sinks"), recent: values.integer("recent"),
                positions: SinkWindow.Positions(rawValue: values.name("positions")) ?? .reindex))
    }
}

/// A row of the registry.
public struct CachePolicyEntry: Sendable {
    /// The phases of a request.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Computing the prompt.
        case prefill
        /// Generating.
        case decode
    }

    /// The name in a policy's text.
    public let name: String
    /// What it does, in a clause.
    public let summary: String
    /// Its parameters, in canonical order.
    public let parameters: [CachePolicyParameter]
    /// The phases in which it bounds memory; empty for none.
    public let phases: Set<Phase>
    /// Whether results equal those of the plain model.
    public let isExact: Bool
    /// Whether a prefix computed under it may serve other requests with the same policy: true when
    /// the choice of tokens does not depend on what follows the prefix.
    public let sharesPrefix: Bool
    /// The method's source.
    public let source: String

    let make: @Sendable (CachePolicyValues) -> CachePolicy.Retention

    init(
        name: String, summary: String, parameters: [CachePolicyParameter], phases: Set<Phase>,
        isExact: Bool, sharesPrefix: Bool, source: String,
        make: @escaping @Sendable (CachePolicyValues) -> CachePolicy.Retention
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.phases = phases
        self.isExact = isExact
        self.sharesPrefix = sharesPrefix
        self.source = source
        self.make = make
    }

    /// The values of all parameters, defaults filled in. Throws `badPolicyParameter`.
    func bind(_ term: PolicyTerm) throws(CacheError) -> CachePolicyValues {
        if let wrapped = term.wrapped {
            throw .badPolicyParameter(
                policy: name, parameter: "first argument", got: "\(wrapped)",
                expected: "parameter=value, because it wraps no policy")
        }
        let names = parameters.map(\.name)
        for argument in term.arguments where !names.contains(argument.name) {
            throw .badPolicyParameter(
                policy: name, parameter: argument.name, got: "an unknown parameter",
                expected: names.isEmpty ? "none" : "one of \(names.joined(separator: ", "))")
        }
        var values: [String: PolicyValue] = [:]
        for parameter in parameters {
            let given = term.arguments.first { $0.name == parameter.name }?.value
            guard let value = given ?? parameter.defaultValue else {
                throw .badPolicyParameter(
                    policy: name, parameter: parameter.name, got: "nothing",
                    expected: parameter.domain.description)
            }
            guard parameter.domain.contains(value) else {
                throw .badPolicyParameter(
                    policy: name, parameter: parameter.name, got: "\(value)",
                    expected: parameter.domain.description)
            }
            values[parameter.name] = value
        }
        return CachePolicyValues(values: values)
    }
}

/// A parameter of a policy.
public struct CachePolicyParameter: Sendable {
    /// What a parameter accepts.
    public enum Domain: Sendable, Hashable, CustomStringConvertible {
        /// An integer in a range.
        case integer(ClosedRange<Int>)
        /// One of some words.
        case choice([String])

        /// What to tell a user who gave something else.
        public var description: String {
            switch self {
            case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
            case .choice(let words): "one of \(words.joined(separator: ", "))"
            }
        }

        func contains(_ value: PolicyValue) -> Bool {
            switch (self, value) {
            case (.integer(let range), .integer(let integer)): range.contains(integer)
            case (.choice(let words), .name(let word)): words.contains(word)
            default: false
            }
        }
    }

    /// The name in a policy's text.
    public let name: String
    /// What it accepts.
    public let domain: Domain
    /// The value when it is not given; nil when it must be.
    public let defaultValue: PolicyValue?
    /// What it means, in a clause.
    public let summary: String
}

/// The bound values of one term, each already checked against its parameter's domain.
struct CachePolicyValues {
    let values: [String: PolicyValue]

    func integer(_ name: String) -> Int {
        guard case .integer(let value)? = values[name] else {
            preconditionFailure("CachePolicyRegistry: \(name) is not declared as an integer")
        }
        return value
    }

    func name(_ name: String) -> String {
        guard case .name(let value)? = values[name] else {
            preconditionFailure("CachePolicyRegistry: \(name) is not declared as a choice")
        }
        return value
    }
}
