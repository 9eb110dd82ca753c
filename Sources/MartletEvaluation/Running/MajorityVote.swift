/// Choosing one of several answers by counting them; knows nothing of right and wrong.

import Martlet
public import MartletTasks

/// The most frequent answer, every chain with one vote.
public enum MajorityVote {
    /// The first of the chains that gave the most frequent answer; among equally frequent answers
    /// the one that came first. A chain without an answer does not vote; nil when none does.
    ///
    /// First means the lowest number, not the earliest in time: which chain ends first depends on
    /// what else runs.
    ///
    /// - Parameter kind: what the answers are; one that is not of it does not vote.
    public static func winner(among answers: [String?], kind: AnswerKind = .text) -> Int? {
        var tally = VoteTally(.majority, kind: kind)
        for (chain, answer) in answers.enumerated() {
            if let answer { tally.add(answer, chain: chain) }
        }
        return tally.leader?.firstChain
    }
}
