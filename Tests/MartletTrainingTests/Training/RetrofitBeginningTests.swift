// Retrofits that go on from the adapter of an earlier one.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct RetrofitBeginningTests {
    enum Kind: CaseIterable, Sendable { case parts, heads, channel, merging }

    private static func plan(_ change: (inout RetrofitPlan) -> Void = { _ in }) -> RetrofitPlan {
        var plan = RetrofitPlan()
        plan.target = 3
        (plan.steps, plan.warmUp, plan.checkpointEvery) = (5, 2, 2)
        (plan.learningRate, plan.baseLearningRate) = (2e-2, 1e-2)
        plan.lowRank = 2
        plan.products = .f32
        plan.writesAdapter = true
        (plan.decisions.window, plan.decisions.scale) = (4, 20)
        (plan.sequences, plan.length) = (2, 32)
        plan.data = [Recipe.DataEntry(.task("copy(length=8..12)"))]
        change(&plan)
        return plan
    }

    private static func retrofit(
        _ base: String, _ folder: String, _ plan: RetrofitPlan, resumes: Bool = false
    ) throws -> Retrofit {
        try Retrofit(
            model: base, plan: plan, directory: folder, resumes: resumes,
            machine: try TrainingMachine(threads: 1))
    }

    private static func bits(_ retrofit: Retrofit) -> [[UInt32]] {
        retrofit.run.model.trained.map { $0.values.map(\.bitPattern) }
    }

    /// A base and an adapter of it, which `change` describes.
    private static func withAdapter(
        _ change: (inout RetrofitPlan) -> Void = { _ in },
        _ body: (_ folder: String, _ base: String, _ first: Retrofit) throws -> Void
    ) throws {
        try TrainingRunTests.withFolder { folder in
            try TrainingRunTests.run(TrainingRunTests.recipe(steps: 2), folder + "/base").run()
            let first = try retrofit(folder + "/base", folder + "/first", plan(change))
            try first.run.run()
            try first.writeAdapter(try first.report(batches: 1))
            try body(folder, folder + "/base", first)
        }
    }

    /// It begins with what the first learnt, to the bit, whether marks are heads' or channels', with parts beside the weights
    /// or without.
    @Test(arguments: Kind.allCases) func goesOnFromWhatWasLearnt(kind: Kind) throws {
        func change(_ plan: inout RetrofitPlan) {
            if kind == .heads { plan.lowRank = 0 }
            if kind == .channel || kind == .merging { plan.source = .channel }
            if kind == .merging { plan.method = .dmc }
        }
        try Self.withAdapter(change) { folder, base, first in
            var plan = Self.plan(change)
            plan.beginning = folder + "/first"
            plan.target = 5
            let second = try Self.retrofit(base, folder + "/second", plan)
            #expect(Self.bits(second) == Self.bits(first))
            #expect(Self.bits(second).contains { $0.contains { $0 != 0 } })
            // Compression grows from what the first was trained for.
            #expect(second.plan.ramp.ratio(at: 0) == 3 && second.plan.ramp.ratio(at: 9) == 5)
            try second.run.run()
            #expect(Self.bits(second) != Self.bits(first))
            try second.writeAdapter(try second.report(batches: 1))
            let card = try AdapterCard(directory: folder + "/second")
            #expect(card.ratio.asked == 5)
            let began = try card.file.object("training").object("beganWith")
            #expect(
                try began.string("weights")
                    == FileDigest.sha256(folder + "/first/" + AdapterFile.weightsName))
            #expect(try began.object("training").int("steps") == plan.steps)
        }
    }

    /// A stopped run goes on to the same bits, and not with another adapter to begin with.
    @Test func resumes() throws {
        try Self.withAdapter { folder, base, _ in
            let plan = Self.plan { $0.beginning = folder + "/first" }
            let whole = try Self.retrofit(base, folder + "/whole", plan)
            try whole.run.run()
            var steps = 0
            try Self.retrofit(base, folder + "/parts", plan).run.run(shouldStop: {
                steps += 1
                return steps == 3
            })
            let second = try Self.retrofit(base, folder + "/parts", plan, resumes: true)
            #expect(second.run.stepsDone == 3)
            try second.run.run()
            #expect(Self.bits(whole) == Self.bits(second))

            try whole.writeAdapter(try whole.report(batches: 1))
            var other = plan
            other.beginning = folder + "/whole"
            for plan in [other, Self.plan()] {
                #expect(throws: TrainingError.self) {
                    _ = try Self.retrofit(base, folder + "/parts", plan, resumes: true)
                }
            }
        }
    }

    /// What does not fit is refused before anything is written.
    @Test func refusesWhatDoesNotFit() throws {
        try Self.withAdapter { folder, base, _ in
            let cases: [(says: [String], change: (inout RetrofitPlan) -> Void)] = [
                (["rank", "2", "4"], { $0.lowRank = 4 }),
                (["rank", "2", "0"], { $0.lowRank = 0 }),
                (["scale", "20", "30"], { $0.decisions.scale = 30 }),
                (["per", "head", "layer"], { $0.decisions.isPerLayer = true }),
                (["source", "projection"], { $0.source = .channel }),
                (
                    ["method", "dmc"],
                    {
                        $0.method = .dmc
                        $0.source = .channel
                    }
                ),
                (["2.5", "3.0 or more"], { $0.target = 2.5 }),
                (
                    ["--train-base"],
                    {
                        $0.lowRank = 0
                        $0.writesAdapter = false
                        $0.trainsBase = true
                    }
                ),
                (
                    ["fade steps"],
                    {
                        $0.source = .channel
                        $0.fadeSteps = 3
                    }
                ),
                (["no-such-folder"], { $0.beginning = folder + "/no-such-folder" }),
                (["base"], { $0.beginning = base }),
            ]
            for (says, change) in cases {
                var plan = Self.plan { $0.beginning = folder + "/first" }
                change(&plan)
                let error = #expect(throws: TrainingError.self, "\(says)") {
                    _ = try Self.retrofit(base, folder + "/second", plan)
                }
                let sentence = error.map { "\($0)" } ?? ""
                for part in says { #expect(sentence.contains(part), "\(part): \(sentence)") }
                #expect(!FileManager.default.fileExists(atPath: folder + "/second"))
            }
            // Its own folder would be overwritten.
            var plan = Self.plan { $0.beginning = folder + "/first" }
            #expect(throws: TrainingError.self) {
                _ = try Self.retrofit(base, folder + "/first", plan, resumes: true)
            }
            // A head that is not there would stay at its first value.
            let broken = folder + "/broken"
            try FileManager.default.copyItem(atPath: folder + "/first", toPath: broken)
            let weights = broken + "/" + AdapterFile.weightsName
            let kept = try SafetensorsFile(path: weights).entries.filter {
                !$0.name.contains("alpha_norm")
            }.map { TensorToWrite(name: $0.name, shape: $0.shape, floats: try $0.floats()) }
            try FileManager.default.removeItem(atPath: weights)
            try SafetensorsWriter.write(kept, to: weights)
            let missing = #expect(throws: TrainingError.self) {
                _ = try Self.retrofit(
                    base, folder + "/second", Self.plan { $0.beginning = broken })
            }
            #expect(missing.map { "\($0)" }?.contains("alpha_norm") == true)
            // Another window is learnt from there.
            plan.decisions.window = 9
            _ = try Self.retrofit(base, folder + "/wider", plan)

            try TrainingRunTests.run(TrainingRunTests.recipe(steps: 3), folder + "/other").run()
            let error = #expect(throws: TrainingError.self) {
                _ = try Self.retrofit(
                    folder + "/other", folder + "/second",
                    Self.plan { $0.beginning = folder + "/first" })
            }
            #expect(error.map { "\($0)" }?.contains("digest") == true)
        }
    }
}
