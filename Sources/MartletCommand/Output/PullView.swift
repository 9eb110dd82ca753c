/// What `pull` shows: a line that is redrawn on a terminal, a line a file elsewhere, or JSON.

import Foundation
import Martlet
import MartletFormats
import MartletHub
import Synchronization

final class PullView: Sendable {
    private let progress: PullProgress
    private let isJSON: Bool
    private let isDrawn: Bool
    private let begin = ContinuousClock.now

    private struct State {
        /// What has arrived when, over the last seconds.
        var samples: [(seconds: Double, bytes: Int)] = []
        var isLineOpen = false
        /// Why a request was made again last: parts of a file have the same trouble at once.
        var lastTrouble = ""
    }

    private let state = Mutex(State())

    init(_ progress: PullProgress, isJSON: Bool) {
        self.progress = progress
        self.isJSON = isJSON
        let disabled = ProcessInfo.processInfo.environment["HF_HUB_DISABLE_PROGRESS_BARS"] ?? ""
        isDrawn =
            !isJSON && TerminalStyle.ofError.takesControl
            && !["1", "ON", "YES", "TRUE"].contains(disabled.uppercased())
    }

    private var seconds: Double { (ContinuousClock.now - begin) / .seconds(1) }

    /// Shows an event.
    func tell(_ event: PullEvent) {
        if isJSON { return tellJSON(event) }
        switch event {
        case .planned(let commit, let files, let bytes):
            note("\(Columns.files(files)), \(Columns.bytes(bytes)), at \(commit.prefix(12)).")
        case .finished(let path, let bytes, let wasHere):
            if !isDrawn {
                note("\(path): \(Columns.bytes(bytes))\(wasHere ? ", here already" : "").")
            }
        case .waiting(let path): note("\(path): another process downloads it; waiting.")
        case .retrying(let reason, let seconds):
            let text = "\(reason); trying again in \(Columns.decimal(seconds, places: 0)) s."
            let isNew = state.withLock { state in
                defer { state.lastTrouble = text }
                return state.lastTrouble != text
            }
            if isNew { note(text) }
        case .damaged(let path):
            note("\(path): what arrived has another hash than the hub lists; downloading it again.")
        case .offline(let reason): note("\(reason); using what was pulled before.")
        case .began(let path, _, let resumed):
            if resumed > 0 { note("\(path): going on after \(Columns.bytes(resumed)).") }
        }
    }

    private func note(_ text: String) {
        state.withLock { state in
            if state.isLineOpen { StandardStreams.writeError("\r\u{1B}[K") }
            state.isLineOpen = false
            StandardStreams.note(text)
        }
    }

    private func tellJSON(_ event: PullEvent) {
        var line = JSONLine()
        switch event {
        case .planned(let commit, let files, let bytes):
            line.set("kind", "plan")
            line.set("commit", commit)
            line.set("files", files)
            line.set("bytes", bytes)
        case .began(let path, let bytes, let resumed):
            line.set("kind", "begin")
            line.set("path", path)
            line.set("bytes", bytes)
            line.set("resumedBytes", resumed)
        case .finished(let path, let bytes, let wasHere):
            line.set("kind", "file")
            line.set("path", path)
            line.set("bytes", bytes)
            line.set("wasHere", wasHere)
        case .waiting(let path):
            line.set("kind", "wait")
            line.set("path", path)
        case .retrying(let reason, let seconds):
            line.set("kind", "retry")
            line.set("reason", reason)
            line.set("seconds", seconds)
        case .damaged(let path):
            line.set("kind", "damaged")
            line.set("path", path)
        case .offline(let reason):
            line.set("kind", "offline")
            line.set("reason", reason)
        }
        state.withLock { _ in line.print() }
    }

    /// Shows how far it is until the task is cancelled.
    func draw() async {
        guard isJSON || isDrawn else { return }
        while (try? await Task.sleep(for: isJSON ? .seconds(1) : .milliseconds(200))) != nil {
            let count = progress.count
            let rate = rate(count.received)
            if isJSON {
                var line = JSONLine()
                line.set("kind", "progress")
                line.set("bytes", count.done)
                line.set("totalBytes", count.total)
                line.set("bytesPerSecond", rate)
                state.withLock { _ in line.print() }
            } else if count.total > 0 {
                let text = text(count, rate)
                state.withLock { state in
                    state.isLineOpen = true
                    StandardStreams.writeError("\r\u{1B}[K\(text)")
                }
            }
        }
        state.withLock { state in
            if state.isLineOpen { StandardStreams.writeError("\r\u{1B}[K") }
            state.isLineOpen = false
        }
    }

    /// Bytes a second over the last five.
    private func rate(_ received: Int) -> Double {
        let now = seconds
        return state.withLock { state in
            state.samples.append((now, received))
            state.samples.removeAll { $0.seconds < now - 5 }
            guard let first = state.samples.first, now > first.seconds else { return 0 }
            return Double(received - first.bytes) / (now - first.seconds)
        }
    }

    private func text(_ count: PullProgress.Count, _ rate: Double) -> String {
        let share = Double(count.done) / Double(max(1, count.total)) * 100
        var text =
            "\(Columns.decimal(share, places: 0)) %, \(Columns.bytes(count.done)) of "
            + "\(Columns.bytes(count.total))"
        if rate > 0 {
            text += ", \(Columns.bytes(Int(rate)))/s"
            let left = Double(count.total - count.done) / rate
            if left < 360_000 { text += ", \(Columns.decimal(left, places: 0)) s left" }
        }
        return text
    }

    /// Prints what came out: the path, or the summary.
    func end(_ result: PullResult) {
        guard isJSON else { return StandardStreams.write(result.path + "\n") }
        var line = JSONLine()
        line.set("kind", "summary")
        line.set("repository", "\(result.repository)")
        line.set("revision", result.revision)
        line.set("commit", result.commit)
        line.set("path", result.path)
        line.set("files", result.files.count)
        line.set("bytes", result.files.reduce(0) { $0 + $1.size })
        line.set("downloadedBytes", progress.count.received)
        line.set("elapsedMs", seconds * 1000)
        line.set("offline", result.isOffline)
        line.print()
    }
}
