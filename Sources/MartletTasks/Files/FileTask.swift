/// Problems of a file as a task; knows nothing of the file's form.

/// The problems of a file, in its order. Nothing is drawn: a seed changes no problem, and a file has no half to train
/// on, so recipes do not take it.
struct FileTask: EvaluationTask {
    let name: String
    private let problems: [FileProblem]

    /// Reads a file. Throws ``TaskError/badFile(path:line:got:expected:)``.
    init(path: String) throws(TaskError) {
        name = TaskLocator.filePrefix + path
        problems = try ProblemFile.read(path)
    }

    var problemCount: Int? { problems.count }

    var answerLengthBound: Int {
        problems.flatMap(\.answers).map(\.utf8.count).max() ?? 0
    }
    var maximumCompletionLength: Int {
        problems.map { $0.maximumTokens ?? $0.layout.usualTokens }.max() ?? 0
    }
    var maximumPromptLength: Int { problems.map(\.prompt.utf8.count).max() ?? 0 }

    func sample(seed: UInt64, index: Int, split: TaskSplit) -> TaskSample {
        let place = TaskLocator.place(index, of: problems.count)
        let problem = problems[place]
        let answer = problem.answers.first ?? ""
        return TaskSample(
            prompt: problem.prompt,
            completion: problem.layout.completion(scratchPad: "", answer: answer), answer: answer,
            task: name, difficulty: problem.prompt.utf8.count,
            parameters: ["problem": place, "place": problem.place],
            fingerprint: TaskSplit.fingerprint(family: "file", content: problem.prompt),
            layout: problem.layout, message: problem.message, kind: problem.kind)
    }

    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let place = sample.parameters["problem"], problems.indices.contains(place)
        else { return 0 }
        return problems[place].score(text)
    }
}
