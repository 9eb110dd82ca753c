/// Searches with a real engine: budgets hold, endings are what they say.

import Martlet
import MartletCache
import MartletPolicies
import Testing

@Suite struct SolverTests {
    private static func model(_ policy: String = "dense") async throws -> Model {
        var options = ModelOptions()
        options.threads = 1
        options.cachePolicy = policy
        return try await Model.load("random:tiny", options: options, costs: CostStore(file: nil))
    }

    private static func solve(
        _ model: Model, _ prompt: String = "a prompt of some length", budget: SolveBudget,
        _ change: (inout SolveOptions) -> Void = { _ in }
    ) async throws -> (result: SolveResult, events: [SolveEvent]) {
        var options = SolveOptions()
        options.seed = 3
        options.extraction = .line
        change(&options)
        var (events, result): ([SolveEvent], SolveResult?) = ([], nil)
        for try await event in model.solve(prompt, budget: budget, options: options) {
            events.append(event)
            if case .answer(let answer) = event { result = answer }
        }
        return (try #require(result), events)
    }

    @Test func allChainsEndAndAreTold() async throws {
        let model = try await Self.model()
        let (result, events) = try await Self.solve(model, budget: SolveBudget()) {
            ($0.width, $0.length) = (5, 12)
        }
        #expect(result.ending == .exhausted || result.ending == .agreed)
        #expect(result.configuration.width == 5 && result.configuration.length == 12)
        #expect(result.votes.reduce(0) { $0 + $1.count } == result.chains.count)
        #expect(result.peakCacheBytes > 0 && result.kvReads > 0)
        guard case .planned = events.first, case .answer = events.last else {
            Issue.record("expected a plan first and the answer last")
            return
        }
        let told = events.count { if case .chain = $0 { true } else { false } }
        #expect(told == result.chains.count)
    }

    /// The chains are those of a plain generation with the same seed: nothing of the search changes them.
    @Test func chainsAreTheModels() async throws {
        let model = try await Self.model()
        let first = try await Self.solve(model, budget: SolveBudget(memory: 40_000_000)) {
            ($0.width, $0.length, $0.aggregation) = (4, 10, .all)
        }
        let second = try await Self.solve(model, budget: SolveBudget()) {
            ($0.width, $0.length, $0.aggregation) = (4, 10, .all)
        }
        #expect(first.result.chains.map(\.text) == second.result.chains.map(\.text))
        #expect(first.result.chains.count == 4)
    }

    /// A single chain is greedy, so that the same question has the same answer.
    @Test func oneChainIsGreedy() async throws {
        let model = try await Self.model()
        let texts = try await (
            Self.solve(model, budget: SolveBudget()) { ($0.width, $0.length, $0.seed) = (1, 9, 1) },
            Self.solve(model, budget: SolveBudget()) { ($0.width, $0.length, $0.seed) = (1, 9, 2) }
        )
        #expect(texts.0.result.chains[0].text == texts.1.result.chains[0].text)
    }

    @Test func theCheckerEndsTheSearch() async throws {
        let model = try await Self.model()
        let (result, _) = try await Self.solve(model, budget: SolveBudget()) {
            ($0.width, $0.length) = (24, 16)
            $0.checker = { !$0.isEmpty }
        }
        #expect(result.ending == .agreed || result.chains.count == 24)
        #expect(result.isVerified == true)
    }

    /// Wider than the cache: chains wait for each other's pages, and not one step holds more.
    @Test(arguments: ["dense", "window(sinks=4, recent=32)", "dms(cr=4, window=4)"])
    func theMemoryBudgetHolds(policy: String) async throws {
        let model = try await Self.model(policy)
        for memory in [150_000, 600_000] {
            do {
                let (result, events) = try await Self.solve(
                    model, budget: SolveBudget(memory: memory)
                ) { ($0.width, $0.length, $0.aggregation) = (12, 40, .all) }
                #expect(result.peakCacheBytes <= memory)
                for case .progress(let progress) in events {
                    #expect(progress.cacheBytes <= memory)
                }
                #expect(result.chains.count == 12)
            } catch let error as MartletError {
                #expect(error.code == .budgetTooSmall || error.code == .promptTooLong)
            }
        }
    }

    /// The prompt is held once: sixteen chains hold its full pages together, and each only what it wrote, with a
    /// copy of the prompt's last page where that was not full.
    @Test func chainsHoldThePromptOnce() async throws {
        let model = try await Self.model()
        let prompt = String(repeating: "the old river ran past stone walls and ", count: 12)
        let (result, _) = try await Self.solve(model, prompt, budget: SolveBudget()) {
            ($0.width, $0.length, $0.aggregation) = (16, 30, .all)
        }
        let tokens = try model.loaded.text.encode(utf8: Array(prompt.utf8)).count
        let page = KVPage.tokens
        #expect(tokens > 10 * page)
        let tails = result.chains.reduce(0) { sum, chain in
            // The last token that a chain writes is never attended to.
            sum + (tokens % page + max(0, chain.tokens - 1) + page - 1) / page
        }
        let shape = model.loaded.cacheShape
        let expected = shape.tableCount * shape.heldBytesPerPage * (tokens / page + tails)
        #expect(result.chains.count == 16)
        // A random model ends no chain by itself, so all are at their longest together.
        #expect(result.chains.allSatisfy { $0.tokens == 30 })
        #expect(result.peakCacheBytes == expected)
    }

    /// 192,000 tokens take longer than any of these deadlines: that the search ended, and why, shows that nothing was
    /// awaited. Tests beside this one may keep it from its thread until a short deadline is over, which is refused;
    /// then a longer one must do.
    @Test func theAnswerComesByTheDeadline() async throws {
        let model = try await Self.model()
        for deadline in [0.3, 1, 4] {
            do {
                let (result, _) = try await Self.solve(
                    model, budget: SolveBudget(deadline: .seconds(deadline))
                ) { ($0.width, $0.length, $0.aggregation) = (64, 3000, .all) }
                #expect(result.ending == .deadline)
                #expect(result.chains.allSatisfy { $0.tokens < 3000 })
                return
            } catch let error as MartletError {
                guard error.code == .deadlineTooShort, deadline < 4 else { throw error }
            }
        }
    }

    @Test func budgetsThatHoldNothingAreRefused() async throws {
        let model = try await Self.model()
        func code(_ budget: SolveBudget, _ change: (inout SolveOptions) -> Void = { _ in })
            async throws -> MartletError.Code?
        {
            do {
                _ = try await Self.solve(model, budget: budget, change)
                return nil
            } catch let error as MartletError {
                #expect(!error.message.contains("\n") && error.message.hasSuffix("."))
                return error.code
            }
        }
        #expect(try await code(SolveBudget(memory: 100)) == .budgetTooSmall)
        #expect(try await code(SolveBudget(memory: 0)) == .invalidParameter)
        #expect(try await code(SolveBudget(deadline: .nanoseconds(1))) == .deadlineTooShort)
        #expect(try await code(SolveBudget(deadline: .seconds(-1))) == .invalidParameter)
        #expect(try await code(SolveBudget()) { $0.width = 0 } == .invalidParameter)
        #expect(try await code(SolveBudget()) { $0.length = 1 << 30 } == .contextExceeded)
        #expect(try await code(SolveBudget()) { $0.temperature = .nan } == .invalidParameter)
    }

    /// Unlike a reader that is cancelled, a reader of a search that is cancelled hears what there is.
    @Test func aCancelledSearchHasAnAnswer() async throws {
        let model = try await Self.model()
        var options = SolveOptions()
        (options.width, options.length, options.extraction) = (16, 3000, .line)
        let search = model.solve("x", options: options)
        var result: SolveResult?
        for try await event in search {
            if case .planned = event { search.cancel() }
            if case .answer(let answer) = event { result = answer }
        }
        #expect(result?.ending == .cancelled)
        #expect(result?.chains.allSatisfy { $0.tokens < 3000 } == true)
    }

    @Test func aCancelledReaderEndsTheSearch() async throws {
        let model = try await Self.model()
        var options = SolveOptions()
        (options.width, options.length) = (64, 200)
        let stream = model.solve("x", options: options)
        let task = Task {
            var events = 0
            for try await _ in stream { events += 1 }
            return events
        }
        try await Task.sleep(for: .milliseconds(20))
        task.cancel()
        // Far fewer than 64 ends and an answer: the reader hears nothing more.
        #expect(try await task.value < 66)
        // And the model goes on answering.
        let (result, _) = try await Self.solve(model, budget: SolveBudget()) {
            ($0.width, $0.length) = (1, 4)
        }
        #expect(result.chains.count == 1)
    }
}
