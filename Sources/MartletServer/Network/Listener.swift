/// Listens at addresses and keeps the connections that come.

import Dispatch
package import Martlet
import Synchronization

/// A server on sockets.
package final class Listener: Sendable {
    private struct State {
        var sources: [any DispatchSourceRead] = []
        var timer: (any DispatchSourceTimer)?
        var connections: [ObjectIdentifier: Connection] = [:]
        var isEnding = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let server: Server
    private let queue = DispatchQueue(label: "martlet-network")
    private let limits: ConnectionLimits
    private let mostConnections: Int
    private let state = Mutex(State())

    /// A listener that keeps at most so many connections.
    package init(
        _ server: Server, mostConnections: Int = 16_384,
        limits: ConnectionLimits = ConnectionLimits()
    ) {
        self.server = server
        self.limits = limits
        self.mostConnections = mostConnections
    }

    /// Begins to listen. Port 0 lets the system choose.
    ///
    /// - Returns: the port.
    /// - Throws: `invalidParameter` where an address cannot be listened at.
    package func listen(hosts: [String], port: Int) throws(MartletError) -> Int {
        var port = port
        for host in hosts {
            let (descriptor, bound) = try Socket.listen(host: host, port: port)
            port = bound
            state.withLock { state in
                let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
                source.setEventHandler { [weak self] in self?.accept(descriptor, source) }
                source.setCancelHandler { Socket.close(descriptor) }
                source.resume()
                state.sources.append(source)
            }
        }
        state.withLock { state in
            let timer = DispatchSource.makeTimerSource(queue: queue)
            let pause = limits.sweep / .seconds(1)
            timer.schedule(deadline: .now() + pause, repeating: pause)
            timer.setEventHandler { [weak self] in self?.sweep() }
            timer.resume()
            state.timer = timer
        }
        return port
    }

    private func accept(_ descriptor: Int32, _ source: any DispatchSourceRead) {
        while true {
            let taken: Int32
            switch Socket.accept(descriptor) {
            case .connection(let descriptor): taken = descriptor
            case .nothing: return
            case .exhausted:
                // The connection goes on waiting, and the source would tell of it without end.
                source.suspend()
                queue.asyncAfter(
                    deadline: .now() + .milliseconds(100),
                    execute: DispatchWorkItem { source.resume() })
                return
            }
            let connection = Connection(
                taken, queue,
                Connection.Ties(server: server) { [weak self] in self?.forget($0) })
            let isTaken = state.withLock { state -> Bool in
                guard !state.isEnding, state.connections.count < mostConnections else {
                    return false
                }
                state.connections[ObjectIdentifier(connection)] = connection
                return true
            }
            guard isTaken else {
                Socket.close(taken)
                continue
            }
            connection.begin()
        }
    }

    private func forget(_ connection: Connection) {
        let done = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.connections[ObjectIdentifier(connection)] = nil
            guard state.isEnding, state.connections.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for continuation in done { continuation.resume() }
    }

    private func sweep() {
        let now = ContinuousClock.now
        for connection in state.withLock({ Array($0.connections.values) }) {
            connection.closeIfStuck(now: now, limits)
        }
    }

    /// Connections that are open.
    package var connectionCount: Int { state.withLock { $0.connections.count } }

    /// Takes no further connections and requests, and returns when answers under way have ended, or the time is over.
    package func stop(within grace: Duration) async {
        server.service.end()
        let open = state.withLock { state -> [Connection] in
            state.isEnding = true
            for source in state.sources { source.cancel() }
            state.sources = []
            return Array(state.connections.values)
        }
        for connection in open {
            connection.endAfterAnswer()
            if !connection.isBusy { connection.close() }
        }
        let late = Task {
            do { try await Task.sleep(for: grace) } catch { return }
            for connection in state.withLock({ Array($0.connections.values) }) {
                connection.close()
            }
        }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state -> Bool in
                guard !state.connections.isEmpty else { return true }
                state.waiters.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
        late.cancel()
        state.withLock { state in
            state.timer?.cancel()
            state.timer = nil
        }
    }
}
