// Retrofits from a folder to a folder: stages, ramps, and what comes out.

import Foundation
import MartletFormats
import Testing

@testable import MartletTraining

@Suite struct RetrofitTests {
    /// The published schedule: 100 steps a unit of CR.
    @Test func ramp() {
        let ramp = CompressionRamp(target: 8, length: 700)
        #expect(ramp.share(at: 0) == 0)
        #expect(abs(ramp.share(at: 100) - 0.5) < 1e-12)
        #expect(abs(ramp.share(at: 300) - 0.75) < 1e-12)
        #expect(abs(ramp.share(at: 700) - 0.875) < 1e-12)
        #expect(ramp.ratio(at: 9000) == 8)
        let further = CompressionRamp(from: 4, target: 8, length: 100)
        #expect(
            further.ratio(at: 0) == 4 && further.ratio(at: 50) == 6 && further.ratio(at: 101) == 8)
    }

    @Test func stages() {
        var plan = RetrofitPlan()
        plan.fadeSteps = 50
        #expect(plan.stage(10).step == 10 && !plan.stage(10).isFading && plan.totalSteps == 400)
        plan.source = .channel
        #expect(plan.stage(10).isFading && abs(plan.stage(10).fade - 0.75) < 1e-12)
        #expect(plan.stage(45).fade == 0 && plan.stage(45).isFading)
        #expect(plan.stage(60).step == 10 && plan.totalSteps == 450)
    }

    @Test(arguments: ["dms adapter", "dms trained", "dms channel", "dmc"])
    func compresses(kind: String) throws {
        try TrainingRunTests.withFolder { folder in
            try TrainingRunTests.run(
                TrainingRunTests.recipe(steps: 40, rate: "1.0e-2"), folder + "/base"
            ).run()
            var plan = RetrofitPlan()
            plan.method = kind == "dmc" ? .dmc : .dms
            plan.source = kind == "dms channel" || kind == "dmc" ? .channel : .adapter
            plan.trainsBase = kind != "dms adapter"
            plan.target = 3
            plan.steps = 120
            plan.fadeSteps = 20
            plan.warmUp = 2
            plan.learningRate = 2e-2
            plan.baseLearningRate = 1e-2
            plan.decisions.window = 4
            plan.decisions.scale = 20
            plan.sequences = 2
            plan.length = 48
            plan.data = [Recipe.DataEntry(.task("copy(length=8..12)"))]
            let machine = try TrainingMachine(threads: 1)
            let retrofit = try Retrofit(
                model: folder + "/base", plan: plan, directory: folder + "/out", resumes: false,
                machine: machine)
            let before = try retrofit.report(batches: 2)
            // An adapter begins by marking nothing; a channel meant something else until it faded.
            if kind.hasSuffix("adapter") {
                #expect(before.decisionRatio == 1 && before.readShare == 1)
                #expect(abs(before.loss - before.denseLoss) < 1e-5)
            }
            try retrofit.run.run()
            let after = try retrofit.report(batches: 2)
            #expect(after.decisionRatio > 1.8, "\(kind): \(after.decisionRatio)")
            #expect(after.readShare < 1 && after.ratio > 1)
            #expect(after.loss < after.denseLoss + 1, "\(after.loss) beside \(after.denseLoss)")
            let reread = try Checkpoint(directory: folder + "/out")
            let key = plan.method == .dmc ? "martlet_eviction" : "dms_window_size"
            #expect(reread.configuration.contains(key))
        }
    }

    /// The engine carries out delayed verdicts alone, so that an ablation is stored as a plain model.
    @Test(arguments: VerdictTiming.allCases)
    func ablationsAreStoredSwitchedOff(timing: VerdictTiming) throws {
        try TrainingRunTests.withFolder { folder in
            try TrainingRunTests.run(TrainingRunTests.recipe(steps: 1), folder + "/base").run()
            var plan = RetrofitPlan()
            plan.steps = 1
            plan.decisions.timing = timing
            (plan.sequences, plan.length) = (1, 32)
            plan.data = [Recipe.DataEntry(.task("copy(length=8..12)"))]
            try Retrofit(
                model: folder + "/base", plan: plan, directory: folder + "/out", resumes: false,
                machine: try TrainingMachine(threads: 1)
            ).run.run()
            let stored = try Checkpoint(directory: folder + "/out").configuration
            let isOff = try stored.bool("dms_disable_eviction", default: false)
            #expect(isOff == (timing != .delayed))
        }
    }

    @Test func refusesWhatDoesNotFit() throws {
        func sentence(_ change: (inout RetrofitPlan) -> Void) -> String {
            var plan = RetrofitPlan()
            plan.data = [Recipe.DataEntry(.task("copy"))]
            change(&plan)
            let error = #expect(throws: TrainingError.self) { try plan.check() }
            return error.map { "\($0)" } ?? ""
        }
        #expect(sentence { $0.target = 0.5 }.contains("target"))
        #expect(sentence { $0.target = .nan }.contains("target"))
        #expect(sentence { $0.decisions.window = 0 }.contains("window"))
        #expect(sentence { $0.source = .channel }.contains("--train-base"))
        #expect(sentence { $0.method = .dmc }.contains("channel"))
        #expect(sentence { $0.data = [] }.contains("data"))
    }
}
