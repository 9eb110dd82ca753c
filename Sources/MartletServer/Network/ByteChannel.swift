/// What an answer is written to.

/// A connection, as the writer of one answer sees it.
protocol ByteChannel: Sendable {
    /// Sends bytes, and waits while many are unsent. Throws when the client is gone.
    func write(_ bytes: [UInt8]) async throws(WireError)
    /// Sends bytes without waiting.
    func send(_ bytes: [UInt8])
    /// Ends the connection after the answer that is under way.
    func endAfterAnswer()
    /// Ends the connection now.
    func close()
}
