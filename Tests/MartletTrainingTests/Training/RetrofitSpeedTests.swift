// What makes retrofits quick changes how they compute, and not what they learn: products, parts of a batch, resume.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct RetrofitSpeedTests {
    private static let hasBF16: Bool = {
        guard let machine = try? TrainingMachine(threads: 1) else { return false }
        return TrainingMachine.hasBF16(machine.kernels)
    }()

    private static func plan(_ change: (inout RetrofitPlan) -> Void = { _ in }) -> RetrofitPlan {
        var plan = RetrofitPlan()
        plan.target = 3
        plan.steps = 8
        plan.warmUp = 2
        plan.learningRate = 2e-2
        plan.baseLearningRate = 1e-2
        plan.decisions.window = 4
        plan.decisions.scale = 20
        (plan.sequences, plan.length) = (4, 48)
        plan.checkpointEvery = 4
        plan.logEvery = 1
        plan.data = [Recipe.DataEntry(.task("copy(length=8..12)"))]
        change(&plan)
        return plan
    }

    private static func withBase(_ body: (String) throws -> Void) throws {
        try TrainingRunTests.withFolder { folder in
            try TrainingRunTests.run(
                TrainingRunTests.recipe(steps: 30, rate: "1.0e-2"), folder + "/base"
            ).run()
            try body(folder)
        }
    }

    private static func retrofit(
        _ folder: String, _ name: String, _ plan: RetrofitPlan, resumes: Bool = false,
        threads: Int = 1
    ) throws -> Retrofit {
        try Retrofit(
            model: folder + "/base", plan: plan, directory: folder + "/" + name, resumes: resumes,
            machine: try TrainingMachine(threads: threads))
    }

    // MARK: Parts of a batch

    @Test func aBatchIsCutByItsTokens() {
        func parts(_ sequences: Int, _ length: Int, _ accumulation: Int? = nil) -> Int {
            let plan = Self.plan {
                ($0.sequences, $0.length, $0.accumulation) = (sequences, length, accumulation)
            }
            #expect(plan.phase.tokens == sequences * length)
            return plan.phase.accumulation
        }
        #expect(parts(8, 256) == 1)
        #expect(parts(8, 512) == 2)
        #expect(parts(9, 512) == 3)
        #expect(parts(7, 512) == 7)
        #expect(parts(4, 4096) == 4)
        #expect(parts(8, 512, 8) == 8)
        for wrong in [0, -1, 3] {
            #expect(throws: TrainingError.self) {
                try Self.plan { $0.accumulation = wrong }.check()
            }
        }
    }

    /// Where no noise decides, a batch in parts has the loss and the gradient of the whole: the divergence of a fading
    /// channel, and the budget of heads that never mark.
    @Test(arguments: [true, false]) func partsAddUp(isFading: Bool) throws {
        try Self.withBase { folder in
            var reports: [[StepReport]] = []
            for parts in [1, 2, 4] {
                let plan = Self.plan {
                    $0.accumulation = parts
                    $0.trainsBase = true
                    $0.products = .f32
                    $0.budgetWeight = 3
                    if isFading {
                        ($0.source, $0.fadeSteps) = (.channel, 4)
                    } else {
                        $0.decisions.offset = 1000
                    }
                }
                let loop = try Self.retrofit(folder, "parts\(parts)", plan).run.loop
                reports.append(try (0..<3).map { _ in try loop.runStep() })
            }
            for step in 0..<3 {
                let whole = reports[0][step]
                #expect(step < 2 || whole.loss > 1e-6, "nothing to compare: \(whole.loss)")
                for parts in reports[1...].map({ $0[step] }) {
                    #expect(abs(parts.loss - whole.loss) <= 1e-3 * whole.loss + 1e-7)
                    #expect(
                        abs(parts.gradientNorm - whole.gradientNorm)
                            <= 1e-3 * whole.gradientNorm + 1e-6)
                    for (mine, its) in zip(parts.metrics, whole.metrics) {
                        #expect(abs(mine.value - its.value) <= 1e-3 * abs(its.value) + 1e-7)
                    }
                }
            }
        }
    }

    /// Layers that are computed a second time, with their marks, change no bit of a retrofit.
    @Test(arguments: ["heads", "base", "parts", "merging"])
    func recomputingChangesNoBit(kind: String) throws {
        try Self.withBase { folder in
            var weights: [[[UInt32]]] = []
            for most in [Int.max, 0] {
                let plan = Self.plan {
                    $0.steps = 3
                    $0.mostActivationBytes = most
                    $0.trainsBase = kind == "base" || kind == "merging"
                    $0.lowRank = kind == "parts" ? 4 : 0
                    if kind == "merging" {
                        ($0.method, $0.source, $0.fadeSteps) = (.dmc, .channel, 1)
                    }
                }
                let run = try Self.retrofit(folder, "\(kind)\(most)", plan).run
                for _ in 0..<plan.totalSteps { _ = try run.loop.runStep() }
                #expect(try run.loop.phaseGraph().graph.run.recomputes == (most == 0))
                weights.append(run.model.trained.map { $0.values.map(\.bitPattern) })
            }
            #expect(weights[0] == weights[1])
        }
    }

    // MARK: Products

    /// A set without the instruction is never told to use it.
    @Test func productsAreWhatTheMachineHas() throws {
        let machine = try TrainingMachine(threads: 1)
        let quickest = machine.quickestProducts()
        #expect(quickest == .f32 || TrainingMachine.hasBF16(machine.kernels))
        #expect(try machine.multiplying(in: quickest).products == quickest)
    }

    /// Rounded factors lead to as much compression at the same loss, within what another seed changes. More compression than
    /// asked for is neither learned nor unlearned.
    @Test(.enabled(if: hasBF16), arguments: [false, true])
    func roundedProductsLearnTheSame(trainsBase: Bool) throws {
        try Self.withBase { folder in
            var reports: [RetrofitReport] = []
            for products in TrainingMachine.Products.allCases {
                let plan = Self.plan {
                    ($0.steps, $0.trainsBase, $0.products) = (100, trainsBase, products)
                    ($0.sequences, $0.logEvery) = (2, 100)
                    $0.checkpointEvery = 100
                }
                let retrofit = try Self.retrofit(folder, products.rawValue, plan)
                try retrofit.run.run()
                reports.append(try retrofit.report(batches: 4))
            }
            let (exact, rounded) = (reports[0], reports[1])
            #expect(abs(rounded.denseLoss - exact.denseLoss) < 0.02)
            #expect(exact.decisionRatio > 1.5)
            #expect(
                rounded.decisionRatio > 0.7 * min(exact.decisionRatio, 3),
                "\(rounded.decisionRatio) beside \(exact.decisionRatio)")
            #expect(
                abs(rounded.loss - exact.loss) < 0.15, "\(rounded.loss) beside \(exact.loss)")
        }
    }

    /// A resumed run goes on with the products that it began with, to the same bits on any number of threads.
    @Test(.enabled(if: hasBF16)) func resumesWithTheProductsItBeganWith() throws {
        try Self.withBase { folder in
            let plan = Self.plan {
                ($0.trainsBase, $0.accumulation, $0.products) = (true, 2, .bf16)
            }
            let whole = try Self.retrofit(folder, "whole", plan)
            try whole.run.run()
            let first = try Self.retrofit(folder, "parts", plan, threads: 2)
            var steps = 0
            try first.run.run(shouldStop: {
                steps += 1
                return steps == 3
            })
            #expect(throws: TrainingError.self) {
                try Self.retrofit(
                    folder, "parts",
                    Self.plan {
                        ($0.trainsBase, $0.accumulation, $0.products) = (true, 2, .f32)
                    }, resumes: true)
            }
            var unnamed = plan
            unnamed.products = nil
            let second = try Self.retrofit(folder, "parts", unnamed, resumes: true, threads: 3)
            #expect(second.run.stepsDone == 3)
            try second.run.run()
            for (mine, its) in zip(
                second.run.model.parameters.all, whole.run.model.parameters.all)
            {
                #expect(Array(mine.values) == Array(its.values), "\(its.name)")
            }
            let log = try String(
                contentsOfFile: folder + "/parts/" + TrainingRun.metricsName, encoding: .utf8)
            #expect(log.split(separator: "\n").allSatisfy { $0.contains("\"products\":\"bf16\"") })
        }
    }

    /// The report has as many held-out tokens as asked for, in whole batches.
    @Test func theReportIsBounded() throws {
        try Self.withBase { folder in
            let retrofit = try Self.retrofit(
                folder, "out", Self.plan { $0.reportTokens = 2 * 4 * 48 + 1 })
            let tokens = try retrofit.report().tokens
            #expect(tokens > 4 * 48 && tokens <= 2 * 4 * 48)
        }
    }
}
