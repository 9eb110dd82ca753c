/// What earlier requests computed changes no bit of a later one, under every policy and codec.

import Foundation
import Martlet
import MartletCache
import MartletKernels
import MartletPolicies
import Testing

@Suite struct PromptReuseTests {
    private static let text = "Martlets are drawn without feet, and a swift sleeps on the wing; "
    private static let prompts = [
        text + text + "so it never lands.", text + text + "so it needs no feet.",
        text + text + "so it needs no feet.", text + "and eats there.",
        text + text + "so it needs no rest. " + text,
    ]

    private static func answers(
        _ loaded: LoadedModel, _ prompts: [String]
    ) async throws -> [Response] {
        let model = try await Model(loaded, budgetBytes: 64 << 20)
        var options = GenerationOptions()
        options.maximumTokens = 6
        options.ignoresEndTokens = true
        options.logprobs = 3
        var answers: [Response] = []
        for prompt in prompts {
            for try await part in try model.generate(prompt, options: options) {
                if let response = part.part.response { answers.append(response) }
            }
        }
        try await model.engine.checkIntegrity()
        await model.shutdown()
        return answers
    }

    private static func load(
        _ codec: CacheCodec, reuse: Bool
    ) async throws -> LoadedModel {
        var options = ModelOptions()
        options.threads = 2
        options.maximumBatchTokens = 48
        options.cacheCodec = codec
        options.promptReuse = reuse ? PromptReuse() : nil
        return try await LoadedModel.load("random:tiny", options: options)
    }

    /// Policies of which something is shared, and some of which nothing is.
    static let policies: [String] = CachePolicyRegistry.entries.flatMap { entry in
        entry.examples.prefix(2).map { $0.replacingOccurrences(of: "%", with: "budget=40") }
    }

    /// Dense and windowed caches in every codec: tokens and log-probabilities are the same bits with and without hits.
    @Test(arguments: CacheCodec.allCases) func codecsAndPolicies(codec: CacheCodec) async throws {
        let (plain, reusing) = (
            try await Self.load(codec, reuse: false), try await Self.load(codec, reuse: true)
        )
        for policy in ["dense", "window(sinks=4, recent=48)", "window(sinks=0, recent=200)"] {
            guard let alone = try? plain.under(policy) else { continue }
            let expected = try await Self.answers(alone, Self.prompts)
            let answers = try await Self.answers(try reusing.under(policy), Self.prompts)
            #expect(answers.map(\.tokens) == expected.map(\.tokens))
            #expect(answers.map(\.logprobs) == expected.map(\.logprobs))
            let cached = answers.map(\.usage.cachedPromptTokens)
            #expect(cached[0] == 0 && cached[2] > 100, "\(policy), \(codec): \(cached)")
            #expect(expected.allSatisfy { $0.usage.cachedPromptTokens == 0 })
        }
    }

    /// Every policy of the registry: the same answers, and hits exactly where the policy says that it shares.
    @Test func everyPolicy() async throws {
        let (plain, reusing) = (
            try await Self.load(.f16, reuse: false), try await Self.load(.f16, reuse: true)
        )
        var shared = 0
        for policy in Self.policies {
            guard let alone = try? plain.under(policy) else { continue }
            let sharing = alone.policy.traits.prefixSharing
            let prompts = Array(Self.prompts.prefix(sharing == .never ? 2 : 4))
            // Some need a model that marks its tokens.
            guard let answers = try? await Self.answers(try reusing.under(policy), prompts) else {
                continue
            }
            guard sharing != .never else {
                #expect(answers.allSatisfy { $0.usage.cachedPromptTokens == 0 }, "\(policy)")
                continue
            }
            shared += 1
            let expected = try await Self.answers(alone, prompts)
            #expect(answers.map(\.tokens) == expected.map(\.tokens), "\(policy)")
            #expect(answers.map(\.logprobs) == expected.map(\.logprobs), "\(policy)")
            let cached = answers.reduce(0) { $0 + $1.usage.cachedPromptTokens }
            #expect(cached > 0, "\(policy)")
        }
        #expect(shared >= 8)
    }

    /// What the registry says of a method bounds what an engine shares.
    @Test func whatIsNotSharedIsSaidSo() throws {
        for entry in CachePolicyRegistry.entries where !entry.sharesPrefix {
            for example in entry.examples {
                let text = example.replacingOccurrences(of: "%", with: "budget=40")
                guard let policy = try? CachePolicy(text) else { continue }
                #expect(policy.traits.prefixSharing == .never, "\(text)")
            }
        }
    }

    @Test func statisticsSayWhatWasReused() async throws {
        var options = ModelOptions()
        options.threads = 1
        options.promptReuse = PromptReuse()
        let model = try await Model.load("random:tiny", options: options)
        var generation = GenerationOptions()
        generation.maximumTokens = 3
        generation.service.tenant = "a"
        _ = try await model.makeSession().respond(to: Self.prompts[0], options: generation)
        let second = try await model.makeSession().respond(to: Self.prompts[1], options: generation)
        #expect(second.usage.cachedPromptTokens > 100)
        generation.service.tenant = "b"
        let third = try await model.makeSession().respond(to: Self.prompts[1], options: generation)
        #expect(third.usage.cachedPromptTokens == 0 && third.tokens == second.tokens)
        let statistics = try #require(await model.statistics())
        #expect(statistics.promptLookups == 3 && statistics.promptHits == 1)
        #expect(statistics.hitTokens == second.usage.cachedPromptTokens)
        #expect(statistics.endedRequests == 3 && statistics.waitingChains == 0)
        #expect(statistics.reclaimableBytes == statistics.heldBytes && statistics.heldBytes > 0)
        #expect(statistics.runningBytes == 0)
        await model.shutdown()
        #expect(await model.statistics() == nil)
    }
}
