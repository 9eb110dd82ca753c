/// The places, people, events and things of the stories; knows words, not sentences.

enum StoryWords {
    /// 64, named in sentences with `the` before them. None is part of another.
    static let locations = list(
        """
        Salt Market, Stone Bridge, Willow Garden, North Lighthouse, Chapel Square, Old Granary,
        River Ferry, City Library, Beech Grove, Fishing Pier, Clock Tower, Potters Lane,
        Apple Orchard, Windy Hilltop, Royal Stables, Hidden Courtyard, Bell Foundry, Lion Fountain,
        Tanners Yard, Lantern Alley, Castle Kitchen, Mountain Pass, Quiet Monastery, Harvest Barn,
        Weavers Hall, Sunken Theater, Merchant Wharf, Herb Cellar, Pine Sawmill, Red Windmill,
        Grand Bathhouse, Watch Barracks, Painted Gallery, Frozen Lake, Desert Camp, Rope Workshop,
        Map Archive, Beggars Gate, Summer Palace, Coal Harbor, Blue Lagoon, Hanging Terrace,
        Chess Club, Ruined Abbey, Toll House, Crystal Cave, Silk Bazaar, Wine Cellars,
        Pilgrim Hostel, Rose Arcade, Shipyard Dock, Juniper Meadow, Falcon Tower, Spice Warehouse,
        Music Pavilion, Hunting Lodge, Marsh Village, Observatory Dome, Cattle Fair, Canal Lock,
        Fox Hollow, Sailors Tavern, Thunder Cliff, Vineyard Slope
        """)

    /// 49.
    static let characters = list(
        """
        Adela, Bastian, Corvin, Delphine, Edric, Fenella, Gideon, Hester, Ignatz, Jorun, Katrin,
        Leopold, Mirabel, Nestor, Odile, Percival, Quentin, Rosalind, Silvan, Tamsin, Ulrica,
        Valerian, Wilhelmina, Xanthe, Yorick, Zelda, Ambrose, Brunhild, Cyprian, Dorothea, Emeric,
        Florian, Griselda, Horatio, Isolde, Jasper, Kunibert, Lavinia, Mortimer, Nerissa, Osbert,
        Philippa, Rupert, Seraphina, Thaddeus, Ursula, Virgil, Winifred, Zacharias
        """)

    /// 20.
    static let events = list(
        """
        a boat race, a puppet show, a baking contest, a wedding feast, a town meeting,
        a lantern parade, a spelling contest, a kite festival, a choir rehearsal, a sheep shearing,
        a chess tournament, a costume ball, a poetry reading, a wrestling match, a tree planting,
        a candle vigil, a dancing lesson, a horse show, a cheese tasting, a storytelling night
        """)

    /// An item is an adjective, a material and a type. All adjectives begin with a consonant, so that the
    /// article is always `a`.
    static let adjectives = list(
        """
        carved, gilded, polished, weathered, painted, slender, hefty, fluted, ribbed, mottled,
        faded, gleaming, dented, lacquered, studded, twisted, plain, curious
        """)
    static let materials = list(
        """
        oak, copper, jade, bronze, slate, pewter, walnut, silver, glass, bone, marble, tin, cedar,
        brass, iron
        """)
    static let types = list(
        """
        flute, lantern, goblet, compass, brooch, mirror, chest, bell, comb, dagger, figurine,
        hourglass, inkwell, key, locket, mask, plate, ring, spoon, whistle, buckle
        """)

    static let itemCount = adjectives.count * materials.count * types.count
    static let pairCount = locations.count * characters.count

    /// The item of `0..<itemCount`.
    static func item(_ number: Int) -> String {
        let (rest, type) = number.quotientAndRemainder(dividingBy: types.count)
        let (adjective, material) = rest.quotientAndRemainder(dividingBy: materials.count)
        return "\(adjectives[adjective]) \(materials[material]) \(types[type])"
    }

    static let longestLocation = longest(locations)
    static let longestCharacter = longest(characters)
    static let longestEvent = longest(events)
    static let longestItem = longest(adjectives) + longest(materials) + longest(types) + 2

    private static func longest(_ words: [String]) -> Int { words.map(\.utf8.count).max() ?? 0 }

    private static func list(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == "\n" }
            .map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }.map(String.init)
    }
}
