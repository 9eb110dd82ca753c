/// Who wins, and who wins a tie.

import MartletEvaluation
import Testing

@Suite struct MajorityVoteTests {
    @Test(
        arguments: [
            (["7"], 0),
            (["1", "2", "2"], 1),
            (["1", "2", "2", "1"], 0),
            (["2", "1", "1", "2", "3"], 0),
            (["3", "1", "2", "2", "1"], 1),
            ([nil, nil, "5"], 2),
            ([nil, "5", nil, "6", "6"], 3),
            (["", "", "4"], 0),
        ] as [([String?], Int)])
    func theMostFrequentAnswerWins(answers: [String?], winner: Int) {
        #expect(MajorityVote.winner(among: answers) == winner)
    }

    @Test func nobodyWinsWithoutAnswers() {
        #expect(MajorityVote.winner(among: []) == nil)
        #expect(MajorityVote.winner(among: [nil, nil]) == nil)
    }
}
