/// One row of the registry: what a policy is called, takes, promises and costs.

import Foundation
package import MartletCache

/// A row of the registry.
package struct CachePolicyEntry: Sendable {
    /// The phases of a request.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Computing the prompt.
        case prefill
        /// Generating.
        case decode
    }

    /// The name in a policy's text.
    package let name: String
    /// What it does, in a clause.
    package let summary: String
    /// Its parameters, in canonical order.
    package let parameters: [CachePolicyParameter]
    /// The phases in which it bounds memory; empty for none.
    package let phases: Set<Phase>
    /// Whether results equal those of the plain model.
    package let isExact: Bool
    /// Whether a prefix computed under it could serve other requests with the same policy: true when
    /// the choice of tokens does not depend on what follows the prefix. What an engine shares is
    /// `CacheTraits.prefixSharing`, which is less where tokens of a prompt are taken out.
    package let sharesPrefix: Bool
    /// The method's source.
    package let source: String

    /// What must be recorded beside keys and values, and what that costs; `n` is the tokens held, `d` the
    /// channels of a head. "none" for nothing.
    package let signals: String
    /// What is remembered of a page of 16 tokens, or of a token, beside keys, values and positions. "none"
    /// for nothing.
    package let state: String
    /// Texts of the policy for a prompt of some hundred tokens; `%` stands for a budget, as in `budget=40`
    /// or `ratio=0.5`. Every list of policies that tests and tools go through is made of these.
    package let examples: [String]
    /// Texts of the policy for a budget of `budget` tokens, for comparisons at depth; none for a policy that
    /// needs files, or that is a variant of another.
    package let sized: @Sendable (_ budget: Int) -> [String]

    /// Whether it says more than how keys and values are stored, which codecs say too.
    package var decidesAlone: Bool { wraps != .codec }

    /// A text of the policy for a budget of 1,024 tokens, where it has one; nil for a policy that needs files.
    package var usualText: String? {
        sized(1024).first
            ?? examples.first?.replacingOccurrences(of: "%", with: "budget=1024")
    }

    /// Whether generated tokens can be taken back under the first example, or as the entry says where it has none.
    package var undo: UndoRule {
        guard let example = examples.first else { return statedUndo }
        let text = example.replacingOccurrences(of: "%", with: "budget=4096")
        return (try? CachePolicy(text))?.traits.undo ?? statedUndo
    }
    private let statedUndo: UndoRule
    /// How a frontier sets the policy up unless it is told which to compare, in one way or in several; none where it
    /// leaves it out.
    package let sweep: [SweepForm]

    /// What a term takes as its first argument, without a name.
    enum Wrapped {
        case nothing
        case policy
        /// A policy's scores: one without a budget.
        case scorer
        case codec
    }

    let wraps: Wrapped
    /// Makes the methods of a term: one, or two where it makes two decisions.
    let make: @Sendable (CachePolicyValues) throws(CacheError) -> [any CacheMethod]

    init(
        name: String, summary: String, source: String, parameters: [CachePolicyParameter] = [],
        phases: Set<Phase>, isExact: Bool = false, sharesPrefix: Bool, wraps: Wrapped = .nothing,
        signals: String = "none", state: String = "none", undo: UndoRule = .never,
        examples: [String],
        sweep: [SweepForm] = [],
        sized: @escaping @Sendable (_ budget: Int) -> [String] = { _ in [] },
        make: @escaping @Sendable (CachePolicyValues) throws(CacheError) -> [any CacheMethod]
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.parameters = parameters
        self.phases = phases
        self.isExact = isExact
        self.sharesPrefix = sharesPrefix
        self.wraps = wraps
        self.signals = signals
        self.state = state
        self.examples = examples
        statedUndo = undo
        self.sweep = sweep
        self.sized = sized
        self.make = make
    }

    /// The values of all parameters, defaults filled in, and the term with all of them written out.
    /// `asScorer` says that a wrapper takes its scores alone. Throws `badPolicyParameter`.
    func bind(_ term: PolicyTerm, asScorer: Bool = false) throws(CacheError) -> (
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
        var allowances: [String: TokenAllowance] = [:]
        var arguments: [PolicyArgument] = []
        for parameter in parameters {
            let given = term.arguments.first { $0.name == parameter.name }?.value
            if let share = parameter.share, given == nil || given == .name(BudgetShare.automatic) {
                let (value, allowance) = yield(parameter, to: share, term, asScorer: asScorer)
                values[parameter.name] = value
                allowances[parameter.name] = allowance
                arguments.append(PolicyArgument(name: parameter.name, value: value))
                continue
            }
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
            CachePolicyValues(
                policy: name, values: values, allowances: allowances, wrapped: policy,
                isScorer: asScorer, codec: codec),
            canonical
        )
    }

    /// A default that gives way to a share of the budget: the number itself where the budget is known, or where
    /// there is none to give way to.
    private func yield(
        _ parameter: CachePolicyParameter, to share: BudgetShare, _ term: PolicyTerm, asScorer: Bool
    ) -> (PolicyValue, TokenAllowance) {
        func integer(_ name: String) -> Int? {
            guard let parameter = parameters.first(where: { $0.name == name }),
                let value = term.arguments.first(where: { $0.name == name })?.value
                    ?? parameter.defaultValue,
                case .integer(let number)? = parameter.domain.accept(value)
            else { return nil }
            return number
        }
        guard case .integer(let tokens)? = parameter.defaultValue else {
            preconditionFailure("CachePolicyRegistry: \(parameter.name) has no default in tokens")
        }
        let allowance = TokenAllowance.upTo(
            tokens, share, dividedBy: share.divider.flatMap(integer) ?? 1)
        if asScorer { return (.integer(tokens), .stated(tokens)) }
        guard let budget = integer(share.budget) else {
            return (.name(BudgetShare.automatic), allowance)
        }
        return (.integer(allowance.of(budget)), .stated(allowance.of(budget)))
    }

    /// Arguments in the order of the parameters that they are for.
    func ordered(_ arguments: [PolicyArgument]) -> [PolicyArgument] {
        parameters.compactMap { parameter in
            arguments.first { $0.name == parameter.name }
        }
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
        case .scorer:
            guard let wrapped = term.wrapped else {
                throw refuse("a policy without a budget, as in \(name)(snapkv(window=64))")
            }
            return (try CachePolicy(wrapped, asScorer: true), nil)
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
