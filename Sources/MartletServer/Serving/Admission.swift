/// What is known of a request when its headers have come.

/// Whether a request is answered, and as whose.
package struct Admission: Sendable {
    /// What becomes of a request.
    enum Verdict: Sendable {
        /// It only asks what pages of other origins may do.
        case preflight
        /// An endpoint answers it.
        case answered(Endpoint)
        /// It is refused.
        case refused(WireError)
    }

    /// What tells the request from others, in headers and logs.
    let id: String
    /// Whose key it came with; empty without keys.
    let tenant: String
    /// Whose shape its errors have.
    var shape: WireShape
    /// Headers that go with every answer to it.
    let headers: [(name: String, value: String)]
    /// What stands for the `{name}`s of the endpoint's path.
    var parameters: [String: String] = [:]
    /// What becomes of it.
    var verdict = Verdict.preflight

    init(
        id: String, tenant: String, shape: WireShape, headers: [(name: String, value: String)]
    ) {
        self.id = id
        self.tenant = tenant
        self.shape = shape
        self.headers = headers
    }

    /// Whether the answer depends on a body.
    package var readsBody: Bool { if case .answered = verdict { true } else { false } }
}
