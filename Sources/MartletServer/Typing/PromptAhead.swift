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
package import MartletJSON

/// What somebody is typing, and as much of its prompt as is computed.
package actor PromptAhead {
    /// When the prompt is looked at again.
    package struct Pacing: Sendable {
        /// After an edit; further ones within this time are looked at together.
        package var pause = Duration.milliseconds(150)
        /// With fewer new tokens than are worth a step of their own: when nobody has typed for so long.
        package var quiet = Duration.milliseconds(600)
        /// Tokens that are worth a step while somebody types.
        package var leastTokens = 8
        /// How long a model stays in memory for a text that nobody edits: as long as a connection may stand still in the middle
        /// of a request.
        package var hold = Duration.seconds(30)

        /// The default pace.
        package init() {}
    }

    private struct Computing {
        let tokens: [Int32]
        let task: Task<Void, Never>
    }

    /// A model in memory, and the name that it was asked for by.
    private struct Held {
        let name: String?
        let model: ServedModel
        let hold: ModelHold
    }

    private let service: Service
    /// What the requests are sent with that ask for the prompt.
    private let opening: ServerRequest
    private let id: String
    private let tenant: String
    private let pacing: Pacing
    private let tell: @Sendable (_ tokens: Int, _ cached: Int) async -> Void
    private var fields = JSONObject()
    private var typed = TypedText()
    private var lastEdit = ContinuousClock.now
    /// What the last look at the prompt took: making its tokens is work too.
    private var lookTime = Duration.zero
    /// Whether something was edited that was not looked at.
    private var isChanged = false
    /// Whether the text was sent, and its answer is under way.
    private var isAnswering = false
    private var isEnded = false
    private var pause: Task<Void, Never>?
    private var held: Held?
    private var fetching: Task<Void, Never>?
    private var release: Task<Void, Never>?
    private var computing: Computing?
    private var computed: [Int32] = []
    /// Of how many tokens the beginning is that was computed last, and how many of them were there before.
    package private(set) var prefilled = (tokens: 0, cached: 0)
    /// Whose cache that is in.
    private weak var computedOn: CacheShares?

    /// Nothing typed yet.
    ///
    /// - Parameters:
    ///   - opening: a request with the headers of those that ask for the prompt.
    ///   - tell: hears of how many tokens the computed beginning is, and how many of them were there before.
    package init(
        _ service: Service, opening: ServerRequest, id: String, tenant: String,
        pacing: Pacing = Pacing(),
        tell: @escaping @Sendable (_ tokens: Int, _ cached: Int) async -> Void = { _, _ in }
    ) {
        self.service = service
        self.opening = opening
        self.id = id
        self.tenant = tenant
        self.pacing = pacing
        self.tell = tell
    }

    // MARK: What is typed

    /// Takes the fields of the requests to come, without what is being typed.
    package func update(_ session: JSONObject) {
        fields = session
        if let held, held.name != modelName { letGo() }
        edited()
    }

    /// Changes the text. Throws what the change throws, and `tooLarge`.
    func change(_ body: @Sendable (inout TypedText) throws(WireError) -> Void) throws(WireError) {
        var changed = typed
        try body(&changed)
        guard changed.count <= service.configuration.bodyLimit else {
            throw .bodyTooLarge(limit: service.configuration.bodyLimit)
        }
        typed = changed
        // It was given up, or sent in another way.
        if changed.count == 0 { computing?.task.cancel() }
        edited()
    }

    /// The chat completion that asks for what is typed. The text is empty after, and nothing is computed ahead until
    /// ``answered()``. Throws where the fields make none.
    func submit(_ more: JSONObject) async throws(WireError) -> JSONObject {
        let body = try body(typed.text, more)
        isAnswering = true
        await sent()
        return body
    }

    /// What is typed was sent. The text is empty after.
    package func sent() async {
        pause?.cancel()
        pause = nil
        typed = TypedText()
        isChanged = false
        // What it has computed stays. The answer waits for nothing that is not a part of its prompt.
        if let computing {
            computing.task.cancel()
            await computing.task.value
        }
    }

    /// The answer to what was submitted has come.
    func answered() {
        isAnswering = false
        if isChanged { look(after: pacing.pause) }
    }

    /// Computes nothing more.
    package func end() {
        isEnded = true
        pause?.cancel()
        fetching?.cancel()
        computing?.task.cancel()
        letGo()
    }

    // MARK: Its model

    /// The model that the requests name; nil for the server's first.
    private var modelName: String? { fields["model"]?.stringValue }

    /// Asks for the model, after all that ask for an answer, and looks at the prompt when it is there.
    private func fetch() {
        guard fetching == nil else { return }
        let name = modelName
        fetching = Task { [weak self, service] in
            let found = try? await service.held(name)
            await self?.fetched(found.map { Held(name: name, model: $0.model, hold: $0.hold) })
        }
    }

    private func fetched(_ found: Held?) {
        fetching = nil
        // A request that would be refused is refused when it is made.
        guard let found, !isEnded else { return }
        guard found.name == modelName else { return look() }
        // What was computed on another, or before it was put away, is computed no longer.
        if computedOn !== found.model.shares { computed = [] }
        computedOn = found.model.shares
        held = found
        letGo(after: pacing.hold)
        look()
    }

    private func letGo() {
        release?.cancel()
        (held, release) = (nil, nil)
    }

    /// Lets go of the model when nobody has typed for so long: others may need its bytes.
    private func letGo(after time: Duration) {
        release?.cancel()
        release = Task { [weak self] in
            do { try await Task.sleep(for: time) } catch { return }
            await self?.letGoIfIdle()
        }
    }

    private func letGoIfIdle() {
        let left = pacing.hold - lastEdit.duration(to: .now)
        guard left <= .zero, computing == nil else {
            return letGo(after: max(left, pacing.quiet))
        }
        letGo()
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
            await self?.lookNow()
        }
    }

    private func lookNow() {
        pause = nil
        look()
    }

    /// Computes what is new of the prompt's stable beginning, if it is worth it.
    private func look() {
        guard isChanged, !isAnswering, !isEnded else { return }
        guard let held else { return fetch() }
        let model = held.model
        let start = ContinuousClock.now
        defer { lookTime = start.duration(to: .now) }
        // A request that would be refused is refused when it is made.
        guard model.model != nil, let ahead = try? stableBeginning(on: model) else { return }
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
        let task = Task { [weak self, service, tenant] in
            let cached = try? await service.prefill(
                tokens, own: ahead.own, tenant: tenant, on: model)
            // The model stays as long as something is computed on it, whatever is let go of meanwhile.
            withExtendedLifetime(held) {}
            await self?.note(tokens, cached: cached)
        }
        computing = Computing(tokens: tokens, task: task)
    }

    private func note(_ tokens: [Int32], cached: Int?) async {
        computing = nil
        if let cached {
            computed = tokens
            prefilled = (tokens.count, cached)
            await tell(tokens.count, cached)
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
        let exchange = Exchange(opening, sink: NoAnswer(), id: id, tenant: tenant)
        return try ChatRequest(
            Fields(try body(text, JSONObject())), exchange, service, model
        ).answer
    }

    /// The chat completion that is asked for when this is typed.
    private func body(_ text: String, _ more: JSONObject) throws(WireError) -> JSONObject {
        var body = fields.adding(more)
        guard var messages = (body["messages"] ?? .array([])).arrayValue else {
            throw .field("session.messages", got: "no list", expected: "a list of messages")
        }
        if !text.isEmpty { messages.append(["role": "user", "content": .string(text)]) }
        body = body.setting("messages", to: .array(messages))
        return body.setting("stream", to: true)
    }
}

extension PromptAhead: NamedSession {}

/// The way back of a request that is read and never answered.
private struct NoAnswer: ResponseSink {
    func begin(status: Int, headers: [(name: String, value: String)]) async throws(WireError) {}
    func write(_ bytes: [UInt8]) async throws(WireError) {}
}
