// The examples of the registry, filled in for tests: every list of policies here is made of them.

import Foundation
import MartletCache
import Testing

@testable import MartletPolicies

/// An example of a policy with a place for its budget.
struct PolicyExample: Sendable, CustomTestStringConvertible {
    /// The text, with `%` where a budget goes.
    let template: String
    var testDescription: String { template }

    /// The text with these arguments in that place.
    func text(_ arguments: String) -> String {
        template.replacingOccurrences(of: "%", with: arguments)
    }

    /// The policy with these arguments.
    func policy(_ arguments: String) throws -> CachePolicy { try CachePolicy(text(arguments)) }

    /// What it keeps by score with these arguments; nil where it does not.
    func keeping(_ arguments: String) -> ScoredKeeping? {
        (try? policy(arguments))?.methods.lazy.compactMap { $0 as? ScoredKeeping }.first
    }

    /// Whether its text is right with these arguments.
    func accepts(_ arguments: String) -> Bool { (try? policy(arguments)) != nil }

    private func decides(_ decision: PolicyDecision) -> Bool {
        (try? policy("budget=70"))?.methods.contains { $0.decision == decision } == true
    }

    /// All examples of all policies.
    static let all = CachePolicyRegistry.entries.flatMap(\.examples).map(PolicyExample.init)
    /// Those that keep tokens by a score, within a budget.
    static let keeping = all.filter {
        $0.template.contains("%") && $0.keeping("budget=70") != nil && !$0.decides(.reading)
    }
    /// Those that keep tokens by a score, within a budget of bytes.
    static let keepingInBytes = keeping.filter { $0.keeping("bytes=8MB") != nil }
    /// Those that read some of what is held, within a budget.
    static let reading = all.filter { $0.template.contains("%") && $0.decides(.reading) }
    /// Those that seal full pages.
    static let sealing = all.filter {
        (try? $0.policy(""))?.methods.contains { $0.demands.sealsPages } == true
    }
}
