/// One row of the registry: what a policy is called, takes and promises.

import MartletKernels

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

    /// What a term stands for.
    enum Meaning {
        case retention(CachePolicy.Retention)
        case selector(any DecodePageSelector)
        case both(CachePolicy.Retention, any DecodePageSelector)
        case codec(CacheCodec, SealPlan?)
    }

    /// What a term takes as its first argument, without a name.
    enum Wrapped {
        case nothing
        case policy
        case codec
    }

    let wraps: Wrapped
    let make: @Sendable (CachePolicyValues) throws(CacheError) -> Meaning

    init(
        name: String, summary: String, parameters: [CachePolicyParameter], phases: Set<Phase>,
        isExact: Bool, sharesPrefix: Bool, wraps: Wrapped = .nothing, source: String,
        make: @escaping @Sendable (CachePolicyValues) throws(CacheError) -> Meaning
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.phases = phases
        self.isExact = isExact
        self.sharesPrefix = sharesPrefix
        self.wraps = wraps
        self.source = source
        self.make = make
    }

    /// The values of all parameters, defaults filled in, and the term with all of them written out.
    /// Throws `badPolicyParameter`.
    func bind(_ term: PolicyTerm) throws(CacheError) -> (
        values: CachePolicyValues, term: PolicyTerm
    ) {
        let (policy, codec) = try bindWrapped(term)
        let names = parameters.map(\.name)
        for argument in term.arguments where !names.contains(argument.name) {
            throw .badPolicyParameter(
                policy: name, parameter: argument.name, got: "an unknown parameter",
                expected: names.isEmpty ? "none" : "one of \(names.joined(separator: ", "))")
        }
        var values: [String: PolicyValue] = [:]
        var arguments: [PolicyArgument] = []
        for parameter in parameters {
            let given = term.arguments.first { $0.name == parameter.name }?.value
            guard let value = given ?? parameter.defaultValue else {
                guard parameter.isRequired else { continue }
                throw .badPolicyParameter(
                    policy: name, parameter: parameter.name, got: "nothing",
                    expected: parameter.domain.description)
            }
            guard let accepted = parameter.domain.accept(value) else {
                throw .badPolicyParameter(
                    policy: name, parameter: parameter.name, got: "\(value)",
                    expected: parameter.domain.description)
            }
            values[parameter.name] = accepted
            arguments.append(PolicyArgument(name: parameter.name, value: accepted))
        }
        let canonical = PolicyTerm(
            name: name,
            wrapped: policy?.expression
                ?? codec.map { PolicyExpression(terms: [PolicyTerm(name: $0.rawValue)]) },
            arguments: arguments)
        return (
            CachePolicyValues(policy: name, values: values, wrapped: policy, codec: codec),
            canonical
        )
    }

    private func bindWrapped(
        _ term: PolicyTerm
    ) throws(CacheError) -> (policy: CachePolicy?, codec: StorageName?) {
        func refuse(_ expected: String) -> CacheError {
            .badPolicyParameter(
                policy: name, parameter: "first argument",
                got: term.wrapped.map { "\($0)" } ?? "nothing", expected: expected)
        }
        switch wraps {
        case .nothing:
            guard term.wrapped == nil else {
                throw refuse("parameter=value, because it wraps no policy")
            }
            return (nil, nil)
        case .policy:
            guard let wrapped = term.wrapped else {
                throw refuse("a policy, as in \(name)(snapkv(budget=1024))")
            }
            return (try CachePolicy(wrapped), nil)
        case .codec:
            guard let wrapped = term.wrapped, wrapped.terms.count == 1,
                wrapped.terms[0].wrapped == nil, wrapped.terms[0].arguments.isEmpty,
                let codec = StorageName(rawValue: wrapped.terms[0].name)
            else {
                let names = StorageName.allCases.map(\.rawValue).joined(separator: ", ")
                throw refuse("one of \(names), as in \(name)(q8)")
            }
            return (nil, codec)
        }
    }
}

/// A parameter of a policy.
public struct CachePolicyParameter: Sendable {
    /// What a parameter accepts.
    public enum Domain: Sendable, Hashable, CustomStringConvertible {
        /// An integer in a range.
        case integer(ClosedRange<Int>)
        /// A number in a range.
        case decimal(ClosedRange<Double>)
        /// `true` or `false`.
        case boolean
        /// A number of bytes.
        case bytes
        /// One of some words.
        case choice([String])
        /// A file's path, in quotation marks.
        case path

        /// What to tell a user who gave something else.
        public var description: String {
            switch self {
            case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
            case .decimal(let range):
                "a number from \(range.lowerBound) to \(range.upperBound)"
            case .boolean: "true or false"
            case .bytes: "bytes with a unit, as in 64MB"
            case .path: "a file's path in quotation marks"
            case .choice(let words): "one of \(words.joined(separator: ", "))"
            }
        }

        /// The value as this domain keeps it; nil when it does not belong here.
        func accept(_ value: PolicyValue) -> PolicyValue? {
            switch (self, value) {
            case (.integer(let range), .integer(let integer)):
                range.contains(integer) ? value : nil
            case (.decimal(let range), .integer(let integer)):
                range.contains(Double(integer)) ? .decimal(Double(integer)) : nil
            case (.decimal(let range), .decimal(let number)): range.contains(number) ? value : nil
            case (.boolean, .boolean): value
            case (.bytes, .bytes(let count)): count > 0 ? value : nil
            case (.path, .text): value
            case (.choice(let words), .name(let word)): words.contains(word) ? value : nil
            default: nil
            }
        }
    }

    /// The name in a policy's text.
    public let name: String
    /// What it accepts.
    public let domain: Domain
    /// The value when it is not given; nil when there is none.
    public let defaultValue: PolicyValue?
    /// What it means, in a clause.
    public let summary: String
    /// Whether it must be given, having no default.
    public let isRequired: Bool

    init(
        name: String, domain: Domain, defaultValue: PolicyValue?, summary: String,
        isRequired: Bool = true
    ) {
        self.name = name
        self.domain = domain
        self.defaultValue = defaultValue
        self.summary = summary
        self.isRequired = isRequired
    }
}

/// The bound values of one term, each already checked against its parameter's domain.
struct CachePolicyValues {
    /// The policy's name, for messages.
    let policy: String
    let values: [String: PolicyValue]
    /// The policy given as first argument.
    let wrapped: CachePolicy?
    /// The codec given as first argument.
    let codec: StorageName?

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

    func decimal(_ name: String) -> Double {
        guard case .decimal(let value)? = values[name] else {
            preconditionFailure("CachePolicyRegistry: \(name) is not declared as a number")
        }
        return value
    }

    func boolean(_ name: String) -> Bool {
        guard case .boolean(let value)? = values[name] else {
            preconditionFailure("CachePolicyRegistry: \(name) is not declared as a boolean")
        }
        return value
    }
}

/// What `kv` takes first: how keys and values are stored.
enum StorageName: String, CaseIterable, Sendable {
    case f32, f16, bf16, q8, q4, kivi, zipcache, mixed

    /// The codec of pages that are being written.
    var codec: CacheCodec { CacheCodec(rawValue: rawValue) ?? .f16 }
}
