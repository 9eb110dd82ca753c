/// What is known already of a batch: each result is written as it comes, so that whatever ends the process, the batch goes
/// on where it was.

import Foundation
package import Martlet
import MartletFormats
import MartletJSON
import Synchronization

/// Results by the requests that they are of, in a file or in memory.
///
/// `docs/formats.md` describes the file. A result counts as long as its request and what it ran on are the same: their
/// digest stands beside it.
package final class BatchJournal: Sendable {
    private struct Entry {
        let digest: String
        let isError: Bool
        let usage: AnswerUsage
        /// Where the result's line stands.
        let offset: Int
        let count: Int
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// The file; nil for memory.
        var file: FileHandle?
        /// Results in memory.
        var memory: [UInt8] = []
        var end = 0
        var flushed = ContinuousClock.now
    }

    private static let separator = Array(#","line":"#.utf8)
    private let context: String
    /// The most bytes of results in memory.
    private let byteLimit: Int
    private let state: Mutex<State>

    /// Keeps results in memory.
    ///
    /// - Parameters:
    ///   - context: what requests run on: results of another context are computed again.
    ///   - byteLimit: the most bytes of all results.
    package init(context: String, byteLimit: Int) {
        self.context = context
        self.byteLimit = byteLimit
        state = Mutex(State())
    }

    /// Opens a file, which is made where there is none. What a process was writing as it ended is cut off.
    ///
    /// - Throws: `unreadableFile`; `alreadyExists` where another process has it open.
    package init(_ path: String, context: String) throws(MartletError) {
        self.context = context
        byteLimit = .max
        var state = State()
        do {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw FormatError.inputOutput(
                    path: path, operation: "open", reason: String(cString: strerror(errno)))
            }
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw MartletError(
                    code: .alreadyExists, subject: path,
                    message:
                        "\(path): another process writes it; let that end, or choose another name")
            }
            try Self.read(file, into: &state)
            try file.truncate(atOffset: UInt64(state.end))
            try file.seek(toOffset: UInt64(state.end))
            state.file = file
        } catch { throw MartletError(any: error) }
        self.state = Mutex(state)
    }

    private static func read(_ file: FileHandle, into state: inout State) throws {
        var rest: [UInt8] = []
        while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
            rest += part
            var start = 0
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                guard let (id, entry) = Self.entry(rest[start..<end], at: state.end) else { return }
                state.entries[id] = entry
                state.end += end + 1 - start
                start = end + 1
            }
            rest.removeFirst(start)
        }
    }

    /// Reads a line; nil for one that is damaged, after which nothing is believed.
    private static func entry(
        _ line: ArraySlice<UInt8>, at offset: Int
    ) -> (id: String, entry: Entry)? {
        // An answer may have any number of values, so a line may too.
        let parsed = try? JSONValue.parse(
            Array(line), file: "the journal", maximumValues: .max)
        guard let value = parsed?.objectValue,
            value.keys == ["custom_id", "digest", "failed", "usage", "line"],
            let id = value["custom_id"]?.stringValue, let digest = value["digest"]?.stringValue,
            let isError = value["failed"]?.boolValue, value["line"]?.objectValue != nil,
            let counts = value["usage"]?.arrayValue?.compactMap(\.intValue), counts.count == 4,
            counts.allSatisfy({ AnswerUsage.bounds.contains($0) }),
            // Quotes in the members before are escaped: it stands nowhere else.
            let place = line.firstRange(of: separator)
        else { return nil }
        var usage = AnswerUsage()
        (usage.promptTokens, usage.cachedTokens) = (counts[0], counts[1])
        (usage.completionTokens, usage.reasoningTokens) = (counts[2], counts[3])
        // The last member, up to the brace that closes the object.
        return (
            id,
            Entry(
                digest: digest, isError: isError, usage: usage,
                offset: offset + place.upperBound - line.startIndex,
                count: line.endIndex - 1 - place.upperBound)
        )
    }

    private func digest(_ request: BatchRequest) -> String {
        FileDigest.sha256(Array("\(context)\n\(request.url)\n".utf8) + request.body)
    }

    /// The result of a request, if it is known.
    package func result(of request: BatchRequest) throws(MartletError) -> BatchResult? {
        let digest = digest(request)
        let found: Result<BatchResult?, MartletError> = state.withLock { state in
            guard let entry = state.entries[request.customID], entry.digest == digest else {
                return .success(nil)
            }
            do {
                return .success(
                    BatchResult(
                        line: try Self.bytes(entry, &state), isError: entry.isError,
                        usage: entry.usage))
            } catch { return .failure(MartletError(any: error)) }
        }
        return try found.get()
    }

    private static func bytes(_ entry: Entry, _ state: inout State) throws -> [UInt8] {
        guard let file = state.file else {
            return Array(state.memory[entry.offset..<entry.offset + entry.count])
        }
        try file.seek(toOffset: UInt64(entry.offset))
        let bytes = try file.read(upToCount: entry.count) ?? Data()
        try file.seek(toOffset: UInt64(state.end))
        return Array(bytes)
    }

    /// Whether the result of a request is known.
    package func isKnown(_ request: BatchRequest) -> Bool {
        let digest = digest(request)
        return state.withLock { $0.entries[request.customID]?.digest == digest }
    }

    /// Notes a result.
    package func add(_ result: BatchResult, of request: BatchRequest) throws(MartletError) {
        let usage = result.usage
        let head = JSONObject([
            .init(key: "custom_id", value: .string(request.customID)),
            .init(key: "digest", value: .string(digest(request))),
            .init(key: "failed", value: .bool(result.isError)),
            .init(
                key: "usage",
                value: .array(
                    [
                        usage.promptTokens, usage.cachedTokens, usage.completionTokens,
                        usage.reasoningTokens,
                    ].map { .integer($0) })),
        ])
        let bytes =
            JSONValue.object(head).serialized().dropLast() + Self.separator + result.line
            + Array("}\n".utf8)
        let failure: MartletError? = state.withLock { state in
            // What could not be read again would end all that is read after it.
            guard let (id, entry) = Self.entry(bytes.dropLast(), at: state.end) else {
                return MartletError(
                    code: .malformedFile, subject: request.customID,
                    message: "\(request.customID): its result cannot be kept: it is no JSON object")
            }
            do {
                if let file = state.file {
                    do { try file.write(contentsOf: Data(bytes)) } catch {
                        // Part of it may stand there, which is nothing that the next one may follow.
                        try? file.truncate(atOffset: UInt64(state.end))
                        _ = try? file.seek(toOffset: UInt64(state.end))
                        throw error
                    }
                    // Once a second is enough for what the machine's end may take away.
                    if state.flushed.duration(to: .now) > .seconds(1) {
                        try file.synchronize()
                        state.flushed = .now
                    }
                } else {
                    guard state.memory.count + bytes.count <= byteLimit else {
                        return MartletError(
                            code: .outOfMemory,
                            message:
                                "the batch's results take more than \(byteLimit) bytes of memory; divide it, or start the "
                                + "server with --store")
                    }
                    state.memory += bytes
                }
            } catch { return MartletError(any: error) }
            state.entries[id] = entry
            state.end += bytes.count
            return nil
        }
        if let failure { throw failure }
    }
}
