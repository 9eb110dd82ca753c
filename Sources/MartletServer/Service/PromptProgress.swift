/// How far a prompt is computed, told while nothing else is.

import Martlet
import MartletEngine
import MartletJSON
import Synchronization

/// A prompt at one moment.
struct PromptProgress: Sendable, Equatable {
    /// Its tokens.
    let total: Int
    /// Of them, tokens that were there before.
    let cached: Int
    /// Tokens that are there now, the cached ones included.
    let processed: Int
    /// Since it was asked for.
    let time: Duration

    /// As llama.cpp's server tells it.
    var llamaCpp: JSONValue {
        [
            "total": .integer(total), "cache": .integer(cached), "processed": .integer(processed),
            "time_ms": .milliseconds(time),
        ]
    }

    /// As a report tells it.
    var report: JSONValue {
        [
            "report": [
                "prompt": [
                    "total": .integer(total), "cached": .integer(cached),
                    "computed": .integer(processed), "seconds": .number(time / .seconds(1)),
                ]
            ]
        ]
    }
}

/// Tells of a prompt's progress from when it is taken until its first token is there.
final class ProgressTeller: Sendable {
    /// Sends a word of it.
    typealias Telling = @Sendable (PromptProgress) async throws(WireError) -> Void

    private let watch: CacheWatch
    private let total: Int
    private let tell: Telling
    private let start = ContinuousClock.now
    private let looking = Mutex<Task<Int, Never>?>(nil)
    /// Whether the end is told even where nothing was told before.
    private let tellsEnd: Bool

    init(
        _ watch: CacheWatch, promptTokens: Int, tellsEnd: Bool, tell: @escaping Telling
    ) {
        self.watch = watch
        total = promptTokens
        self.tellsEnd = tellsEnd
        self.tell = tell
    }

    deinit { looking.withLock { $0?.cancel() } }

    /// Begins to look.
    func begin() {
        let task = Task { [watch, total, tell, start] in
            var (count, told) = (0, 0)
            while true {
                do { try await Task.sleep(for: watch.interval) } catch { return count }
                guard let glance = watch.latest, glance.logicalTokens > told,
                    glance.logicalTokens < total
                else { continue }
                told = glance.logicalTokens
                do throws(WireError) {
                    try await tell(
                        PromptProgress(
                            total: total, cached: glance.cachedTokens, processed: told,
                            time: start.duration(to: .now)))
                } catch { return count }
                count += 1
            }
        }
        looking.withLock { $0 = task }
    }

    /// The first token is there: nothing is told after this but that the prompt is whole.
    func end() async throws(WireError) {
        let task = looking.withLock { looking in
            defer { looking = nil }
            return looking
        }
        guard let task else { return }
        task.cancel()
        guard await task.value > 0 || tellsEnd else { return }
        try await tell(
            PromptProgress(
                total: total, cached: watch.latest?.cachedTokens ?? 0, processed: total,
                time: start.duration(to: .now)))
    }
}
