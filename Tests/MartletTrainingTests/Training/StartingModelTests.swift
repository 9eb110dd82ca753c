// Training that goes on from a trained model, with fewer heads of keys and values if asked.

import Foundation
import MartletFormats
import Testing

@testable import MartletTraining

@Suite struct StartingModelTests {
    private static func base(_ folder: String) throws -> TrainingRun {
        let text = TrainingRunTests.recipe(steps: 2)
            .replacingOccurrences(of: "num_key_value_heads: 1", with: "num_key_value_heads: 2")
        let run = try TrainingRunTests.run(text, folder + "/base")
        try run.run()
        return run
    }

    /// The recipe of the tests with another beginning.
    private static func recipe(_ model: String) -> String {
        let text = TrainingRunTests.recipe(steps: 2)
        let rest = text.range(of: "data:").map { String(text[$0.lowerBound...]) } ?? ""
        return model + "\n" + rest
    }

    @Test func goesOnFromTheSameWeights() throws {
        try TrainingRunTests.withFolder { folder in
            let base = try Self.base(folder)
            let run = try TrainingRunTests.run(
                Self.recipe("from: \(folder)/base"), folder + "/more")
            #expect(TrainingRunTests.bits(run) == TrainingRunTests.bits(base))
            let (before, after) = (try run.heldOutLoss(), try base.heldOutLoss())
            #expect(before != nil && before == after)
            try run.run()
            #expect(TrainingRunTests.bits(run) != TrainingRunTests.bits(base))
        }
    }

    /// Two heads become their mean, element by element; everything else stays.
    @Test func mergesHeadsByTheirMean() throws {
        try TrainingRunTests.withFolder { folder in
            let base = try Self.base(folder)
            let run = try TrainingRunTests.run(
                Self.recipe("from: \(folder)/base\nmodel: {num_key_value_heads: 1}"),
                folder + "/merged")
            var merged = 0
            for parameter in run.model.parameters.all {
                let old = base.model.parameters[parameter.name]
                let isOfHeads = ["k_proj", "v_proj"].contains { parameter.name.contains($0) }
                guard isOfHeads else {
                    #expect(Array(parameter.values) == Array(old.values), "\(parameter.name)")
                    continue
                }
                merged += 1
                #expect(old.shape == [16, 16] && parameter.shape == [8, 16])
                for index in 0..<parameter.count {
                    let mean = (old.values[index] + old.values[index + parameter.count]) / 2
                    #expect(parameter.values[index] == mean)
                }
            }
            #expect(merged == 4)
            try run.run()
            let stored = try Checkpoint(directory: folder + "/merged").configuration
            #expect(try stored.int("num_key_value_heads", in: 1...8) == 1)
        }
    }

    @Test(arguments: [
        ("from: {folder}/none", "none"), ("from: {folder}/base\nmodel: {hidden_size: 32}", "shape"),
        ("from: {folder}/base\nmodel: {num_hidden_layers: 3}", "model.layers.2"), ("", "model"),
    ])
    func whatCannotBeIsRefused(start: String, word: String) throws {
        try TrainingRunTests.withFolder { folder in
            _ = try Self.base(folder)
            let text = Self.recipe(start.replacingOccurrences(of: "{folder}", with: folder))
            var sentence = ""
            do { _ = try TrainingRunTests.run(text, folder + "/out") } catch {
                sentence = "\(error)"
            }
            #expect(sentence.contains(word), "\(sentence)")
            #expect(!sentence.contains("\n"))
        }
    }
}
