/// Where sessions are opened.

/// The endpoint of sessions, which speak WebSocket.
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
                    + "connection.", code: "upgrade_required")
        }
    ]

    /// Why a tenant cannot open a session; nil where it can.
    package static func refusal(of tenant: String, _ service: Service) -> WireError? {
        do throws(WireError) {
            let model = try service.model()
            _ = try model.generating()
        } catch { return error }
        guard service.sessions.hasRoom(tenant) else {
            return WireError(
                .rateLimited,
                "this key has \(service.configuration.sessionLimit) sessions open already; close one.",
                code: "sessions_full", retryAfter: 5)
        }
        return nil
    }
}
