/// Policies whose scores need the model's weights or the whole prompt: what they wrap, and what they refuse.

import MartletCache
import Testing

@testable import MartletPolicies

@Suite struct ScoringPolicyTests {
    /// Attention alone has no output projection.
    @Test(arguments: ["criticalkv(snapkv(budget=20, window=4))", "kvzip(budget=20, plus=true)"])
    func theyNeedAModel(policy: String) throws {
        let text = try CachePolicy(policy).description
        #expect(throws: CacheError.policyNeedsOutputs(policy: text)) {
            try LayerStream(count: 40, seed: 1).held(policy, prompt: 30, chunk: 8)
        }
    }

    /// Only scores that are attention alone are multiplied by what values add to it.
    @Test(arguments: [
        "knorm(budget=20)", "expected(budget=20)", "dense", "kvzip(budget=20)",
        "criticalkv(snapkv(budget=20, window=4))", "snapkv(budget=64) + kv(q8)",
    ]) func criticalKVRefuses(inner: String) throws {
        let error = #expect(throws: CacheError.self) { try CachePolicy("criticalkv(\(inner))") }
        guard case .badPolicyParameter(_, "first argument", _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func criticalKVIsNotDividedFromOutside() {
        #expect(throws: CacheError.self) {
            try CachePolicy("adakv(criticalkv(snapkv(budget=20, window=4)))")
        }
        #expect(throws: Never.self) {
            try CachePolicy("criticalkv(adakv(snapkv(budget=20, window=4), alpha=0.5), first=0.25)")
        }
    }

    /// What compares all tokens of a prompt has no budget in bytes.
    @Test(arguments: [
        ("compactor(bytes=1MB)", "all tokens of the prompt are compared at its end"),
        ("kvzip(bytes=1MB)", "the whole prompt is read a second time"),
    ]) func theWholePromptIsNeeded(policy: String, reason: String) throws {
        let error = #expect(throws: CacheError.self) { try CachePolicy(policy) }
        #expect("\(try #require(error))".contains("budget or ratio, because \(reason)"))
    }

    /// Tokens that take no part in the scores stay, however few may.
    @Test(arguments: [1, 5, 12, 13]) func compactorKeepsShortPrompts(prompt: Int) throws {
        let stream = LayerStream(count: prompt + 1, seed: 4)
        let held = try stream.held("compactor(ratio=0.5, chunk=4)", prompt: prompt, chunk: 3)
        #expect(held[0].map(\.count) == (prompt > 12 ? [6, 6] : [prompt, prompt]))
    }

    /// A chunk is complete when the prompt's last tokens cannot be part of it, at one count and no other.
    @Test func chunksAreCompleteOnce() {
        let chunks = ChunkAttention(chunk: 5, first: 8, last: 4)
        let complete = (1...40).compactMap { count in
            chunks.chunk(completeAt: count).map { (count, $0) }
        }
        #expect(complete.map(\.0) == [17, 22, 27, 32, 37])
        #expect(complete.map(\.1) == [8..<13, 13..<18, 18..<23, 23..<28, 28..<33])
        #expect((0..<40).allSatisfy { chunks.chunk(completeAt: chunks.next(after: $0)) != nil })
    }
}
