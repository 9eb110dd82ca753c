/// The speed measurement does what it says; how fast it is, is not tested.

import Martlet
import Testing

@Suite struct SpeedMeasurementTests {
    @Test func everyDepthMeetsEveryBatch() {
        let plan = SpeedPlan(prompts: [8], steps: 2, depths: [0, 16], batches: [1, 2])
        #expect(plan.cases.map(\.kind) == [.prefill, .decode, .decode, .decode, .decode])
        #expect(plan.cases.dropFirst().map(\.depth) == [0, 0, 16, 16])
        #expect(plan.cases.dropFirst().map(\.batch) == [1, 2, 1, 2])
        #expect(SpeedPlan(prompts: [], steps: 0, depths: [0], batches: [1]).cases.isEmpty)
        #expect(plan.runs == 3)
    }

    @Test func aSharedPromptReplacesDepths() {
        let plan = SpeedPlan(
            prompts: [], steps: 2, depths: [0, 16], batches: [1, 4], sharedPrompt: 32)
        #expect(plan.cases.map(\.depth) == [32, 32])
        #expect(plan.cases.allSatisfy { $0.isShared && $0.prompt == 32 })
    }

    @Test(arguments: ["dense", "window(sinks=4, recent=16)"])
    func allKindsAreMeasured(policy: String) throws {
        var options = ModelOptions()
        options.threads = 1
        options.cachePolicy = policy
        options.maximumBatchTokens = 16
        let loaded = try LoadedModel("random:tiny", options: options)
        let separate = SpeedPlan(prompts: [20], steps: 3, depths: [0, 40], batches: [1, 3])
        let shared = SpeedPlan(
            prompts: [], steps: 3, depths: [], batches: [3], sharedPrompt: 20)
        for plan in [separate, shared] {
            var results: [SpeedResult] = []
            try SpeedMeasurement(loaded, plan: plan, bandwidth: 1e10).run { outcome in
                if case .measured(let result) = outcome { results.append(result) }
            }
            #expect(results.map(\.speedCase) == plan.cases)
            for result in results {
                #expect(result.minimum > 0)
                #expect(result.minimum <= result.tokensPerSecond)
                #expect(result.tokensPerSecond <= result.maximum)
                #expect(result.bytesPerToken > 0)
            }
        }
    }
}
