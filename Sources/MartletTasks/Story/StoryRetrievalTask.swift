/// Single facts of many chapters; knows which facts are asked, not how a story is told.

/// The Sparse Frontier's "Story Retrieval" (2504.17768): random chapters of a narrative, and of each the
/// location, the character or the item that was bought there, asked as numbered questions.
///
/// The split is decided by the asked facts.
struct StoryRetrievalTask: ProblemTask {
    static let family = "story-retrieval"
    static let layout = AnswerLayout.tags

    let name: String
    let length: TaskRange
    let questions: TaskRange

    enum Fact: Int, CaseIterable {
        case location, character, item

        func question(chapter: Int) -> String {
            switch self {
            case .location: "Which location did Arion come to in chapter \(chapter)?"
            case .character: "Whom did Arion meet in chapter \(chapter)?"
            case .item: "What did Arion buy in chapter \(chapter)?"
            }
        }

        func answer(_ chapter: Narrative.Chapter) -> String {
            switch self {
            case .location: chapter.locationName
            case .character: chapter.characterName
            case .item: chapter.itemName
            }
        }
    }

    struct Problem {
        let length: Int
        let narrative: Narrative
        /// The chapters, from 0.
        let asked: [(chapter: Int, fact: Fact)]

        var questions: [String] { asked.map { $0.fact.question(chapter: $0.chapter + 1) } }
        var answers: [String] { asked.map { $0.fact.answer(narrative.chapters[$0.chapter]) } }
    }

    var answerLengthBound: Int {
        questions.upper * (max(StoryWords.longestLocation, StoryWords.longestItem) + 5)
    }
    var maximumCompletionLength: Int { TaggedPrompt.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that has a chapter for each question.
    static func leastLength(questions: Int) -> Int {
        frameBound(questions: questions) + questions * Narrative.chapterBound
    }

    /// The characters that the longest questions take with their frame.
    private static func frameBound(questions: Int) -> Int {
        let longest = Fact.location.question(chapter: StoryWords.pairCount)
        return prompt([String](repeating: longest, count: questions)).length
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let length = random.draw(length)
        let questions = random.draw(questions)
        let narrative = Narrative(room: length - Self.frameBound(questions: questions), &random)
        let asked = random.distinct(questions, below: narrative.chapters.count).map { chapter in
            (chapter: chapter, fact: Fact.allCases[random.below(Fact.allCases.count)])
        }
        return Problem(length: length, narrative: narrative, asked: asked)
    }

    func content(of problem: Problem) -> String {
        zip(problem.questions, problem.answers).map { "\($0) \($1)" }.sorted()
            .joined(separator: "|")
    }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let frame = Self.prompt(problem.questions)
        let story = problem.narrative.text(room: problem.length - frame.length, &random)
        return ProblemText(
            prompt: frame.text(context: story),
            scratchPad: "Each fact stands in the chapter that the question names.",
            answer: NumberedLines.text(problem.answers), difficulty: problem.length,
            parameters: [
                "length": problem.length, "questions": problem.asked.count,
                "chapters": problem.narrative.chapters.count,
            ])
    }

    /// The fraction of the numbered answers that are right, ignoring case and article.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        NumberedLines.score(
            sample.layout.answer(in: text), expected: sample.answer, isSame: StoryAnswer.isSame)
    }

    private static func prompt(_ questions: [String]) -> TaggedPrompt {
        TaggedPrompt(
            introduction: "Below is a story in chapters. In each, Arion comes to a location, meets "
                + "somebody and buys an item.",
            question: NumberedLines.text(questions), isPlural: true,
            explanation: "Say where the facts stand.",
            answerForm: "1. <answer 1>\n2. <answer 2>\nand so on.",
            important: [
                "Give one line for each question, in the order asked.",
                "Answer with the name only: a location, a person or an item, as the story has it.",
                "Items are named by three words, such as 'rusty steel anchor'.",
            ])
    }
}
