/// How far a search is: as words, and as a report.

import Martlet
import MartletJSON
import Synchronization

/// A search as its events tell it.
struct SearchProgress: Sendable {
    /// All that was told in words.
    private(set) var text = ""
    private(set) var state = State()

    /// What is known of a search at one moment.
    struct State: Sendable, Equatable {
        /// What the budget has become, as a sentence; nil before it is known.
        fileprivate(set) var plan: String?
        fileprivate(set) var chains = 0
        fileprivate(set) var chainsEnded = 0
        /// Tokens that all chains have written.
        fileprivate(set) var tokens = 0
        /// Answers and how many chains gave them, the leading one first.
        fileprivate(set) var votes: [Vote] = []
        /// Chains that ended, as they did.
        fileprivate(set) var ended: [Ended] = []
    }

    /// A chain that has ended.
    struct Ended: Sendable, Equatable {
        let index: Int
        let tokens: Int
        let answer: String?
    }

    /// Takes an event. Returns what is new of it in words; nil where nothing is.
    mutating func take(_ event: SolveEvent) -> String? {
        var news = ""
        switch event {
        case .planned(let plan):
            state.chains = plan.width
            let sentence =
                "\(plan.width) chains of at most \(plan.length) tokens, \(plan.plannedBytes) bytes of cache"
            state.plan = sentence
            news = sentence + ".\n"
        case .chain(let chain):
            state.ended.append(
                Ended(index: chain.index, tokens: chain.tokens, answer: chain.answer))
            state.chainsEnded = max(state.chainsEnded, state.ended.count)
            news = "Chain \(chain.index + 1): \(chain.answer ?? "no answer")\n"
        case .progress(let progress):
            state.chains = progress.chains
            state.chainsEnded = max(progress.chainsEnded, state.ended.count)
            state.tokens = progress.tokens
            guard progress.votes != state.votes, !progress.votes.isEmpty else { return nil }
            state.votes = progress.votes
            let leading = progress.votes.prefix(5).map { "\($0.answer) × \($0.count)" }
            news = "Votes: " + leading.joined(separator: ", ") + "\n"
        case .answer(let result):
            state.votes = result.votes
            state.tokens = result.chains.reduce(0) { $0 + $1.tokens }
            return nil
        }
        text += news
        return news
    }
}

/// Where a search leaves its state for who writes the reports.
final class SearchWatch: Sendable {
    private let state = Mutex(SearchProgress.State())

    var latest: SearchProgress.State {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

extension SearchProgress.State {
    /// As a chunk's report tells it.
    var report: JSONValue {
        [
            "report": [
                "solve": .present([
                    "planned": plan.map { .string($0) }, "chains": .integer(chains),
                    "chainsEnded": .integer(chainsEnded), "tokens": .integer(tokens),
                    "votes": .array(
                        votes.map { ["answer": .string($0.answer), "count": .integer($0.count)] }),
                    "ended": .array(
                        ended.map {
                            [
                                "index": .integer($0.index), "tokens": .integer($0.tokens),
                                "answer": .text($0.answer),
                            ]
                        }),
                ])
            ]
        ]
    }
}
