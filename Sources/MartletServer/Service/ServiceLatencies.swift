/// How long those wait who wait for answers: for the first token, between tokens, and before anything is computed.

import Martlet
import MartletEngine
import MartletJSON
import Synchronization

/// The latencies of the last minutes. Answers that nobody waits for are not among them, and neither are searches.
final class ServiceLatencies: Sendable {
    private struct Windows {
        var first = LatencyWindow()
        var gap = LatencyWindow()
        var queue = LatencyWindow()
    }
    private let windows = Mutex(Windows())
    private let start = ContinuousClock.now

    /// Counts the time from a request to a chain's first token.
    func note(first time: Duration) { note(time, \.first) }
    /// Counts the time between two tokens of a chain.
    func note(gap time: Duration) { note(time, \.gap) }
    /// Counts the time from a request to the first step that computed something for it.
    func note(queue time: Duration) { note(time, \.queue) }

    private func note(_ time: Duration, _ window: WritableKeyPath<Windows, LatencyWindow>) {
        let now = start.duration(to: .now)
        windows.withLock { $0[keyPath: window].note(time, at: now) }
    }

    /// The quantiles as the page reads them.
    var value: JSONValue {
        let now = start.duration(to: .now)
        let windows = windows.withLock { $0 }
        func told(_ window: LatencyWindow) -> JSONValue {
            let times = window.quantiles(at: now)
            func number(_ share: Double) -> JSONValue? {
                times.quantile(share).map { .number($0) }
            }
            return .present([
                "count": .integer(times.count), "p50": number(0.5), "p90": number(0.9),
                "p99": number(0.99),
            ])
        }
        return [
            "windowSeconds": .integer(LatencyWindow.seconds), "ttft": told(windows.first),
            "gap": told(windows.gap), "queue": told(windows.queue),
        ]
    }
}

/// Takes the times of one answer's tokens as they leave the engine.
struct AnswerTimes {
    private let latencies: ServiceLatencies?
    private let start: ContinuousClock.Instant
    /// When the engine was asked.
    private let submitted = ContinuousClock.now
    private var latest: [ContinuousClock.Instant?]
    private var isBegun = false

    /// Of an answer to an exchange; nothing is counted where nobody waits for it.
    init(_ latencies: ServiceLatencies, _ exchange: Exchange, chains: Int) {
        self.latencies = exchange.background == nil ? latencies : nil
        start = exchange.start
        latest = Array(repeating: nil, count: chains)
    }

    /// Takes a piece that came now.
    mutating func take(_ piece: ChainPart) {
        guard let latencies else { return }
        if piece.part.token != nil {
            let now = ContinuousClock.now
            if let before = latest[piece.chain] {
                latencies.note(gap: before.duration(to: now))
            } else {
                latencies.note(first: start.duration(to: now))
            }
            latest[piece.chain] = now
        }
        // The chains of an answer begin together.
        if !isBegun, let waited = piece.part.response?.usage.queueTime {
            isBegun = true
            latencies.note(queue: start.duration(to: submitted) + waited)
        }
    }
}
