/// A terminal that a test sits at, with a program in it.

import Foundation
import Testing

/// The other end of a terminal in which a program runs, in a session of its own.
final class PseudoTerminal {
    /// What became of a program.
    enum Ending: Equatable {
        case exited(Int32), signalled(Int32)
    }

    private let terminal: Int32
    let process: pid_t
    private var isOver = false
    /// Everything that the program has shown so far.
    private(set) var shown = ""
    /// The part of it that was not waited for yet.
    private var unread = ""

    /// The `martlet` that was built beside these tests; nil where there is none.
    static var martlet: String? {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let path = folder.appending(path: "martlet").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Starts a program in a terminal of 80 columns and 24 rows.
    init(_ arguments: [String], environment: [String: String]) throws {
        let (terminal, name) = try Self.open()
        _ = fcntl(terminal, F_SETFD, FD_CLOEXEC)
        var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)

        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            let newSession: Int32 = 0x400
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            let newSession: Int32 = 0x80
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a session opens is the session's.
        posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        for descriptor in [1, 2] as [Int32] {
            posix_spawn_file_actions_adddup2(&actions, 0, descriptor)
        }
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that the tests' process ignores or holds back are none of the program's business.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(newSession | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)))
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in argv + variables { free(text) } }
        var process: pid_t = 0
        let status = posix_spawn(
            &process, arguments[0], &actions, &attributes, &argv, &variables)
        guard status == 0 else { throw POSIXError(.ENOENT) }
        self.terminal = terminal
        self.process = process
    }

    /// Both ends: this one, and the name of the program's.
    private static func open() throws -> (Int32, name: String) {
        #if canImport(Darwin)
            let terminal = posix_openpt(O_RDWR | O_NOCTTY)
            guard terminal >= 0, grantpt(terminal) == 0, unlockpt(terminal) == 0,
                let name = ptsname(terminal)
            else { throw POSIXError(.ENXIO) }
            return (terminal, String(cString: name))
        #else
            // As the functions for it do, which the system's module does not show.
            let (unlock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
            let terminal = openFile("/dev/ptmx", O_RDWR | O_NOCTTY)
            var (locked, place): (Int32, Int32) = (0, 0)
            guard terminal >= 0, ioctl(terminal, unlock, &locked) == 0,
                ioctl(terminal, number, &place) == 0
            else { throw POSIXError(.ENXIO) }
            return (terminal, "/dev/pts/\(place)")
        #endif
    }

    deinit {
        if !isOver {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        close(terminal)
    }

    /// Presses keys.
    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(terminal, bytes, bytes.count)
    }

    /// Sends a signal to the program that has the terminal.
    func send(_ signal: Int32) { kill(tcgetpgrp(terminal), signal) }

    /// Whether the terminal edits lines itself and makes signals of keys, as a shell leaves it.
    var isCooked: Bool {
        var modes = termios()
        guard tcgetattr(terminal, &modes) == 0 else { return false }
        let wanted = tcflag_t(ICANON | ISIG | ECHO)
        return modes.c_lflag & wanted == wanted
    }

    /// Reads for a time what is shown.
    func read(milliseconds: Int32) {
        var request = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, milliseconds) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = systemRead(terminal, &bytes)
        if count > 0 {
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            shown += text
            unread += text
        }
        // The terminal of a program that has ended cannot be read, at once.
        if count <= 0 { usleep(1000) }
    }

    /// Waits until the program shows a text behind what was waited for before; false when it does not come.
    func shows(_ text: String, seconds: Double = 90) -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            if let found = unread.range(of: text) {
                unread.removeSubrange(..<found.upperBound)
                return true
            }
            guard ContinuousClock.now < end else { return false }
            read(milliseconds: 50)
        }
    }

    /// Waits until something holds.
    func waits(seconds: Double = 90, until isDone: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while !isDone() {
            guard ContinuousClock.now < end else { return false }
            read(milliseconds: 5)
        }
        return true
    }

    /// Whether the program still runs; how it ended otherwise.
    func ending() -> Ending? {
        var status: Int32 = 0
        guard !isOver, waitpid(process, &status, WNOHANG) == process else { return nil }
        isOver = true
        let number = status & 0x7F
        return number == 0 ? .exited((status >> 8) & 0xFF) : .signalled(number)
    }

    /// Waits for the program's end.
    func end(seconds: Double = 90) -> Ending? {
        var ending: Ending?
        _ = waits(seconds: seconds) {
            ending = self.ending()
            return ending != nil
        }
        return ending
    }
}

/// The system's `open`, under a name that the method above does not hide.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

/// The system's `read`, under a name that the method above does not hide.
private func systemRead(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int {
    read(descriptor, &bytes, bytes.count)
}
