/// Real checkpoints, where they are: golden prompts, through the front door.

import Foundation
import Martlet
import Testing

@Suite struct CheckpointModelTests {
    private static let models = URL(filePath: #filePath).appending(
        path: "../../../../shared/data/models"
    )
    .standardizedFileURL.path

    private struct Golden: Decodable {
        let prompt: String
        let prompt_ids: [Int32]
        let greedy_ids: [Int32]
    }

    @Test(arguments: ["stories260K", "bytegpt-950K"])
    func goldenPromptsContinueAsRecorded(name: String) async throws {
        let directory = Self.models + "/" + name
        guard let data = FileManager.default.contents(atPath: directory + "/golden.json") else {
            return
        }
        let model = try await Model.load(directory)
        for golden in try JSONDecoder().decode([Golden].self, from: data) {
            #expect(try model.encode(golden.prompt) == golden.prompt_ids)
            var options = GenerationOptions()
            options.maximumTokens = golden.greedy_ids.count - golden.prompt_ids.count
            options.ignoresEndTokens = true
            let response = try await model.makeSession().respond(
                to: golden.prompt, options: options)
            #expect(golden.prompt_ids + response.tokens == golden.greedy_ids)
        }
    }

    @Test func aCompletionKeepsItsFirstSpace() async throws {
        let directory = Self.models + "/stories260K"
        guard FileManager.default.fileExists(atPath: directory) else { return }
        let model = try await Model.load(directory)
        var options = GenerationOptions()
        options.maximumTokens = 8
        let response = try await model.makeSession().respond(
            to: "Lily and Tom went to the", options: options)
        #expect(response.text.hasPrefix(" "))
    }
}
