/// What steps of a model cost, by requests of a workload's sizes.

package import Martlet
package import MartletEngine

extension StepCost {
    /// Fits the cost to the steps of a few requests: prompts of the shortest and longest kind alone, then eight answers at
    /// once. It takes as long as these requests do.
    package init(probing model: Model, _ workload: Workload, seed: UInt64) async throws {
        let target = ModelTarget(model)
        _ = try await PromptTime(of: target, for: workload, seed: seed &+ 3)
        let lengths = workload.requests.map(\.promptTokens).sorted()
        let middle = lengths.isEmpty ? 1 : lengths[lengths.count / 2]
        for count in [8, 2] {
            let together = Workload(requests: count, prompt: middle, completion: 24)
            _ = try await LoadGenerator(
                target: target, workload: together, seed: seed &+ 4 &+ UInt64(count)
            ).run()
        }
        guard let cost = await model.statistics()?.stepCost else {
            throw MartletError(
                code: .internalInvariant,
                message: "the time of a step could not be measured; please report it")
        }
        self = cost
    }
}
