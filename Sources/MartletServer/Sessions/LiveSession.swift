/// A prompt that is computed while it is being typed.
///
/// ```
/// typed      | the text so far, edited at will      |
/// stable     | tokens that more text would not change |
/// computed   | what of them is in the cache    |
/// ```
/// The idea is LiveMind's (2406.14319), in the form that changes no bit of an answer: the stable beginning of the prompt is
/// computed ahead like any prompt, and the answer's request goes on from it as it would from any other's. When nothing
/// changes nothing runs.

import Martlet
import MartletJSON

/// One client's session.
package actor LiveSession {
    /// When the prompt is looked at again.
    package struct Pacing: Sendable {
        /// After an edit; further ones within this time are looked at together.
        package var pause = Duration.milliseconds(150)
        /// With fewer new tokens than are worth a step of their own: when nobody has typed for so long.
        package var quiet = Duration.milliseconds(600)
        /// Tokens that are worth a step while somebody types.
        package var leastTokens = 8

        /// The default pace.
        package init() {}
    }

    private struct Computing {
        let tokens: [Int32]
        let task: Task<Void, Never>
    }

    private let server: Server
    private let admission: Admission
    /// What the client opened the session with; the headers that say who asks, and from where, go with every request.
    private let opening: ServerRequest
    private let line: any MessageLine
    private let pacing: Pacing
    private var fields = JSONObject()
    private var typed = TypedText()
    private var lastEdit = ContinuousClock.now
    /// What the last look at the prompt took: making its tokens is work too.
    private var lookTime = Duration.zero
    /// Whether something was edited that was not looked at.
    private var isChanged = false
    private var pause: Task<Void, Never>?
    private var computing: Computing?
    private var computed: [Int32] = []
    private var answer: Task<Void, Never>?
    private var isEnded = false

    /// A session of a client whose request for it was admitted.
    package init(
        _ server: Server, opening: ServerRequest, _ admission: Admission, line: any MessageLine,
        pacing: Pacing = Pacing()
    ) {
        self.server = server
        self.opening = opening
        self.admission = admission
        self.line = line
        self.pacing = pacing
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
                fields = session
                edited()
                try await line.send(["type": "session.updated"])
            case .set(let text): try change { (typed) throws(WireError) in typed.set(text) }
            case .append(let text): try change { (typed) throws(WireError) in typed.append(text) }
            case .edit(let start, let count, let text):
                try change { (typed) throws(WireError) in
                    try typed.edit(at: start, deleting: count, inserting: text)
                }
            case .create(let more): try await submit(more)
            case .cancel: answer?.cancel()
            }
        } catch { await tell(error) }
    }

    /// Ends everything that runs for the session.
    package func end() {
        isEnded = true
        pause?.cancel()
        computing?.task.cancel()
        answer?.cancel()
    }

    /// Lets the answer that is under way come to its end, and begins nothing more.
    package func drain() async {
        isEnded = true
        pause?.cancel()
        computing?.task.cancel()
        await answer?.value
    }

    private func tell(_ error: WireError) async {
        let body = error.body(.openAI, requestID: admission.id).objectValue?["error"] ?? .null
        try? await line.send(["type": "error", "error": body])
    }

    private func change(
        _ body: (inout TypedText) throws(WireError) -> Void
    ) throws(WireError) {
        var changed = typed
        try body(&changed)
        guard changed.count <= server.service.configuration.bodyLimit else {
            throw .bodyTooLarge(limit: server.service.configuration.bodyLimit)
        }
        typed = changed
        // It was given up, or sent in another way.
        if changed.count == 0 { computing?.task.cancel() }
        edited()
    }

    // MARK: Ahead of the request

    private func edited() {
        lastEdit = .now
        isChanged = true
        look(after: pacing.pause)
    }

    private func look(after time: Duration) {
        guard pause == nil, !isEnded else { return }
        let time = max(time, lookTime * 4)
        pause = Task { [weak self] in
            do { try await Task.sleep(for: time) } catch { return }
            await self?.look()
        }
    }

    /// Computes what is new of the prompt's stable beginning, if it is worth it.
    private func look() async {
        pause = nil
        guard isChanged, answer == nil, !isEnded else { return }
        let start = ContinuousClock.now
        defer { lookTime = start.duration(to: .now) }
        // A request that would be refused is refused when it is made.
        guard let model = try? server.service.model(), model.model != nil,
            let ahead = try? stableBeginning(on: model)
        else { return }
        if let computing {
            // What runs is let go on as long as it is of use.
            if !ahead.tokens.starts(with: computing.tokens) { computing.task.cancel() }
            return
        }
        let known = zip(computed, ahead.tokens).prefix { $0 == $1 }.count
        let fresh = ahead.tokens.count - known
        guard fresh > 0 else {
            isChanged = false
            return
        }
        if fresh < pacing.leastTokens, lastEdit.duration(to: .now) < pacing.quiet {
            return look(after: pacing.quiet)
        }
        isChanged = false
        let tokens = ahead.tokens
        let task = Task { [weak self, service = server.service, tenant = admission.tenant] in
            let cached = try? await service.prefill(
                tokens, own: ahead.own, tenant: tenant, on: model)
            await self?.note(tokens, cached: cached)
        }
        computing = Computing(tokens: tokens, task: task)
    }

    private func note(_ tokens: [Int32], cached: Int?) async {
        computing = nil
        if let cached {
            computed = tokens
            try? await line.send([
                "type": "session.prefilled", "tokens": .integer(tokens.count),
                "cached_tokens": .integer(cached),
            ])
        }
        if isChanged { look(after: pacing.pause) }
    }

    /// The tokens of the prompt that stay whatever is typed next, and whose they are. None where no request would find
    /// them.
    private func stableBeginning(
        on model: ServedModel
    ) throws(WireError) -> (tokens: [Int32], own: MartletFields) {
        // The last word may become another, and what the template writes after it comes later.
        let first = try request(typed.text + "x", on: model)
        guard model.model?.reusesPrompts == true, first.own.sharing != .nobody,
            first.own.solve == nil
        else { return ([], first.own) }
        let second = try request(typed.text + " x", on: model)
        let count = zip(first.prompt.tokens, second.prompt.tokens).prefix { $0 == $1 }.count
        return (Array(first.prompt.tokens.prefix(count)), first.own)
    }

    private func request(
        _ text: String, on model: ServedModel
    ) throws(WireError) -> AnswerRequest {
        let exchange = Exchange(
            opening, sink: SessionSink(line), id: admission.id, tenant: admission.tenant)
        return try ChatRequest(
            Fields(try body(text, JSONObject())), exchange, server.service, model
        ).answer
    }

    // MARK: The request

    /// The chat completion that the session asks for when this is typed.
    private func body(_ text: String, _ more: JSONObject) throws(WireError) -> JSONObject {
        var body = fields.adding(more)
        guard var messages = (body["messages"] ?? .array([])).arrayValue else {
            throw .field("session.messages", got: "no list", expected: "a list of messages")
        }
        if !text.isEmpty { messages.append(["role": "user", "content": .string(text)]) }
        body = body.setting("messages", to: .array(messages))
        return body.setting("stream", to: true)
    }

    private func submit(_ more: JSONObject) async throws(WireError) {
        guard !isEnded else {
            throw WireError(.unavailable, "the server is about to end.", code: "ending")
        }
        guard answer == nil else {
            throw .field(
                "type", got: "response.create while an answer is under way",
                expected: "the end of that answer, or response.cancel before")
        }
        let body = try body(typed.text, more)
        pause?.cancel()
        pause = nil
        // What it has computed stays. The answer waits for nothing that is not a part of its prompt.
        if let computing {
            computing.task.cancel()
            await computing.task.value
        }
        typed = TypedText()
        isChanged = false
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

    private func answered() {
        answer = nil
        if isChanged { look(after: pacing.pause) }
    }
}
