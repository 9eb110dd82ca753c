/// Where a conversation's messages come from.

import Foundation
import Martlet
import Synchronization

/// Reads messages from standard input.
final class ChatInput: Sendable {
    /// Whether somebody types.
    let isInteractive: Bool
    /// What was read and is no whole line yet.
    private let pending = Mutex<[UInt8]>([])

    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Lets lines be edited; nil where they are read as they come.
    private let reader: LineReader?

    init(isInteractive: Bool, reader: LineReader? = nil) {
        self.isInteractive = isInteractive
        self.reader = reader
    }

    /// What a line was.
    private enum Line {
        case text(String), end
        /// Ctrl-C: the message is given up.
        case interrupted

        var text: String? { if case .text(let text) = self { text } else { nil } }
    }

    /// Keeps what is typed from now on for the next message, until the result's `stop()`; nil where the terminal does so.
    func readAhead() -> ReadAhead? { reader?.readAhead() }

    /// The next message or command; nil at the end. Throws what cannot be read, and text that is not UTF-8.
    /// `prompt` stands before it where somebody types.
    func message(_ prompt: String) async throws(MartletError) -> String? {
        while true {
            switch try await nextMessage(prompt) {
            case .text(let message):
                reader?.remember(message)
                return message
            case .end: return nil
            case .interrupted: continue
            }
        }
    }

    private func nextMessage(_ prompt: String) async throws(MartletError) -> Line {
        var message = MessageLines()
        var isFirst = true
        while true {
            switch try await line(isFirst ? prompt : ". ", isFirst: isFirst) {
            case .interrupted: return .interrupted
            case .end: return isFirst ? .end : .text(message.text)
            case .text(let text): if message.add(text) { return .text(message.text) }
            }
            isFirst = false
        }
    }

    /// Reads a line on a thread that may wait for it.
    private func line(_ prompt: String, isFirst: Bool = false) async throws(MartletError) -> Line {
        if let reader, let result = try await Self.edited(reader, prompt) {
            switch result {
            case .line(let text): return .text(text)
            case .end: return .end
            case .interrupted(let wasEmpty):
                if wasEmpty, isFirst { StandardStreams.writeError("Ctrl-D or /quit leaves.\n") }
                return .interrupted
            }
        }
        if isInteractive { StandardStreams.writeError(prompt) }
        let line = try await onOwnThread(named: "martlet-input") { () throws(MartletError) in
            try self.nextLine()
        }
        if isInteractive, line.text == nil { StandardStreams.writeError("\n") }
        return line
    }

    private static func edited(
        _ reader: LineReader, _ prompt: String
    ) async throws(MartletError) -> LineReader.Result? {
        try await onOwnThread(named: "martlet-input") { () throws(MartletError) in
            try reader.line(prompt)
        }
    }

    private func nextLine() throws(MartletError) -> Line {
        var bytes = pending.withLock { $0 }
        defer { pending.withLock { $0 = bytes } }
        var searched = 0
        while true {
            if let end = bytes[searched...].firstIndex(of: 0x0A) {
                var line = Array(bytes[..<end])
                if line.last == 0x0D { line.removeLast() }
                bytes.removeFirst(end + 1)
                return try Self.line(line)
            }
            searched = bytes.count
            while isInteractive, let notice = TerminalNotices.wait() {
                guard notice == .interrupted else { continue }
                // The terminal has forgotten the line too.
                bytes = []
                return .interrupted
            }
            let part = try TextFile.standardInputPart()
            guard part.isEmpty else {
                bytes += part
                continue
            }
            defer { bytes = [] }
            return bytes.isEmpty ? .end : try Self.line(bytes)
        }
    }

    private static func line(_ bytes: [UInt8]) throws(MartletError) -> Line {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MartletError(
                code: .invalidText, subject: "standard input",
                message: "standard input: a line is not valid UTF-8; convert it to UTF-8 first")
        }
        return .text(text)
    }
}
