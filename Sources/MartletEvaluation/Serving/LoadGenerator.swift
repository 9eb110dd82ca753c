/// Sends a workload's requests and writes down what happened to them.

/// Sends requests when they arrive, whatever became of those before (an open loop), or so many at a time.
package struct LoadGenerator: Sendable {
    /// Who answers.
    package var target: any ServingTarget
    /// The requests.
    package var workload: Workload
    /// Draws the prompts.
    package var seed: UInt64
    /// The most requests under way; nil for all that have arrived. A request that waits for its turn counts from its
    /// turn on, so that arrivals mean nothing where all are at 0: the loop is closed.
    package var concurrency: Int?

    /// Describes a run.
    package init(
        target: any ServingTarget, workload: Workload, seed: UInt64, concurrency: Int? = nil
    ) {
        self.target = target
        self.workload = workload
        self.seed = seed
        self.concurrency = concurrency
    }

    /// Prompts that are made before they are due. Making one takes a while, and time that is taken from a server while it
    /// is measured counts against it.
    private static let prepared = 256

    /// Runs to the end of the last answer, in the order of the requests.
    package func run() async throws -> [RequestTimeline] {
        let clock = ContinuousClock()
        var ready: [any PreparedRequest] = []
        for index in workload.requests.indices.prefix(Self.prepared) {
            ready.append(try target.prepare(index, of: workload, seed: seed))
        }
        let start = clock.now
        let now: @Sendable () -> Double = { start.duration(to: clock.now) / .seconds(1) }
        return try await withThrowingTaskGroup(of: (Int, RequestTimeline).self) { group in
            var timelines = [RequestTimeline?](repeating: nil, count: workload.requests.count)
            var open = 0
            func take() async throws {
                guard let (index, timeline) = try await group.next() else { return }
                timelines[index] = timeline
                open -= 1
            }
            for (index, request) in workload.requests.enumerated() {
                let prepared =
                    index < ready.count
                    ? ready[index] : try target.prepare(index, of: workload, seed: seed)
                var arrival = request.arrival
                if let concurrency {
                    while open >= concurrency { try await take() }
                    arrival = max(arrival, now())
                }
                try await clock.sleep(until: start + .seconds(arrival))
                let due = arrival
                group.addTask { (index, await prepared.send(arrival: due, now: now)) }
                open += 1
            }
            while open > 0 { try await take() }
            return timelines.compactMap { $0 }
        }
    }
}
