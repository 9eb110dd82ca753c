/// What a server has done, counted.

import Synchronization

/// Numbers that only grow, and the answers that are under way.
final class ServiceCounters: Sendable {
    /// The numbers at one moment.
    struct Values: Sendable {
        /// Answers under way or waiting.
        var open = 0
        /// The most at once.
        var mostOpen = 0
        /// Whether a search is under way.
        var isSearching = false
        /// Requests by status.
        var statuses: [Int: Int] = [:]
        /// Answers that ended.
        var answers = 0
        /// Tokens of prompts.
        var promptTokens = 0
        /// Of them, tokens that were not computed again.
        var cachedTokens = 0
        /// Tokens of answers.
        var completionTokens = 0
        /// Seconds until first tokens, added up.
        var firstTokenSeconds = 0.0
        /// Seconds from first to last tokens, added up.
        var generationSeconds = 0.0
        /// Answers that were cut off because nobody read them any more.
        var disconnects = 0
        /// Answers that their deadline ended.
        var deadlines = 0
    }

    private let values = Mutex(Values())

    var now: Values { values.withLock { $0 } }

    func enter(limit: Int) -> Bool {
        values.withLock { values in
            guard values.open < limit else { return false }
            values.open += 1
            values.mostOpen = max(values.mostOpen, values.open)
            return true
        }
    }

    /// Begins the one search that may run; false where one does.
    func beginSearch() -> Bool {
        values.withLock { values in
            defer { values.isSearching = true }
            return !values.isSearching
        }
    }

    func endSearch() { values.withLock { $0.isSearching = false } }

    func leave() { values.withLock { $0.open -= 1 } }

    func note(status: Int) {
        values.withLock { $0.statuses[status, default: 0] += 1 }
    }

    func note(_ change: (inout Values) -> Void) { values.withLock { change(&$0) } }
}

/// How often each key may ask: a bucket of requests that fills again within a minute.
final class RequestRates: Sendable {
    private struct Bucket {
        var left: Double
        var filled: ContinuousClock.Instant
    }

    private let perMinute: Int?
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perMinute: Int?) { self.perMinute = perMinute }

    /// Seconds to wait; nil where the request may go on. Forgets full buckets, so that names cost no memory for long.
    func wait(_ tenant: String, now: ContinuousClock.Instant = .now) -> Int? {
        guard let perMinute else { return nil }
        let most = Double(perMinute)
        return buckets.withLock { buckets in
            func filled(_ bucket: Bucket) -> Double {
                min(most, bucket.left + bucket.filled.duration(to: now) / .seconds(60) * most)
            }
            if buckets.count > 10_000 { buckets = buckets.filter { filled($0.value) < most } }
            var bucket = buckets[tenant] ?? Bucket(left: most, filled: now)
            bucket.left = filled(bucket)
            bucket.filled = now
            defer { buckets[tenant] = bucket }
            guard bucket.left >= 1 else { return Int((1 - bucket.left) * 60 / most) + 1 }
            bucket.left -= 1
            return nil
        }
    }
}
