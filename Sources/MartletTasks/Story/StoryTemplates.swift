/// The sentences of the stories by their place in a chapter; knows wording, not who is who.

/// Ten sentences for every place in a chapter, more for conversations. Only purchases and sales speak of
/// items or of money, only introductions of a scene name a location: what is asked can be told from one
/// sentence, without doubt.
enum StoryTemplates {
    static let scene = StoryTemplate.list(
        """
        Arion came to the @L just as the morning fog lifted.
        The road led Arion to the @L, where the air smelled of rain.
        After two days of walking, Arion reached the @L.
        It was already dusk when Arion arrived at the @L.
        Arion woke early and made his way to the @L.
        The journey went on, and its next stop was the @L.
        Nothing had prepared Arion for the crowds at the @L.
        A carriage set Arion down in front of the @L.
        Arion followed the sound of drums to the @L.
        With dusty boots Arion walked up to the @L.
        """)

    static let reason = StoryTemplate.list(
        """
        He wanted to rest there before the weather turned.
        An old friend had told him not to miss it.
        He hoped to hear news from home.
        He had lost his way and needed directions.
        A rumor about a secret passage had made him curious.
        He had promised his sister to see it once.
        His horse was tired and could not go any further.
        He was looking for a quiet place to write letters.
        He had dreamed of this place the night before.
        A letter without a name had asked him to come.
        """)

    static let event = StoryTemplate.list(
        """
        To his surprise, @E was about to begin.
        Everyone there was talking about @E.
        He soon found himself in the middle of @E.
        That day there was @E, as there is every year.
        Flags and garlands had been hung up for @E.
        The noise of @E could be heard from afar.
        Children ran past him to get to @E in time.
        He had heard that there would be @E, and so there was.
        A drummer announced @E to all who passed.
        The whole neighborhood had gathered for @E.
        """)

    static let character = StoryTemplate.list(
        """
        In the crowd he noticed @C, who waved at him.
        There he met @C, who was sitting on a bench.
        Someone tapped his shoulder, and it was @C.
        A stranger by the name of @C greeted him kindly.
        He nearly ran into @C, who only laughed.
        Under an awning @C was waiting for the rain to stop.
        A voice called out, and Arion turned around to see @C.
        Next to him stood @C, lost in thought.
        He shared a table with @C, as all others were taken.
        He asked for the way, and @C was glad to help.
        """)

    static let conversation = StoryTemplate.list(
        """
        They talked about the long winter.
        Arion told @C about the places he had seen.
        "You look tired," said @C with a smile.
        They agreed that the roads had become worse.
        @C knew a song about the sea and hummed it.
        "Have you ever been to the far north?" asked @C.
        Arion described the house in which he had grown up.
        For a while they watched the clouds in silence.
        They laughed about a dog that was chasing its own tail.
        @C explained how to read the stars.
        "My father was a sailor," said @C after a pause.
        Arion asked what had changed in the last years.
        They found out that they shared a birthday.
        @C warned him of the steep path ahead.
        Arion admitted that he was a little homesick.
        They could not agree on the best way to cook beans.
        """)

    static let purchase = StoryTemplate.list(
        """
        Before long Arion bought a @I from @C.
        At a small stall Arion purchased a @I.
        Arion could not resist and bought a @I.
        After some haggling Arion acquired a @I.
        With his last coins Arion purchased a @I.
        A peddler came by, and Arion bought a @I from him.
        @C offered him a @I, and Arion bought it at once.
        For a fair price Arion acquired a @I.
        Arion counted his money and purchased a @I.
        To remember the day, Arion acquired a @I.
        """)

    static let sale = StoryTemplate.list(
        """
        Arion sold his @I to a passing trader.
        To lighten his bag, Arion sold the @I he had carried so far.
        A collector asked for the @I, and Arion sold it.
        Arion no longer needed the @I and sold it.
        With a heavy heart Arion sold the @I.
        A child had always wanted a thing like the @I, so Arion sold it cheaply.
        Arion sold the @I for more than he had hoped.
        The @I was of no use to him anymore, and he sold it.
        Someone admired the @I until Arion sold it.
        Arion sold the @I, as he was short of money.
        """)

    static let farewell = StoryTemplate.list(
        """
        Then @C had to leave and wished him well.
        They shook hands, and @C walked away.
        @C gave him an apple for the road and said goodbye.
        At last Arion took leave of @C.
        "Until we meet again," said @C and was gone.
        Arion thanked @C for the company.
        They parted as friends, and @C waved for a long time.
        @C pointed him the way out and turned back.
        Arion promised @C to write soon.
        When the bells rang, @C hurried off.
        """)

    static let conclusion = StoryTemplate.list(
        """
        That night Arion slept better than he had for weeks.
        Arion left with the feeling that he had learned something.
        It had been a good day, all things considered.
        The lights behind him grew small as he went on.
        He wrote a few lines into his diary before he fell asleep.
        So ended a day that he would often think of.
        Slowly the streets became empty.
        He looked back once and then walked on.
        Tomorrow the road would be waiting for him again.
        He hummed a tune as the moon came up.
        """)

    static let extra = StoryTemplate.list(
        """
        A cat watched everything from a wall.
        Somewhere a door slammed in the wind.
        The smell of fresh bread was in the air.
        It was warmer than usual for the season.
        A few drops of rain fell, but nobody minded.
        An old man was feeding the pigeons.
        Swallows flew low over the roofs.
        In the distance a dog barked.
        The leaves had begun to turn yellow.
        A cart rattled by and raised the dust.
        """)

    static let longestExtra = longest(extra)

    static func longest(_ templates: [StoryTemplate]) -> Int {
        templates.map(\.longest).max() ?? 0
    }
}
