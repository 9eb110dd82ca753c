/// Programs to be written, judged by running them; knows neither files nor processes.

/// The programs of a file in HumanEval's form, in its order (2107.03374): the model goes on from the beginning of a program,
/// and what it wrote passes when the file's tests run to their end.
///
/// Judging runs what a model wrote, so it has a task's name of its own and must be allowed. A search cannot judge
/// by it (``isVerified(_:prompt:)`` is nil): a program that hangs would cost it its deadline.
struct ProgramsTask: EvaluationTask {
    static let family = "programs"
    /// Seconds of processor time where none are given: HumanEval's own harness allows three.
    static let standardSeconds = 3
    /// Tokens of a program; the longest solution of HumanEval has some 400.
    private static let maximumTokens = 512

    let name: String
    private let problems: [ProgramProblem]
    private let runner: ProgramRunner

    /// Takes the programs of a file. Throws ``TaskError`` when programs cannot be run on this machine.
    init(_ problems: [ProgramProblem], path: String, seconds: Int) throws(TaskError) {
        name = "\(Self.family)(seconds=\(seconds)):\(path)"
        self.problems = problems
        runner = ProgramRunner(seconds: seconds)
        guard runner.works else {
            throw .cannotJudge(
                task: Self.family, got: "no python3 that runs",
                advice: "install Python 3, or put it into PATH")
        }
    }

    var problemCount: Int? { problems.count }
    var answerLengthBound: Int { problems.compactMap(\.solution).map(\.utf8.count).max() ?? 0 }
    var maximumCompletionLength: Int { Self.maximumTokens }
    var maximumPromptLength: Int { problems.map(\.prompt.utf8.count).max() ?? 0 }
    var isSlowToJudge: Bool { true }

    func sample(seed: UInt64, index: Int, split: TaskSplit) -> TaskSample {
        let place = TaskLocator.place(index, of: problems.count)
        let problem = problems[place]
        let solution = problem.solution ?? ""
        return TaskSample(
            prompt: problem.prompt, completion: solution, answer: solution, task: name,
            difficulty: problem.prompt.utf8.count,
            parameters: ["problem": place, "place": problem.place],
            fingerprint: TaskSplit.fingerprint(family: Self.family, content: problem.prompt),
            layout: .program)
    }

    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let place = sample.parameters["problem"], problems.indices.contains(place),
            let continuation = AnswerLayout.program.answer(in: text)
        else { return 0 }
        return problems[place].passes(continuation, runner) ? 1 : 0
    }
}
