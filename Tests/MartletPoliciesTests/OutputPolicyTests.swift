/// Policies that weigh tokens by the model's output projection: what they wrap, and what they refuse.

import MartletCache
import Testing

@testable import MartletPolicies

@Suite struct OutputPolicyTests {
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
        guard case .badPolicyParameter("criticalkv", "first argument", _, _) = error else {
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
}
