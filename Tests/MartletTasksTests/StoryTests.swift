/// The facts of stories, read again from their text, and the answers that follow from them.

import Foundation
import Testing

@testable import MartletTasks

@Suite struct StoryTests {
    /// A chapter as a reader finds it.
    private struct Chapter {
        var locations: [String] = []
        var characters: Set<String> = []
        var bought: [String] = []
        var sold: [String] = []
    }

    private static let characters = Set(StoryWords.characters)
    private static let adjectives = Set(StoryWords.adjectives)
    private static let materials = Set(StoryWords.materials)
    private static let types = Set(StoryWords.types)

    private func chapters(_ sample: TaskSample) -> [Chapter] {
        let texts = contextAndQuestion(sample).context.components(separatedBy: "\n\n")
        return texts.enumerated().map { place, text in
            #expect(text.hasPrefix("Chapter \(place + 1):\n"))
            var chapter = Chapter()
            chapter.locations = StoryWords.locations.filter { text.contains("the \($0)") }
            for sentence in text.split(whereSeparator: { ".?!:".contains($0) }) {
                let words = sentence.split { !$0.isLetter }.map(String.init)
                chapter.characters.formUnion(words.filter(Self.characters.contains))
                for start in words.indices.dropLast(2)
                where Self.adjectives.contains(words[start])
                    && Self.materials.contains(words[start + 1])
                    && Self.types.contains(words[start + 2])
                {
                    let item = words[start...start + 2].joined(separator: " ")
                    let isBought = !Set(words).isDisjoint(with: ["bought", "purchased", "acquired"])
                    let isSold = words.contains("sold")
                    #expect(isBought != isSold, "\(sentence)")
                    if isBought { chapter.bought.append(item) } else { chapter.sold.append(item) }
                }
            }
            return chapter
        }
    }

    private func all(_ name: String) throws -> [(sample: TaskSample, chapters: [Chapter])] {
        try longContextTexts.filter { $0.hasPrefix(name) }.flatMap { text in
            let task = try TaskRegistry.task(text)
            return samples(task, 12) + samples(task, 4, seed: 5, split: .heldOut)
        }.map { ($0, chapters($0)) }
    }

    @Test func wordsAreEnoughAndDifferent() {
        for (words, count) in [
            (StoryWords.locations, 64), (StoryWords.characters, 49), (StoryWords.events, 20),
            (StoryWords.adjectives, 18), (StoryWords.materials, 15), (StoryWords.types, 21),
        ] {
            #expect(words.count == count && Set(words).count == count)
        }
        #expect(Set((0..<StoryWords.itemCount).map(StoryWords.item)).count == 18 * 15 * 21)
        for location in StoryWords.locations {
            #expect(StoryWords.locations.count { $0.contains(location) } == 1)
        }
        #expect(StoryWords.adjectives.allSatisfy { !"aeiou".contains($0.prefix(1)) })
        for templates in [
            StoryTemplates.scene, StoryTemplates.reason, StoryTemplates.event,
            StoryTemplates.character, StoryTemplates.purchase, StoryTemplates.sale,
            StoryTemplates.farewell, StoryTemplates.conclusion, StoryTemplates.extra,
        ] {
            #expect(templates.count == 10)
        }
        #expect(StoryTemplates.conversation.count == 16)
    }

    @Test(arguments: ["story-retrieval", "story-filtering", "story-multihop"])
    func factsAreUnique(name: String) throws {
        var sales = 0
        var total = 0
        for (sample, chapters) in try all(name) {
            #expect(chapters.count == sample.parameters["chapters"])
            #expect(chapters.allSatisfy { $0.locations.count == 1 && $0.characters.count == 1 })
            #expect(chapters.allSatisfy { $0.sold.count <= 1 })
            let pairs = chapters.map { $0.locations + $0.characters.sorted() }
            #expect(Set(pairs).count == chapters.count)
            let bought = chapters.flatMap(\.bought)
            #expect(Set(bought).count == bought.count)
            let missing = sample.parameters["missing"] ?? 0
            #expect(chapters.allSatisfy { $0.bought.count <= 1 })
            #expect(bought.count == chapters.count - missing)
            // Only what was bought in an earlier chapter is sold, and only once.
            var owned: Set<String> = []
            for chapter in chapters where missing == 0 {
                for item in chapter.sold { #expect(owned.remove(item) != nil) }
                owned.formUnion(chapter.bought)
            }
            sales += chapters.count { !$0.sold.isEmpty }
            total += chapters.count - 1
        }
        #expect(sales * 10 > total * 4 && sales * 10 < total * 6)
    }

    @Test func factsAreRetrieved() throws {
        for (sample, chapters) in try all("story-retrieval") {
            var answers: [String] = []
            for line in contextAndQuestion(sample).question.split(separator: "\n") {
                let number = line.split { !$0.isNumber }.compactMap { Int($0) }
                #expect(number.count == 2 && number[0] == answers.count + 1)
                let chapter = chapters[number[1] - 1]
                let fact =
                    line.contains("location")
                    ? chapter.locations.first
                    : line.contains("Whom") ? chapter.characters.first : chapter.bought.first
                answers.append("\(number[0]). \(try #require(fact))")
            }
            #expect(answers.count == sample.parameters["questions"])
            #expect(sample.answer == answers.joined(separator: "\n"))
        }
    }

    @Test func chaptersWithoutPurchaseAreFound() throws {
        for (sample, chapters) in try all("story-filtering") {
            let found = chapters.indices.filter { chapters[$0].bought.isEmpty }.map { "\($0 + 1)" }
            #expect(found.count == sample.parameters["missing"])
            #expect(sample.answer == found.joined(separator: ", "))
            #expect(sample.prompt.contains(" exactly \(found.count) such chapter"))
        }
    }

    @Test func itemsBeforeOthersAreFound() throws {
        for (sample, chapters) in try all("story-multihop") {
            let question = contextAndQuestion(sample).question
            let start = try #require(question.range(of: "before he bought the ")).upperBound
            let named = question[start...].dropLast()
            let bought = chapters.flatMap(\.bought)
            let place = try #require(bought.firstIndex(of: String(named)))
            #expect(place > 0 && sample.answer == bought[max(0, place - 1)])
        }
    }

    @Test func coinedWordsAreDifferentAndOfOneLength() {
        let words = Set((0..<CoinedWord.count).map(CoinedWord.text))
        #expect(words.count == CoinedWord.count && words.count > 9_000)
        #expect(words.allSatisfy { $0.utf8.count == CoinedWord.length })
    }
}
