/// Several engines on one model's weights at the same time.

import Martlet
import Testing

@Suite struct SharedWeightsTests {
    /// A search has an engine of its own beside the model's; both run on the same threads and weights, and neither
    /// changes what the other says.
    @Test func enginesBesideEachOtherChangeNothing() async throws {
        var loading = ModelOptions()
        loading.threads = 2
        let model = try await Model.load("random:tiny", options: loading)
        let prompts = (0..<6).map { "a prompt, the \($0)th of several" }
        var generation = GenerationOptions()
        generation.maximumTokens = 60
        generation.ignoresEndTokens = true
        let options = generation
        var alone: [String] = []
        for prompt in prompts {
            alone.append(try await model.makeSession().respond(to: prompt, options: options).text)
        }
        var search = SolveOptions()
        (search.width, search.length, search.seed) = (4, 60, 1)
        search.aggregation = .all
        let settings = search
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (prompt, text) in zip(prompts, alone) {
                group.addTask {
                    for try await _ in model.solve(prompt, options: settings) {}
                }
                group.addTask {
                    let again = try await model.makeSession().respond(to: prompt, options: options)
                    #expect(again.text == text)
                }
            }
            try await group.waitForAll()
        }
    }
}
