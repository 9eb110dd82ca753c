/// HTTP by the system's URLSession.
///
/// What it does beside a request is switched off: it follows no redirect, keeps no cookies, credentials or answers.
/// One answer it cannot survive on Linux: a redirect whose address has no scheme and a host that cannot be written (`//%5B/x`). There
/// Foundation makes the redirect's request before it tells anybody of the answer, and traps where it cannot; no delegate, setting or
/// kind of task comes before that or leaves it out. Whoever serves such an answer ends the pull, and nothing that has arrived is lost.
/// On Linux it hands a body on without waiting for who takes it, so that large files are asked for in parts.

import Foundation
package import MartletHub

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Sends requests through URLSession.
package final class URLSessionClient: HTTPClient {
    private let session: URLSession
    private let exchanges = Exchanges()
    private let watch = DispatchQueue(label: "martlet-watch")

    /// A client.
    ///
    /// - Parameter connections: how many requests it makes to one host at once.
    package init(connections: Int = 16) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.httpMaximumConnectionsPerHost = connections
        configuration.timeoutIntervalForResource = Self.never
        session = URLSession(
            configuration: configuration, delegate: exchanges, delegateQueue: exchanges.queue)
    }

    deinit { session.invalidateAndCancel() }

    /// URLSession's own timeouts are out of the way: on Linux one that strikes while a redirect is decided ends the process.
    private static let never: Double = 60 * 60 * 24 * 20

    /// Sends a request.
    package func send(
        _ request: HTTPRequest, to receiver: any HTTPReceiver
    ) async throws(HTTPFailure) -> HTTPHead {
        guard let url = URL(string: request.url), url.host != nil else {
            throw .invalid("an address that cannot be read")
        }
        var outgoing = URLRequest(url: url)
        outgoing.httpMethod = request.method
        outgoing.timeoutInterval = Self.never
        for (name, value) in request.headers { outgoing.setValue(value, forHTTPHeaderField: name) }
        if !request.body.isEmpty { outgoing.httpBody = Data(request.body) }
        let task = session.dataTask(with: outgoing)
        let exchange = Exchange(task, receiver, timeout: request.timeout)
        exchanges.add(exchange)
        let result: Result<HTTPHead, HTTPFailure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                exchange.begin { continuation.resume(returning: $0) }
                look(at: exchange, in: request.timeout)
            }
        } onCancel: {
            exchange.cancel()
        }
        exchanges.remove(exchange)
        return try result.get()
    }

    /// Ends a request of which nothing has come for too long.
    private func look(at exchange: Exchange, in seconds: Double) {
        watch.asyncAfter(deadline: .now() + seconds) { [weak self, weak exchange] in
            guard let self, let exchange else { return }
            // What waits to be taken has arrived.
            if exchanges.queue.operationCount > 0 { exchange.touch() }
            if let rest = exchange.restOfPatience() { look(at: exchange, in: max(rest, 0.005)) }
        }
    }
}
