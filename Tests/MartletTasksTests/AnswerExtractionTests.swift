/// Where answers stand in texts.

import Testing

@testable import MartletTasks

@Suite struct AnswerExtractionTests {
    @Test(arguments: [
        ("so \\boxed{\\frac{1}{2}} is it, or 7", "\\frac{1}{2}"),
        ("2+2=4\n#### 4\nmore", "4"),
        ("b=72+4=76,#76\nC97:a=1", "76"),
        ("The answer is 42.", "42"), ("Answer: no\nbye 3", "no"),
        ("first 3, then 12.5", "12.5"), ("it costs -7", "-7"), ("7-5", "5"),
        ("1,024 in all", "1,024"),
        ("yes\n\nperhaps\n  \n", "perhaps"),
    ])
    func automatic(text: String, answer: String) {
        #expect(AnswerExtraction.automatic.answer(in: text) == answer)
    }

    @Test(arguments: ["", " \n \n", "#", "# \nx"])
    func nothingIsNoAnswer(text: String) {
        let answer = AnswerExtraction.mark("#").answer(in: text)
        #expect(answer == nil)
    }

    @Test func namedPlaces() {
        #expect(AnswerExtraction("number")?.answer(in: "1,024 or 2,048.") == "2048")
        #expect(AnswerExtraction("line")?.answer(in: "a\n b \n") == "b")
        #expect(AnswerExtraction("mark:=>")?.answer(in: "x => y => z\nw") == "y => z")
        #expect(AnswerExtraction("number")?.answer(in: "none") == nil)
        #expect(AnswerExtraction("mark:") == nil && AnswerExtraction("numbers") == nil)
    }

    /// A chain that was cut off has said something only when something follows it.
    @Test(arguments: [
        ("b=4,#26\nmore", true), ("b=4,#2", false), ("b=4,c=2", false),
        ("\\boxed{7} so", true), ("\\boxed{7", false),
    ])
    func cutTextsGuess(text: String, isFinal: Bool) {
        let found = AnswerExtraction.automatic.find(in: text, isComplete: false)
        #expect(found?.isFinal == isFinal)
        #expect(AnswerExtraction.automatic.find(in: text)?.isFinal == true)
    }

    /// Whatever a model writes, an answer is a part of it or nothing, and nothing traps.
    @Test func anyTextIsRead() {
        let pieces = [
            "#", "\\boxed{", "}", "12", ".", ",", "-", "answer is", "\n", " ", "é", "\u{301}", "答",
        ]
        var state: UInt32 = 5
        for _ in 0..<2000 {
            var text = ""
            for _ in 0..<8 {
                state = state &* 1_664_525 &+ 1_013_904_223
                text += pieces[Int(state >> 16) % pieces.count]
            }
            for place in [AnswerExtraction.automatic, .number, .line, .mark("#")] {
                guard let answer = place.answer(in: text) else { continue }
                #expect(!answer.isEmpty && answer.utf8.count <= text.utf8.count)
            }
        }
    }
}
