/// The answer to a session's request, turned from events of a stream into messages.

import MartletJSON
import Synchronization

/// Hands each event of a chat completion to a session's client, as it is.
final class SessionSink: ResponseSink {
    private struct State {
        var status = 0
        /// An answer that is no stream: why there is none.
        var refusal: [UInt8] = []
        var hasFailed = false
    }

    private let line: any MessageLine
    private let state = Mutex(State())

    init(_ line: any MessageLine) { self.line = line }

    /// Whether the answer came to its end without an error.
    var isComplete: Bool { state.withLock { $0.status == 200 && !$0.hasFailed } }

    func begin(status: Int, headers: [(name: String, value: String)]) async throws(WireError) {
        state.withLock { $0.status = status }
        guard status == 200 else { return }
        func header(_ name: String) -> JSONValue? {
            headers.first { $0.name.lowercased() == name }.map { .string($0.value) }
        }
        try await line.send(
            .present([
                "type": "response.created",
                "response": .present([
                    "id": header("x-request-id"), "ignored": header("martlet-ignored"),
                ]),
            ]))
    }

    /// A write holds whole events.
    func write(_ bytes: [UInt8]) async throws(WireError) {
        guard state.withLock({ $0.status }) == 200 else {
            state.withLock { $0.refusal += bytes }
            return
        }
        for event in bytes.split(separator: 10) where event.starts(with: "data: ".utf8) {
            let data = Array(event.dropFirst(6))
            guard !data.elementsEqual("[DONE]".utf8), let value = try? JSONValue.parse(data) else {
                continue
            }
            if let error = value.objectValue?["error"] {
                state.withLock { $0.hasFailed = true }
                try await line.send(["type": "error", "error": error])
            } else {
                try await line.send(["type": "response.chunk", "chunk": value])
            }
        }
    }

    /// Tells why there was no answer, if there was none.
    func finish() async throws(WireError) {
        let refusal = state.withLock { $0.refusal }
        guard let value = try? JSONValue.parse(refusal), let error = value.objectValue?["error"]
        else { return }
        try await line.send(["type": "error", "error": error])
    }
}
