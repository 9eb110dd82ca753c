/// A sentence with gaps for names; knows how gaps are filled, not what is said.

/// `Arion met @C in the crowd.`: gaps are `@L` for the location, `@C` the character, `@E` the event and `@I`
/// the item.
struct StoryTemplate: Sendable {
    enum Gap: Sendable {
        case location, character, event, item

        init?(_ mark: Character) {
            switch mark {
            case "L": self = .location
            case "C": self = .character
            case "E": self = .event
            case "I": self = .item
            default: return nil
            }
        }

        /// The characters of the longest filling.
        var longest: Int {
            switch self {
            case .location: StoryWords.longestLocation
            case .character: StoryWords.longestCharacter
            case .event: StoryWords.longestEvent
            case .item: StoryWords.longestItem
            }
        }
    }

    /// What fills the gaps of a sentence.
    struct Filling {
        let location: [UInt8]
        let character: [UInt8]
        let event: [UInt8]
        var item: [UInt8] = []
    }

    private let parts: [(gap: Gap?, text: [UInt8])]

    /// The characters of the longest sentence that it makes.
    let longest: Int

    init(_ text: String) {
        var parts: [(gap: Gap?, text: [UInt8])] = []
        for (place, part) in text.split(separator: "@", omittingEmptySubsequences: false)
            .enumerated()
        {
            let gap = place == 0 ? nil : part.first.flatMap(Gap.init)
            parts.append((gap, Array((gap == nil ? part : part.dropFirst()).utf8)))
        }
        self.parts = parts
        longest = parts.reduce(0) { $0 + ($1.gap?.longest ?? 0) + $1.text.count }
    }

    /// One template a line.
    static func list(_ text: String) -> [StoryTemplate] {
        text.split(separator: "\n").map { StoryTemplate(String($0)) }
    }

    func append(_ filling: Filling, to text: inout [UInt8]) {
        for part in parts {
            switch part.gap {
            case .location: text += filling.location
            case .character: text += filling.character
            case .event: text += filling.event
            case .item: text += filling.item
            case nil: break
            }
            text += part.text
        }
    }
}
