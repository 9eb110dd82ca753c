/// When a connection is given up.

/// How long a connection may do nothing.
package struct ConnectionLimits: Sendable {
    /// In the middle of a request.
    package var read: Duration = .seconds(30)
    /// From the first byte of a request to the end of its headers, however steadily they come.
    package var head: Duration = .seconds(60)
    /// With bytes that the client does not take.
    package var write: Duration = .seconds(60)
    /// Between requests.
    package var idle: Duration = .seconds(120)
    /// After the last answer, for a client that is still sending.
    package var linger: Duration = .seconds(2)
    /// Between two looks at all connections.
    package var sweep: Duration = .seconds(5)

    /// The default limits.
    package init() {}
}
