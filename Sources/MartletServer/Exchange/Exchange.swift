/// A request and the answer to it, while a handler is at work.

package import MartletJSON
import Synchronization

/// Where an answer goes: a connection, or a test's list of bytes.
package protocol ResponseSink: Sendable {
    /// Sends status and headers. Throws `clientGone` when nobody reads any more.
    func begin(status: Int, headers: [(name: String, value: String)]) async throws(WireError)
    /// Sends a part of the body, and waits until the connection takes more. Throws `clientGone`.
    func write(_ bytes: [UInt8]) async throws(WireError)
}

/// A request with the way back to whoever sent it.
package final class Exchange: Sendable {
    /// What came.
    package let request: ServerRequest
    /// What tells this request from others, in headers and logs.
    package let id: String
    /// Whose key it came with; empty without keys.
    package let tenant: String
    /// What stands for the `{name}`s of the endpoint's path.
    package let parameters: [String: String]
    /// Who runs it in the background; nil where somebody waits for the answer.
    package let background: BackgroundObserver?
    /// When the request had come: what its answer takes counts from here.
    let start = ContinuousClock.now
    private let sink: any ResponseSink
    private let state: Mutex<State>

    private struct State {
        var headers: [(name: String, value: String)]
        var status: Int?
        var ignored: [String] = []
        var hasEnded = false
        var kept: [any Sendable] = []
        var loadTime = Duration.zero
    }

    /// Begins an exchange; `headers` go with every answer.
    package init(
        _ request: ServerRequest, sink: any ResponseSink, id: String, tenant: String = "",
        parameters: [String: String] = [:], background: BackgroundObserver? = nil,
        headers: [(name: String, value: String)] = []
    ) {
        self.request = request
        self.sink = sink
        self.id = id
        self.tenant = tenant
        self.parameters = parameters
        self.background = background
        state = Mutex(State(headers: headers))
    }

    /// The status that was sent; nil before.
    package var status: Int? { state.withLock { $0.status } }

    /// Notes fields of the request that change nothing; they are listed in a header.
    package func note(ignored fields: [String]) {
        state.withLock { $0.ignored += fields }
    }

    /// How long the request waited for its model to be loaded; zero where it was in memory.
    var loadTime: Duration { state.withLock { $0.loadTime } }

    /// Notes that the request waited for its model to be loaded.
    func note(loading time: Duration) { state.withLock { $0.loadTime += time } }

    /// Adds a header to the answer.
    package func add(header name: String, _ value: String) {
        state.withLock { $0.headers.append((name, value)) }
    }

    /// Adds a header to the answer, unless it has one of this name.
    package func addOnce(header name: String, _ value: String) {
        state.withLock { state in
            if !state.headers.contains(where: { $0.name == name }) {
                state.headers.append((name, value))
            }
        }
    }

    /// Sends status and headers of an answer whose body follows.
    package func begin(_ status: Int, contentType: String, length: Int? = nil)
        async throws(WireError)
    {
        var headers = state.withLock { state in
            state.status = status
            let ignored = Self.list(state.ignored)
            return state.headers + (ignored.isEmpty ? [] : [("martlet-ignored", ignored)])
        }
        headers.append(("content-type", contentType))
        if let length { headers.append(("content-length", "\(length)")) }
        try await sink.begin(status: status, headers: headers)
    }

    /// Sends a part of the body. What comes after the end is dropped: a sign of life may be late.
    package func write(_ bytes: [UInt8]) async throws(WireError) {
        guard !state.withLock({ $0.hasEnded }) else { return }
        try await sink.write(bytes)
    }

    /// Keeps something alive until the end.
    func keep(_ value: any Sendable) { state.withLock { $0.kept.append(value) } }

    /// Takes no further parts of the body, and lets go of what was kept for the answer.
    package func end() {
        let kept = state.withLock { state in
            state.hasEnded = true
            defer { state.kept = [] }
            return state.kept
        }
        // Whatever ends with it does so here, outside of the lock.
        _ = kept
    }

    /// Sends a whole answer.
    package func reply(
        _ bytes: [UInt8], contentType: String, status: Int = 200
    ) async throws(WireError) {
        try await begin(status, contentType: contentType, length: bytes.count)
        try await sink.write(bytes)
    }

    /// Sends a whole answer in JSON.
    package func reply(_ value: JSONValue, status: Int = 200) async throws(WireError) {
        try await reply(
            value.serialized(), contentType: "application/json; charset=utf-8", status: status)
    }

    /// Names for a header: at most so many letters, and none that a header may not have.
    private static func list(_ names: [String]) -> String {
        var text = ""
        for name in names {
            let safe = String(
                decoding: name.utf8.map { (33...126).contains($0) && $0 != 44 ? $0 : 95 },
                as: UTF8.self)
            guard text.utf8.count + safe.utf8.count < 1000 else { return text + ", ..." }
            text += text.isEmpty ? safe : ", " + safe
        }
        return text
    }
}
