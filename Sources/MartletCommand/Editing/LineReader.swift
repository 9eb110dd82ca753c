/// Reads lines that are edited at a terminal.

import Foundation
import Martlet
import Synchronization

/// The terminal's side of a ``LineEditor``: keys from standard input, the text on standard output.
///
/// The terminal hands over key by key from the first line, or the first ``readAhead()``, until the process ends. What is
/// typed while no line is asked for is the beginning of the next one.
final class LineReader: Sendable {
    /// How reading a line ended.
    enum Result: Sendable {
        case line(String), interrupted(wasEmpty: Bool), end
    }

    fileprivate struct State {
        var decoder = KeyDecoder()
        /// Keys that came behind the end of a line.
        var keys: ArraySlice<Key> = []
        /// What was typed while no line was asked for.
        var draft: LineEditor?
        var erased: [Character] = []
        /// Whether standard input has ended.
        var isAtEnd = false
    }

    private let state = Mutex(State())
    private let history: Mutex<MessageHistory>
    private let hasFailed = Mutex(false)
    /// What a tab completes.
    private let commands: [String]

    /// Whether both ends are a terminal that can be drawn on.
    static var isPossible: Bool {
        isatty(STDIN_FILENO) == 1 && TerminalStyle.ofOutput.takesControl
    }

    init(history: MessageHistory, commands: [String] = []) {
        self.history = Mutex(history)
        self.commands = commands
    }

    /// Remembers a message. A file that cannot be written is told once.
    func remember(_ message: String) {
        do { try history.withLock { try $0.add(message) } } catch {
            guard
                hasFailed.withLock({ failed in
                    defer { failed = true }
                    return !failed
                })
            else { return }
            StandardStreams.note("the history is not kept: \(error); see --no-history")
        }
    }

    private func makeEditor(_ erased: [Character]) -> LineEditor {
        LineEditor(
            history: history.withLock(\.messages), commands: commands, erased: erased)
    }

    // MARK: Lines

    /// Lets somebody type a line. Waits as long as that takes; nil where the terminal cannot be read key by key.
    func line(_ prompt: String) throws(MartletError) -> Result? {
        guard RawMode.enter() else { return nil }
        let result = state.withLock { state in
            Swift.Result { () throws(MartletError) in try edit(prompt, &state) }
        }
        return try result.get()
    }

    private func edit(_ prompt: String, _ state: inout State) throws(MartletError) -> Result {
        var editor = state.draft ?? makeEditor(state.erased)
        state.draft = nil
        editor.dropLastBreaks()
        defer { state.erased = editor.erased }
        var screen = LineScreen(prompt: prompt)
        while true {
            while let key = state.keys.popFirst() {
                if let result = act(editor.press(key), &editor, &screen) { return result }
            }
            guard !state.isAtEnd else { return .end }
            // A long paste is drawn once.
            if !RawMode.hasInput(milliseconds: 0) { screen.draw(editor) }
            if state.decoder.isWaiting, !RawMode.hasInput(milliseconds: 50) {
                state.decoder.flush()
            }
            switch TerminalNotices.wait() {
            case .stop?: _ = act(.suspend, &editor, &screen)
            case .interrupted?:
                if let result = act(editor.press(.interrupt), &editor, &screen) { return result }
            case .goesOn?: RawMode.renew()
            case .resized?: screen.resize()
            case .woken?: break
            case nil:
                let bytes = try TextFile.standardInputPart()
                guard !bytes.isEmpty else { return .end }
                state.keys = state.decoder.feed(bytes)[...]
            }
        }
    }

    /// Does what a key led to; how the line ended, where it did.
    private func act(
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
            RawMode.suspend()
        }
        return nil
    }

    // MARK: Reading ahead

    /// Takes the keys that are pressed until the result's `stop()`, while something else is on the terminal. Ctrl-C and Ctrl-Z
    /// do at once what they do elsewhere, text is kept for the next line, with a line feed for each Enter: nobody has seen
    /// it, so it is not sent. Nil where the terminal cannot be read key by key.
    func readAhead() -> ReadAhead? {
        guard RawMode.enter() else { return nil }
        // What came with the last line's Enter was typed or pasted before anybody saw an answer.
        let keys = state.withLock { state in
            defer { state.keys = [] }
            return take(Array(state.keys), &state)
        }
        keys.forEach(act)
        return ReadAhead { [self] notice in hear(notice) }
    }

    /// Does what a notice or new keys say; false when nothing more will come.
    private func hear(_ notice: TerminalNotices.Notice?) -> Bool {
        switch notice {
        case .stop?: RawMode.suspend()
        case .interrupted?: Interruption.interrupt()
        case .goesOn?: RawMode.renew()
        case .resized?, .woken?: break
        case nil:
            guard let bytes = try? TextFile.standardInputPart(), !bytes.isEmpty else {
                state.withLock { $0.isAtEnd = true }
                return false
            }
            state.withLock { take($0.decoder.feed(bytes), &$0) }.forEach(act)
            if state.withLock(\.decoder.isWaiting), !RawMode.hasInput(milliseconds: 50) {
                state.withLock { $0.decoder.flush() }
            }
        }
        return true
    }

    /// Puts keys into the draft; those that are not for it, in order.
    private func take(_ keys: [Key], _ state: inout State) -> [Key] {
        guard !keys.isEmpty else { return [] }
        var editor = state.draft ?? makeEditor(state.erased)
        let others = keys.filter { !editor.draft($0) }
        state.draft = editor
        return others
    }

    private func act(_ key: Key) {
        if key == .interrupt { Interruption.interrupt() } else { RawMode.suspend() }
    }
}

/// Reads keys on a thread of its own.
final class ReadAhead: Sendable {
    private let isOver = Atomic(false)
    private let thread = DispatchGroup()

    /// `hear` is told each notice, or nil for keys, and says whether to go on.
    fileprivate init(
        _ hear: @escaping @Sendable (TerminalNotices.Notice?) -> Bool
    ) {
        DispatchQueue.global().async(group: thread) { [self] in
            while !isOver.load(ordering: .acquiring), hear(TerminalNotices.wait()) {}
        }
    }

    /// Ends reading: keys that come later are for the next line.
    func stop() async {
        isOver.store(true, ordering: .releasing)
        TerminalNotices.post(.woken)
        await withCheckedContinuation { continuation in
            thread.notify(queue: .global()) { continuation.resume() }
        }
    }
}
