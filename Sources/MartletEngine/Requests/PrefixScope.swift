/// Who may go on with what a request computed.

/// Which other requests may go on with the tokens that a request computed. The time that a request takes tells whether
/// its beginning was computed before, so what is shared can be found out by whoever may share it.
package enum PrefixScope: Sendable, Hashable {
    /// No other request, and it goes on with nothing that others computed.
    case request
    /// Requests of the same tenant.
    case tenant
    /// Requests of every tenant may go on with its prompt, as with instructions that all are given; what it answers is its
    /// tenant's.
    case everyone
}
