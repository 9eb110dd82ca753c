/// From a seed and an index to a problem of the wished split; knows no particular task.

/// A task that draws problems of one kind. It supplies the draw, the content that decides the
/// split, and the text.
protocol ProblemTask: EvaluationTask {
    associatedtype Problem

    /// The name without parameters. All settings of a task have the same split, so that training on one
    /// never shows the held-out part of another.
    static var family: String { get }

    /// The form of its solutions.
    static var layout: AnswerLayout { get }

    func draw(_ random: inout TaskRandom) -> Problem

    /// What decides the split: one text for all spellings of a problem, without what stands around it.
    func content(of problem: Problem) -> String

    /// The sample's text. May draw on, for what is not part of the problem.
    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText
}

/// A problem as text.
struct ProblemText {
    let prompt: String
    let scratchPad: String
    let answer: String
    let difficulty: Int
    let parameters: [String: Int]
}

extension ProblemTask {
    static var layout: AnswerLayout { .scratchPad }

    func sample(seed: UInt64, index: Int, split: TaskSplit) -> TaskSample {
        // The name goes into the seed: the components of a mixture must not share their draws.
        let own = seed ^ TaskSplit.fingerprint(family: "seed", content: name)
        var random = TaskRandom(seed: own, stream: UInt64(bitPattern: Int64(index)))
        // Ends: parameters are limited to spaces of at least 500 problems, where the chance that a
        // split is empty is below 10⁻²⁸.
        while true {
            let problem = draw(&random)
            let fingerprint = TaskSplit.fingerprint(
                family: Self.family, content: content(of: problem))
            guard TaskSplit(fingerprint: fingerprint) == split else { continue }
            let text = write(problem, &random)
            return TaskSample(
                prompt: text.prompt,
                completion: Self.layout.completion(
                    scratchPad: text.scratchPad, answer: text.answer),
                answer: text.answer, task: name, difficulty: text.difficulty,
                parameters: text.parameters, fingerprint: fingerprint, layout: Self.layout)
        }
    }
}
