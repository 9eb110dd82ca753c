/// Who answers the requests of a workload.

/// A server, an engine, or anything else that requests are sent to.
package protocol ServingTarget: Sendable {
    /// Makes what will be sent, before it is due. Throws for a request that cannot be made.
    func prepare(_ index: Int, of workload: Workload, seed: UInt64) throws -> any PreparedRequest
}

/// A request that only has to be sent.
package protocol PreparedRequest: Sendable {
    /// Sends it, reads its answer to the end, and tells what happened. It does not throw: whatever goes wrong is an ending.
    ///
    /// - Parameters:
    ///   - arrival: when it should have been sent, in seconds of `now`.
    ///   - now: seconds on the clock of the run.
    func send(arrival: Double, now: @escaping @Sendable () -> Double) async -> RequestTimeline
}
