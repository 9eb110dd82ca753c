/// Answers of chains counted as they come; knows nothing of right and wrong but what a checker says.

import Foundation
public import MartletTasks

/// The votes of the chains that have ended.
///
/// Answers are one when their kind says so, not when their texts are: where a number is asked, `18` and `$18.00` are.
///
/// The result depends on which chains have ended, never on the order in which they did: among equally good answers
/// the one of the lowest chain leads.
public struct VoteTally: Sendable {
    /// What is known of one answer.
    public struct Candidate: Sendable {
        /// The answer, as the lowest chain wrote it, or the lowest whose spelling a checker accepts.
        public var answer: String {
            (chains.first { $0.isVerified == true } ?? chains.first)?.answer ?? ""
        }
        /// The chains that gave it, in their order.
        var chains: [Ballot] = []
        /// What the checker said: true when it accepts any spelling; nil without one.
        public var isVerified: Bool? {
            let verdicts = chains.compactMap(\.isVerified)
            return verdicts.isEmpty ? nil : verdicts.contains(true)
        }

        /// Chains that gave it.
        public var count: Int { chains.count }
        /// The sum of exp(mean log-probability) of those chains, always in the chains' order.
        public var weight: Double { chains.reduce(0) { $0 + exp(min(0, $1.logprob)) } }
        /// The largest mean log-probability of a chain that gave it.
        public var bestLogprob: Double { chains.map(\.logprob).max() ?? -.infinity }
        /// The lowest chain that gave it.
        public var firstChain: Int { chains.first?.chain ?? 0 }
    }

    /// What a chain gave.
    struct Ballot: Sendable {
        let chain: Int
        let answer: String
        /// The mean log-probability of its tokens.
        let logprob: Double
        let isVerified: Bool?
    }

    private let aggregation: Aggregation
    private let hasChecker: Bool
    private let kind: AnswerKind
    private var candidates: [String: Candidate] = [:]

    /// An empty tally of answers of a kind.
    public init(_ aggregation: Aggregation, hasChecker: Bool = false, kind: AnswerKind = .text) {
        self.aggregation = aggregation
        self.kind = kind
        self.hasChecker = hasChecker
    }

    /// Counts a chain's answer; one that is not of the tally's kind is no vote.
    ///
    /// - Parameters:
    ///   - answer: the chain's answer, as extracted.
    ///   - chain: the chain's index.
    ///   - meanLogprob: of the chain's tokens; 0 where it was not asked for.
    ///   - isVerified: what the checker says of the answer.
    public mutating func add(
        _ answer: String, chain: Int, meanLogprob: Double = 0, isVerified: Bool? = nil
    ) {
        guard let key = kind.key(of: answer) else { return }
        var candidate = candidates[key] ?? Candidate()
        let place = candidate.chains.firstIndex { $0.chain > chain } ?? candidate.chains.count
        candidate.chains.insert(
            Ballot(chain: chain, answer: answer, logprob: meanLogprob, isVerified: isVerified),
            at: place)
        candidates[key] = candidate
    }

    /// All answers, the leading one first.
    public var ranking: [Candidate] { candidates.values.sorted(by: precedes) }

    /// The leading answer.
    public var leader: Candidate? { candidates.values.min { precedes($0, $1) } }

    /// Whether no answers of `remaining` further chains can change the leader.
    public func isSettled(remaining: Int) -> Bool {
        // An answer that is known to be right needs no company.
        if leader?.isVerified == true { return true }
        guard remaining > 0 else { return true }
        // What further chains find may be accepted.
        guard !hasChecker else { return false }
        let ranking = self.ranking
        guard let first = ranking.first else { return false }
        let second = ranking.count > 1 ? ranking[1] : nil
        switch aggregation {
        case .majority: return first.count > (second?.count ?? 0) + remaining
        // A chain's weight is at most 1.
        case .weighted: return first.weight > (second?.weight ?? 0) + Double(remaining)
        case .best, .all: return false
        }
    }

    private func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
        let (right, wrong) = (a.isVerified ?? false, b.isVerified ?? false)
        if right != wrong { return right }
        switch aggregation {
        case .majority, .all: if a.count != b.count { return a.count > b.count }
        case .weighted: if a.weight != b.weight { return a.weight > b.weight }
        case .best: if a.bestLogprob != b.bestLogprob { return a.bestLogprob > b.bestLogprob }
        }
        return a.firstChain < b.firstChain
    }
}
