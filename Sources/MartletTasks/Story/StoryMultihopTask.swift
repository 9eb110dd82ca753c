/// What was bought before something else; knows the order of purchases, not how a story is told.

/// The Sparse Frontier's "Story Multi-hop" (2504.17768): the question names an item, whose chapter has to be
/// found; the answer is the item bought in the chapter before it.
///
/// The split is decided by the two items.
struct StoryMultihopTask: ProblemTask {
    static let family = "story-multihop"
    static let layout = AnswerLayout.tags

    let name: String
    let length: TaskRange

    struct Problem {
        let length: Int
        let narrative: Narrative
        /// The chapter of the named item, from 0; never the first.
        let chapter: Int

        var named: String { narrative.chapters[chapter].itemName }
        var answer: String { narrative.chapters[chapter - 1].itemName }
    }

    var answerLengthBound: Int { StoryWords.longestItem }
    var maximumCompletionLength: Int { TaggedPrompt.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that has two chapters.
    static let leastLength = frameBound + 2 * Narrative.chapterBound

    private static let frameBound =
        prompt(item: String(repeating: "i", count: StoryWords.longestItem)).length

    func draw(_ random: inout TaskRandom) -> Problem {
        let length = random.draw(length)
        let narrative = Narrative(room: length - Self.frameBound, &random)
        return Problem(
            length: length, narrative: narrative,
            chapter: random.between(1, narrative.chapters.count - 1))
    }

    func content(of problem: Problem) -> String { "\(problem.named)<\(problem.answer)" }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let frame = Self.prompt(item: problem.named)
        let story = problem.narrative.text(room: problem.length - frame.length, &random)
        return ProblemText(
            prompt: frame.text(context: story),
            scratchPad: "The \(problem.named) is bought in chapter \(problem.chapter + 1), so the "
                + "item of chapter \(problem.chapter) is asked for.",
            answer: problem.answer, difficulty: problem.length,
            parameters: [
                "length": problem.length, "chapters": problem.narrative.chapters.count,
                "chapter": problem.chapter + 1,
            ])
    }

    /// 1 for the right item, ignoring case and article.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let answer = sample.layout.answer(in: text) else { return 0 }
        return StoryAnswer.isSame(answer, sample.answer) ? 1 : 0
    }

    private static func prompt(item: String) -> TaggedPrompt {
        TaggedPrompt(
            introduction: "Below is a story in chapters. In each, Arion buys an item.",
            question: "Which item did Arion buy last before he bought the \(item)?",
            explanation: "Say in which chapters the two items are bought.",
            answerForm: "<item>",
            important: [
                "Only what Arion buys counts, not what he sells.",
                "Items are named by three words, such as 'rusty steel anchor'.",
                "Give the name of one item only.",
            ])
    }
}
