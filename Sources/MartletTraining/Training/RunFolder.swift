// The folder of a run: whose it is, and that one run at a time writes to it.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif
import MartletFormats

/// A run's folder, locked as long as this object lives; the system frees the lock of a process that is killed.
final class RunFolder {
    private let descriptor: Int32

    /// The file that is locked. It stays, since removing it would let two runs lock two files of one name.
    static let lockName = ".training.lock"
    static let checkpointsName = "checkpoints"
    static let metricsName = "metrics.jsonl"

    /// What a finished run writes beside its log; when it is there and no run made it, it is somebody's model.
    private static func isModelFile(_ name: String) -> Bool {
        [Checkpoint.configurationName, "generation_config.json", "tokenizer.json"].contains(name)
            || name.hasSuffix(".safetensors") || name.hasSuffix(".safetensors.index.json")
    }

    /// Refuses a folder that a run must not write to; computes nothing and writes nothing.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - resumes: whether to go on with a run that is in it.
    ///   - sources: folders of models that the run reads.
    /// - Throws: ``TrainingError/invalid(subject:got:expected:)``, ``TrainingError/occupied(directory:)`` or
    ///   ``TrainingError/foreign(directory:)``.
    static func check(
        _ path: String, resumes: Bool, sources: [String] = []
    ) throws(TrainingError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw .invalid(
                subject: "the run's folder", got: path.isEmpty ? "an empty name" : "a zero byte",
                expected: "the name of a folder")
        }
        for source in sources where AtomicDirectory.isSame(source, path) {
            throw .foreign(directory: path)
        }
        let names = AtomicDirectory.names(in: path)
        let hasCheckpoint = !CheckpointStore(directory: path + "/" + checkpointsName, kept: 1).paths
            .isEmpty
        let isRun = hasCheckpoint || names.contains(metricsName)
        guard resumes || !isRun else { throw .occupied(directory: path) }
        // A log alone does not make a model this run's: somebody may have copied both.
        guard hasCheckpoint || !names.contains(where: isModelFile) else {
            throw .foreign(directory: path)
        }
    }

    /// Makes the folder and locks it.
    ///
    /// - Throws: ``TrainingError/busy(directory:)`` when another run has it, or ``TrainingError/format(_:)``.
    init(_ path: String) throws(TrainingError) {
        do throws(FormatError) {
            try AtomicDirectory.ensure(path + "/" + Self.checkpointsName)
        } catch { throw .format(error) }
        let file = path + "/" + Self.lockName
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw .format(
                .inputOutput(
                    path: file, operation: "create", reason: String(cString: strerror(errno))))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            // File systems without locks say so; there a second run cannot be noticed.
            guard code == EWOULDBLOCK else {
                throw .format(
                    .inputOutput(
                        path: file, operation: "lock", reason: String(cString: strerror(code))))
            }
            throw .busy(directory: path)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
