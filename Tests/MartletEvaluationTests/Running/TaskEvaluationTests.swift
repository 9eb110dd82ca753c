/// Whole evaluations on a tiny model with random weights, which solves nothing.

import Foundation
import Martlet
import MartletCache
@testable import MartletEvaluation
import MartletFormats
import Testing

@Suite struct TaskEvaluationTests {
    private func tiny(policy: String = "dense", memory: Int? = nil) async throws -> Model {
        var options = ModelOptions()
        options.threads = 1
        options.cachePolicy = policy
        options.memoryBudget = memory
        return try await Model.load("random:tiny", options: options)
    }

    private func evaluation(
        _ task: String = "chain(steps=2)", _ change: (inout EvaluationOptions) -> Void = { _ in }
    ) throws -> TaskEvaluation {
        var options = EvaluationOptions()
        options.samples = 5
        options.temperature = 1
        options.maximumTokens = 8
        change(&options)
        return try TaskEvaluation(try TaskLocator.task(task), options: options)
    }

    /// What must not depend on what else runs: all but the bytes of the whole cache.
    private func own(_ report: EvaluationReport) -> [SampleResult] {
        report.samples.map {
            SampleResult(
                index: $0.index, sample: $0.sample, seed: $0.seed, chains: $0.chains,
                bytes: $0.bytes, cacheBytes: 0)
        }
    }

    @Test(arguments: ["dense", "knorm(ratio=0.5)", "h2o(budget=16, recent=4)"])
    func resultsDoNotDependOnWhatElseRuns(policy: String) async throws {
        let model = try await tiny(policy: policy)
        let alone = try await evaluation("memory") { $0.parallel = 1 }.run(on: model)
        let again = try await evaluation("memory") { $0.parallel = 1 }.run(on: model)
        let together = try await evaluation("memory") { $0.parallel = 5 }.run(on: model)
        #expect(alone.samples.count == 5)
        #expect(again == alone)
        #expect(own(together) == own(alone))
        #expect(together.peakCacheBytes > alone.peakCacheBytes)
        let other = try await evaluation("memory") { $0.seed = 1 }.run(on: model)
        #expect(own(other) != own(alone))
    }

    private static func withoutBytes(_ result: SampleResult) -> SampleResult {
        SampleResult(
            index: result.index, sample: result.sample, seed: result.seed,
            chains: result.chains.map {
                ChainResult(
                    text: $0.text, answer: $0.answer, score: $0.score, tokens: $0.tokens,
                    kvReads: $0.kvReads, bytesMoved: nil, peakTokens: $0.peakTokens,
                    finishReason: $0.finishReason)
            }, bytes: 0, cacheBytes: result.cacheBytes)
    }

    /// Chains draw from streams of their own and no logits depend on the batch, so the first chains of many are the chains
    /// of a narrower evaluation, to the byte.
    @Test(arguments: [
        "dense", "h2o(budget=16, recent=4)", "snapkv(ratio=0.5)", "dense + kv(q4)",
    ])
    func theFirstChainsAreANarrowerEvaluation(policy: String) async throws {
        let model = try await tiny(policy: policy)
        func run(_ width: Int, _ leading: [Int]) async throws -> EvaluationReport {
            try await evaluation("memory") {
                $0.width = width
                $0.leadingWidths = leading
                $0.parallel = 24
                $0.maximumTokens = 24
                $0.samples = 4
            }.run(on: model)
        }
        let wide = try await run(6, [1, 2, 5])
        for width in [1, 2, 5] {
            let narrow = try await run(width, [])
            let leading = EvaluationReport(samples: wide.samples.compactMap { $0.leading(width) })
            let same = own(leading).map(Self.withoutBytes) == own(narrow).map(Self.withoutBytes)
            #expect(same, "\(policy), \(width) chains")
            // A copied page is sealed a step later than one that was written in place.
            for (a, b) in zip(leading.samples, narrow.samples) {
                #expect((0...(policy.contains("kv(") ? 7000 : 0)).contains(a.bytes - b.bytes))
            }
            // Of chains that part from a page that is not full, all but the last to write copy it. The last of the narrow
            // evaluation is not the last of the wide one.
            for (a, b) in zip(leading.samples, narrow.samples) {
                let copied = try #require(a.bytesMoved) - (try #require(b.bytesMoved))
                #expect((0...70_000).contains(copied))
            }
        }
        #expect(wide.samples.allSatisfy { $0.leading(3) == nil && $0.leading(7) == nil })
        #expect(wide.samples.allSatisfy { $0.leading(6) == $0 })
        let first = try #require(wide.samples.first)
        let read = SampleResult(
            record: first.record, index: 0, sample: first.sample, seed: first.seed)
        #expect(read == first)
    }

    @Test func messagesNeedATemplateAndATaskThatAsks() async throws {
        let model = try await tiny()
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ line: String) throws { try Data(line.utf8).write(to: URL(filePath: path)) }
        try write("{\"question\":\"1 + 1?\",\"answer\":\"#### 2\"}")
        let asked = try evaluation("file:" + path) { $0.form = .message(system: nil) }
        let error = try #require(throws: MartletError.self) {
            _ = try asked.problems(for: model.loaded)
        }
        #expect(error.code == .missingTemplate)
        // What goes on from its prompt is no answer to a message.
        let scratchPad = try #require(throws: MartletError.self) {
            _ = try evaluation { $0.form = .message(system: nil) }
        }
        #expect(scratchPad.code == .invalidParameter && scratchPad.message.contains("chain"))
        try write(#"{"prompt":"def f():\n","test":"def check(c):\n    pass\n","entry_point":"f"}"#)
        // Without python3 there is no such task.
        guard let programs = try? TaskLocator.task("programs:" + path, allowsPrograms: true) else {
            return
        }
        var options = EvaluationOptions()
        options.form = .message(system: nil)
        let refused = try #require(throws: MartletError.self) {
            _ = try TaskEvaluation(programs, options: options)
        }
        #expect(refused.code == .invalidParameter && refused.message.contains("programs"))
    }

    @Test func costsAreTheCacheAccount() async throws {
        let model = try await tiny()
        let report = try await evaluation { $0.temperature = 0 }.run(on: model)
        for result in report.samples {
            let prompt = result.sample.prompt.utf8.count
            #expect(result.tokens == 8)
            // The first token comes with the prompt, the last one is not computed.
            #expect(result.peakTokens == Double(prompt + 7))
            #expect(result.kvReads == (1...7).reduce(0) { $0 + Double(prompt + $1) })
            // Whole pages in every layer and head.
            let shape = model.loaded.cacheShape
            let pages = (1...7).reduce(0) { $0 + KVPage.count(forSlots: prompt + $1) }
            #expect(result.bytesMoved == pages * shape.tableCount * shape.pageBytes)
            #expect(result.chains[0].finishReason == .length)
            #expect(result.answer == nil && result.score == 0)
        }
        #expect(report.unfinishedChains == 5)
        #expect(report.accuracy == 0)
    }

    @Test func chainsShareThePrompt() async throws {
        let model = try await tiny()
        let one = try await evaluation("passkey(length=200)").run(on: model)
        let four = try await evaluation("passkey(length=200)") { $0.width = 4 }.run(on: model)
        let shape = model.loaded.cacheShape
        let copied = 2 * shape.tableCount * shape.heldBytesPerPage
        func without(_ chain: ChainResult, _ bytes: Int) -> ChainResult {
            ChainResult(
                text: chain.text, answer: chain.answer, score: chain.score, tokens: chain.tokens,
                kvReads: chain.kvReads, bytesMoved: chain.bytesMoved.map { $0 - bytes },
                peakTokens: chain.peakTokens, finishReason: chain.finishReason)
        }
        for (one, four) in zip(one.samples, four.samples) {
            #expect(four.chains.count == 4)
            // All chains but one copy the prompt's last page before they write to it; what else they move is what
            // one moves alone.
            let alone = try #require(one.chains[0].bytesMoved)
            let copies = four.chains.map { ($0.bytesMoved ?? 0) - alone }
            #expect(copies.filter { $0 > 0 } == Array(repeating: copied, count: 3))
            #expect(copies.filter { $0 == 0 }.count == 1)
            #expect(without(four.chains[0], copies[0]) == one.chains[0])
            #expect(Set(four.chains.map(\.text)).count > 1)
            #expect(four.tokens == 32)
            #expect(four.kvReads == 4 * one.kvReads && four.peakTokens == 4 * one.peakTokens)
            // The prompt's full pages are there once.
            #expect(four.bytes > one.bytes && four.bytes < 2 * one.bytes)
        }
    }

    @Test func widthDoesNotDependOnWhatElseRunsEither() async throws {
        let model = try await tiny(policy: "knorm(ratio=0.5)", memory: 64 << 20)
        let alone = try await evaluation {
            $0.width = 3; $0.parallel = 1
        }.run(on: model)
        let together = try await evaluation {
            $0.width = 3; $0.parallel = 15
        }.run(on: model)
        #expect(own(together) == own(alone))
    }

    @Test func resultsComeInOrder() async throws {
        let model = try await tiny()
        var heard: [Int] = []
        let report = try await evaluation {
            $0.samples = 9; $0.parallel = 4
        }.run(on: model) {
            heard.append($0.index)
        }
        #expect(heard == Array(0..<9))
        #expect(report.samples.map(\.index) == heard)
    }

    @Test func aListenerCanEndIt() async throws {
        let model = try await tiny()
        let full = MartletError(code: .unreadableFile, message: "the disk is full")
        await #expect(throws: MartletError.self) {
            try await evaluation().run(on: model) { _ throws(MartletError) in throw full }
        }
    }

    @Test func cancellingReportsWhatThereIs() async throws {
        let model = try await tiny(memory: 256 << 20)
        let evaluation = try evaluation {
            $0.samples = 4; $0.maximumTokens = 50_000
        }
        let running = Task { try await evaluation.run(on: model) }
        try await Task.sleep(for: .milliseconds(50))
        running.cancel()
        #expect(try await running.value.samples.isEmpty)
    }

    @Test func nothingIsRefused() throws {
        let options: [WritableKeyPath<EvaluationOptions, Int>] = [\.samples, \.width, \.parallel]
        for option in options {
            let error = #expect(throws: MartletError.self) {
                try evaluation { $0[keyPath: option] = 0 }
            }
            #expect(error?.code == .invalidParameter)
            #expect(error?.message.contains("got 0, expected 1 to") == true)
        }
    }

    @Test func promptsMustFit() async throws {
        let model = try await tiny()
        let error = await #expect(throws: MartletError.self) {
            try await evaluation { $0.maximumTokens = 200_000 }.run(on: model)
        }
        #expect(error?.code == .contextExceeded)
        #expect(error?.message.hasPrefix("sample 0 of chain(steps=2,modulus=97): ") == true)
    }

    /// A problem longer than the context is wrong, not the end of the run.
    @Test func aProblemThatIsTooLongIsRecorded() async throws {
        let path = NSTemporaryDirectory() + "/martlet-problems-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let long = String(repeating: "x", count: 200_000)
        let lines = ["a", long, "c"].map { "{\"prompt\":\"\($0)\",\"answer\":\"b\"}" }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path))
        let model = try await tiny(memory: 64 << 20)
        let report = try await evaluation("file:\(path)") { $0.width = 2 }.run(on: model)
        #expect(report.samples.map(\.index) == [0, 1, 2])
        #expect(report.refusedProblems == 1 && report.interval.upper < 1)
        let refused = report.samples[1]
        #expect(refused.refusal?.hasPrefix("sample 1 of file:") == true)
        #expect(refused.score == 0 && refused.tokens == 0 && refused.chains.count == 2)
        #expect(report.samples[0].refusal == nil && report.samples[0].tokens == 16)
        #expect(report.unfinishedChains == 4)
        #expect(refused.record["refusal"]?.stringValue == refused.refusal)
        #expect(report.samples[0].record["refusal"] == nil)

        let solver = try await Solver.load(
            "random:tiny", options: ModelOptions(), costs: CostStore(file: nil))
        var options = SolveOptions()
        (options.width, options.length) = (1, 4)
        let solved = try await SolveEvaluation(
            try TaskLocator.task("file:\(path)"), solver: solver, budget: SolveBudget(),
            options: options, seed: 1
        ).run(3)
        #expect(solved.scores == [0, 0, 0] && solved.refusedCount == 1)
    }

    /// An evaluation asks every problem once, however many were asked for.
    @Test func aFileHasAnEnd() throws {
        let path = NSTemporaryDirectory() + "/martlet-problems-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = "{\"prompt\":\"a\",\"answer\":\"b\"}\n{\"prompt\":\"c\",\"answer\":\"d\"}"
        try Data(lines.utf8).write(to: URL(filePath: path))
        let task = try TaskLocator.task("file:\(path)")
        var options = EvaluationOptions()
        options.samples = 100
        #expect(try TaskEvaluation(task, options: options).options.samples == 2)
    }
}
