/// Tasks to measure with, by text: those of the registry, and files.

/// What `--task` means where nothing is trained.
public enum TaskSource {
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
    ]

    /// The task that a text describes: `file:PATH` for the problems of a file, `qa(length=N):PATH` for questions about
    /// one document among others, otherwise what ``TaskRegistry/task(_:)`` makes of it. Throws ``TaskError``.
    public static func task(_ text: String) throws(TaskError) -> any EvaluationTask {
        if text.hasPrefix(filePrefix) {
            return try FileTask(path: String(text.dropFirst(filePrefix.count)))
        }
        if text.hasPrefix("\(DocumentsTask.family)("), let end = text.firstRange(of: "):") {
            let length = try length(TaskExpression(String(text[..<end.lowerBound]) + ")"))
            return try documents(String(text[end.upperBound...]), length)
        }
        if text.hasPrefix("\(DocumentsTask.family):") {
            let path = String(text.dropFirst(DocumentsTask.family.utf8.count + 1))
            return try documents(path, DocumentsTask.standardLength)
        }
        return try TaskRegistry.task(text)
    }

    private static func documents(
        _ path: String, _ length: Int
    ) throws(TaskError) -> DocumentsTask {
        try DocumentsTask(try ProblemFile.read(path), path: path, length: length)
    }

    private static func length(_ expression: TaskExpression) throws(TaskError) -> Int {
        let entry = TaskEntry(
            DocumentsTask.family, "questions about one of many documents",
            parameters: [
                TaskParameter(
                    "length", "characters of the prompt, at most",
                    default: TaskRange(DocumentsTask.standardLength), limits: 512...1_000_000,
                    takesRange: false)
            ]
        ) { values throws(TaskError) in
            throw values.failure("length", expected: "a file after it")
        }
        return try entry.bind(expression)["length"].upper
    }
}
