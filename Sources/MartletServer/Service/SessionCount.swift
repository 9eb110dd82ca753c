/// How many sessions each key has open.

import Synchronization

/// Counts open sessions by tenant.
final class SessionCount: Sendable {
    private let open = Mutex<[String: Int]>([:])
    private let limit: Int

    /// Allows each tenant so many.
    init(limit: Int) { self.limit = limit }

    /// Whether a tenant may open another.
    func hasRoom(_ tenant: String) -> Bool { open.withLock { $0[tenant, default: 0] < limit } }

    /// Opens a session; false where the tenant has as many as it may.
    func enter(_ tenant: String) -> Bool {
        open.withLock { open in
            guard open[tenant, default: 0] < limit else { return false }
            open[tenant, default: 0] += 1
            return true
        }
    }

    /// Closes a session.
    func leave(_ tenant: String) {
        open.withLock { open in
            let left = open[tenant, default: 0] - 1
            open[tenant] = left > 0 ? left : nil
        }
    }
}
