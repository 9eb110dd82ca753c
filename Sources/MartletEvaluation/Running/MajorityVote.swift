/// Choosing one of several answers by counting them; knows nothing of right and wrong.

/// The most frequent answer, every chain with one vote.
public enum MajorityVote {
    /// The first of the chains that gave the most frequent answer; among equally frequent answers
    /// the one that came first. A chain without an answer does not vote; nil when none does.
    ///
    /// First means the lowest number, not the earliest in time: which chain ends first depends on
    /// what else runs.
    public static func winner(among answers: [String?]) -> Int? {
        var votes: [String: (count: Int, first: Int)] = [:]
        for (index, answer) in answers.enumerated() {
            guard let answer else { continue }
            votes[answer, default: (0, index)].count += 1
        }
        return votes.values.max { ($0.count, -$0.first) < ($1.count, -$1.first) }?.first
    }
}
