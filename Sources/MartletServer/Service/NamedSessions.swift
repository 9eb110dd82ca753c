/// Sessions that requests name, for clients that hold no connection for each.

import Synchronization

/// A session that a request can name.
protocol NamedSession: AnyObject, Sendable {
    /// What was typed was sent: nothing of it is computed ahead any more.
    func sent() async
    /// Computes nothing more.
    func end() async
}

/// Open sessions by their names. One that no request has named for a while ends.
final class NamedSessions: Sendable {
    private struct Entry {
        let session: any NamedSession
        let tenant: String
        var lastUse = ContinuousClock.now
        let timer: Task<Void, Never>
    }

    private let open = Mutex<[String: Entry]>([:])
    private let counts: SessionCount
    private let idle: Duration

    /// Keeps sessions that are named again within a time.
    init(_ counts: SessionCount, idle: Duration) {
        self.counts = counts
        self.idle = idle
    }

    /// Keeps a session for a tenant; false where the tenant has as many as it may.
    func add(_ session: some NamedSession, _ id: String, of tenant: String) -> Bool {
        guard counts.enter(tenant) else { return false }
        let timer = Task { [weak self, idle] in
            var left = idle
            while left > .zero {
                do { try await Task.sleep(for: left) } catch { return }
                guard let still = self?.timeLeft(id) else { return }
                left = still
            }
            await self?.remove(id, of: tenant)
        }
        open.withLock { $0[id] = Entry(session: session, tenant: tenant, timer: timer) }
        return true
    }

    private func timeLeft(_ id: String) -> Duration? {
        open.withLock { open in
            open[id].map { idle - $0.lastUse.duration(to: .now) }
        }
    }

    /// A tenant's session, which is named herewith; nil where there is none of this name.
    func find(_ id: String, of tenant: String) -> (any NamedSession)? {
        open.withLock { open in
            guard open[id]?.tenant == tenant else { return nil }
            open[id]?.lastUse = .now
            return open[id]?.session
        }
    }

    /// Ends a tenant's session; false where there is none of this name.
    @discardableResult
    func remove(_ id: String, of tenant: String) async -> Bool {
        let entry = open.withLock { open in
            open[id]?.tenant == tenant ? open.removeValue(forKey: id) : nil
        }
        guard let entry else { return false }
        counts.leave(tenant)
        await entry.session.end()
        // Last, as this may be the timer.
        entry.timer.cancel()
        return true
    }

    /// Ends all sessions.
    func endAll() {
        let all = open.withLock { $0.map { (id: $0.key, tenant: $0.value.tenant) } }
        for session in all { Task { await remove(session.id, of: session.tenant) } }
    }
}
