/// One connection: bytes in, requests; answers, bytes out.

import Dispatch
import Foundation
import Synchronization

/// A connection of a client. Its events come on the listener's queue; answers are written from any task.
final class Connection: ByteChannel {
    /// What a connection tells its listener.
    struct Ties: Sendable {
        let server: Server
        /// Hears that it has ended.
        let ended: @Sendable (Connection) -> Void
    }

    private struct State {
        var parser: RequestParser
        var reading: (any DispatchSourceRead)?
        var writing: (any DispatchSourceWrite)?
        /// Sources that still use the descriptor.
        var openSources = 0
        var output: [UInt8] = []
        /// Where the first byte that is not written lies.
        var written = 0
        /// Who waits until the output is short again.
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// The answer under way.
        var task: Task<Void, Never>?
        var isBusy = false
        var keepsConnection = true
        var isClosed = false
        /// Whether it closes when everything is written.
        var isEnding = false
        /// When the client last sent something that counts, or was answered.
        var heard = ContinuousClock.now
        /// When the client last took something, or output began to wait for it.
        var taken = ContinuousClock.now
    }

    /// Output above which a writer waits.
    private static let highWater = 256 << 10
    /// Bytes that may wait behind a request that is being answered.
    private static let mostAhead = 1 << 20

    private let descriptor: Int32
    private let queue: DispatchQueue
    private let ties: Ties
    private let state: Mutex<State>

    init(_ descriptor: Int32, _ queue: DispatchQueue, _ ties: Ties) {
        self.descriptor = descriptor
        self.queue = queue
        self.ties = ties
        state = Mutex(
            State(parser: RequestParser(bodyLimit: ties.server.service.configuration.bodyLimit)))
    }

    /// Begins to listen to the client.
    func begin() {
        state.withLock { state in
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in self?.readable() }
            source.setCancelHandler { [self] in sourceEnded() }
            state.reading = source
            state.openSources += 1
            source.resume()
        }
    }

    // MARK: In

    private func readable() {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        var hasEnded = false
        let isTooFarAhead = state.withLock { state -> Bool in
            guard !state.isClosed else { return false }
            while true {
                let count = chunk.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress, $0.count, 0)
                }
                if count > 0 {
                    // Nothing is answered any more: what comes is dropped.
                    if state.isEnding { return false }
                    state.heard = .now
                    chunk.withUnsafeBytes {
                        state.parser.append(UnsafeRawBufferPointer(rebasing: $0[..<count]))
                    }
                    if state.isBusy, state.parser.waiting > Self.mostAhead { return true }
                    if count < chunk.count { return false }
                    // A large body is parsed as it comes.
                    if state.parser.waiting > 1 << 20 { return false }
                } else if count < 0, errno == EINTR {
                    continue
                } else {
                    hasEnded = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)
                    return false
                }
            }
        }
        if hasEnded || isTooFarAhead { return close() }
        takeRequest()
    }

    /// Begins the next request that is complete, unless one is being answered.
    private func takeRequest() {
        var problem: (status: Int, text: String)?
        var wantsContinue = false
        state.withLock { state in
            guard !state.isBusy, !state.isClosed, !state.isEnding else { return }
            var outcome = state.parser.next()
            if case .wantsContinue = outcome {
                wantsContinue = true
                outcome = state.parser.next()
            }
            switch outcome {
            case .incomplete, .wantsContinue: return
            case .malformed(let status, let text):
                problem = (status, text)
                state.isBusy = true
            case .request(let request, let isOld, let keeps):
                state.isBusy = true
                state.keepsConnection = keeps
                let sink = ConnectionSink(
                    self, isOld: isOld, hasBody: request.method != "HEAD", keepsConnection: keeps)
                state.task = Task { [ties] in
                    await ties.server.respond(to: request, through: sink)
                    sink.finish()
                    self.answered()
                }
            }
        }
        if wantsContinue { send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        if let problem {
            let text =
                "{\"error\":{\"message\":\"\(problem.text).\",\"type\":\"invalid_request_error\"}}"
            send(
                Array(
                    ("HTTP/1.1 \(problem.status) \(StatusPhrase.of(problem.status))\r\n"
                        + "content-type: application/json\r\ncontent-length: \(text.utf8.count)\r\n"
                        + "connection: close\r\n\r\n" + text).utf8))
            endWhenWritten()
        }
    }

    /// The answer is written: the next request, or the end.
    private func answered() {
        let goesOn = state.withLock { state -> Bool in
            state.task = nil
            state.isBusy = false
            state.heard = .now
            return state.keepsConnection && !state.isClosed
        }
        guard goesOn else { return endWhenWritten() }
        queue.async { self.takeRequest() }
    }

    // MARK: Out

    /// Sends bytes, and waits while many are unsent. Throws when the client is gone.
    func write(_ bytes: [UInt8]) async throws(WireError) {
        send(bytes)
        await withCheckedContinuation { continuation in
            let mayGoOn = state.withLock { state -> Bool in
                if state.isClosed || state.output.count - state.written <= Self.highWater {
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if mayGoOn { continuation.resume() }
        }
        if state.withLock({ $0.isClosed }) {
            throw WireError(.clientGone, "the client closed the connection.")
        }
    }

    /// Sends bytes without waiting.
    func send(_ bytes: [UInt8]) {
        let isBroken = state.withLock { state -> Bool in
            guard !state.isClosed else { return false }
            if state.output.isEmpty { state.taken = .now }
            state.output += bytes
            return !flush(&state)
        }
        if isBroken { close() }
    }

    /// Writes what the system takes. False when the client is gone.
    private func flush(_ state: inout State) -> Bool {
        while state.written < state.output.count {
            let count = state.output.withUnsafeBytes { bytes in
                Socket.send(
                    descriptor, UnsafeRawBufferPointer(rebasing: bytes[state.written...]))
            }
            if count > 0 {
                state.written += count
                state.taken = .now
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN || errno == EWOULDBLOCK {
                if state.written > 1 << 20 {
                    state.output.removeFirst(state.written)
                    state.written = 0
                }
                waitUntilWritable(&state)
                return true
            } else {
                return false
            }
        }
        state.output.removeAll(keepingCapacity: state.output.count < 1 << 16)
        state.written = 0
        if let source = state.writing {
            state.writing = nil
            source.cancel()
        }
        return true
    }

    private func waitUntilWritable(_ state: inout State) {
        guard state.writing == nil else { return }
        let source = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in self?.writable() }
        source.setCancelHandler { [self] in sourceEnded() }
        state.writing = source
        state.openSources += 1
        source.resume()
    }

    private func writable() {
        var freed: [CheckedContinuation<Void, Never>] = []
        var isDone = false
        let isBroken = state.withLock { state -> Bool in
            guard !state.isClosed else { return false }
            let isGood = flush(&state)
            if state.output.count - state.written <= Self.highWater / 2 {
                freed = state.waiters
                state.waiters = []
            }
            isDone = state.isEnding && state.output.isEmpty
            return !isGood
        }
        for continuation in freed { continuation.resume() }
        if isBroken || isDone { close() }
    }

    // MARK: The end

    /// Closes the connection after the answer that is under way.
    func endAfterAnswer() { state.withLock { $0.keepsConnection = false } }

    /// Closes the connection once everything is written.
    func endWhenWritten() {
        let isDone = state.withLock { state -> Bool in
            state.isEnding = true
            return state.output.isEmpty
        }
        if isDone { close() }
    }

    /// Closes the connection now; an answer under way is cancelled.
    func close() {
        var freed: [CheckedContinuation<Void, Never>] = []
        let didClose = state.withLock { state -> Bool in
            guard !state.isClosed else { return false }
            state.isClosed = true
            freed = state.waiters
            state.waiters = []
            state.task?.cancel()
            state.reading?.cancel()
            state.writing?.cancel()
            state.reading = nil
            state.writing = nil
            state.output = []
            state.written = 0
            return true
        }
        for continuation in freed { continuation.resume() }
        if didClose { ties.ended(self) }
    }

    /// A source has let go of the descriptor; the last one closes it.
    private func sourceEnded() {
        let isLast = state.withLock { state -> Bool in
            state.openSources -= 1
            return state.openSources == 0 && state.isClosed
        }
        if isLast { Socket.close(descriptor) }
    }

    /// Whether an answer is under way.
    var isBusy: Bool { state.withLock { $0.isBusy && !$0.isClosed } }

    /// Closes a connection on which nothing has moved for too long.
    func closeIfStuck(now: ContinuousClock.Instant, _ limits: ConnectionLimits) {
        let isStuck = state.withLock { state -> Bool in
            // What a client sends does not excuse it from reading.
            if !state.output.isEmpty { return state.taken.duration(to: now) > limits.write }
            if state.isBusy { return false }
            return state.heard.duration(to: now)
                > (state.parser.isInside ? limits.read : limits.idle)
        }
        if isStuck { close() }
    }
}
