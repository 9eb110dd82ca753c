/// What `batch` shows: a line that is redrawn on a terminal, figures at the end, or JSON.

import Foundation
import Martlet
import MartletServer
import Synchronization

final class BatchView: Sendable {
    private struct State {
        var drawn: ContinuousClock.Instant?
        /// When the first result came that is new, and what was done before.
        var begin: (time: ContinuousClock.Instant, tokens: Int)?
        var isLineOpen = false
    }

    private let isJSON: Bool
    private let isDrawn: Bool
    private let state = Mutex(State())

    init(isJSON: Bool) {
        self.isJSON = isJSON
        isDrawn = !isJSON && TerminalStyle.ofError.takesControl
    }

    /// Shows how far it is.
    @Sendable func tell(_ progress: BatchProgress) {
        guard isJSON || isDrawn else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            let begin = state.begin ?? (now, progress.doneTokens)
            state.begin = begin
            if let drawn = state.drawn,
                drawn.duration(to: now) < (isJSON ? .seconds(1) : .milliseconds(200))
            {
                return
            }
            state.drawn = now
            let done = progress.completed + progress.failed
            let left = Self.secondsLeft(
                progress, since: begin.tokens,
                seconds: begin.time.duration(to: now) / .seconds(1))
            if isJSON {
                var line = JSONLine()
                line.set("kind", "progress")
                line.set("done", done)
                line.set("total", progress.total)
                line.set("failed", progress.failed)
                line.set("secondsLeft", left)
                return line.print()
            }
            var text = "\(done) of \(progress.total) requests"
            if progress.failed > 0 { text += ", \(progress.failed) failed" }
            if let left, left < 360_000 {
                text += ", \(Columns.decimal(left, places: 0)) s left"
            }
            state.isLineOpen = true
            StandardStreams.writeError("\r\u{1B}[K\(text)")
        }
    }

    /// Seconds until all is done, as far as tokens tell; nil before anything is.
    static func secondsLeft(
        _ progress: BatchProgress, since tokens: Int, seconds: Double
    ) -> Double? {
        let done = progress.doneTokens - tokens
        guard done > 0, seconds > 0 else { return nil }
        return seconds * Double(progress.foreseenTokens - progress.doneTokens) / Double(done)
    }

    /// Takes the line back.
    func close() {
        state.withLock { state in
            if state.isLineOpen { StandardStreams.writeError("\r\u{1B}[K") }
            state.isLineOpen = false
        }
    }

    /// Shows what came out.
    ///
    /// - Parameter loaded: the model, where it generates text.
    func end(_ progress: BatchProgress, seconds: Double, _ loaded: LoadedModel?) {
        let usage = progress.usage
        let computed = usage.promptTokens - usage.cachedTokens
        guard isJSON else {
            StandardStreams.note(
                "\(progress.completed) answered, \(progress.failed) failed"
                    + (progress.known > 0 ? ", \(progress.known) of them known before" : "")
                    + "; \(usage.completionTokens) tokens in \(Columns.decimal(seconds, places: 1)) s."
            )
            return StandardStreams.note(
                "prompts: \(progress.promptTokens) tokens, \(progress.treeTokens) of them without repetition; "
                    + "\(computed) computed, \(usage.cachedTokens) reused.")
        }
        var line = JSONLine()
        line.set("kind", "summary")
        line.set("requests", progress.total)
        line.set("completed", progress.completed)
        line.set("failed", progress.failed)
        line.set("known", progress.known)
        line.set("promptTokens", progress.promptTokens)
        line.set("treeTokens", progress.treeTokens)
        line.set("computedTokens", computed)
        line.set("reusedTokens", usage.cachedTokens)
        line.set("completionTokens", usage.completionTokens)
        line.set("elapsedMs", seconds * 1000)
        if let loaded { line.set(loaded) }
        line.print()
    }
}
