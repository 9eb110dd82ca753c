/// A search on a terminal: one calm block of lines that is drawn again in place.

import Foundation
import Martlet
import Synchronization

/// Shows votes, bytes and time while an answer is looked for.
final class SolveView: Sendable {
    private let budget: SolveBudget
    private let isLive: Bool
    /// Lines that are on the terminal now.
    private let drawn = Mutex(0)

    private static let mostAnswers = 6
    private static let barWidth = 24

    /// - Parameters:
    ///   - budget: the budget of the search.
    ///   - isLive: whether standard error is a terminal to draw on.
    init(budget: SolveBudget, isLive: Bool) {
        self.budget = budget
        self.isLive = isLive
    }

    /// Draws what an event changes.
    func show(_ event: SolveEvent) {
        guard isLive else { return }
        switch event {
        case .planned, .chain, .answer: return
        case .progress(let progress): draw(Self.lines(progress, budget))
        }
    }

    /// Replaces the view by one line that says what the answer rests on.
    func finish(_ result: SolveResult) {
        draw([])
        let lossy = result.configuration.lossyMethods
        if !lossy.isEmpty { StandardStreams.note("lossy: \(lossy.joined(separator: ", ")).") }
        StandardStreams.note(Self.sentence(result))
    }

    /// What came out, in a sentence.
    static func sentence(_ result: SolveResult) -> String {
        let ended = result.chains.count { $0.finishReason != .cancelled }
        // Chains that were stopped vote with what they had.
        let voted =
            ended == 0
            ? "no chain has ended"
            : result.votes.first.map {
                "\($0.count) of \($0.count > ended ? result.chains.count : ended) chains agree"
                    + (ended > 1 ? ", compared as \(result.kind.noun)" : "")
            }
        let why =
            switch result.ending {
            case .agreed: result.isVerified == true ? "checked" : "no further chain could change it"
            case .exhausted: "all \(result.configuration.width) chains ended"
            case .deadline: "stopped at the deadline"
            case .cancelled: "interrupted"
            }
        return [
            voted ?? "no chain came to an answer", why,
            "\(Columns.decimal(result.elapsed.seconds, places: 2)) s",
            "\(Columns.bytes(result.peakCacheBytes)) of cache",
            "\(result.configuration.model), \(result.configuration.policy).",
        ].joined(separator: "; ")
    }

    /// The view of a moment.
    static func lines(_ progress: SolveProgress, _ budget: SolveBudget) -> [String] {
        var time = "\(Columns.decimal(progress.elapsed.seconds, places: 1)) s"
        if let deadline = budget.deadline {
            time += " of \(Columns.decimal(deadline.seconds, places: 1)) s"
        }
        var bytes = Columns.bytes(progress.cacheBytes)
        if let memory = budget.memory { bytes += " of \(Columns.bytes(memory))" }
        var lines = [
            "\(progress.chainsEnded)/\(progress.chains) chains  \(progress.tokens) tokens  \(bytes)  \(time)"
        ]
        let most = progress.votes.first?.count ?? 1
        for vote in progress.votes.prefix(mostAnswers) {
            let bar = String(
                repeating: "█", count: max(1, vote.count * barWidth / max(1, progress.chains, most))
            )
            lines.append("  \(padded(clean(vote.answer)))  \(bar) \(vote.count)")
        }
        let rest = progress.votes.dropFirst(mostAnswers).reduce(0) { $0 + $1.count }
        if rest > 0 { lines.append("  and \(rest) more") }
        return lines
    }

    /// An answer on one line of a terminal: what could steer it is left out.
    private static func clean(_ answer: String) -> String {
        let kept = answer.unicodeScalars.filter { !TerminalCharacters.isControl($0) }
        let text = String(String.UnicodeScalarView(kept))
        return text.count > 28 ? text.prefix(27) + "…" : text
    }

    private static func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, 28 - text.count))
    }

    private func draw(_ lines: [String]) {
        drawn.withLock { drawn in
            // Up to the first line of the block, and everything below it away.
            var text = drawn > 0 ? "\u{1B}[\(drawn)F\u{1B}[J" : ""
            text += lines.map { $0 + "\n" }.joined()
            drawn = lines.count
            if !text.isEmpty { StandardStreams.writeError(text) }
        }
    }
}

extension AnswerKind {
    /// What answers are compared as, in a sentence.
    fileprivate var noun: String {
        switch self {
        case .text: "text"
        case .phrase: "text but for case"
        case .words: "sets of words"
        case .number: "numbers"
        case .choice: "choices"
        }
    }
}
