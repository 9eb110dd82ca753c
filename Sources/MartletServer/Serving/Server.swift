/// From a request to its answer: who may ask, which endpoint answers, and what an error looks like.

import MartletJSON

/// A server without its sockets: requests go in, answers come out through a sink.
package struct Server: Sendable {
    /// What all requests share.
    package let service: Service
    private let keys: KeyRule
    private let origins: OriginRule
    private let pages: PageRule

    /// Serves with these settings; the model comes later.
    package init(_ service: Service) {
        self.service = service
        keys = KeyRule(service.configuration)
        origins = OriginRule(service.configuration)
        pages = PageRule(service.configuration)
        service.batches.attach(ServiceBatchWorker(service))
    }

    /// Judges a request by its head: where it leads, who asks, from which page, how much is to come. What is refused here need
    /// not be read to its end. A request is judged once, as it counts for its key's rate.
    package func admit(_ request: ServerRequest) -> Admission {
        let id = "req_" + Identifier.random()
        let (tenant, refusal) = keys.tenant(of: request)
        var admission = Admission(
            id: id, tenant: tenant, shape: shape(of: request),
            headers: [("x-request-id", id)] + origins.headers(for: request))
        do throws(WireError) {
            if let refusal = pages.refusal(of: request) { throw refusal }
            // Who only asks what is allowed runs nothing.
            if request.method == "OPTIONS" { return admission }
            let endpoint = try endpoint(of: request)
            admission.shape = shape(of: endpoint)
            if !endpoint.isPublic {
                if let refusal { throw refusal }
                if let seconds = service.rates.wait(tenant) {
                    throw WireError(
                        .rateLimited,
                        "this key has asked more than \(service.configuration.requestsPerMinute ?? 0) "
                            + "times in a minute; come again in \(seconds) seconds.",
                        code: "rate_limit_exceeded", retryAfter: seconds)
                }
            }
            let limit = service.configuration.bodyLimit
            if let length = request.header("content-length").flatMap({ Int($0) }), length > limit {
                throw .bodyTooLarge(limit: limit)
            }
            admission.parameters = endpoint.match(request.path) ?? [:]
            admission.verdict = .answered(endpoint)
        } catch { admission.verdict = .refused(error) }
        return admission
    }

    /// Judges a request and answers it. Errors become answers too; nothing is thrown.
    package func respond(to request: ServerRequest, through sink: some ResponseSink) async {
        await respond(to: request, admit(request), through: sink)
    }

    /// Answers a request that was judged. Errors become answers too; nothing is thrown.
    package func respond(
        to request: ServerRequest, _ admission: Admission, through sink: some ResponseSink
    ) async {
        let exchange = Exchange(
            request, sink: sink, id: admission.id, tenant: admission.tenant,
            parameters: admission.parameters, headers: admission.headers)
        do throws(WireError) {
            switch admission.verdict {
            case .refused(let error): throw error
            case .preflight:
                try await exchange.reply(
                    [], contentType: "text/plain",
                    status: service.configuration.isLlamaCompatible ? 200 : 204)
            case .answered(let endpoint):
                if request.isTooLarge {
                    throw .bodyTooLarge(limit: service.configuration.bodyLimit)
                }
                try await endpoint.handle(exchange, service)
            }
        } catch {
            await answer(error, exchange, admission.shape)
        }
        exchange.end()
        service.counters.note(status: exchange.status ?? 499)
    }

    /// Sends an error: as an answer, or as the last event of a stream that has begun.
    private func answer(_ error: WireError, _ exchange: Exchange, _ shape: WireShape) async {
        guard error.kind != .clientGone else { return }
        let body = error.body(shape, requestID: exchange.id)
        if exchange.status != nil {
            let event =
                shape == .ollama
                ? body.serialized() + [0x0A]
                : Array((shape == .anthropic ? "event: error\n" : "").utf8) + Array("data: ".utf8)
                    + body.serialized() + Array("\n\n".utf8)
            try? await exchange.write(event)
            return
        }
        if let seconds = error.retryAfter { exchange.add(header: "retry-after", "\(seconds)") }
        if error.kind == .authentication {
            exchange.add(header: "www-authenticate", "Bearer")
        }
        if error.kind == .methodNotAllowed {
            exchange.add(
                header: "allow", methods(at: exchange.request.path).joined(separator: ", "))
        }
        try? await exchange.reply(body, status: error.kind.status)
    }

    // MARK: Paths

    private func methods(at path: String) -> [String] {
        EndpointTable.all.filter { $0.match(path) != nil }.map(\.method)
    }

    private func endpoint(of request: ServerRequest) throws(WireError) -> Endpoint {
        // A request for a head is one for what has the head.
        let method = request.method == "HEAD" ? "GET" : request.method
        let found = EndpointTable.all.filter { $0.match(request.path) != nil }
        if let endpoint = found.first(where: { $0.method == method }) {
            guard request.path != "/" || service.configuration.servesPage else {
                throw WireError(.notFound, "There is nothing at /.", code: "not_found")
            }
            return endpoint
        }
        if method == "GET", service.configuration.servesPage,
            let file = PageEndpoints.endpoint(at: request.path)
        {
            return file
        }
        guard found.isEmpty else {
            throw WireError(
                .methodNotAllowed,
                "\(request.path) takes \(found.map(\.method).joined(separator: ", ")), not "
                    + "\(request.method.prefix(20)).", code: "method_not_allowed")
        }
        throw WireError(
            .notFound,
            "There is nothing at \(request.path.prefix(200)); GET /openapi.json lists what is there.",
            code: "not_found")
    }

    private func shape(of endpoint: Endpoint) -> WireShape {
        endpoint.shape == .openAI && service.configuration.isLlamaCompatible
            ? .llamaCpp : endpoint.shape
    }

    /// The shape of errors at a path that may not be there.
    private func shape(of request: ServerRequest) -> WireShape {
        if let endpoint = EndpointTable.all.first(where: { $0.match(request.path) != nil }) {
            return shape(of: endpoint)
        }
        return request.path.hasPrefix("/api/")
            ? .ollama : service.configuration.isLlamaCompatible ? .llamaCpp : .openAI
    }
}

extension WireError {
    /// A body that is not read to its end.
    package static func bodyTooLarge(limit: Int) -> WireError {
        WireError(
            .tooLarge,
            "the body is larger than \(limit) bytes, which is the most that this server reads; send less, or "
                + "raise --body-limit.", code: "request_too_large")
    }
}
