/// What may be written to a terminal beside text.

import Foundation

/// What an output understands: nothing but text where it is no terminal, or a dumb one.
struct TerminalStyle: Sendable {
    /// Whether the cursor can be moved and rows be cleared.
    let takesControl: Bool
    /// Whether text may be dimmed or coloured: https://no-color.org.
    let takesColor: Bool

    init(isTerminal: Bool, environment: [String: String]) {
        let name = environment["TERM"] ?? ""
        takesControl = isTerminal && !name.isEmpty && name != "dumb"
        takesColor = takesControl && environment["NO_COLOR", default: ""].isEmpty
    }

    /// Of standard output.
    static let ofOutput = TerminalStyle(
        isTerminal: StandardStreams.outputIsTerminal,
        environment: ProcessInfo.processInfo.environment)
    /// Of standard error.
    static let ofError = TerminalStyle(
        isTerminal: StandardStreams.errorIsTerminal,
        environment: ProcessInfo.processInfo.environment)

    /// A text that is less in the foreground, where that can be shown.
    func dimmed(_ text: String) -> String {
        takesColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }
}
