/// How a question is sent: again when it may help, along redirects, with the token for the hub alone.

import MartletFormats

extension HubClient {
    func retrying<Answer>(
        _ body: () async throws(HubError) -> Answer
    ) async throws(HubError) -> Answer {
        var attempts = 1
        while true {
            do throws(HubError) { return try await body() } catch {
                guard attempts < retry.questions, retry.allows(error) else { throw error }
                try await pause(retry.delay(after: attempts, error), before: error)
                attempts += 1
            }
        }
    }

    /// Waits before another attempt.
    func pause(_ seconds: Double, before error: HubError) async throws(HubError) {
        willRetry(error, seconds)
        do { try await Task.sleep(for: .seconds(seconds)) } catch { throw .cancelled }
    }

    // MARK: Requests

    /// Sends a request and follows redirects: those of a `HEAD` within the hub only, since another's address is
    /// what was asked for. The token goes to the hub alone.
    func send(
        _ method: String, _ url: String, _ timeout: Double, _ receiver: any HTTPReceiver,
        headers: [(name: String, value: String)] = []
    ) async throws(HubError) -> (head: HTTPHead, last: String) {
        var address = url
        for _ in 0..<6 {
            let origin = Origin(address)
            var all =
                headers + [
                    ("Accept-Encoding", "identity"), ("User-Agent", "martlet"),
                ]
            if let token = settings.token, origin == home {
                all.append(("Authorization", "Bearer \(token)"))
            }
            let request = HTTPRequest(
                method: method, url: address, headers: all, timeout: timeout)
            let head: HTTPHead
            do throws(HTTPFailure) { head = try await http.send(request, to: receiver) } catch {
                throw Self.failure(error, address)
            }
            guard let redirect = head.redirect else { return (head, address) }
            guard let next = Address.resolve(redirect, from: address) else {
                return (head, address)
            }
            if method == "HEAD", Origin(next) != origin { return (head, address) }
            guard origin?.scheme != "https" || Origin(next)?.scheme == "https" else {
                throw .badAnswer(
                    url: Address.shown(address), got: "a redirect to plain HTTP", expected: "HTTPS")
            }
            address = next
        }
        throw .badAnswer(
            url: Address.shown(url), got: "redirects without an end", expected: "an answer")
    }

    private static func failure(_ failure: HTTPFailure, _ url: String) -> HubError {
        let url = Address.shown(url)
        switch failure {
        case .connection, .cut, .stalled: return .unreachable(url: url, reason: failure.reason)
        case .invalid(let reason):
            return .badAnswer(url: url, got: excerpt(reason), expected: "HTTP")
        case .refused(let error):
            return error as? HubError
                ?? .badAnswer(url: url, got: "\(error)", expected: "an answer")
        case .cancelled: return .cancelled
        }
    }

    /// What a status means.
    func failure(
        _ head: HTTPHead, _ body: [UInt8], _ url: String, _ repository: RepositoryName,
        _ path: String?
    ) -> HubError {
        let shown = Address.shown(url)
        let code = head.value("X-Error-Code")
        let message = head.value("X-Error-Message") ?? HubAnswer.refusal(body)
        let name = "\(repository)"
        let hasToken = settings.token != nil
        switch (head.status, code) {
        case (_, "RevisionNotFound"):
            return .revisionNotFound(repository: name, revision: "", known: [])
        case (_, "EntryNotFound"):
            return .fileNotFound(repository: name, path: path ?? "", near: [])
        case (_, "GatedRepo"):
            return .gated(
                repository: name, page: "\(settings.endpoint)/\(repository)", hasToken: hasToken)
        case (_, "RepoNotFound"), (401, _):
            return .repositoryNotFound(
                repository: name, endpoint: settings.endpoint, hasToken: hasToken)
        case (404, _):
            return path.map { .fileNotFound(repository: name, path: $0, near: []) }
                ?? .repositoryNotFound(
                    repository: name, endpoint: settings.endpoint, hasToken: hasToken)
        case (429, _):
            return .rateLimited(
                url: shown,
                seconds: head.value("Retry-After").flatMap(Int.init).map { max(0, $0) } ?? 1)
        case (408, _), (500...599, _):
            return .unreachable(url: shown, reason: "the hub answers with status \(head.status)")
        default: return .refused(url: shown, status: head.status, message: message)
        }
    }
}
