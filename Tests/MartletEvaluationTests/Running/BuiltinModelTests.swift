/// The models inside the package: they are there, and as good as their card says (`docs/builtin.md`).

import Martlet
import MartletEvaluation
import MartletFormats
import Testing

@Suite struct BuiltinModelTests {
    private static func evaluate(
        _ name: String, _ task: String, samples: Int, policy: String = "dense", width: Int = 1
    ) async throws -> EvaluationReport {
        var loading = ModelOptions()
        loading.cachePolicy = policy
        loading.memoryBudget = 200_000_000
        let model = try await Model.load(name, options: loading)
        var options = EvaluationOptions()
        options.samples = samples
        options.seed = 2026
        options.parallel = 64
        options.width = width
        options.temperature = width > 1 ? 0.8 : 0
        return try await TaskEvaluation(try TaskRegistry.task(task), options: options)
            .run(on: model)
    }

    /// Greedy answers are the same wherever products are; other instruction sets round otherwise, which the
    /// tolerance is for.
    @Test(arguments: [
        ("builtin", "dense", "reasoning", 0.859), ("builtin-cr4", "dms", "reasoning", 0.812),
        ("builtin-cr8", "dms", "reasoning", 0.719), ("builtin", "dense", "memory", 1.0),
        ("builtin-cr4", "dms", "memory", 1.0), ("builtin-cr8", "dms", "memory", 1.0),
    ])
    func isAsGoodAsItsCardSays(
        name: String, policy: String, task: String, accuracy: Double
    ) async throws {
        let report = try await Self.evaluate(name, task, samples: 64, policy: policy)
        #expect(abs(report.accuracy - accuracy) < 0.08, "\(report.accuracy)")
    }

    /// The compressed forms really hold less.
    @Test func compressedFormsHoldLess() async throws {
        let dense = try await Self.evaluate("builtin", "reasoning", samples: 24)
        for (name, most) in [("builtin-cr4", 0.5), ("builtin-cr8", 0.4)] {
            let compressed = try await Self.evaluate(name, "reasoning", samples: 24, policy: "dms")
            #expect(compressed.peakTokens < most * dense.peakTokens, "\(name)")
            #expect(compressed.kvReads / compressed.tokens < most * dense.kvReads / dense.tokens)
        }
    }

    @Test func votesHelp() async throws {
        let task = "countdown(numbers=3,thought=400)"
        let report = try await Self.evaluate("builtin", task, samples: 24, width: 8)
        #expect(report.accuracy > report.chainAccuracy + 0.05)
    }

    /// A prompt of 3,000 tokens is planned by what was measured with such prompts, and for the form that holds it.
    @Test func longPromptsGoToTheFormThatHoldsThem() async throws {
        let model = try await Model.load("builtin", costs: CostStore(file: nil))
        let sample = try TaskRegistry.task("recall(length=3000,pairs=16,queries=4)")
            .sample(seed: 2026, index: 0, split: .heldOut)
        var options = SolveOptions()
        options.seed = 1
        for (memory, name) in [
            (2_000_000, "builtin-cr8"), (4_000_000, "builtin-cr4"), (16_000_000, "builtin-cr4"),
        ] {
            let result = try await Self.answer(model, sample.prompt, memory: memory, options)
            #expect(result.configuration.model == name, "\(memory)")
            #expect(result.configuration.lossyMethods.isEmpty == (name == "builtin"))
            #expect(result.peakCacheBytes <= memory)
            #expect(result.chains.count > 0 && result.answer != nil)
        }
        // As it was loaded the model does not hold the prompt in the smallest of them, and nothing else is tried.
        options.usesCompressedForms = false
        await #expect {
            _ = try await Self.answer(model, sample.prompt, memory: 2_000_000, options)
        } throws: { error in
            (error as? MartletError)?.code == .budgetTooSmall
        }
        let result = try await Self.answer(model, sample.prompt, memory: 16_000_000, options)
        #expect(result.configuration.model == "builtin")
    }

    private static func answer(
        _ model: Model, _ prompt: String, memory: Int, _ options: SolveOptions
    ) async throws -> SolveResult {
        var answer: SolveResult?
        let budget = SolveBudget(memory: memory)
        for try await event in model.solve(prompt, budget: budget, options: options) {
            if case .answer(let result) = event { answer = result }
        }
        return try #require(answer)
    }

    /// A policy that was asked for is kept, and a form is not compressed further.
    @Test(arguments: [
        ("builtin", "dense", 2), ("builtin", "window(recent=64)", 0), ("builtin-cr4", "dms", 0),
        ("random:tiny", "dense", 0),
    ])
    func onlyADenseModelHasCompressedForms(name: String, policy: String, count: Int) async throws {
        var options = ModelOptions()
        options.cachePolicy = policy
        #expect(try await LoadedModel.load(name, options: options).compressedForms.count == count)
    }

    @Test func aMissingModelIsNamed() async throws {
        do {
            _ = try await Model.load("builtin-cr16")
            Issue.record("expected an error")
        } catch {
            #expect(error.code == .fileNotFound && error.message.contains("builtin-cr16"))
        }
    }
}
