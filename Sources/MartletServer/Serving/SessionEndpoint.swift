/// Where sessions are opened: over WebSocket, or by name.

import MartletJSON

/// The endpoints of sessions.
package enum SessionEndpoint {
    /// The path.
    package static let path = "/v1/sessions"

    static let endpoints: [Endpoint] = [
        Endpoint(
            "GET", path, shape: .openAI,
            summary: "Opens a session over WebSocket, which computes a prompt while it is typed."
        ) { (exchange, service) async throws(WireError) in
            if let refusal = refusal(of: exchange.tenant, service) { throw refusal }
            exchange.add(header: "upgrade", "websocket")
            throw WireError(
                .upgradeRequired,
                "\(path) speaks WebSocket: ask with 'Upgrade: websocket', version 13, as the first request of a "
                    + "connection; or POST for a session by name.", code: "upgrade_required")
        },
        Endpoint(
            "POST", path, shape: .openAI,
            summary: "Opens a session by name, which computes a prompt while it is typed.",
            fields: fields, handle: open),
        Endpoint(
            "POST", path + "/{id}", shape: .openAI,
            summary: "Tells a session what is typed by now.", fields: fields
        ) { (exchange, service) async throws(WireError) in
            let id = exchange.parameters["id"] ?? ""
            guard let session = service.named.find(id, of: exchange.tenant) as? PromptAhead else {
                throw .unknownSession(id)
            }
            let told = try Told(exchange)
            exchange.note(ignored: told.unread)
            try await told.tell(session)
            try await exchange.reply(await description(session, id))
        },
        Endpoint(
            "DELETE", path + "/{id}", shape: .openAI, summary: "Ends a session."
        ) { (exchange, service) async throws(WireError) in
            let id = exchange.parameters["id"] ?? ""
            guard await service.named.remove(id, of: exchange.tenant) else {
                throw .unknownSession(id)
            }
            try await exchange.reply(["id": .string(id), "object": "session", "deleted": true])
        },
    ]

    private static let fields = [
        "session": "The fields of the chat completions to come; messages has what was said before.",
        "text": "What is typed: the next message of the user.",
    ]

    /// What a request tells a session.
    private struct Told {
        let session: JSONObject?
        let text: String?
        let unread: [String]

        init(_ exchange: Exchange) throws(WireError) {
            let fields = try Fields(body: exchange.request.body)
            session = try fields.whole("session")
            text = try fields.string("text")
            unread = fields.unread
        }

        func tell(_ ahead: PromptAhead) async throws(WireError) {
            if let session { await ahead.update(session) }
            guard let text else { return }
            try await ahead.change { (typed) throws(WireError) in typed.set(text) }
        }
    }

    @Sendable private static func open(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        if let refusal = refusal(of: exchange.tenant, service) { throw refusal }
        let told = try Told(exchange)
        exchange.note(ignored: told.unread)
        let id = "sess_" + Identifier.random()
        let session = PromptAhead(
            service, opening: ServerRequest("POST", path, headers: exchange.request.headers),
            id: exchange.id, tenant: exchange.tenant)
        try await told.tell(session)
        guard service.named.add(session, id, of: exchange.tenant) else {
            await session.end()
            throw full(service)
        }
        try await exchange.reply(await description(session, id))
    }

    private static func description(_ session: PromptAhead, _ id: String) async -> JSONValue {
        let prefilled = await session.prefilled
        return [
            "id": .string(id), "object": "session", "tokens": .integer(prefilled.tokens),
            "cached_tokens": .integer(prefilled.cached),
        ]
    }

    /// Why a tenant cannot open a session; nil where it can.
    package static func refusal(of tenant: String, _ service: Service) -> WireError? {
        do throws(WireError) {
            // Of several models each session names its own.
            _ = try service.fleet().only?.generating()
        } catch { return error }
        return service.sessions.hasRoom(tenant) ? nil : full(service)
    }

    private static func full(_ service: Service) -> WireError {
        WireError(
            .rateLimited,
            "this key has \(service.configuration.sessionLimit) sessions open already; close one.",
            code: "sessions_full", retryAfter: 5)
    }
}

extension WireError {
    /// No session of the tenant's has this name.
    fileprivate static func unknownSession(_ id: String) -> WireError {
        WireError(
            .notFound,
            "There is no session \(id.prefix(100)): it was ended, or not told anything for two minutes; open another.",
            code: "session_not_found")
    }
}
