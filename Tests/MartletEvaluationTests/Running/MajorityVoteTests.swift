/// Who wins, and who wins a tie.

import Martlet
import MartletTasks
import Testing

@testable import MartletEvaluation

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

    /// Two chains agree on what is wrong, one is right: the vote is wrong, a checker would choose the third.
    @Test func chainsBecomeOneScore() throws {
        let sample = try TaskRegistry.task("copy").sample(seed: 1, index: 0, split: .heldOut)
        let chains = [("a", 0.0), ("a", 0), ("b", 1)].map { answer, score in
            ChainResult(
                text: answer, answer: answer, score: score, tokens: 1, kvReads: 1, bytesMoved: 1,
                peakTokens: 1, finishReason: .stop)
        }
        let result = SampleResult(
            index: 0, sample: sample, seed: 1, chains: chains, bytes: 1, cacheBytes: 1)
        #expect(ChainScoring.vote.score(result) == 0)
        #expect(ChainScoring.any.score(result) == 1)
    }

    @Test func nobodyWinsWithoutAnswers() {
        #expect(MajorityVote.winner(among: []) == nil)
        #expect(MajorityVote.winner(among: [nil, nil]) == nil)
    }
}
