/// What the hub needs of HTTP, so that nothing here depends on who speaks it.

/// A request.
package struct HTTPRequest: Sendable {
    /// `GET`, `HEAD` or `POST`.
    package var method: String
    /// The address.
    package var url: String
    /// Names and values.
    package var headers: [(name: String, value: String)]
    /// What is sent with it; empty for nothing.
    package var body: [UInt8]
    /// Seconds without a byte after which the request fails.
    package var timeout: Double

    /// Describes a request.
    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = [], timeout: Double
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// The status and headers of an answer.
package struct HTTPHead: Sendable {
    /// The status.
    package let status: Int
    private let headers: [String: String]

    /// Describes an answer. Names are compared without their case.
    package init(status: Int, headers: [(name: String, value: String)]) {
        self.status = status
        self.headers = headers.reduce(into: [:]) { $0[$1.name.lowercased()] = $1.value }
    }

    /// The value of a header; nil when the answer has no such header, or an empty one.
    package func value(_ name: String) -> String? {
        headers[name.lowercased()].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The address of a redirect, as it is written.
    package var redirect: String? {
        [301, 302, 303, 307, 308].contains(status) ? value("Location") : nil
    }
}

/// Takes an answer as it arrives, one call after the other. What it throws ends the request.
package protocol HTTPReceiver: AnyObject, Sendable {
    /// Takes the status and headers.
    func begin(_ head: HTTPHead) throws
    /// Takes a part of the body, decoded.
    func receive(_ bytes: UnsafeRawBufferPointer) throws
}

/// Why there is no answer, or not all of one.
package enum HTTPFailure: Error {
    /// Nobody answered.
    case connection(String)
    /// The answer broke off.
    case cut(String)
    /// Nothing arrived for this many seconds.
    case stalled(Double)
    /// What arrived is not HTTP, or the address is none.
    case invalid(String)
    /// The receiver did not want it.
    case refused(any Error)
    /// The task was cancelled.
    case cancelled
}

extension HTTPFailure {
    /// The same in words, for the end of a sentence.
    package var reason: String {
        switch self {
        case .connection(let reason): "no connection (\(reason))"
        case .cut(let reason): "the answer broke off (\(reason))"
        case .stalled(let seconds): "nothing arrived for \(seconds) s"
        case .invalid(let reason): "no HTTP (\(reason))"
        case .refused(let error): "\(error)"
        case .cancelled: "cancelled"
        }
    }
}

/// Sends requests. It follows no redirect and keeps no cookies.
package protocol HTTPClient: Sendable {
    /// Sends a request and hands the answer to `receiver`, however long that takes while bytes arrive.
    ///
    /// - Returns: the status and headers, when all of the answer has arrived.
    func send(
        _ request: HTTPRequest, to receiver: any HTTPReceiver
    ) async throws(HTTPFailure) -> HTTPHead
}
