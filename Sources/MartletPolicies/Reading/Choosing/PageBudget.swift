/// How much of a head a generated token may read.

import MartletCache

/// A share of the tokens that a head holds.
enum ReadBudget: Sendable, Hashable {
    /// This many tokens.
    case tokens(Int)
    /// All but this fraction.
    case ratio(Double)

    /// Tokens that may be read of `count`.
    func tokens(of count: Int) -> Int {
        switch self {
        case .tokens(let tokens): min(tokens, count)
        case .ratio(let ratio): max(1, Int((Double(count) * (1 - ratio)).rounded()))
        }
    }

    /// Runs of `size` tokens that may be read of `count` tokens: all, or whole runs within the budget.
    func runs(of count: Int, size: Int, share: Double = 1) -> Int {
        let tokens = Int(Double(tokens(of: count)) * share)
        return tokens >= count ? (count + size - 1) / size : max(1, tokens / size)
    }
}

/// Choosing runs of pages by score.
enum PageRuns {
    /// Logical pages of the `count` best runs of `size` pages, ascending; the first `forced` and the last
    /// `newest` (at least one) are among them. Nil when that is all.
    static func best(
        _ count: Int, of scores: [Float], size: Int, forced: Int = 0, newest: Int = 1
    ) -> [Int32]? {
        let runs = (scores.count + size - 1) / size
        guard count < runs else { return nil }
        var best = [Float](repeating: -.infinity, count: runs)
        for (page, score) in scores.enumerated() {
            best[page / size] = max(best[page / size], score)
        }
        for run in 0..<min(forced, runs) { best[run] = .infinity }
        for run in max(0, runs - max(1, newest))..<runs { best[run] = .infinity }
        return pages(ofRuns: Ranking.largest(count, of: best), size: size, below: scores.count)
    }

    /// The pages of some runs.
    static func pages(ofRuns runs: [Int32], size: Int, below count: Int) -> [Int32] {
        var pages: [Int32] = []
        for run in runs {
            let first = Int(run) * size
            for page in first..<min(first + size, count) { pages.append(Int32(page)) }
        }
        return pages
    }

    /// The pages that hold the first `sinks` slots and the last `recent` of `slots`.
    static func ends(sinks: Int, recent: Int, slots: Int) -> [Int32] {
        let count = KVPage.count(forSlots: slots)
        let front = min(count, KVPage.count(forSlots: sinks))
        let back = max(front, (slots - min(slots, max(1, recent))) / KVPage.tokens)
        return (0..<Int32(front)).map(\.self) + (Int32(back)..<Int32(count)).map(\.self)
    }
}
