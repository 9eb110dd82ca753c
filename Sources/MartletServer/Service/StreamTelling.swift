/// What a stream tells beside its answer while it comes, where that is asked for.

import Martlet
import MartletEngine
import MartletJSON
import Synchronization

/// What llama.cpp's server adds to the events of a stream on demand.
struct StreamTelling: Sendable {
    /// Whether it tells how far the prompt is, after each step (`return_progress`).
    private(set) var tellsProgress = false
    /// Whether each event has the times so far (`timings_per_token`).
    private(set) var timesTokens = false

    init() {}

    /// Reads what is asked for. Where nothing could be told the fields stay unread: nothing comes while no stream does, a
    /// search tells its own progress, and of several prompts nobody could tell whose it is.
    ///
    /// - Parameter own: gets a watch where one is needed.
    init(
        _ fields: Fields, streams: Bool, ofOne: Bool = true, _ own: inout MartletFields
    ) throws(WireError) {
        guard streams, ofOne, own.solve == nil else { return }
        tellsProgress = try fields.flag("return_progress") ?? false
        timesTokens = try fields.flag("timings_per_token") ?? false
        if tellsProgress || timesTokens, own.watch == nil { own.watch = CacheWatch() }
    }
}

/// Tells of a prompt's progress from when it is taken until its first token is there, and counts from then on.
final class StreamTeller: Sendable {
    /// Sends a word of the prompt.
    typealias Telling = @Sendable (PromptProgress) async throws(WireError) -> Void

    /// How often the prompt is told of.
    enum Pace: Sendable {
        case never
        /// After each of its steps.
        case everyStep
        /// At most once in such a time, and not at all where it is whole before that.
        case seldom(Duration)
    }

    private struct Counts {
        var predicted = 0
        var began: ContinuousClock.Instant?
    }

    /// What is known of the prompt when no more is told.
    private let prompt: Task<PromptProgress?, Never>
    private let timesTokens: Bool
    private let counts = Mutex(Counts())
    private let known = Mutex<PromptProgress?>(nil)

    /// Begins to listen; nil where nobody asked.
    ///
    /// - Parameter reports: whether who watches the cache is told of the prompt, too, now and then.
    init?(
        _ telling: StreamTelling, of answer: AnswerRequest, reports: Bool = false,
        tell: @escaping Telling
    ) {
        guard let watch = answer.own.watch,
            telling.tellsProgress || telling.timesTokens || reports
        else { return nil }
        timesTokens = telling.timesTokens
        let pace: Pace =
            telling.tellsProgress ? .everyStep : reports ? .seldom(watch.interval) : .never
        let total = answer.prompt.tokens.count
        prompt = Task { await Self.listen(watch, total, pace, tell) }
    }

    deinit { prompt.cancel() }

    private static func listen(
        _ watch: CacheWatch, _ total: Int, _ pace: Pace, _ tell: Telling
    ) async -> PromptProgress? {
        var last: PromptProgress?
        var told: Duration?
        var isHeard = true
        for await step in watch.promptSteps {
            let progress = PromptProgress(step, of: total)
            last = progress
            let isDue =
                switch pace {
                case .never: false
                case .everyStep: true
                case .seldom(let interval):
                    progress.processed < total
                        ? progress.time - (told ?? .zero) >= interval : told != nil
                }
            guard isDue, isHeard else { continue }
            told = progress.time
            // Who is gone is noticed by who sends the answer.
            do throws(WireError) { try await tell(progress) } catch { isHeard = false }
        }
        return last
    }

    /// The first token is there: the prompt is whole, and nothing is told of it after this.
    func end() async {
        guard known.withLock({ $0 == nil }) else { return }
        let progress = await prompt.value
        known.withLock { $0 = progress }
    }

    /// The times after a piece of the answer; nil where nobody asked.
    func timings(after part: ResponsePart) -> JSONValue? {
        guard timesTokens, let prompt = known.withLock({ $0 }) else { return nil }
        let now = ContinuousClock.now
        let (count, time) = counts.withLock { counts in
            if part.token != nil { counts.predicted += 1 }
            let began = counts.began ?? now
            counts.began = began
            return (counts.predicted, began.duration(to: now))
        }
        return prompt.timings(predicted: count, in: time).value
    }
}
