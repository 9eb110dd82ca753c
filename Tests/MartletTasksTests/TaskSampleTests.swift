/// What holds for the samples of every task: purity, splits, framing, bounds, scores.

import Foundation
import MartletTasks
import Testing

@Suite struct TaskSampleTests {
    @Test(arguments: taskTexts + longContextTexts) func samplesAreAPureFunction(text: String) throws
    {
        let task = try TaskRegistry.task(text)
        let again = try TaskRegistry.task(task.name)
        #expect(again.name == task.name)
        for split in TaskSplit.allCases {
            let forward = samples(task, 12, split: split)
            // Another object, another order.
            for index in (0..<12).reversed() {
                #expect(again.sample(seed: 7, index: index, split: split) == forward[index])
            }
            #expect(Set(forward.map(\.prompt)).count > 8)
            #expect(forward != samples(task, 12, seed: 8, split: split))
        }
        for index in [Int.min, -1, Int.max] {
            let sample = task.sample(seed: .max, index: index, split: .training)
            #expect(sample == again.sample(seed: .max, index: index, split: .training))
        }
    }

    @Test(arguments: taskTexts + longContextTexts)
    func samplesAreFramedAndBounded(text: String) throws {
        let task = try TaskRegistry.task(text)
        let count = longContextTexts.contains(text) ? 20 : 60
        var longest = 0
        var isScratchPad = true
        for split in TaskSplit.allCases {
            for sample in samples(task, count, split: split) {
                let prompt = Array(sample.prompt.utf8)
                let completion = Array(sample.completion.utf8)
                #expect((prompt + completion).allSatisfy { (32...126).contains($0) || $0 == 10 })
                checkFrame(sample)
                isScratchPad = isScratchPad && sample.layout == .scratchPad
                #expect(prompt.count <= task.maximumPromptLength)
                #expect(completion.count <= task.maximumCompletionLength)
                #expect(sample.answer.utf8.count <= task.answerLengthBound)
                #expect(TaskSplit(fingerprint: sample.fingerprint) == split)
                #expect(sample.difficulty > 0 && !sample.parameters.isEmpty)
                longest = max(longest, completion.count)
            }
        }
        // A bound that is far away would make every context too large. Other layouts leave models room for
        // words of their own.
        if isScratchPad { #expect(longest * 5 >= task.maximumCompletionLength * 2) }
    }

    private func checkFrame(_ sample: TaskSample) {
        let (prompt, completion) = (sample.prompt, sample.completion)
        // What ends a solution stands at its end, and nowhere before.
        let ends = sample.layout.stop.filter { completion.hasSuffix($0) }
        #expect(ends.count == 1)
        for end in ends { #expect(!completion.dropLast(end.count).contains(end)) }
        switch sample.layout {
        case .scratchPad:
            #expect(prompt.hasSuffix("=") || prompt.hasSuffix("?"))
            #expect(!prompt.contains("\n") && !prompt.contains("#"))
            #expect(completion.hasSuffix("#\(sample.answer)\n"))
            #expect(completion.filter { $0 == "\n" || $0 == "#" }.count == 2)
        case .tags:
            #expect(prompt.hasSuffix(".\n"))
            #expect(prompt.components(separatedBy: "<context>").count == 2)
            let (context, question) = contextAndQuestion(sample)
            #expect(!context.isEmpty && !context.contains("<") && !question.isEmpty)
            #expect(prompt.components(separatedBy: question).count == 3)
            #expect(completion.hasPrefix("<explanation>"))
            #expect(completion.hasSuffix("<answer>\(sample.answer)</answer>"))
            #expect(completion.filter { $0 == "<" }.count == 4)
        case .line:
            // The answer goes on in the last line of the prompt, and is one line itself.
            #expect(prompt.last?.isWhitespace == false)
            let (context, question) = contextAndQuestion(sample)
            #expect(!context.isEmpty && question.contains("Answer: "))
            #expect(completion == " \(sample.answer)\n" && !sample.answer.contains("\n"))
        case .text, .program: #expect(completion == sample.answer)
        case .lastNumber:
            #expect(completion.hasSuffix("#### \(sample.answer)\n\nQuestion:"))
        }
    }

    @Test(arguments: taskTexts) func referencesScoreOneAndCorruptAnswersLess(text: String) throws {
        let task = try TaskRegistry.task(text)
        for sample in samples(task, 30, split: .heldOut) {
            #expect(sample.layout.answer(in: sample.completion) == sample.answer)
            #expect(task.score(sample.completion, sample) == 1)
            #expect(task.score(sample.completion + "A:1+1=#2\n", sample) == 1)
            #expect(task.score(String(sample.completion.dropLast()), sample) == 1)
            #expect(task.isVerified(sample.completion, prompt: sample.prompt) != false)
            for wrong in corruptions(of: sample.answer) {
                let score = task.score("\(scratchPad(sample))#\(wrong)\n", sample)
                #expect((0..<1).contains(score), "\(sample.prompt) \(wrong)")
                #expect(task.isVerified("#\(wrong)\n", prompt: sample.prompt) != true)
            }
            #expect(task.score("", sample) == 0)
            #expect(task.score(sample.answer, sample) == 0)
            #expect(task.score("\n" + sample.completion, sample) == 0)
        }
    }

    /// No corruption of an expression has the old value: a changed digit is another number.
    private func corruptions(of answer: String) -> [String] {
        var letters = Array(answer)
        let place = letters.lastIndex { $0.isLetter || $0.isNumber } ?? 0
        letters[place] = letters[place] == "9" ? "8" : letters[place] == "z" ? "y" : "9"
        return [String(letters), "", answer + answer, answer + "#" + answer, "?"]
    }

    @Test func heldOutProblemsAreNeverTrainedOn() throws {
        for text in ["reasoning", "memory"] {
            let task = try TaskRegistry.task(text)
            let training = samples(task, 10_000, seed: 1)
            let heldOut = samples(task, 2_000, seed: 1, split: .heldOut)
            #expect(
                Set(training.map(\.fingerprint)).isDisjoint(with: heldOut.map(\.fingerprint)))
            #expect(Set(training.map(\.prompt)).isDisjoint(with: heldOut.map(\.prompt)))
        }
    }

    @Test func smallSpacesAreSplitToo() throws {
        // 720 products, 576 pairs of permutations: training sees nearly all of its part, and none
        // of the rest.
        for (text, count) in [
            ("multiplication(digits=2,by=1)", 720), ("permutation(size=4,count=2)", 576),
        ] {
            let task = try TaskRegistry.task(text)
            let training = Set(samples(task, 6_000).map(\.prompt))
            let heldOut = Set(samples(task, 1_500, split: .heldOut).map(\.prompt))
            #expect(training.isDisjoint(with: heldOut))
            #expect(training.count + heldOut.count <= count)
            #expect(training.count + heldOut.count > count * 9 / 10)
            #expect((count / 14...count / 5).contains(heldOut.count))
        }
    }

    @Test func spellingsOfOneProblemShareASplit() throws {
        // The split is that of the content: the order of terms does not matter.
        func numbers(_ prompt: String, by separator: Character) -> [Int] {
            prompt.dropFirst(2).dropLast().split(separator: separator).compactMap { Int($0) }
                .sorted()
        }
        for (text, separator) in [
            ("addition(digits=2)", Character("+")), ("sorting(count=3)", " "),
        ] {
            let task = try TaskRegistry.task(text)
            let training = Set(samples(task, 5_000).map { numbers($0.prompt, by: separator) })
            let heldOut = samples(task, 500, split: .heldOut)
            #expect(heldOut.allSatisfy { !training.contains(numbers($0.prompt, by: separator)) })
        }
        // Nor do the parameters that a problem was drawn with.
        let narrow = try TaskRegistry.task("addition(digits=2)")
        let wide = try TaskRegistry.task("addition(digits=2..3)")
        let trained = Set(samples(narrow, 5_000).map(\.prompt))
        #expect(samples(wide, 500, split: .heldOut).allSatisfy { !trained.contains($0.prompt) })
    }

    @Test func lengthsAreKept() throws {
        for (text, range) in [
            ("passkey(length=300..32000,keys=1..9)", 300...32_000),
            ("recall(length=400..32000,pairs=4..32)", 400...32_000),
            ("variables(length=128..32000)", 128...32_000), ("copy(length=8..32000)", 8...32_000),
        ] {
            let task = try TaskRegistry.task(text)
            for sample in samples(task, 12) {
                let count = sample.prompt.utf8.count
                #expect(count <= range.upperBound && count * 10 >= range.lowerBound * 9)
            }
        }
        for length in [128, 512, 1_000, 4_096, 32_768, 100_000] {
            for name in ["passkey", "recall(pairs=4..8,queries=1,", "variables", "copy"] {
                let text =
                    name.contains("(") ? "\(name)length=\(length))" : "\(name)(length=\(length))"
                let task = try TaskRegistry.task(text)
                let count = task.sample(seed: 3, index: 0, split: .training).prompt.utf8.count
                #expect(count <= length && count * 10 >= length * 9, "\(text): \(count)")
            }
        }
    }

    @Test func rangesAreDrawnEvenly() throws {
        for (text, key, range) in [
            ("addition(digits=2..6)", "digits", 2...6), ("chain(steps=4..8)", "steps", 4...8),
            ("sorting(count=4..10)", "count", 4...10), ("permutation(count=2..4)", "count", 2...4),
            ("passkey(depth=1..5)", "depth", 1...5), ("recall(pairs=3..5)", "pairs", 3...5),
            ("countdown(numbers=3..5)", "numbers", 3...5), ("variables(hops=2..4)", "hops", 2...4),
        ] {
            let task = try TaskRegistry.task(text)
            let drawn = samples(task, 1_000).compactMap { $0.parameters[key] }
            for value in range {
                let expected = 1_000 / range.count
                let count = drawn.count { $0 == value }
                #expect((expected / 2...expected * 3 / 2).contains(count), "\(text) \(value)")
            }
            #expect(drawn.allSatisfy(range.contains))
        }
    }

    @Test func answersAreSpread() throws {
        // A model that always gives the commonest answer must not look clever.
        for (text, most) in [
            ("addition", 10), ("multiplication", 20), ("chain", 40), ("variables", 40),
            ("permutation", 30), ("passkey", 3), ("copy", 2), ("sorting", 2),
        ] {
            let task = try TaskRegistry.task(text)
            var counts: [String: Int] = [:]
            for sample in samples(task, 1_000) { counts[sample.answer, default: 0] += 1 }
            #expect((counts.values.max() ?? 0) <= most, "\(text)")
        }
    }

    @Test func mixturesTakeTurns() throws {
        let task = try TaskRegistry.task("mixture(addition,sorting(count=4),addition)")
        let drawn = samples(task, 30)
        #expect(Set(drawn.map(\.task)) == ["addition(digits=2..6,terms=2)", "sorting(count=4)"])
        for (index, sample) in drawn.enumerated() {
            #expect(sample.prompt.hasPrefix(index % 3 == 1 ? "S:" : "A:"))
        }
        #expect(Set(drawn.map(\.prompt)).count == 30)
        let reasoning = try TaskRegistry.task("reasoning")
        #expect(Set(samples(reasoning, 14).compactMap { $0.prompt.first }) == Set("AMCNVSP"))
        let memory = try TaskRegistry.task("memory")
        #expect(Set(samples(memory, 6).compactMap { $0.prompt.first }) == Set("RKD"))
        // Prompt and completion of the blends fit a context of 768.
        #expect(
            samples(reasoning, 2_000).allSatisfy { ($0.prompt + $0.completion).utf8.count < 768 })
        #expect(memory.maximumPromptLength + memory.maximumCompletionLength < 640)
    }
}
