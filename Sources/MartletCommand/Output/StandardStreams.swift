/// Standard output and standard error, unbuffered: what is printed is out, whatever happens next.

import Foundation

enum StandardStreams {
    /// Fills the places of streams that were closed before the process began, with what can be neither read nor written: the
    /// next file to be opened would take such a place, and be read as input or written to as output.
    static func reserve() {
        for (descriptor, mode) in [
            (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
        ] where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            // The lowest free place is the one that is missing.
            _ = open("/dev/null", mode)
        }
    }

    /// Writes text to standard output. Ends the process when nobody reads it any more.
    static func write(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

    /// Writes bytes to standard output.
    static func write(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// Writes one line to standard error. Control characters, which an argument or a file name may
    /// hold, would break the line or steer the terminal.
    /// A long one, which echoes a huge value, keeps its ends.
    static func note(_ message: String) {
        var line = "martlet: "
        for scalar in clipped(message).unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                line += scalar == "\n" ? " " : "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        write(Array((line + "\n").utf8), to: STDERR_FILENO)
    }

    /// The beginning and the end of a text that is longer than any sentence of ours.
    static func clipped(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > 4000 else { return text }
        var short = String(scalars.prefix(1500))
        short += " … (\(scalars.count - 3000) characters left out) … "
        return short + String(scalars.suffix(1500))
    }

    /// Writes text to standard error as it is, control sequences included.
    static func writeError(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

    /// Whether standard output is a terminal.
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    /// Whether standard error is a terminal.
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                systemWrite(descriptor, buffer.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count >= 0 {
                done += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: usleep(1000)
            case _ where descriptor == STDERR_FILENO: return
            case EPIPE: ExitStatus.closedPipe.exit()
            default:
                let reason = String(cString: strerror(errno))
                note("standard output: cannot write: \(reason); check where it goes.")
                ExitStatus.inputOutput.exit()
            }
        }
    }
}

/// The system's `write`, under a name that the methods above do not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
