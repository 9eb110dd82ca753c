/// Tasks to measure with, by text: those of the registry, and files.

public import Martlet

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
    ]

    /// The task that a text describes: `file:PATH` for the problems of a file, `qa(length=N):PATH` for questions about
    /// one document among others, otherwise what ``TaskRegistry/task(_:)`` makes of it. Throws ``TaskError``.
    public static func task(_ text: String) throws(TaskError) -> any EvaluationTask {
        guard let (form, path) = parts(text) else { return try TaskRegistry.task(text) }
        guard form.hasPrefix(DocumentsTask.family) else { return try FileTask(path: path) }
        return try DocumentsTask(
            try ProblemFile.read(path), path: path, length: try length(TaskExpression(form)))
    }

    /// The SHA-256 of the file that a text names; nil for a task that reads none. Throws `unreadableFile`.
    public static func digest(_ text: String) throws(MartletError) -> String? {
        guard let (_, path) = parts(text) else { return nil }
        return try FileDigest.sha256(path)
    }

    /// What stands before the colon, and the path after it; nil for a text that names no file.
    private static func parts(_ text: String) -> (form: String, path: String)? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let form = text[..<colon]
        let isKnown =
            form == filePrefix.dropLast() || form == DocumentsTask.family
            || form.hasPrefix("\(DocumentsTask.family)(")
        return isKnown ? (String(form), String(text[text.index(after: colon)...])) : nil
    }

    /// Every index is allowed, so a list that has an end begins again after it.
    static func place(_ index: Int, of count: Int) -> Int {
        ((index % count) + count) % count
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
