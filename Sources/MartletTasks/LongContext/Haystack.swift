/// Sentences that nothing is asked about, as many as fit; knows nothing of what is hidden among them.

/// The text in which facts are hidden.
enum Haystack: Sendable {
    /// A few short sentences, repeated.
    case noise
    /// Sentences about people and their day. RULER takes published essays; none are shipped here, so
    /// these are put together from parts, a million different ones.
    case essay

    /// Has no digits and no capitals inside words, so nothing in it looks like an assignment or a value.
    private static let noiseSentence = Array(
        "The hill is steep. The lake is calm. The moon is pale. Off we walk. Up and down once more."
            .utf8)

    private static let times = parts(
        "At dawn|After lunch|Before the rain|On market day|Late in the evening|One cold morning"
            + "|In early spring|During the harvest|On the way home|As the sun went down|Once again"
            + "|For a whole week|Shortly before noon|In the middle of winter|Now and then|That year"
    )
    private static let people = parts(
        "the old miller|a young teacher|the baker and his son|two tired travelers|my grandmother"
            + "|the new doctor|a retired sailor|the village choir|our neighbor|the night watchman"
            + "|a stubborn farmer|the librarian|three students|the ferry pilot|a quiet painter"
            + "|the mayor")
    private static let deeds = parts(
        "talked about|looked for|wrote a letter about|dreamed of|laughed at|complained about"
            + "|took care of|learned more about|made plans for|told a story about|thought about"
            + "|asked everyone about|argued over|drew a picture of|remembered|read a book about")
    private static let things = parts(
        "the broken fence|a long voyage|the price of bread|a garden full of weeds|the lost dog"
            + "|the harvest dance|an empty house|the frozen river|a better road|the school roof"
            + "|a field of barley|the missing boat|a wedding in the hills|the empty shelves"
            + "|an old promise|the coming storm")
    private static let places = parts(
        "near the church|in the kitchen|behind the barn|under the chestnut trees|at the inn"
            + "|by the river|on the town square|along the coast road|beside the fire|in the attic"
            + "|outside the bakery|at the edge of the forest|on the long bridge|in a small cafe"
            + "|next to the station|across the valley")

    private static func parts(_ text: String) -> [[UInt8]] {
        text.split(separator: "|").map { Array($0.utf8) }
    }

    /// The characters of the longest sentence.
    var longest: Int {
        switch self {
        case .noise: Self.noiseSentence.count
        case .essay:
            [Self.times, Self.people, Self.deeds, Self.things, Self.places].reduce(6) {
                $0 + ($1.map(\.count).max() ?? 0)
            }
        }
    }

    /// Sentences until the next does not fit into `room` characters, a separator counted for each.
    func sentences(room: Int, _ random: inout TaskRandom) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var left = room
        while true {
            let sentence = sentence(&random)
            left -= sentence.count + 1
            guard left >= 0 else { return result }
            result.append(sentence)
        }
    }

    private func sentence(_ random: inout TaskRandom) -> [UInt8] {
        switch self {
        case .noise: return Self.noiseSentence
        case .essay:
            var text = Self.times[random.below(Self.times.count)]
            text.append(UInt8(ascii: ","))
            for parts in [Self.people, Self.deeds, Self.things, Self.places] {
                text.append(UInt8(ascii: " "))
                text += parts[random.below(parts.count)]
            }
            text.append(UInt8(ascii: "."))
            return text
        }
    }
}
