/// Where a conversation's messages come from.

import Dispatch
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

    private static let fence = "\"\"\""

    init(isInteractive: Bool) { self.isInteractive = isInteractive }

    /// The next message or command; nil at the end. Throws what cannot be read, and text that is not UTF-8.
    func message() async throws(MartletError) -> String? {
        guard var line = try await line("> ") else { return nil }
        if line.trimmingCharacters(in: .whitespaces) == Self.fence {
            var lines: [String] = []
            while let next = try await self.line(". "),
                next.trimmingCharacters(in: .whitespaces) != Self.fence
            {
                lines.append(next)
            }
            return lines.joined(separator: "\n")
        }
        while line.hasSuffix("\\") {
            line.removeLast()
            guard let next = try await self.line(". ") else { break }
            line += "\n" + next
        }
        return line
    }

    /// Reads a line on a thread that may wait for it.
    private func line(_ prompt: String) async throws(MartletError) -> String? {
        if isInteractive { StandardStreams.writeError(prompt) }
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[UInt8]?, MartletError>, Never>) in
            DispatchQueue.global().async { continuation.resume(returning: self.nextLine()) }
        }
        guard let bytes = try result.get() else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MartletError(
                code: .invalidText, subject: "standard input",
                message: "standard input: a line is not valid UTF-8; convert it to UTF-8 first")
        }
        return text
    }

    private func nextLine() -> Result<[UInt8]?, MartletError> {
        var bytes = pending.withLock { $0 }
        defer { pending.withLock { $0 = bytes } }
        var searched = 0
        while true {
            if let end = bytes[searched...].firstIndex(of: 0x0A) {
                var line = Array(bytes[..<end])
                if line.last == 0x0D { line.removeLast() }
                bytes.removeFirst(end + 1)
                return .success(line)
            }
            searched = bytes.count
            do throws(MartletError) {
                let part = try TextFile.standardInputPart()
                guard part.isEmpty else {
                    bytes += part
                    continue
                }
            } catch { return .failure(error) }
            defer { bytes = [] }
            return .success(bytes.isEmpty ? nil : bytes)
        }
    }
}
