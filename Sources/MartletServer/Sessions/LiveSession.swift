/// A client's session: what it types is computed ahead, and what it sends is answered.

import Martlet
import MartletJSON

/// One client's session.
package actor LiveSession {
    private let server: Server
    private let admission: Admission
    /// What the client opened the session with; the headers that say who asks, and from where, go with every request.
    private let opening: ServerRequest
    private let line: any MessageLine
    private let ahead: PromptAhead
    private var answer: Task<Void, Never>?
    private var isEnded = false

    /// A session of a client whose request for it was admitted.
    package init(
        _ server: Server, opening: ServerRequest, _ admission: Admission, line: any MessageLine,
        pacing: PromptAhead.Pacing = PromptAhead.Pacing()
    ) {
        self.server = server
        self.opening = opening
        self.admission = admission
        self.line = line
        ahead = PromptAhead(
            server.service, opening: opening, id: admission.id, tenant: admission.tenant,
            pacing: pacing
        ) { tokens, cached in
            try? await line.send([
                "type": "session.prefilled", "tokens": .integer(tokens),
                "cached_tokens": .integer(cached),
            ])
        }
    }

    // MARK: Messages

    /// Tells the client that the session is there.
    package func begin() async {
        try? await line.send(
            ["type": "session.created", "session": ["id": .string(admission.id)]])
    }

    /// Does what a message says. What is wrong with it is told to the client.
    package func take(_ bytes: [UInt8]) async {
        do throws(WireError) {
            switch try SessionMessage(bytes) {
            case .update(let session):
                await ahead.update(session)
                try await line.send(["type": "session.updated"])
            case .set(let text):
                try await ahead.change { (typed) throws(WireError) in typed.set(text) }
            case .append(let text):
                try await ahead.change { (typed) throws(WireError) in typed.append(text) }
            case .edit(let start, let count, let text):
                try await ahead.change { (typed) throws(WireError) in
                    try typed.edit(at: start, deleting: count, inserting: text)
                }
            case .create(let more): try await submit(more)
            case .cancel: answer?.cancel()
            }
        } catch { await tell(error) }
    }

    /// Ends everything that runs for the session.
    package func end() async {
        isEnded = true
        answer?.cancel()
        await ahead.end()
    }

    /// Lets the answer that is under way come to its end, and begins nothing more.
    package func drain() async {
        isEnded = true
        await ahead.end()
        await answer?.value
    }

    private func tell(_ error: WireError) async {
        let body = error.body(.openAI, requestID: admission.id).objectValue?["error"] ?? .null
        try? await line.send(["type": "error", "error": body])
    }

    // MARK: The request

    private func submit(_ more: JSONObject) async throws(WireError) {
        guard !isEnded else {
            throw WireError(.unavailable, "the server is about to end.", code: "ending")
        }
        guard answer == nil else {
            throw .field(
                "type", got: "response.create while an answer is under way",
                expected: "the end of that answer, or response.cancel before")
        }
        let body = try await ahead.submit(more)
        let headers = opening.headers.filter {
            ["authorization", "x-api-key", "api-key", "host", "origin"].contains($0.name)
        }
        let request = ServerRequest(
            "POST", "/v1/chat/completions", headers: headers,
            body: JSONValue.object(body).serialized())
        answer = Task { [weak self, server, line] in
            let sink = SessionSink(line)
            await server.respond(to: request, through: sink)
            try? await sink.finish()
            let status = Task.isCancelled ? "cancelled" : sink.isComplete ? "completed" : "failed"
            try? await line.send(["type": "response.done", "status": .string(status)])
            await self?.answered()
        }
    }

    private func answered() async {
        answer = nil
        await ahead.answered()
    }
}
