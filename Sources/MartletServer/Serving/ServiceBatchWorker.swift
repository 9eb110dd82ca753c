/// Runs requests of batches through the handlers of the table of endpoints.

import Martlet
package import MartletEngine
import MartletJSON
import Synchronization

/// Answers requests of batches by what a service answers with. It keeps no service alive.
package struct ServiceBatchWorker: BatchWorker {
    private weak let service: Service?

    /// Answers by a service.
    package init(_ service: Service) { self.service = service }

    /// Whatever makes other answers of the same requests, but for seeds that nobody chose.
    package var context: String {
        guard let service, let fleet = try? service.fleet() else { return "" }
        let settings = service.configuration
        let shared = [
            "\(settings.contextLength ?? 0)", "\(settings.maximumTokens ?? 0)",
            "\(settings.temperature ?? -1)", settings.seed.map { "\($0)" } ?? "",
            settings.thinks.map { "\($0)" } ?? "", settings.chatTemplate ?? "",
            "\(settings.allowsLossyForms)",
        ]
        // Of several models each is named by its requests.
        guard let model = fleet.only else {
            return
                (shared
                + fleet.entries.flatMap { [$0.names.joined(separator: "\t"), $0.identity()] })
                .joined(separator: "\n")
        }
        let own = [
            model.id, model.model?.identity ?? "", model.model?.cacheStorage ?? "",
            model.embedding?.identity ?? "", model.template, "\(model.contextLength)",
        ]
        return (shared + own).joined(separator: "\n")
    }

    /// Tokens of an answer where nothing is known of it.
    private static let usualAnswer = 256
    /// The code of a model that has no room however long one waits.
    private static let neverFits = "model_too_large"

    private var model: ServedModel? { try? service?.model() }

    package func cacheTokens() async -> Int? { await model?.model?.cacheTokens() }

    package var reusesPrompts: Bool { model?.model?.reusesPrompts ?? false }

    package func prompts(
        of request: BatchRequest, for tenant: String
    ) -> [PromptTree.Prompt] {
        guard let service, let endpoint = Self.endpoint(request) else { return [] }
        let exchange = Exchange(
            Self.request(request), sink: BatchAnswer(), id: "", tenant: tenant)
        // What is wrong with a request is said when it has its turn.
        guard let asked = try? endpoint.asks?(exchange, service) else { return [] }
        return asked.map { answer in
            let own = answer.own
            // Who shares with nobody has nothing in common with others.
            let namespace =
                own.sharing == .nobody
                ? request.customID.debugDescription
                : [own.salt, own.adapter ?? "", own.form?.id ?? ""].debugDescription
            return PromptTree.Prompt(
                tokens: answer.prompt.tokens, namespace: namespace,
                answerTokens: answer.chainCount
                    * min(answer.options.maximumTokens ?? Self.usualAnswer, Self.usualAnswer))
        }
    }

    package func answer(
        _ request: BatchRequest, for tenant: String, started: @escaping @Sendable () -> Void
    ) async throws(BatchInterruption) -> BatchResult {
        guard let service, let endpoint = Self.endpoint(request) else { throw .ended }
        let sink = BatchAnswer()
        let id = "req_" + Identifier.random()
        let exchange = Exchange(
            Self.request(request), sink: sink, id: id, tenant: tenant,
            background: BackgroundObserver(
                promptIsComputed: started, answerHasEnded: { sink.add($0) }))
        defer { exchange.end() }
        func failed(_ error: WireError) -> BatchResult {
            BatchResult(
                request, status: error.kind.status, requestID: id,
                body: error.body(endpoint.shape, requestID: id), usage: AnswerUsage())
        }
        do throws(WireError) {
            try await endpoint.handle(exchange, service)
        } catch {
            switch error.kind {
            case .clientGone: throw .ended
            case .unavailable where error.code == Self.neverFits:
                return failed(error)
            case .unavailable, .rateLimited:
                // A server that is about to end answers nothing later.
                guard case .ready = service.current else { throw .ended }
                throw .later(seconds: error.retryAfter ?? 1)
            default: return failed(error)
            }
        }
        guard !Task.isCancelled, let body = sink.json else { throw .ended }
        return BatchResult(
            request, status: exchange.status ?? 200, requestID: id, body: body, usage: sink.usage)
    }

    private static func endpoint(_ request: BatchRequest) -> Endpoint? {
        EndpointTable.all.first { $0.asks != nil && $0.path == request.url }
    }

    private static func request(_ request: BatchRequest) -> ServerRequest {
        ServerRequest("POST", request.url, body: request.body)
    }
}

/// An answer that nobody waits for.
private final class BatchAnswer: ResponseSink {
    private let state = Mutex((bytes: [UInt8](), usage: AnswerUsage()))

    func begin(status: Int, headers: [(name: String, value: String)]) async throws(WireError) {}

    func write(_ bytes: [UInt8]) async throws(WireError) {
        state.withLock { $0.bytes += bytes }
    }

    func add(_ usage: AnswerUsage) { state.withLock { $0.usage += usage } }

    var usage: AnswerUsage { state.withLock { $0.usage } }

    var json: JSONValue? {
        try? JSONValue.parse(
            state.withLock { $0.bytes }, file: "the answer", maximumValues: .max)
    }
}
