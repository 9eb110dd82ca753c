/// Who wins, and who wins a tie.

import Martlet
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

    /// By value: the answers of a model that writes sentences agree in what they are worth.
    @Test(
        arguments: [
            (["It is 17.", "#### 18", "So she has $18.00 left."], .number, 1),
            (["none", "nothing", "18"], .number, 2), (["1.234,5", "7"], .number, 1),
            (["1/2", "2", "0.50"], .number, 0),
            (["C", "(B)", "B.", "The answer is b."], .choice, 1),
            (["A dog", "D"], .choice, 1), (["Rome", "paris", " Paris\n"], .phrase, 1),
            (["17", "18", "18.00"], .text, 0),
        ] as [([String?], AnswerKind, Int)])
    func answersAreComparedByKind(answers: [String?], kind: AnswerKind, winner: Int) {
        #expect(MajorityVote.winner(among: answers, kind: kind) == winner)
    }

    @Test func nobodyWinsWithoutAnswers() {
        #expect(MajorityVote.winner(among: []) == nil)
        #expect(MajorityVote.winner(among: [nil, nil]) == nil)
    }
}
