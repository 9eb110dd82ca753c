/// Requests of one size, for measuring one thing at a time.

extension Workload {
    /// Requests of one length, all at 0; see ``arriving(_:seed:)``.
    ///
    /// - Parameters:
    ///   - count: requests.
    ///   - prompt: tokens of each prompt, the shared ones included.
    ///   - completion: tokens of each answer.
    ///   - shared: tokens that all prompts begin with, less than `prompt`.
    public init(requests count: Int, prompt: Int, completion: Int, shared: Int = 0) {
        self.init(
            name: "synthetic",
            requests: (0..<count).map { _ in
                Request(
                    arrival: 0, promptTokens: prompt, completionTokens: completion,
                    blocks: shared > 0 ? [0] : [])
            }, blockTokens: shared > 0 ? shared : 512)
    }
}
