/// Runs a program that a model wrote, within limits; knows no task.

import Foundation

/// Runs Python programs, each as a process of its own, in an empty folder that is removed afterwards.
///
/// A program gets no input, no variables but `PATH`, 4 GiB of address space where the system can limit it, files of 16 MiB at
/// most, and ``seconds`` of processor time; what it started ends with it. That keeps an honest mistake from filling a
/// machine. It is no wall: a program can read what its user can read and write what its user can write.
struct ProgramRunner: Sendable {
    /// Seconds of the processor's time. The clock may show four times as much, since a machine that decodes beside it is
    /// busy, and how busy it is must not decide.
    let seconds: Int
    /// Where the folders are made.
    var place = FileManager.default.temporaryDirectory

    private static let shell = "/bin/sh"
    private static let output = "output"
    private static let file = "program.py"

    /// The shell's script: limits, then the interpreter, which ends itself after four times ``seconds``.
    private static let script = """
        ulimit -t "$1"; ulimit -f 32768; ulimit -c 0; ulimit -v 4194304 2>/dev/null
        exec python3 -I -B -c 'import runpy, signal, sys
        signal.alarm(int(sys.argv[1]))
        runpy.run_path(sys.argv[2], run_name="__main__")' "$2" "$3" >"$4" 2>/dev/null
        """

    /// Whether programs can be run here at all.
    var works: Bool { passes("") }

    /// Whether a program comes to its end without an error.
    ///
    /// It must reach its last line: one that exits before did not pass, even with status 0. The calling thread waits.
    func passes(_ program: String) -> Bool {
        let folder = place.appending(path: "martlet-program-\(UUID().uuidString)")
        guard
            (try? FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)) != nil
        else { return false }
        defer { try? FileManager.default.removeItem(at: folder) }
        // A word that the program cannot say by chance, said after its last test.
        let word = UUID().uuidString
        let text = "\(program)\nprint(\"\\n\(word)\")\n"
        guard (try? Data(text.utf8).write(to: folder.appending(path: Self.file))) != nil else {
            return false
        }
        guard run(in: folder) else { return false }
        let output = (try? Data(contentsOf: folder.appending(path: Self.output))) ?? Data()
        return output.suffix(word.utf8.count + 1) == Data("\(word)\n".utf8)
    }

    /// Whether it ended by itself, with status 0.
    private func run(in folder: URL) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: Self.shell)
        process.arguments = [
            "-c", Self.script, "sh", "\(seconds)", "\(4 * seconds)", Self.file, Self.output,
        ]
        process.currentDirectoryURL = folder
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        process.environment = ["PATH": path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        guard (try? process.run()) != nil else { return false }
        let identifier = process.processIdentifier
        let hasEnded = ended.wait(timeout: .now() + .seconds(4 * seconds + 1)) == .success
        // It leads a group of processes: what it started goes with it.
        kill(-identifier, SIGKILL)
        if !hasEnded {
            kill(identifier, SIGKILL)
            ended.wait()
        }
        return hasEnded && process.terminationReason == .exit && process.terminationStatus == 0
    }
}
