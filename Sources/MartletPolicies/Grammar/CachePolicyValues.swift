/// What a term of a policy's text gives its method.

import MartletCache

/// The bound values of one term, each already checked against its parameter's domain.
struct CachePolicyValues {
    /// The policy's name, for messages.
    let policy: String
    let values: [String: PolicyValue]
    /// Those of defaults that give way in a small budget.
    let allowances: [String: TokenAllowance]
    /// The policy given as first argument.
    let wrapped: CachePolicy?
    /// Whether a wrapper takes the policy's scores alone, so that it has no budget.
    let isScorer: Bool
    /// The codec given as first argument.
    let codec: StorageName?

    func integer(_ name: String) -> Int {
        guard case .integer(let value)? = values[name] else {
            preconditionFailure("CachePolicyRegistry: \(name) is not declared as an integer")
        }
        return value
    }

    /// Tokens that are stated or give way.
    func tokens(_ name: String) -> TokenAllowance {
        allowances[name] ?? .stated(integer(name))
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
