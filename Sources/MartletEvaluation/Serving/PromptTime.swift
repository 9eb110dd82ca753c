/// What a prompt takes where nothing else runs: a line through two measurements.

import Martlet

/// Seconds to the first token of an answer on an idle server, as a linear function of the prompt's tokens.
package struct PromptTime: Sendable, Hashable {
    /// Seconds of a prompt without tokens, and of each token.
    package let fixed, perToken: Double

    /// So many seconds.
    package init(fixed: Double = 0, perToken: Double = 0) {
        self.fixed = fixed
        self.perToken = perToken
    }

    /// Asks for two tokens after prompts of the shortest and the longest kind of a workload, one after the other. The first
    /// answer does not count: a server may prepare something for it. Throws `unreachable` where one of them is not answered.
    package init(of target: any ServingTarget, for workload: Workload, seed: UInt64) async throws {
        let lengths = workload.requests.map(\.promptTokens)
        let (short, long) = (lengths.min() ?? 1, lengths.max() ?? 1)
        let probes = Workload(
            name: "probes",
            requests: [short, short, long, short, long].map {
                Workload.Request(arrival: 0, promptTokens: $0, completionTokens: 2)
            })
        let timelines = try await LoadGenerator(
            target: target, workload: probes, seed: seed, concurrency: 1
        ).run()
        if let failed = timelines.first(where: { $0.ending != .answered }) {
            throw MartletError(
                code: .unreachable,
                message:
                    "the requests before the measurement, of \(short) and \(long) tokens, were not all answered"
                    + (failed.reason.map { " (\($0))" } ?? "")
                    + "; see what the server says, and whether it has room for them")
        }
        func seconds(_ places: [Int]) -> Double {
            places.compactMap { timelines[$0].timeToFirstToken }.min() ?? 0
        }
        let (first, second) = (seconds([1, 3]), seconds([2, 4]))
        perToken = long > short ? max(0, second - first) / Double(long - short) : 0
        fixed = max(0, first - perToken * Double(short))
    }

    /// Seconds of a prompt.
    package func callAsFunction(_ tokens: Int) -> Double { fixed + perToken * Double(tokens) }
}
