/// Batches without a wire: their files, their order, what they compute, and how they go on.

import Foundation
import Martlet
import MartletEngine
import MartletJSON
import MartletTestSupport
import Synchronization
import Testing

@testable import MartletServer

/// Completions whose prompts share documents, and parts of questions about them.
private enum SharedPrompts {
    static func requests(documents: Int, questions: Int, length: Int = 150) -> [BatchRequest] {
        var generator = SeededGenerator(seed: 8)
        func text(_ count: Int) -> String {
            String((0..<count).map { _ in "abcdefgh ".randomElement(using: &generator) ?? " " })
        }
        let documents = (0..<documents).map { _ in text(length) }
        var requests: [BatchRequest] = []
        // One of each document in turn, as files mostly are not in the order that is best.
        for question in 0..<questions {
            let beginning = text(40)
            for (index, document) in documents.enumerated() {
                for end in 0..<2 {
                    let body: JSONValue = [
                        "prompt": .string(document + beginning + text(20 + 7 * end)),
                        "max_tokens": 3, "temperature": 0.8, "logprobs": 2,
                        "seed": .integer(question * 10 + index + 100 * end),
                    ]
                    requests.append(
                        BatchRequest(
                            customID: "\(index).\(question).\(end)", url: "/v1/completions",
                            body: body.serialized()))
                }
            }
        }
        return requests
    }
}

/// Lets another worker answer, up to a number of requests.
private final class CountingWorker: BatchWorker {
    private let inner: ServiceBatchWorker
    private let patience: Int
    private let asked = Mutex<[String]>([])

    init(_ inner: ServiceBatchWorker, patience: Int = .max) {
        self.inner = inner
        self.patience = patience
    }

    var answered: [String] { asked.withLock { $0 } }
    var context: String { inner.context }
    var reusesPrompts: Bool { inner.reusesPrompts }
    func cacheTokens() async -> Int? { await inner.cacheTokens() }

    func prompts(of request: BatchRequest, for tenant: String) -> [PromptTree.Prompt] {
        inner.prompts(of: request, for: tenant)
    }

    func answer(
        _ request: BatchRequest, for tenant: String, started: @escaping @Sendable () -> Void
    ) async throws(BatchInterruption) -> BatchResult {
        let count = asked.withLock { asked in
            asked.append(request.customID)
            return asked.count
        }
        if count > patience { throw .ended }
        return try await inner.answer(request, for: tenant, started: started)
    }
}

@Suite struct BatchRunTests {
    /// What a request was answered, without what is drawn anew for each answer.
    private static func answers(
        _ requests: [BatchRequest], _ journal: BatchJournal
    ) throws -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        for request in requests {
            let result = try #require(try journal.result(of: request))
            let line = try JSONValue.parse(result.line)
            #expect(line["custom_id"].stringValue == request.customID)
            #expect(line["response.status_code"] == 200)
            found[request.customID] = line["response.body.choices"]
        }
        return found
    }

    /// Each beginning is computed once, and no answer is another for it: as many tokens as the tree has, in a cache that
    /// holds it; every answer as if it were alone, in the file's order, without reuse.
    @Test func aTreeIsComputedOnceAndChangesNoAnswer() async throws {
        let requests = SharedPrompts.requests(documents: 4, questions: 5)
        let alone = try await TestServer()
        let known = BatchJournal(context: "", byteLimit: .max)
        var plain = BatchRun(requests, for: "", journal: known)
        (plain.order, plain.width) = (.file, 1)
        let all = try await plain.run(on: ServiceBatchWorker(alone.service))
        #expect(all.usage.cachedTokens == 0 && all.usage.promptTokens == all.promptTokens)
        let expected = try Self.answers(requests, known)

        let whole = try #require(await alone.service.model().model?.statistics()).budgetBytes
        let tokens = try #require(await ServiceBatchWorker(alone.service).cacheTokens())
        // Room for the whole tree with its answers and pages that are not full, some 3,600 tokens, of the 6,600 that are asked.
        let server = try await TestServer(reusesPrompts: true, memory: whole / tokens * 4000)
        let journal = BatchJournal(context: "", byteLimit: .max)
        let run = BatchRun(requests, for: "", journal: journal)
        let progress = try await run.run(on: ServiceBatchWorker(server.service))
        #expect(progress.completed == 40 && progress.failed == 0)
        #expect(progress.promptTokens == all.promptTokens)
        // 4 documents of 150, 20 beginnings of 40, 40 ends of 20 or 27, but for letters that are the same by chance.
        #expect((2270...2340).contains(progress.treeTokens))
        #expect(progress.usage.promptTokens - progress.usage.cachedTokens == progress.treeTokens)
        #expect(try Self.answers(requests, journal) == expected)
        let statistics = try #require(await server.service.model().model?.statistics())
        #expect(statistics.preemptions == 0 && statistics.recomputedTokens == 0)
    }

    @Test func aRunGoesOnWhereAnotherEnded() async throws {
        let path = FileManager.default.temporaryDirectory.appending(
            path: "martlet-journal-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try await TestServer(reusesPrompts: true)
        var requests = SharedPrompts.requests(documents: 2, questions: 3, length: 40)
        func run(_ worker: CountingWorker) async throws -> BatchProgress {
            let journal = try BatchJournal(path, context: worker.context)
            var run = BatchRun(requests, for: "", journal: journal)
            run.width = 2
            return try await run.run(on: worker)
        }
        let first = CountingWorker(ServiceBatchWorker(server.service), patience: 5)
        await #expect(throws: MartletError.self) { _ = try await run(first) }
        // What a process was writing as it ended.
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"custom_id":"0.0.0","digest":"#.utf8))
        try handle.close()
        var kept: Set<String> = []
        do {
            let journal = try BatchJournal(path, context: first.context)
            for request in requests where journal.isKnown(request) {
                kept.insert(request.customID)
            }
            // A second process does not write the same file.
            #expect(throws: MartletError.self) { try BatchJournal(path, context: "") }
        }
        #expect(!kept.isEmpty && kept.count <= 5)
        // Another request under a name that is known is another request.
        let changed = try #require(requests.firstIndex { kept.contains($0.customID) })
        let body: JSONValue = ["prompt": "another", "max_tokens": 1, "seed": 3]
        requests[changed] = BatchRequest(
            customID: requests[changed].customID, url: "/v1/completions", body: body.serialized())
        let second = CountingWorker(ServiceBatchWorker(server.service))
        let progress = try await run(second)
        #expect(progress.completed == 12 && progress.known == kept.count - 1)
        #expect(
            Set(second.answered)
                == Set(requests.map(\.customID)).subtracting(kept)
                .union([requests[changed].customID]))
        // And another model answers anew.
        let journal = try BatchJournal(path, context: "another model")
        #expect(!requests.contains { journal.isKnown($0) })
    }

    @Test func filesAreReadOrRefusedByLine() {
        func faults(_ text: String, endpoint: String? = nil) -> [String] {
            BatchFile(
                Array(text.utf8), urls: ["/v1/completions", "/v1/embeddings"], endpoint: endpoint
            ).faults.map { "\($0.line ?? 0) \($0.code)" }
        }
        func line(_ id: String, _ rest: String = #""url": "/v1/completions", "body": {}"#) -> String
        {
            #"{"custom_id": "\#(id)", "method": "POST", \#(rest)}"# + "\n"
        }
        #expect(faults(line("a") + "\r\n" + line("b")) == [])
        #expect(faults("\u{FEFF}" + line("a")) == [])
        #expect(faults("") == ["0 empty_file"])
        #expect(faults(line("a") + line("a")) == ["2 duplicate_custom_id"])
        #expect(
            faults("{\n" + line("") + "[]\n" + #"{"method": "POST"}"#) == [
                "1 invalid_json_line", "2 invalid_value", "3 invalid_json_line",
                "4 missing_required_parameter",
            ])
        #expect(faults(line("a", #""url": "/v1/audio", "body": {}"#)) == ["1 invalid_url"])
        #expect(
            faults(line("a"), endpoint: "/v1/embeddings") == ["1 mismatched_endpoint"])
        #expect(
            faults(line("a", #""url": "/v1/completions""#)) == ["1 missing_required_parameter"])
        #expect(
            faults(line("a", #""url": "/v1/completions", "body": {"stream": true}"#))
                == ["1 invalid_value"])
        #expect(
            faults(#"{"custom_id": "a", "method": "GET", "url": "/v1/completions", "body": {}}"#)
                == ["1 invalid_method"])
        #expect(faults(line(String(repeating: "x", count: 600))) == ["1 invalid_value"])
        #expect(faults("\n\r\n\nx\n\n") == ["4 invalid_json_line"])
        // A file of nothing but faults is not read to its end.
        #expect(faults(String(repeating: "x\n", count: 5000)).count == 100)
    }

    /// Whatever a file or a journal holds, it is read or refused; what is believed is what was written.
    @Test func damagedFilesAndJournalsAreRead() async throws {
        let requests = SharedPrompts.requests(documents: 1, questions: 2, length: 20)
        let valid = requests.flatMap { request in
            Array(
                (#"{"custom_id": "\#(request.customID)", "method": "POST", "url": "\#(request.url)", "body": "#
                    + String(decoding: request.body, as: UTF8.self) + "}\n").utf8)
        }
        #expect(BatchFile(valid, urls: ["/v1/completions"]).requests == requests)
        var mutator = Mutator(seed: 31)
        for _ in 0..<400 {
            let read = BatchFile(mutator.mutate(valid, with: valid), urls: ["/v1/completions"])
            #expect(!read.requests.isEmpty || !read.faults.isEmpty)
        }
        let path = FileManager.default.temporaryDirectory.appending(
            path: "martlet-journal-\(UUID().uuidString)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var written: [[UInt8]] = []
        do {
            let journal = try BatchJournal(path, context: "c")
            for request in requests {
                let result = BatchResult(request, code: "x", message: #"a ","line": b"#)
                written.append(result.line)
                try journal.add(result, of: request)
            }
        }
        let whole = Array(try #require(FileManager.default.contents(atPath: path)))
        for round in 0..<100 {
            let bytes = round == 0 ? whole : mutator.mutate(whole, with: whole)
            try Data(bytes).write(to: URL(filePath: path))
            let journal = try BatchJournal(path, context: "c")
            for (request, line) in zip(requests, written) {
                let result = try journal.result(of: request)
                if round == 0 { #expect(result?.line == line) }
                guard let result else { continue }
                #expect((try? JSONValue.parse(result.line)) != nil)
            }
        }
    }

    /// Turns are claimed in order within the cache, and nobody begins before who computes what it goes on with.
    @Test func turnsStayWithinTheCache() {
        var generator = SeededGenerator(seed: 21)
        for _ in 0..<100 {
            let documents = (0..<3).map { document in
                (0..<(20 + generator.below(200))).map { Int32($0 + 1000 * document) }
            }
            let prompts = (0..<30).map { number -> [PromptTree.Prompt] in
                guard number % 7 > 0 else { return [] }
                let document = documents[generator.below(3)]
                let tokens =
                    document.prefix(1 + generator.below(document.count)) + [-Int32(number) - 1]
                return [PromptTree.Prompt(tokens: Array(tokens), answerTokens: 5)]
            }
            let plan = BatchPlan(prompts, order: .tree)
            let capacity = 100 + generator.below(600)
            var turns = BatchTurns(
                plan, width: 1 + generator.below(10), capacity: capacity, waitsForLeaders: true)
            var running: [Int] = []
            var started: Set<Int> = []
            var ended: Set<Int> = []
            while !turns.isDone {
                while let turn = turns.next() {
                    #expect(plan.turns[turn].leaders.allSatisfy(started.contains))
                    running.append(turn)
                }
                let chosen = running.map { prompts[plan.turns[$0].request] }.flatMap(\.self)
                let tree = PromptTree(chosen)
                let held =
                    tree.promptTokens - tree.order().reduce(0) { $0 + $1.sharedTokens }
                    + chosen.count * 37
                #expect(running.count == 1 || held <= capacity)
                guard !running.isEmpty else {
                    Issue.record("nothing runs, and not all is done")
                    return
                }
                let turn = running.remove(at: generator.below(running.count))
                if generator.below(2) == 0, started.insert(turn).inserted {
                    turns.started(turn)
                    running.append(turn)
                } else {
                    turns.ended(turn, answerTokens: 5)
                    started.insert(turn)
                    ended.insert(turn)
                }
            }
            #expect(ended.count == 30)
        }
    }

    /// What nobody waits for is less urgent than anything that somebody does, and takes nobody's place.
    @Test func theBackgroundComesLast() async throws {
        let server = try await TestServer { $0.queueLimit = 1 }
        let model = try server.service.model()
        func priority(_ own: Int, isBackground: Bool) throws -> Int {
            let body: JSONValue = ["martlet": ["priority": .integer(own)]]
            let exchange = Exchange(
                ServerRequest("POST", "/"), sink: CollectedAnswer(), id: "",
                background: isBackground
                    ? BackgroundObserver(promptIsComputed: {}, answerHasEnded: { _ in }) : nil)
            return try MartletFields(Fields(body: body.serialized()), model).service(for: exchange)
                .priority
        }
        #expect(try priority(1000, isBackground: true) < priority(-1000, isBackground: false))
        #expect(try priority(1, isBackground: true) > priority(0, isBackground: true))
        let requests = SharedPrompts.requests(documents: 2, questions: 2, length: 20)
        let journal = BatchJournal(context: "", byteLimit: .max)
        let worker = CountingWorker(ServiceBatchWorker(server.service))
        let progress = try await BatchRun(requests, for: "", journal: journal).run(on: worker)
        // Whoever is told to come again asks again.
        #expect(progress.completed == 8 && worker.answered.count == 8)
    }

    /// A request that is wrong fails alone, in the shape of its API.
    @Test func requestsFailAlone() async throws {
        let server = try await TestServer(reusesPrompts: true)
        let bodies: [JSONValue] = [
            ["prompt": "good", "max_tokens": 1], ["prompt": "bad", "temperature": "hot"], [:],
        ]
        let requests = bodies.enumerated().map { index, body in
            BatchRequest(
                customID: "\(index)", url: "/v1/completions", body: body.serialized())
        }
        let journal = BatchJournal(context: "", byteLimit: .max)
        let progress = try await BatchRun(requests, for: "", journal: journal).run(
            on: ServiceBatchWorker(server.service))
        #expect(progress.completed == 1 && progress.failed == 2)
        let line = try JSONValue.parse(try #require(try journal.result(of: requests[1])).line)
        #expect(line["response.status_code"] == 400)
        #expect(line["response.body.error.param"] == "temperature")
        #expect(line["error"] == .null)
    }
}
