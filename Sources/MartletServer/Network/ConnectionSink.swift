/// Where one answer goes: from a task of its own to the event loop of its connection.

#if Server
    import NIOCore
    import Synchronization

    /// What a connection has not sent yet, and who waits until it has.
    final class Outlet: Sendable {
        private struct State {
            var pending = 0
            var isClosed = false
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        /// Bytes above which a writer waits, until there are half of them.
        private static let highWater = 256 << 10
        private let state = Mutex(State())

        /// Counts bytes that are about to be sent.
        func add(_ count: Int) { state.withLock { $0.pending += count } }

        /// Takes away bytes that the system has taken.
        func remove(_ count: Int) {
            let freed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.pending -= count
                guard state.pending <= Self.highWater / 2 else { return [] }
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in freed { waiter.resume() }
        }

        /// Nobody reads any more: whoever waits goes on, and learns of it.
        func close() {
            let freed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.isClosed = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in freed { waiter.resume() }
        }

        /// Waits while much is unsent. Throws `clientGone` where nobody reads any more.
        func waitForRoom() async throws(WireError) {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state -> Bool in
                    if state.isClosed || state.pending <= Self.highWater { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
            if state.withLock({ $0.isClosed }) {
                throw WireError(.clientGone, "the client closed the connection.")
            }
        }
    }

    /// From tasks to whoever writes to a connection, on its event loop.
    final class ConnectionSink<Writer>: Sendable {
        private let writer: NIOLoopBound<Writer>
        private let loop: any EventLoop
        private let outlet: Outlet

        init(_ writer: Writer, on loop: any EventLoop, _ outlet: Outlet) {
            self.writer = NIOLoopBound(writer, eventLoop: loop)
            self.loop = loop
            self.outlet = outlet
        }

        /// Has the writer do something, after all that it was asked before.
        func tell(_ action: @escaping @Sendable (Writer) -> Void) {
            loop.execute { [writer] in action(writer.value) }
        }

        /// Has the writer send so many bytes, and waits while much is unsent. Throws `clientGone` where nobody reads any more.
        func send(
            _ count: Int, _ action: @escaping @Sendable (Writer) -> Void
        ) async throws(WireError) {
            outlet.add(count)
            tell(action)
            try await outlet.waitForRoom()
        }
    }

    /// Who puts an answer on the wire, on its event loop.
    protocol AnswerWriter: AnyObject {
        /// Sends status and headers; those of an answer with a length go with its first bytes.
        func begin(status: Int, headers: [(name: String, value: String)])
        /// Sends a part of the body, whose bytes are counted as unsent.
        func write(_ bytes: [UInt8])
        /// Ends the answer. One that has not begun, because nobody reads it, ends the connection.
        func finish()
    }

    /// The way back of one request.
    extension ConnectionSink: ResponseSink where Writer == any AnswerWriter {
        func begin(
            status: Int, headers: [(name: String, value: String)]
        ) async throws(WireError) {
            try await send(0) { $0.begin(status: status, headers: headers) }
        }

        func write(_ bytes: [UInt8]) async throws(WireError) {
            try await send(bytes.count) { $0.write(bytes) }
        }

        /// Ends the answer.
        func finish() { tell { $0.finish() } }
    }
#endif
