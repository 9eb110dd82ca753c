/// Tasks to measure with, by text: those of the registry, and files.

/// What `--task` means where nothing is trained.
public enum TaskLocator {
    static let filePrefix = "file:"

    /// Forms that name a file, with what they ask, for lists of tasks.
    public static let forms: [(form: String, summary: String)] = [
        (
            "file:PATH",
            "the problems of a file: JSON lines with prompt and answer, or as in GSM8K, SQuAD, LongGenBench"
        ),
        (
            "qa(length=N):PATH",
            "questions about one document among as many of the file as fill N characters"
        ),
        (
            "programs(seconds=N):PATH",
            "programs to be written, as in HumanEval; runs them with python3, behind a wall, when that is allowed"
        ),
    ]

    /// The task that a text describes: `file:PATH` for the problems of a file, `qa(length=N):PATH` for questions about
    /// one document among others, `programs(seconds=N):PATH` for programs that are run, otherwise what ``TaskRegistry/task(_:)`` makes of it.
    ///
    /// - Parameters:
    ///   - text: the task.
    ///   - allowsPrograms: whether programs that a model wrote may be run; see ``programCaution(_:)``.
    /// - Throws: ``TaskError``.
    public static func task(
        _ text: String, allowsPrograms: Bool = false
    ) throws(TaskError) -> any EvaluationTask {
        guard let (form, path) = parts(text) else { return try TaskRegistry.task(text) }
        guard form + ":" != filePrefix else { return try FileTask(path: path) }
        let expression = try TaskExpression(form)
        if expression.name == ProgramsTask.family {
            let seconds = try value(of: expression, in: programs)
            guard allowsPrograms else {
                throw .cannotJudge(
                    task: ProgramsTask.family, got: "no permission to run what a model writes",
                    advice: "allow it with --allow-programs (allowsPrograms in the library)")
            }
            return try ProgramsTask(try ProblemFile.programs(path), path: path, seconds: seconds)
        }
        let length = try value(of: expression, in: documents)
        return try DocumentsTask(try ProblemFile.read(path), path: path, length: length)
    }

    /// What programs can do on this system although they run behind a wall, as a sentence for whoever allows them; nil
    /// for a task that runs none.
    public static func programCaution(_ text: String) -> String? {
        guard let form = parts(text)?.form,
            form == programs.name || form.hasPrefix("\(programs.name)(")
        else { return nil }
        return ProgramRunner.caution
    }

    /// The path of the file that a text names; nil for a task that reads none.
    package static func path(in text: String) -> String? { parts(text)?.path }

    /// What stands before the colon, and the path after it; nil for a text that names no file.
    private static func parts(_ text: String) -> (form: String, path: String)? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let form = text[..<colon]
        let isKnown =
            form + ":" == filePrefix
            || [documents.name, programs.name].contains { form == $0 || form.hasPrefix("\($0)(") }
        return isKnown ? (String(form), String(text[text.index(after: colon)...])) : nil
    }

    /// Every index is allowed, so a list that has an end begins again after it.
    static func place(_ index: Int, of count: Int) -> Int {
        ((index % count) + count) % count
    }

    private static let documents = entry(
        DocumentsTask.family, "questions about one of many documents",
        TaskParameter(
            "length", "characters of the prompt, at most",
            default: TaskRange(DocumentsTask.standardLength), limits: 512...1_000_000,
            takesRange: false))

    private static let programs = entry(
        ProgramsTask.family, "programs that are run",
        TaskParameter(
            "seconds", "of the processor's time for each program",
            default: TaskRange(ProgramsTask.standardSeconds), limits: 1...600, takesRange: false))

    /// A task with one parameter, that needs a file besides.
    private static func entry(
        _ name: String, _ summary: String, _ parameter: TaskParameter
    ) -> TaskEntry {
        TaskEntry(name, summary, parameters: [parameter]) { values throws(TaskError) in
            throw values.failure(parameter.name, expected: "a file after it")
        }
    }

    private static func value(
        of expression: TaskExpression, in entry: TaskEntry
    ) throws(TaskError) -> Int {
        try entry.bind(expression)[entry.parameters[0].name].upper
    }
}
