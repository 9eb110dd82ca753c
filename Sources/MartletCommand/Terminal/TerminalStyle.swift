/// What may be written to a terminal beside text.

import Foundation

/// What an output understands: nothing but text where it is no terminal, or a dumb one.
struct TerminalStyle: Sendable {
    let isTerminal: Bool
    /// Whether the cursor can be moved and rows be cleared.
    let takesControl: Bool
    /// Whether text may be dimmed or coloured: https://no-color.org.
    let takesColor: Bool

    init(isTerminal: Bool, environment: [String: String]) {
        let name = environment["TERM"] ?? ""
        self.isTerminal = isTerminal
        takesControl = isTerminal && !name.isEmpty && name != "dumb"
        takesColor = takesControl && environment["NO_COLOR", default: ""].isEmpty
    }

    /// Of standard output.
    static let ofOutput = TerminalStyle(
        isTerminal: isatty(STDOUT_FILENO) == 1,
        environment: ProcessInfo.processInfo.environment)
    /// Of standard error.
    static let ofError = TerminalStyle(
        isTerminal: isatty(STDERR_FILENO) == 1,
        environment: ProcessInfo.processInfo.environment)

    /// A text that is less in the foreground, where that can be shown.
    func dimmed(_ text: String) -> String {
        takesColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }

    /// A text that somebody else made: on a terminal without characters that would steer it.
    func shown(_ text: String) -> String {
        guard isTerminal, text.unicodeScalars.contains(where: Self.steers) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar != "\r" {
            shown.append(Self.steers(scalar) ? "\u{FFFD}" : scalar)
        }
        return String(shown)
    }

    private static func steers(_ scalar: Unicode.Scalar) -> Bool {
        TerminalCharacters.isControl(scalar) && scalar != "\n" && scalar != "\t"
    }

    /// The columns of a terminal's rows; 80 where it does not say.
    static func columns(of descriptor: Int32) -> Int { size(of: descriptor).columns }

    /// The columns and rows of a terminal; 80 and 24 where it does not say.
    static func size(of descriptor: Int32) -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
