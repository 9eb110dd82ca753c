/// What a server answers instead of a result, before it takes the shape of one API.

package import MartletJSON

/// A refusal or a failure: a kind, one sentence, and where in the request it lies.
package struct WireError: Error, Sendable {
    /// What kind of error it is; APIs name kinds each in their own way.
    package enum Kind: Sendable, CaseIterable {
        /// The request is wrong.
        case invalidRequest
        /// The prompt is longer than the context.
        case promptTooLong
        /// What is asked for exists elsewhere, not here.
        case notSupported
        /// A key is missing or wrong.
        case authentication
        /// The key may not do this.
        case permission
        /// There is no such path or thing.
        case notFound
        /// The path is there, the method is not.
        case methodNotAllowed
        /// The path speaks another protocol.
        case upgradeRequired
        /// The body is too large.
        case tooLarge
        /// Too many requests, of this client or of all.
        case rateLimited
        /// The model is not loaded yet, or the server is about to end.
        case unavailable
        /// The client has closed the connection; nobody reads the answer.
        case clientGone
        /// A defect of the server, or the machine failed.
        case failure
    }

    /// What kind of error it is.
    package var kind: Kind
    /// One sentence: what, where, and what to do.
    package var message: String
    /// The path of the field that is wrong, `messages.0.role`.
    package var param: String?
    /// A word for programs, as OpenAI's API has it.
    package var code: String?
    /// More for programs: numbers that the sentence has too.
    package var details: JSONObject
    /// Seconds after which to come again.
    package var retryAfter: Int?

    /// Describes an error.
    package init(
        _ kind: Kind, _ message: String, param: String? = nil, code: String? = nil,
        details: JSONObject = JSONObject(), retryAfter: Int? = nil
    ) {
        self.kind = kind
        self.message = message
        self.param = param
        self.code = code
        self.details = details
        self.retryAfter = retryAfter
    }

    /// A field has the wrong type or value.
    static func field(_ path: String, got: String, expected: String) -> WireError {
        WireError(
            .invalidRequest, "\(path): got \(got), expected \(expected); correct or remove it.",
            param: path, code: "invalid_value")
    }

    /// A field asks for something that this server does not do.
    static func unsupported(_ path: String, _ what: String, instead: String) -> WireError {
        WireError(
            .invalidRequest, "\(path): \(what) is not supported; \(instead).", param: path,
            code: "unsupported_parameter")
    }

    /// A field is missing.
    static func missing(_ path: String, expected: String) -> WireError {
        WireError(
            .invalidRequest, "\(path): it is missing, expected \(expected); add it.", param: path,
            code: "missing_required_parameter")
    }
}

extension WireError.Kind {
    /// The status of an answer.
    package var status: Int {
        switch self {
        case .invalidRequest, .promptTooLong: 400
        case .authentication: 401
        case .permission: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .tooLarge: 413
        case .upgradeRequired: 426
        case .rateLimited: 429
        case .clientGone: 499
        case .failure: 500
        case .notSupported: 501
        case .unavailable: 503
        }
    }
}
