/// Variables that share a number, found among other chains; knows chains, not how prompts are framed.

/// The Sparse Frontier's "Ruler VT" (2504.17768): chains of assignments in noise, everything shuffled, so
/// that a variable may be used before it is given. All variables with the number of one chain are asked for.
/// The sentences of the noise are our own.
///
/// The split is decided by the asked chain.
struct VariableTrackingTask: ProblemTask {
    static let family = "variable-tracking"
    static let layout = AnswerLayout.tags

    let name: String
    let length: TaskRange
    let chains: TaskRange
    let hops: TaskRange

    var answerLengthBound: Int { (hops.upper + 1) * (VariableChain.nameLength + 1) }
    var maximumCompletionLength: Int { TaggedPrompt.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that holds the chains and fills at least 90 % of its length.
    static func leastLength(chains: Int, hops: Int) -> Int {
        let facts = chains * VariableChain.length(hops: hops)
        // All numbers have as many digits.
        return max(
            prompt(value: 10_000, hops: hops).length + facts, 10 * (Haystack.noise.longest + 1))
    }

    func draw(_ random: inout TaskRandom) -> VariablesProblem {
        VariablesProblem(length: length, chains: chains, hops: hops, &random)
    }

    func content(of problem: VariablesProblem) -> String { problem.asked.content }

    func write(_ problem: VariablesProblem, _ random: inout TaskRandom) -> ProblemText {
        let frame = Self.prompt(value: problem.asked.value, hops: problem.hops)
        var lines = problem.statements(&random).flatMap(\.self)
        let facts = problem.chains * VariableChain.length(hops: problem.hops)
        // The last line has no separator after it.
        lines += Haystack.noise.sentences(room: problem.length - frame.length - facts + 1, &random)
        random.shuffle(&lines)
        return ProblemText(
            prompt: frame.text(context: ContextText.joined(lines, by: "\n")),
            scratchPad: "\(problem.asked.names[0]) is given the number, and each of the others "
                + "the value of one before it.",
            answer: problem.asked.names.joined(separator: " "), difficulty: problem.length,
            parameters: [
                "length": problem.length, "chains": problem.chains, "hops": problem.hops,
            ])
    }

    /// Intersection over union of the variables, ignoring order.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let answer = sample.layout.answer(in: text) else { return 0 }
        return SetOverlap.score(SetOverlap.words(answer), SetOverlap.words(sample.answer))
    }

    private static func prompt(value: Int, hops: Int) -> TaggedPrompt {
        TaggedPrompt(
            introduction: "Below are assignments to variables, among other sentences. A variable "
                + "is given a number or the value of another variable. The order of the "
                + "assignments means nothing.",
            question: "Which variables have the value \(value), directly or through others?",
            explanation: "Say how the variables follow from each other.",
            answerForm: "<variable 1> <variable 2> and so on",
            important: [
                "There are exactly \(hops + 1) such variables.",
                "Give their names only, with blanks between them.",
                "Leave out the word VAR.",
            ])
    }
}
