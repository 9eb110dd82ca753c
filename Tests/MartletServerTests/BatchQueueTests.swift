/// The life of batches: who changes their state, and that no result is lost.

import Foundation
import Martlet
import MartletEngine
import MartletJSON
import Synchronization
import Testing

@testable import MartletServer

/// Answers with a text of 200 letters, or not before it is cancelled.
private final class ScriptedWorker: BatchWorker {
    private let state = Mutex((asked: 0, answered: 0))
    private let answers: Bool
    private let begins: @Sendable () -> Void
    private let ends: @Sendable () -> Void

    /// - Parameters:
    ///   - begins: called before the first batch computes.
    ///   - ends: called before each answer.
    init(
        answers: Bool = true, begins: @escaping @Sendable () -> Void = {},
        ends: @escaping @Sendable () -> Void = {}
    ) {
        self.answers = answers
        self.begins = begins
        self.ends = ends
    }

    var answered: Int { state.withLock { $0.answered } }

    var context: String {
        let asked = state.withLock { state -> Int in
            state.asked += 1
            return state.asked
        }
        if asked == 1 { begins() }
        return "context"
    }

    var reusesPrompts: Bool { false }
    func cacheTokens() async -> Int? { nil }
    func prompts(of request: BatchRequest, for tenant: String) -> [PromptTree.Prompt] { [] }

    func answer(
        _ request: BatchRequest, for tenant: String, started: @escaping @Sendable () -> Void
    ) async throws(BatchInterruption) -> BatchResult {
        if !answers {
            try? await Task.sleep(for: .seconds(3600))
            throw .ended
        }
        ends()
        state.withLock { $0.answered += 1 }
        return BatchResult(
            request, status: 200, requestID: "r",
            body: .string(String(repeating: "x", count: 200)), usage: AnswerUsage())
    }
}

@Suite struct BatchQueueTests {
    /// Begins a batch of one request.
    private func begin(_ queue: BatchQueue, _ files: FileStore) throws -> BatchRecord {
        let line =
            #"{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {}}"#
        let file = try files.add(
            Array(line.utf8), name: "requests.jsonl", purpose: "batch", tenant: "", lifetime: nil)
        let batch = BatchRecord(
            tenant: "", endpoint: "/v1/completions", inputFile: file.id, window: "24h",
            seconds: 86_400, metadata: .null, outputLifetime: nil, at: files.now())
        try queue.add(batch)
        return batch
    }

    private func wait(
        _ queue: BatchQueue, _ id: String, until status: BatchRecord.Status
    ) async throws -> BatchRecord {
        for _ in 0..<4000 {
            if let batch = queue.batch(id, of: ""), batch.status == status { return batch }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("the batch is not \(status)")
        return try #require(queue.batch(id, of: ""))
    }

    /// Who cancels a batch while its file is read is heard, and nothing of it is computed.
    @Test func whoCancelsWhileItIsValidatedIsHeard() async throws {
        let files = FileStore()
        let queue = BatchQueue(files)
        let worker = ScriptedWorker(begins: {
            for batch in queue.batches(of: "") { _ = queue.cancel(batch.id, of: "") }
        })
        queue.attach(worker)
        queue.open()
        let ended = try await wait(queue, try begin(queue, files).id, until: .cancelled)
        #expect(worker.answered == 0 && ended.outputFile == nil)
        #expect(queue.cancel(ended.id, of: "") == nil)
        queue.close()
    }

    /// A batch whose results have no room waits for it, and computes nothing twice; cancelled meanwhile, it keeps them too.
    @Test(arguments: [false, true])
    func resultsWaitForRoom(isCancelled: Bool) async throws {
        let files = FileStore(byteLimit: 1000)
        let other = try files.add(
            Array(repeating: 0, count: 700), name: "other", purpose: "batch", tenant: "",
            lifetime: nil)
        let queue = BatchQueue(files, pause: .milliseconds(2))
        let worker = ScriptedWorker()
        queue.attach(worker)
        queue.open()
        let id = try begin(queue, files).id
        let waiting = try await wait(queue, id, until: .finalizing)
        #expect(waiting.outputFile == nil && waiting.progress.completed == 1)
        if isCancelled { #expect(queue.cancel(id, of: "")?.status == .cancelling) }
        files.remove(other)
        let ended = try await wait(queue, id, until: isCancelled ? .cancelled : .completed)
        let name = try #require(ended.outputFile)
        let output = try #require(files.file(name, of: ""))
        let content = try #require(files.content(of: output))
        #expect(String(decoding: content, as: UTF8.self).contains("xxx"))
        #expect(worker.answered == 1)
        queue.close()
    }

    /// A batch that waits behind another one of its tenant ends as soon as it is cancelled.
    @Test func whatHasNotBegunEndsAtOnce() async throws {
        let files = FileStore()
        let queue = BatchQueue(files)
        queue.attach(ScriptedWorker(answers: false))
        queue.open()
        let first = try begin(queue, files)
        _ = try await wait(queue, first.id, until: .inProgress)
        let second = try begin(queue, files)
        #expect(queue.batch(second.id, of: "")?.status == .validating)
        #expect(queue.cancel(second.id, of: "")?.status == .cancelled)
        #expect(queue.batch(first.id, of: "")?.status == .inProgress)
        #expect(queue.cancel(first.id, of: "")?.status == .cancelling)
        _ = try await wait(queue, first.id, until: .cancelled)
        queue.close()
    }

    /// Results stay where the end of a batch could not be written: the next process comes to it again.
    @Test func resultsStayUntilTheEndIsWritten() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "martlet-store-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try FileStore(folder)
        let queue = BatchQueue(files)
        queue.attach(
            ScriptedWorker(ends: {
                for batch in queue.batches(of: "") {
                    let record = folder + "/batches/\(batch.id).json"
                    try? FileManager.default.removeItem(atPath: record)
                    // What no file can take the place of.
                    try? FileManager.default.createDirectory(
                        atPath: record + "/x", withIntermediateDirectories: true)
                }
            }))
        queue.open()
        let id = try begin(queue, files).id
        _ = try await wait(queue, id, until: .completed)
        queue.close()
        let journal = folder + "/batches/\(id).journal"
        // It would go right after the end.
        try await Task.sleep(for: .milliseconds(20))
        #expect(FileManager.default.fileExists(atPath: journal))
    }

    /// Whatever numbers a record or a journal has, sums of them are numbers.
    @Test func storedCountsAreBounded() throws {
        let record = BatchRecord(
            tenant: "", endpoint: "/v1/completions", inputFile: "file", window: "24h",
            seconds: 60, metadata: .null, outputLifetime: nil, at: 0
        ).stored
        let most = JSONValue.integer(.max)
        let read = try #require(
            BatchRecord(
                record.setting(
                    "martlet", to: ["reused_tokens": most, "computed_tokens": most]
                ).setting("usage", to: ["input_tokens": most, "output_tokens": most])))
        #expect(read.progress.usage.promptTokens > 0 && !read.json.members.isEmpty)
        #expect(BatchRecord(record.setting("expires_at", to: most)) == nil)
        let path = FileManager.default.temporaryDirectory.appending(
            path: "martlet-journal-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let line =
            #"{"custom_id":"a","digest":"d","failed":false,"usage":[\#(Int.max),0,0,0],"line":{}}"#
        try Data((line + "\n").utf8).write(to: URL(filePath: path))
        _ = try BatchJournal(path, context: "")
        #expect(FileManager.default.contents(atPath: path)?.isEmpty == true)
    }

    /// What could not be read again is refused, and stands in nobody's way.
    @Test func aResultThatIsNoneIsRefused() throws {
        let journal = BatchJournal(context: "", byteLimit: .max)
        let requests = ["a", "b"].map { BatchRequest(customID: $0, url: "/", body: []) }
        #expect(throws: MartletError.self) {
            try journal.add(
                BatchResult(line: Array("[".utf8), isError: false, usage: AnswerUsage()),
                of: requests[0])
        }
        let result = BatchResult(requests[1], code: "x", message: "y")
        try journal.add(result, of: requests[1])
        #expect(try journal.result(of: requests[1])?.line == result.line)
        #expect(!journal.isKnown(requests[0]))
    }

    /// A model that has no room however long one waits is a result, not a reason to wait.
    @Test func whatNeverFitsIsAResult() async throws {
        let service = Service(ServerConfiguration())
        service.begin(
            with: try ModelFleet(
                [
                    ModelFleet.Entry(names: ["large"], estimatedBytes: { 1 << 40 }) {
                        () async throws(MartletError) -> ServedModel in
                        throw MartletError(code: .unknownModel, message: "large: it is not loaded")
                    }
                ], budgetBytes: 1000))
        let body: JSONValue = ["model": "large", "prompt": "a"]
        let request = BatchRequest(
            customID: "a", url: "/v1/completions", body: body.serialized())
        let result = try await ServiceBatchWorker(service).answer(request, for: "", started: {})
        #expect(result.isError)
        let line = try JSONValue.parse(result.line)
        #expect(line["response.status_code"] == 503)
        #expect(line["response.body.error.code"] == "model_too_large")
        // The worker keeps it alive for nobody.
        withExtendedLifetime(service) {}
    }
}
