/// Long prompts solved again from their text alone: needles, counts of words, chains of variables.

import Foundation
import MartletTasks
import Testing

@Suite struct LongContextSolverTests {
    private func all(_ prefix: String) throws -> [TaskSample] {
        try longContextTexts.filter { $0.hasPrefix(prefix) }.flatMap { text in
            let task = try TaskRegistry.task(text)
            return samples(task, 40) + samples(task, 10, seed: 9, split: .heldOut)
        }
    }

    @Test func keysHaveTheirValues() throws {
        for sample in try all("niah") {
            let (context, question) = contextAndQuestion(sample)
            // The value for key K is: V.
            let words = context.split(separator: " ")
            #expect(words.count % 7 == 0 && sample.parameters["needles"] == words.count / 7)
            var values: [Substring: Substring] = [:]
            for start in stride(from: 0, to: words.count, by: 7) {
                let (key, value) = (words[start + 4], words[start + 6].dropLast())
                #expect(key.count == 35 && value.count == 35)
                #expect(values.updateValue(value, forKey: key) == nil)
            }
            var lines: [String] = []
            for line in question.split(separator: "\n").dropFirst() {
                let parts = line.split(separator: " ")
                let value = try #require(values[parts[1]])
                lines.append("\(parts[0]) The value for key \(parts[1]) is \(value).")
            }
            #expect(lines.count == sample.parameters["queries"])
            #expect(sample.answer == lines.joined(separator: "\n"))
        }
    }

    @Test(arguments: ["common-words", "ruler-cwe"]) func commonWordsAreCommon(name: String) throws {
        for sample in try all(name) {
            let words = contextAndQuestion(sample).context.split { $0 == "\n" || $0 == " " }
            var counts: [Substring: Int] = [:]
            for (place, word) in words.enumerated() {
                if place % 2 == 0 {
                    #expect(word == "\(place / 2 + 1).")
                } else {
                    counts[word, default: 0] += 1
                }
            }
            let frequency = try #require(sample.parameters["frequency"])
            let common = counts.filter { $0.value == frequency }.map(\.key)
            let rare = counts.values.filter { $0 != frequency }
            #expect(common.count == sample.parameters["common"])
            #expect(rare.count == sample.parameters["rare"])
            let rareFrequency = try #require(sample.parameters["rare-frequency"])
            #expect(Set(rare) == [rareFrequency])
            // In the order in which they first come.
            var order: [Substring] = []
            for word in words where common.contains(word) && !order.contains(word) {
                order.append(word)
            }
            #expect(sample.answer.split { !$0.isLetter } == order)
        }
    }

    @Test(arguments: ["variable-tracking", "ruler-vt"])
    func variablesHaveTheirNumber(name: String) throws {
        var backward = 0
        for sample in try all(name) {
            let (context, question) = contextAndQuestion(sample)
            var meaning: [Substring: Substring] = [:]
            var order: [Substring] = []
            for line in context.split(separator: "\n") where line.hasPrefix("VAR ") {
                // VAR A = 12345, or VAR A = VAR B
                let words = line.split(separator: " ")
                let value = try #require(words.last)
                #expect(meaning.updateValue(value, forKey: words[1]) == nil)
                order.append(words[1])
                if words.count == 5, meaning[value] == nil { backward += 1 }
            }
            let chains = try #require(sample.parameters["chains"])
            let hops = try #require(sample.parameters["hops"])
            #expect(order.count == chains * (hops + 1))
            let numbers: [Substring] = question.split { !$0.isNumber }
            let number = numbers.first { $0.count == 5 }
            let found = try order.filter { variable in
                var value = variable
                while value.first?.isLetter == true {
                    let next: Substring? = meaning[value]
                    value = try #require(next)
                }
                return value == number
            }
            let answer = sample.answer.split { !$0.isLetter }
            #expect(answer.count == hops + 1 && Set(answer) == Set(found))
            if name == "ruler-vt" { #expect(answer == found) }
        }
        // RULER keeps the order of a chain, the Sparse Frontier does not.
        #expect((backward > 100) == (name == "variable-tracking"))
    }

    @Test func needlesHaveTheirValues() throws {
        for sample in try all("ruler-niah") {
            let (context, question) = contextAndQuestion(sample)
            let noun = question.contains("uuid") ? "uuid" : "number"
            // One special magic number for K is: V.
            var values: [String: [String]] = [:]
            let pieces = context.components(separatedBy: "One special magic \(noun) for ")
            for piece in pieces.dropFirst() {
                let words = piece.split { $0 == " " || $0 == "\n" }
                #expect(words[1] == "is:" && words[2].last == ".")
                values[String(words[0]), default: []].append(String(words[2].dropLast()))
            }
            let start = try #require(question.range(of: " for ")).upperBound
            let end = try #require(question.range(of: " mentioned")).lowerBound
            let keys = question[start..<end].replacingOccurrences(of: " and ", with: ", ")
                .components(separatedBy: ", ")
            #expect(keys.count == sample.parameters["queries"])
            #expect(Set(values.values.flatMap { $0 }).count == pieces.count - 1)
            let expected = keys.flatMap { values[$0] ?? ["none"] }
            #expect(sample.answer == expected.joined(separator: ", "))
            for value in expected { #expect(value.count == (noun == "uuid" ? 36 : 7)) }
            if sample.task.contains("multikey-2") || sample.task.contains("multikey-3") {
                let lines = context.split(separator: "\n")
                #expect(lines.count == values.count && lines.count == pieces.count - 1)
            } else {
                #expect(values.count == sample.parameters["keys"])
            }
        }
    }

    @Test func codedWordsAreCounted() throws {
        for sample in try all("ruler-fwe") {
            var counts: [Substring: Int] = [:]
            for word in contextAndQuestion(sample).context.split(separator: " ") {
                #expect(word == "..." || word.count == 6)
                counts[word, default: 0] += 1
            }
            let dots = counts.removeValue(forKey: "...") ?? 0
            let order = counts.sorted { $0.value > $1.value }
            #expect(dots > order[0].value && order[0].value > order[1].value)
            #expect(order[1].value > order[2].value && order[2].value > order[3].value)
            // But for rounding, rank 2 is four times as frequent as rank 4.
            #expect((3...5).contains((order[0].value + 1) / order[2].value))
            #expect(sample.answer == order.prefix(3).map(\.key).joined(separator: ", "))
        }
    }

    /// A needle may stand anywhere: near the beginning in some samples, near the end in others.
    @Test func placesAreSpread() throws {
        let task = try TaskRegistry.task("ruler-niah-single-2(length=3000)")
        var places: [Int] = []
        for sample in samples(task, 60) {
            let context = contextAndQuestion(sample).context
            let place = try #require(context.range(of: "One special")).lowerBound
            let before = context.distance(from: context.startIndex, to: place)
            places.append(before * 4 / context.count)
        }
        for quarter in 0..<4 { #expect(places.count { $0 == quarter } > 5) }
    }
}
