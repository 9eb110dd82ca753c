/// Runs a program that a model wrote, behind a wall; knows no task.

import Foundation
import MartletJSON

/// Runs Python programs, each in an empty private folder that is removed afterwards.
///
/// A judge, which is ours, starts the program as a process of its own and asks it for the values of its function; the tests
/// run in the judge, so that nothing that the program writes, ends or claims is a verdict. A program gets no input, no
/// variables but `PATH`, no descriptors, 4 GiB of address space where the system can limit it, files of 16 MiB at most, and
/// ``seconds`` of processor time. Where Linux allows namespaces, it sees no process but its own and the judge, cannot end
/// the judge, has no network, and whatever it started ends with it. ``caution`` says what is not so on this machine.
struct ProgramRunner: Sendable {
    /// Seconds of the processor's time. The clock may show four times as much, since a machine that decodes beside it is
    /// busy, and how busy it is must not decide.
    let seconds: Int
    /// Where the folders are made.
    var place = FileManager.default.temporaryDirectory
    /// Whether programs run in namespaces of their own.
    var isWalled = Self.canWall

    private static let shell = "/bin/sh"
    private static let file = "problem.json"

    /// The command that makes the namespaces, each with its reason: processes, network, shared memory, mounts (for `/proc`).
    private static let wall =
        "unshare --user --map-root-user --pid --net --ipc --mount --fork --kill-child --mount-proc"

    /// The shell's script: limits, then the judge.
    private static func script(_ isWalled: Bool) -> String {
        """
        ulimit -t "$1"; ulimit -f 32768; ulimit -c 0; ulimit -v 4194304 2>/dev/null
        exec \(isWalled ? wall : "") python3 -I -B -c "$3" "$2" >/dev/null 2>&1
        """
    }

    /// Whether this system lets us make the namespaces; asked once.
    private static let canWall: Bool = {
        #if os(Linux)
            ProgramRunner(seconds: 5, isWalled: true).works
        #else
            false
        #endif
    }()

    /// What a program can do in spite of the wall, in a sentence.
    static var caution: String {
        let always = "programs that a model wrote can read and write files that you can"
        return canWall
            ? always
            : always
                + ", use the network, and signal your processes: this system has no namespaces for us"
    }

    /// Whether programs can be run here at all.
    var works: Bool { passes("") }

    /// Whether a program comes to its end without an error.
    ///
    /// It must reach its last line: one that exits before did not pass, even with status 0. The calling thread waits. A
    /// program is here its own judge, and one that looks for the way can say that it came to its end.
    func passes(_ program: String) -> Bool {
        run(["program": .string(program)])
    }

    /// Whether a program's function passes tests that it cannot see or touch.
    ///
    /// - Parameters:
    ///   - program: defines the function.
    ///   - frame: what the tests may use besides, such as imports; trusted.
    ///   - test: defines `check(candidate)`; trusted.
    ///   - function: its name.
    func passes(_ program: String, frame: String, test: String, function: String) -> Bool {
        run([
            "program": .string(program), "frame": .string(frame), "test": .string(test),
            "function": .string(function),
        ])
    }

    /// Whether the judge said so.
    private func run(_ problem: JSONValue) -> Bool {
        let folder = place.appending(path: "martlet-program-\(UUID().uuidString)")
        guard
            (try? FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])) != nil
        else { return false }
        defer { try? FileManager.default.removeItem(at: folder) }
        guard
            (try? Data(problem.serialized()).write(to: folder.appending(path: Self.file))) != nil
        else { return false }
        return run(in: folder)
    }

    /// Whether it ended by itself, with the status of a pass.
    private func run(in folder: URL) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: Self.shell)
        process.arguments = [
            "-c", Self.script(isWalled), "sh", "\(seconds)", "\(4 * seconds)", ProgramJudge.source,
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
        let hasEnded = ended.wait(timeout: .now() + .seconds(4 * seconds + 2)) == .success
        // It leads a group of processes: what it started goes with it. The judge ends what left the group.
        kill(-identifier, SIGKILL)
        guard hasEnded else {
            kill(identifier, SIGKILL)
            // A process that the kernel cannot end must not hold us up for ever.
            _ = ended.wait(timeout: .now() + .seconds(10))
            return false
        }
        return process.terminationReason == .exit
            && process.terminationStatus == ProgramJudge.passed
    }
}
