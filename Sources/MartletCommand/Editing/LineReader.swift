/// Reads lines that are edited at a terminal.

import Foundation
import Martlet
import Synchronization

/// The terminal's side of a ``LineEditor``: keys from standard input, the text on standard output.
final class LineReader: Sendable {
    /// How reading a line ended.
    enum Result: Sendable {
        case line(String), interrupted(wasEmpty: Bool), end
    }

    private struct State {
        var decoder = KeyDecoder()
        /// Keys that came behind the end of a line.
        var keys: ArraySlice<Key> = []
        var history: MessageHistory
        var erased: [Character] = []
        var hasFailed = false
    }

    private let state: Mutex<State>
    /// What a tab completes.
    private let commands: [String]

    /// Whether both ends are a terminal that can be drawn on.
    static var isPossible: Bool {
        let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return isatty(STDIN_FILENO) == 1 && StandardStreams.outputIsTerminal && terminal != "dumb"
            && !terminal.isEmpty
    }

    init(history: MessageHistory, commands: [String] = []) {
        state = Mutex(State(history: history))
        self.commands = commands
    }

    /// Remembers a message. A file that cannot be written is told once.
    func remember(_ message: String) {
        state.withLock { state in
            do { try state.history.add(message) } catch {
                guard !state.hasFailed else { return }
                state.hasFailed = true
                StandardStreams.note(
                    "the history is not kept: \(error); see --no-history")
            }
        }
    }

    /// Lets somebody type a line. Waits as long as that takes; nil where the terminal cannot be read key by key.
    func line(_ prompt: String) throws(MartletError) -> Result? {
        guard RawMode.enter() else { return nil }
        defer { RawMode.leave() }
        let result = state.withLock { [commands] state in
            Swift.Result { () throws(MartletError) in try Self.edit(prompt, commands, &state) }
        }
        return try result.get()
    }

    private static func edit(
        _ prompt: String, _ commands: [String], _ state: inout State
    ) throws(MartletError) -> Result {
        var editor = LineEditor(
            history: state.history.messages, commands: commands, erased: state.erased)
        defer { state.erased = editor.erased }
        var screen = LineScreen(prompt: prompt)
        while true {
            while let key = state.keys.popFirst() {
                if let result = act(editor.press(key), &editor, &screen) { return result }
            }
            // A long paste is drawn once.
            if !RawMode.hasInput(milliseconds: 0) { screen.draw(editor) }
            if state.decoder.isWaiting, !RawMode.hasInput(milliseconds: 50) {
                state.decoder.flush()
            }
            switch RawMode.wait() {
            case .stop?: _ = act(.suspend, &editor, &screen)
            case .goesOn?: RawMode.renew()
            case .resized?: screen.resize()
            case nil:
                let bytes = try TextFile.standardInputPart()
                guard !bytes.isEmpty else { return .end }
                state.keys = state.decoder.feed(bytes)[...]
            }
        }
    }

    /// Does what a key led to; how the line ended, where it did.
    private static func act(
        _ outcome: LineEditor.Outcome, _ editor: inout LineEditor, _ screen: inout LineScreen
    ) -> Result? {
        switch outcome {
        case .edited: break
        case .entered:
            screen.finish(editor)
            return .line(editor.text)
        case .interrupted:
            screen.finish(editor, mark: "^C")
            return .interrupted(wasEmpty: editor.characters.isEmpty)
        case .ended:
            screen.finish(editor)
            return .end
        case .choices(let names):
            screen.finish(editor)
            StandardStreams.write(names.joined(separator: "  ") + "\r\n")
        case .redraw: screen.clear()
        case .suspend:
            screen.finish(editor)
            RawMode.leave()
            stop()
            _ = RawMode.enter()
        }
        return nil
    }

    /// Stops the process as Ctrl-Z does. Threads of Dispatch hold signals back: this one must not, or it would go on.
    private static func stop() {
        var wanted = sigset_t()
        var before = sigset_t()
        sigemptyset(&wanted)
        sigaddset(&wanted, SIGTSTP)
        pthread_sigmask(SIG_UNBLOCK, &wanted, &before)
        raise(SIGTSTP)
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }
}
