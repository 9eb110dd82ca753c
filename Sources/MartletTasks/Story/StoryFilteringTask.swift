/// Chapters in which something is missing; knows which, not how a story is told.

/// The Sparse Frontier's "Story Filtering" (2504.17768): from a few random chapters of a narrative the
/// purchase is left out, and these chapters are asked for. What would have been bought may still be sold
/// later, as a thing that he had before.
///
/// The split is decided by these chapters, with the places and people in them.
struct StoryFilteringTask: ProblemTask {
    static let family = "story-filtering"
    static let layout = AnswerLayout.tags

    let name: String
    let length: TaskRange
    let missing: TaskRange

    struct Problem {
        let length: Int
        let narrative: Narrative
        /// In order, from 0.
        let missing: [Int]
    }

    /// Numbers of four digits at most, each with a comma and a blank.
    var answerLengthBound: Int { 6 * missing.upper }
    var maximumCompletionLength: Int { TaggedPrompt.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that has a chapter with a purchase beside those without one.
    static func leastLength(missing: Int) -> Int {
        prompt(missing: missing).length + (missing + 1) * Narrative.chapterBound
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let length = random.draw(length)
        let count = random.draw(missing)
        var narrative = Narrative(room: length - Self.prompt(missing: count).length, &random)
        let missing = random.distinct(count, below: narrative.chapters.count).sorted()
        for chapter in missing { narrative.removePurchase(chapter) }
        return Problem(length: length, narrative: narrative, missing: missing)
    }

    func content(of problem: Problem) -> String {
        problem.missing.map { number in
            let chapter = problem.narrative.chapters[number]
            return "\(number):\(chapter.locationName):\(chapter.characterName)"
        }.joined(separator: "|")
    }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let frame = Self.prompt(missing: problem.missing.count)
        let story = problem.narrative.text(room: problem.length - frame.length, &random)
        return ProblemText(
            prompt: frame.text(context: story),
            scratchPad: "I looked for a purchase in every chapter; these have none.",
            answer: problem.missing.map { "\($0 + 1)" }.joined(separator: ", "),
            difficulty: problem.length,
            parameters: [
                "length": problem.length, "missing": problem.missing.count,
                "chapters": problem.narrative.chapters.count,
            ])
    }

    /// Intersection over union of the chapters' numbers.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let answer = sample.layout.answer(in: text) else { return 0 }
        return SetOverlap.score(SetOverlap.numbers(answer), SetOverlap.numbers(sample.answer))
    }

    private static func prompt(missing: Int) -> TaggedPrompt {
        let chapters = missing == 1 ? "chapter" : "chapters"
        return TaggedPrompt(
            introduction:
                "Below is a story in chapters. In some of them Arion buys an item, in others he does not.",
            question: "In which \(chapters) does Arion buy nothing?",
            explanation: "Say how you told these chapters from the others.",
            answerForm: "<number of a chapter>, <number of a chapter> and so on",
            important: [
                "There \(missing == 1 ? "is" : "are") exactly \(missing) such \(chapters).",
                "A sale is no purchase: only what Arion buys counts.",
                "Give the numbers of the chapters only, with commas between them.",
            ])
    }
}
