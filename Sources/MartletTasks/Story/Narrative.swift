/// Chapters of a story with the facts in them; knows nothing of what is asked about them.

/// The narrative of the Sparse Frontier's story tasks (2504.17768): one person travels, and every chapter
/// has a location, somebody whom he meets there, an event, and something that he buys. No two chapters share
/// both location and character, and no item is bought twice. In half of the chapters he sells something that
/// he bought before.
///
/// Whole chapters are drawn while they fit. What is left of the room is filled by further sentences of the
/// kind that every chapter ends with, so that prompts are nearly as long as they may be.
struct Narrative {
    struct Chapter {
        let location: Int
        let character: Int
        let item: Int
        /// The header and the sentences before the purchase.
        var beginning: [UInt8]
        var purchase: [UInt8]
        /// The sentences after the purchase.
        var ending: [UInt8]

        var length: Int { beginning.count + purchase.count + ending.count }
        var locationName: String { StoryWords.locations[location] }
        var characterName: String { StoryWords.characters[character] }
        var itemName: String { StoryWords.item(item) }
    }

    private(set) var chapters: [Chapter] = []

    private static let separator = Array("\n\n".utf8)
    private static let locations = StoryWords.locations.map { Array($0.utf8) }
    private static let characters = StoryWords.characters.map { Array($0.utf8) }
    private static let events = StoryWords.events.map { Array($0.utf8) }

    /// The characters of the longest chapter with what separates it from the next.
    static let chapterBound: Int = {
        let once = [
            StoryTemplates.scene, StoryTemplates.reason, StoryTemplates.event,
            StoryTemplates.character, StoryTemplates.purchase, StoryTemplates.sale,
            StoryTemplates.farewell, StoryTemplates.conclusion, StoryTemplates.extra,
        ].reduce(0) { $0 + StoryTemplates.longest($1) + 1 }
        // There are at most as many chapters as pairs, whose number has four digits.
        return "Chapter 0000:\n".utf8.count + once
            + 3 * (StoryTemplates.longest(StoryTemplates.conversation) + 1) + separator.count
    }()

    /// As many chapters as fit into `room` characters.
    init(room: Int, _ random: inout TaskRandom) {
        var pairs = [Bool](repeating: false, count: StoryWords.pairCount)
        var items = [Bool](repeating: false, count: StoryWords.itemCount)
        var owned: [Int] = []
        var left = room + Self.separator.count
        while chapters.count < StoryWords.pairCount {
            let pair = random.distinct(1, unlike: &pairs)[0]
            let item = random.distinct(1, unlike: &items)[0]
            var sold: Int?
            if !owned.isEmpty, random.below(2) == 0 {
                owned.swapAt(random.below(owned.count), owned.count - 1)
                sold = owned.removeLast()
            }
            owned.append(item)
            let chapter = Self.chapter(
                chapters.count + 1, pair: pair, item: item, sold: sold, &random)
            left -= chapter.length + Self.separator.count
            guard left >= 0 else { return }
            chapters.append(chapter)
        }
    }

    private static func chapter(
        _ number: Int, pair: Int, item: Int, sold: Int?, _ random: inout TaskRandom
    ) -> Chapter {
        let (location, character) = pair.quotientAndRemainder(dividingBy: characters.count)
        var filling = StoryTemplate.Filling(
            location: locations[location], character: characters[character],
            event: events[random.below(events.count)])
        func add(_ templates: [StoryTemplate], to text: inout [UInt8]) {
            templates[random.below(templates.count)].append(filling, to: &text)
            text.append(UInt8(ascii: " "))
        }
        var beginning = Array("Chapter \(number):\n".utf8)
        for templates in [
            StoryTemplates.scene, StoryTemplates.reason, StoryTemplates.event,
            StoryTemplates.character,
        ] {
            add(templates, to: &beginning)
        }
        for place in random.distinct(3, below: StoryTemplates.conversation.count) {
            add([StoryTemplates.conversation[place]], to: &beginning)
        }
        filling.item = Array(StoryWords.item(item).utf8)
        var purchase: [UInt8] = []
        add(StoryTemplates.purchase, to: &purchase)
        var ending: [UInt8] = []
        if let sold {
            filling.item = Array(StoryWords.item(sold).utf8)
            add(StoryTemplates.sale, to: &ending)
        }
        for templates in [
            StoryTemplates.farewell, StoryTemplates.conclusion, StoryTemplates.extra,
        ] {
            add(templates, to: &ending)
        }
        ending.removeLast()
        return Chapter(
            location: location, character: character, item: item, beginning: beginning,
            purchase: purchase, ending: ending)
    }

    // MARK: Changes

    /// Leaves the purchase out of a chapter, from 0.
    mutating func removePurchase(_ chapter: Int) { chapters[chapter].purchase = [] }

    /// The text, with further sentences at the ends of random chapters until hardly any room is left.
    func text(room: Int, _ random: inout TaskRandom) -> [UInt8] {
        var chapters = chapters
        var left = room - length
        let filling = StoryTemplate.Filling(location: [], character: [], event: [])
        while left > StoryTemplates.longestExtra, !chapters.isEmpty {
            let chapter = random.below(chapters.count)
            let before = chapters[chapter].ending.count
            chapters[chapter].ending.append(UInt8(ascii: " "))
            StoryTemplates.extra[random.below(StoryTemplates.extra.count)]
                .append(filling, to: &chapters[chapter].ending)
            left -= chapters[chapter].ending.count - before
        }
        var text: [UInt8] = []
        text.reserveCapacity(room)
        for chapter in chapters {
            if !text.isEmpty { text += Self.separator }
            text += chapter.beginning
            text += chapter.purchase
            text += chapter.ending
        }
        return text
    }

    private var length: Int {
        chapters.reduce(-Self.separator.count) { $0 + $1.length + Self.separator.count }
    }
}
