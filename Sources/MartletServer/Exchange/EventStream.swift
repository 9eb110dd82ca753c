/// Answers that come in pieces: server-sent events, and lines of JSON.

package import MartletJSON

/// Sends events as they come, and a sign of life while none do.
package final class EventStream: Sendable {
    /// How events are told apart.
    package enum Form: Sendable {
        /// Server-sent events.
        case events
        /// A line of JSON each.
        case lines
    }

    private let exchange: Exchange
    private let form: Form
    /// Sends comments, so that proxies and clients do not give up while a prompt is computed.
    private let pinging: Task<Void, Never>?

    /// A stream of an exchange, whose status and headers are sent at once.
    package init(
        _ exchange: Exchange, _ form: Form = .events, pingEvery interval: Duration
    ) async throws(WireError) {
        self.exchange = exchange
        self.form = form
        exchange.add(header: "cache-control", "no-cache")
        exchange.add(header: "x-accel-buffering", "no")
        // Lines of JSON have no comments.
        pinging =
            form == .lines
            ? nil
            : Task {
                while true {
                    do { try await Task.sleep(for: interval) } catch { return }
                    do { try await exchange.write(Array(": ping\n\n".utf8)) } catch { return }
                }
            }
        do throws(WireError) {
            try await exchange.begin(
                200,
                contentType: form == .events
                    ? "text/event-stream; charset=utf-8" : "application/x-ndjson")
        } catch {
            pinging?.cancel()
            throw error
        }
    }

    deinit { pinging?.cancel() }

    /// Sends an event, with a name where the API names events.
    package func send(_ value: JSONValue, event: String? = nil) async throws(WireError) {
        try await exchange.write(Self.bytes(value, event, form))
    }

    /// Sends several events in one piece.
    package func send(_ values: [JSONValue]) async throws(WireError) {
        guard !values.isEmpty else { return }
        try await exchange.write(values.flatMap { Self.bytes($0, nil, form) })
    }

    /// Sends several events with their names in one piece.
    package func send(
        _ events: [(name: String, value: JSONValue)]
    ) async throws(WireError) {
        guard !events.isEmpty else { return }
        try await exchange.write(events.flatMap { Self.bytes($0.value, $0.name, form) })
    }

    /// Sends the mark that ends OpenAI's streams.
    package func sendDone() async throws(WireError) {
        try await exchange.write(Array("data: [DONE]\n\n".utf8))
    }

    private static func bytes(_ value: JSONValue, _ event: String?, _ form: Form) -> [UInt8] {
        switch form {
        case .lines: return value.serialized() + [0x0A]
        case .events:
            var bytes: [UInt8] = []
            if let event { bytes += "event: \(event)\n".utf8 }
            bytes += "data: ".utf8
            bytes += value.serialized()
            bytes += "\n\n".utf8
            return bytes
        }
    }
}
