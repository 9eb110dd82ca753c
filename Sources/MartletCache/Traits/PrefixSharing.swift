/// What of a sequence may serve other requests.

/// Which tokens of a sequence are what any other request would compute that begins with the same tokens. It is the same
/// bits, so a request may go on with them.
package enum PrefixSharing: String, Sendable, Hashable, Comparable {
    /// None: what stays of a prompt depends on where it ends, or on queries that others do not have.
    case never
    /// Those of its prompt: a generated token reads less than a prompt's token does.
    case prompts
    /// All of them.
    case everything

    /// The more is shared, the greater it is.
    package static func < (a: PrefixSharing, b: PrefixSharing) -> Bool { a.order < b.order }

    private var order: Int {
        switch self {
        case .never: 0
        case .prompts: 1
        case .everything: 2
        }
    }
}
