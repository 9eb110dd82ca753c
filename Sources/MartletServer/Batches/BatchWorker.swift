/// What runs the requests of a batch: the same handlers that answer over a socket, as batches see them.

package import MartletEngine

/// A request of a batch that was not answered.
package enum BatchInterruption: Error, Sendable, Hashable {
    /// It may be answered later, after so many seconds.
    case later(seconds: Int)
    /// Whoever wanted it is gone, or the server is about to end.
    case ended
}

/// Answers requests of batches.
package protocol BatchWorker: Sendable {
    /// Whatever makes other answers of the same requests.
    var context: String { get }
    /// Tokens that the cache holds of prompts and answers together; nil where that is not known.
    func cacheTokens() async -> Int?
    /// Whether requests go on with what others of the same batch computed.
    var reusesPrompts: Bool { get }
    /// The prompts that a request would have computed; none where it asks for something else, or is wrong.
    func prompts(of request: BatchRequest, for tenant: String) -> [PromptTree.Prompt]
    /// Answers a request.
    ///
    /// - Parameter started: called for each of its prompts that is computed.
    func answer(
        _ request: BatchRequest, for tenant: String, started: @escaping @Sendable () -> Void
    ) async throws(BatchInterruption) -> BatchResult
}
