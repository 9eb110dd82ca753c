/// Tasks to measure with, by text: those of the registry, and files.

/// What `--task` means where nothing is trained.
public enum TaskSource {
    static let filePrefix = "file:"

    /// The task that a text describes: `file:PATH` for the problems of a file, otherwise what
    /// ``TaskRegistry/task(_:)`` makes of it. Throws ``TaskError``.
    public static func task(_ text: String) throws(TaskError) -> any EvaluationTask {
        guard text.hasPrefix(filePrefix) else { return try TaskRegistry.task(text) }
        return try FileTask(path: String(text.dropFirst(filePrefix.count)))
    }
}
