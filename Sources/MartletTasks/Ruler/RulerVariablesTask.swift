/// RULER's variable tracking; knows chains and their order, not what stands around them.

/// The task `vt` of RULER (2404.06654): a chain of assignments at random places in noise, in its own order, so
/// that reading on from the first is enough. All variables with the number are asked for. Prompts have no
/// worked example.
///
/// The split is decided by the asked chain.
struct RulerVariablesTask: ProblemTask {
    static let family = "ruler-vt"
    static let layout = AnswerLayout.line

    let name: String
    let length: TaskRange
    let chains: TaskRange
    let hops: TaskRange

    private static let task =
        "Keep track of the assignments to variables hidden in the following text."

    var answerLengthBound: Int {
        (hops.upper + 1) * (VariableChain.nameLength + RulerAnswer.separator.utf8.count)
    }
    var maximumCompletionLength: Int { RulerAnswer.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that holds the chains and fills at least 90 % of its length.
    static func leastLength(chains: Int, hops: Int) -> Int {
        // All numbers have as many digits.
        let frame = RulerAnswer.frameLength(task, question: question(value: 10_000, hops: hops))
        return max(
            frame + chains * VariableChain.length(hops: hops), 10 * (Haystack.noise.longest + 1))
    }

    func draw(_ random: inout TaskRandom) -> VariablesProblem {
        VariablesProblem(length: length, chains: chains, hops: hops, &random)
    }

    func content(of problem: VariablesProblem) -> String { problem.asked.content }

    func write(_ problem: VariablesProblem, _ random: inout TaskRandom) -> ProblemText {
        let question = Self.question(value: problem.asked.value, hops: problem.hops)
        let chains = problem.statements(&random)
        // The last line has no separator after it.
        let room =
            problem.length - RulerAnswer.frameLength(Self.task, question: question) + 1
            - problem.chains * VariableChain.length(hops: problem.hops)
        let lines = ContextText.scattered(
            ContextText.merged(chains, &random),
            among: Haystack.noise.sentences(room: room, &random), &random)
        return ProblemText(
            prompt: RulerAnswer.prompt(
                Self.task, context: ContextText.joined(lines, by: "\n"), question: question),
            scratchPad: "", answer: problem.asked.names.joined(separator: RulerAnswer.separator),
            difficulty: problem.length,
            parameters: [
                "length": problem.length, "chains": problem.chains, "hops": problem.hops,
            ])
    }

    func score(_ text: String, _ sample: TaskSample) -> Double { RulerAnswer.score(text, sample) }

    private static func question(value: Int, hops: Int) -> String {
        "Which variables have the value \(value) in the text above? Answer: Following the "
            + "assignments, \(hops + 1) variables have the value \(value), and they are:"
    }
}
