/// The scores of half-right answers, worked out by hand.

import Foundation
import MartletTasks
import Testing

@Suite struct LongContextScoringTests {
    private func first(_ text: String) throws -> (any EvaluationTask, TaskSample) {
        let task = try TaskRegistry.task(text)
        return (task, task.sample(seed: 3, index: 0, split: .heldOut))
    }

    private func lines(_ sample: TaskSample) -> [String] {
        sample.answer.split(separator: "\n").map(String.init)
    }

    @Test func numberedKeysNeedIndexKeyAndValue() throws {
        let (task, sample) = try first("niah")
        let lines = lines(sample)
        #expect(lines.count == 4)
        func score(_ lines: [String]) -> Double {
            task.score("<answer>\n\(lines.joined(separator: "\n"))\n</answer>", sample)
        }
        #expect(score(lines) == 1)
        #expect(score(lines.reversed()) == 1)
        #expect(score(Array(lines.prefix(3))) == 0.75)
        #expect(score([lines[0], "2. ?", lines[2].uppercased(), lines[3]]) == 0.5)
        // The right value at the wrong index.
        #expect(score(["2." + lines[0].dropFirst(2), lines[3]]) == 0.25)
        // Of several answers to one question the first counts.
        #expect(score(["1. a-b c-d"] + lines) == 0.75)
        #expect(score(lines + ["1. a-b c-d"]) == 1)
        // Other words, and a key left out.
        let words = lines[0].split(separator: " ")
        #expect(score(["1. `\(words[5])`: \(words[7])"]) == 0.25)
        #expect(score(["1. \(words[7])"]) == 0)
        #expect(score(["1. \(words[5])"]) == 0)
        #expect(score(lines.map { String($0.dropFirst(3)) }) == 0)
    }

    @Test func commonWordsAreASet() throws {
        let (task, sample) = try first("common-words")
        let words = sample.answer.split { !$0.isLetter }.map(String.init)
        #expect(words.count == 10)
        func score(_ words: [String]) -> Double {
            task.score("<answer>\(words.joined(separator: ", "))</answer>", sample)
        }
        #expect(score(words) == 1)
        #expect(score(words.reversed() + words) == 1)
        #expect(score(words.map { $0.uppercased() }) == 1)
        #expect(score(Array(words.prefix(5))) == 0.5)
        // Five right, five wrong: 5 of 15.
        #expect(score(words.prefix(5) + ["va", "vb", "vc", "vd", "ve"]) == 5.0 / 15)
        #expect(score(words + ["va", "vb", "vc", "vd", "ve", "vf"]) == 10.0 / 16)
        #expect(score(["va"]) == 0)
    }

    @Test func variablesAreASet() throws {
        let (task, sample) = try first("variable-tracking")
        let names = sample.answer.split(separator: " ").map(String.init)
        #expect(names.count == 5)
        func score(_ names: [String]) -> Double {
            task.score("<answer>\(names.joined(separator: "\n"))</answer>", sample)
        }
        #expect(score(names) == 1)
        #expect(score(names.reversed()) == 1)
        #expect(score(Array(names.prefix(2))) == 0.4)
        #expect(score(names.prefix(3) + ["QQ"]) == 0.5)
        #expect(score(names.map { $0.lowercased() }) == 0)
    }

    @Test func chaptersAreASet() throws {
        let (task, sample) = try first("story-filtering")
        let chapters = sample.answer.split(separator: ", ").map(String.init)
        #expect(chapters.count == 3)
        func score(_ answer: String) -> Double { task.score("<answer>\(answer)</answer>", sample) }
        #expect(score(chapters.reversed().joined(separator: " ")) == 1)
        #expect(score("Chapters \(chapters[0]), 0\(chapters[1]) and \(chapters[2]).") == 1)
        #expect(score("\(chapters[0]), \(chapters[1])") == 2.0 / 3)
        #expect(score("\(chapters[0]), 9998, 9999") == 0.2)
        #expect(score("9999") == 0)
    }

    @Test func factsNeedTheirNumber() throws {
        let (task, sample) = try first("story-retrieval")
        let lines = lines(sample)
        #expect(lines.count == 16)
        func score(_ lines: [String]) -> Double {
            task.score(
                "<explanation>x</explanation><answer>\(lines.joined(separator: "\n"))", sample)
        }
        #expect(score(lines.map { $0.uppercased() }) == 1)
        #expect(score(Array(lines.suffix(4))) == 0.25)
        let name = lines[0].dropFirst(3)
        for spelling in ["the \(name)", "The \(name).", "A \(name)", "an  \(name)"] {
            let expected = spelling.contains("  ") ? 0 : 1.0 / 16
            #expect(score(["1. \(spelling)"]) == expected)
        }
        #expect(score(["1) \(name)", "2. \(name)!"]) == 1.0 / 16)
        #expect(score(["1. in \(name)"]) == 0)
    }

    @Test func itemsMatchWithoutArticle() throws {
        let (task, sample) = try first("story-multihop")
        func score(_ answer: String) -> Double { task.score("<answer>\(answer)</answer>", sample) }
        for answer in ["a \(sample.answer)", " The \(sample.answer.uppercased()). "] {
            #expect(score(answer) == 1)
        }
        #expect(score("\(sample.answer) \(sample.answer)") == 0)
        #expect(score(String(sample.answer.dropLast())) == 0)
    }

    @Test func rulerLooksForTheAnswersInOneLine() throws {
        let (task, sample) = try first("ruler-niah-multiquery")
        let values = sample.answer.components(separatedBy: ", ")
        #expect(values.count == 4)
        #expect(task.score(" They are \(values.reversed().joined(separator: "; ")).", sample) == 1)
        #expect(task.score("\(values[0]) 1234567", sample) == 0.25)
        #expect(task.score("\n\n \(values[0]) \(values[1])\n\(values[2])", sample) == 0.5)
        #expect(task.score("1234567\n\(sample.answer)", sample) == 0)
        let (variables, chain) = try first("ruler-vt")
        #expect(variables.score(chain.answer.lowercased(), chain) == 1)
        let (words, list) = try first("ruler-cwe")
        #expect(words.score(list.answer.components(separatedBy: ", ")[3], list) == 0.1)
        let (uuids, uuid) = try first("ruler-niah-multikey-3")
        #expect(uuids.score("is \(uuid.answer.uppercased()).", uuid) == 1)
        #expect(uuids.score(String(uuid.answer.dropLast()), uuid) == 0)
    }
}
