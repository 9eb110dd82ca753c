/// What all requests share: settings, the models, what was counted.

import Foundation
package import Martlet
import MartletJSON
import Synchronization

/// The state of a server without its sockets.
package final class Service: Sendable {
    /// Where a server is in its life.
    package enum Phase: Sendable {
        /// The model is being loaded.
        case loading
        /// Requests are answered.
        case ready(ModelFleet)
        /// The model could not be loaded.
        case failed(MartletError)
        /// What is under way ends, and nothing new begins.
        case ending(ModelFleet?)
    }

    /// The settings.
    package let configuration: ServerConfiguration
    /// What was counted.
    let counters = ServiceCounters()
    /// How long those wait who wait for answers.
    let latencies = ServiceLatencies()
    /// Responses that may be asked for again.
    let responses = StoredResponses()
    /// Files that clients sent and batches wrote.
    let files: FileStore
    /// Requests that nobody waits for.
    let batches: BatchQueue
    /// How many sessions each key has open.
    let sessions: SessionCount
    /// Those of them that requests name.
    let named: NamedSessions
    /// How often each key asked.
    let rates: RequestRates
    private let phase = Mutex(Phase.loading)
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    /// When it was made, in seconds since 1970.
    let created = Int(Date().timeIntervalSince1970)

    /// A server whose model is yet to come.
    package init(_ configuration: ServerConfiguration, files: FileStore = FileStore()) {
        self.configuration = configuration
        self.files = files
        batches = BatchQueue(files)
        sessions = SessionCount(limit: configuration.sessionLimit)
        named = NamedSessions(sessions, idle: configuration.sessionIdle)
        rates = RequestRates(perMinute: configuration.requestsPerMinute)
        start = clock.now
    }

    /// Where it is in its life.
    package var current: Phase { phase.withLock { $0 } }

    /// The time since it was made.
    var uptime: Duration { start.duration(to: clock.now) }

    /// Begins to answer with one model, which any name means.
    package func begin(with model: ServedModel) { begin(with: ModelFleet(model)) }

    /// Begins to answer with models that come and go.
    package func begin(with fleet: ModelFleet) {
        phase.withLock { phase in
            if case .ending = phase { return }
            phase = .ready(fleet)
        }
        batches.open()
    }

    /// Tells whoever asks that the model could not be loaded.
    package func fail(_ error: MartletError) { phase.withLock { $0 = .failed(error) } }

    /// Begins no further answers.
    package func end() {
        phase.withLock { phase in
            if case .ready(let fleet) = phase {
                phase = .ending(fleet)
            } else {
                phase = .ending(nil)
            }
        }
        batches.close()
        named.endAll()
    }

    /// The model of a server of one. Throws `notSupported` where there are several, `unavailable` while there is none.
    func model() throws(WireError) -> ServedModel {
        guard let only = try fleet().only else {
            throw WireError(
                .notSupported, "this is not done on a server of several models; serve one alone.")
        }
        return only
    }

    /// Whether sessions can be opened over connections: somebody listens, and there is a model that they can compute with.
    var hasSessions: Bool {
        guard sessions.isListening, let fleet = try? fleet() else { return false }
        return fleet.only.map { $0.model != nil } ?? true
    }

    /// A model by its name for what asks for no answer yet: it comes after all that somebody waits for. Throws as
    /// ``model(named:for:forVectors:timeLeft:)`` does.
    func held(_ name: String?) async throws(WireError) -> (model: ServedModel, hold: ModelHold) {
        try await fleet().use(name, isBackground: true, patience: configuration.roomPatience)
    }

    /// A model by its name, in memory until the exchange has ended. Throws `notFound`, and `unavailable` where it cannot be
    /// loaded now.
    ///
    /// - Parameter timeLeft: what the answer may still take; nil for any time.
    func model(
        named name: String?, for exchange: Exchange, forVectors: Bool = false,
        timeLeft: Duration? = nil
    ) async throws(WireError) -> ServedModel {
        let fleet = try fleet()
        if let only = fleet.only { return only }
        let (model, hold) = try await fleet.use(
            name, forVectors: forVectors, isBackground: exchange.background != nil,
            patience: configuration.roomPatience, timeLeft: timeLeft)
        exchange.keep(hold)
        exchange.note(loading: hold.loadTime)
        return model
    }

    /// The fields of a request's body, and the model that they name.
    func open(
        _ exchange: Exchange, forVectors: Bool = false
    ) async throws(WireError) -> (model: ServedModel, fields: Fields) {
        _ = try fleet()
        let fields = try Fields(body: exchange.request.body)
        let name = fields.object["model"]?.stringValue
        let model = try await model(
            named: name, for: exchange, forVectors: forVectors,
            timeLeft: MartletFields.timeLeft(of: fields))
        return (model, fields)
    }

    /// All models. Throws `unavailable` before they can be asked.
    func fleet() throws(WireError) -> ModelFleet {
        switch current {
        case .ready(let fleet): return fleet
        case .loading:
            throw WireError(
                .unavailable, "Loading model", code: "loading",
                details: .init(present: ["status": "loading model"]), retryAfter: 2)
        case .failed(let error):
            throw WireError(.failure, "the model could not be loaded: \(error.message)")
        case .ending:
            throw WireError(
                .unavailable, "the server is about to end; send the request to another one.",
                code: "ending", retryAfter: 5)
        }
    }

    /// Answers under way or waiting.
    package var openAnswers: Int { counters.now.open }

    /// Runs an answer among those that are under way. Throws `rateLimited` when there are too many; what runs in the
    /// background takes nobody's place.
    func admitted<Result: Sendable>(
        _ exchange: Exchange, _ body: () async throws(WireError) -> Result
    ) async throws(WireError) -> Result {
        guard exchange.background == nil else { return try await body() }
        return try await counted(body)
    }

    /// Runs something among the answers that are under way. Throws `rateLimited` when there are too many.
    func counted<Result: Sendable>(
        _ body: () async throws(WireError) -> Result
    ) async throws(WireError) -> Result {
        guard counters.enter(limit: configuration.queueLimit) else {
            throw WireError(
                .rateLimited,
                "\(configuration.queueLimit) answers are under way or wait already; come again later.",
                code: "queue_full", retryAfter: 1)
        }
        defer { counters.leave() }
        return try await body()
    }
}
