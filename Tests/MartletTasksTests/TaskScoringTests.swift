/// Scores of wrong and half-right texts, and answers checked without a reference.

import MartletTasks
import Testing

@Suite struct TaskScoringTests {
    private func first(_ text: String) throws -> (any EvaluationTask, TaskSample) {
        let task = try TaskRegistry.task(text)
        return (task, task.sample(seed: 3, index: 0, split: .heldOut))
    }

    @Test(arguments: [
        ("#12\n", "12"), ("a#12\nb#13\n", "12"), ("#12", "12"), ("##", "#"), ("#\n", ""),
        ("x#1#2\n", "1#2"), ("#é\n", "é"),
    ])
    func answerIsBetweenMarkAndLineBreak(text: String, expected: String) throws {
        #expect(AnswerLayout.scratchPad.answer(in: text) == expected)
    }

    @Test(arguments: ["", "12", "\n#12", "12\n#12\n"]) func noAnswer(text: String) throws {
        #expect(AnswerLayout.scratchPad.answer(in: text) == nil)
    }

    @Test func recallCountsQueries() throws {
        let (task, sample) = try first("recall(pairs=8,queries=4)")
        let answers = sample.answer.split(separator: ",").map(String.init)
        #expect(answers.count == 4)
        func score(_ answers: [String]) -> Double {
            task.score("#\(answers.joined(separator: ","))\n", sample)
        }
        #expect(score(answers) == 1)
        #expect(score(Array(answers.prefix(3))) == 0.75)
        #expect(score(["zz=00"] + answers.dropFirst()) == 0.75)
        #expect(score(["", "", answers[2], ""]) == 0.25)
        #expect(score(answers + answers) == 0)
        #expect(score(answers.reversed()) == 0)
        #expect(score([]) == 0)
    }

    @Test func copyCountsCharacters() throws {
        let (task, sample) = try first("copy(length=23)")
        #expect(sample.answer.count == 20)
        #expect(task.score("#\(sample.answer.prefix(10))\n", sample) == 0.5)
        #expect(task.score("#\(sample.answer.dropLast(5))-----\n", sample) == 0.75)
        #expect(task.score("#\(sample.answer)\(sample.answer)\n", sample) == 0.5)
        #expect(task.score("#\n", sample) == 0)
    }

    @Test func sortingIsVerifiedWithoutReference() throws {
        for text in ["sorting", "reasoning"] {
            let task = try TaskRegistry.task(text)
            #expect(task.isVerified("#11 12 30\n", prompt: "S:30 11 12=") == true)
            #expect(task.isVerified("#11 30 12\n", prompt: "S:30 11 12=") == false)
            #expect(task.isVerified("#11 12\n", prompt: "S:30 11 12=") == false)
            #expect(task.isVerified("no answer", prompt: "S:30 11 12=") == false)
            #expect(task.isVerified("#11 12 30\n", prompt: "S:30 11 x=") == nil)
            #expect(task.isVerified("#2\n", prompt: "A:1+1=") == nil)
        }
    }

    @Test func mixturesJudgeByTheComponent() throws {
        let mixture = try TaskRegistry.task("mixture(mixture(copy,countdown),recall(queries=4))")
        for sample in samples(mixture, 40) {
            let component = try TaskRegistry.task(sample.task)
            for text in [sample.completion, "#\(sample.answer.dropLast(2))\n", "#", ""] {
                #expect(mixture.score(text, sample) == component.score(text, sample))
            }
        }
        // A sample of none of them is compared as text.
        let (_, other) = try first("sorting")
        #expect(mixture.score(other.completion, other) == 1)
        #expect(mixture.score("#1\n", other) == 0)
    }
}
