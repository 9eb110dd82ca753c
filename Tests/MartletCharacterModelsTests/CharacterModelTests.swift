/// Character models: no look ahead, one character at a time, and factors.

import Foundation
import MartletKernels
import Testing

@testable import MartletCharacterModels
@testable import MartletTraining

/// Small models on a small alphabet.
struct SmallModels {
    static let text = "the cat sat on the mat and ate a rat that sat "
    static let vocabulary = CharacterVocabulary(of: Array(text.unicodeScalars)[...])
    static let machine = Result { try TrainingMachine(threads: 1) }

    static func model(_ plan: CharacterModelPlan, seed: UInt64 = 3) throws -> CharacterModel {
        let model = try CharacterModel(
            plan, shape: CharacterShape(width: 8, heads: 2), vocabulary: vocabulary, seed: seed)
        // Biases and norms that are not at their start either.
        var random = CounterRandom(seed: seed)
        for parameter in model.parameters where parameter.shape.count == 1 {
            for place in parameter.values.indices {
                parameter.values[place] += 0.3 * random.signedUnit()
            }
        }
        return model
    }

    static func symbols(_ count: Int, seed: UInt64) -> [Int32] {
        var random = CounterRandom(seed: seed)
        return (0..<count).map { _ in Int32(random.unit() * Double(vocabulary.count)) }
    }

    /// Logits of one window.
    static func logits(_ graph: CharacterGraph, _ symbols: [Int32], noise: Bool = false)
        -> [[Float]]
    {
        var random = CounterRandom(seed: 77)
        let window = CharacterWindow(symbols: symbols[...], targets: symbols[...])
        if noise {
            graph.load([window], total: 1) { Float(random.logistic()) }
        } else {
            graph.load([window], total: 1)
        }
        graph.run.forward()
        let columns = vocabulary.count
        return symbols.indices.map { row in
            (0..<columns).map { graph.run[graph.logits][row * columns + $0] }
        }
    }

    static func graph(_ plan: CharacterModelPlan, length: Int) throws -> CharacterGraph {
        try CharacterGraph(
            model(plan), sequences: 1, length: length, machine: machine.get(), isTraining: false)
    }

    /// The largest change of logits before the place where a text changes.
    static func leak(_ plan: CharacterModelPlan, length: Int = 12, noise: Bool = false) throws
        -> Float
    {
        let graph = try graph(plan, length: length)
        let original = symbols(length, seed: 1)
        let before = logits(graph, original, noise: noise)
        let other = original.map { ($0 + 1 + Int32($0 % 3)) % Int32(vocabulary.count) }
        var worst: Float = 0
        for place in 1..<length {
            let after = logits(
                graph, Array(original[..<place] + other[place...]), noise: noise)
            for row in 0..<place {
                for (a, b) in zip(before[row], after[row]) { worst = max(worst, abs(a - b)) }
            }
        }
        return worst
    }
}

@Suite struct HierarchyModelTests {
    static let oneLevel = "1@1 1@3 1@1"
    static let twoLevels = "1@1 1@2 1@6 1@2 1@1"

    static let plans: [CharacterModelPlan] = {
        var plans: [CharacterModelPlan] = []
        for hierarchy in [oneLevel, twoLevels].compactMap({ try? HierarchyPlan($0) }) {
            for down in CharacterModelPlan.Shortening.allCases {
                for up in CharacterModelPlan.Upsampling.allCases {
                    plans.append(CharacterModelPlan(.hourglass(hierarchy, down, up)))
                }
            }
        }
        let boundaries: [CharacterModelPlan.Boundaries] = [
            .fixed(2), .fixed(3), .whitespace, .unigram(pieces: 10), .entropy, .gumbel(prior: 0.3),
        ]
        plans += boundaries.map { CharacterModelPlan(.pooling(layers: [1, 1, 1], $0)) }
        plans += [.init(.vanilla(layers: 2, .pre)), .init(.vanilla(layers: 2, .post))]
        return plans
    }()

    @Test(arguments: plans)
    func nothingSeesAhead(_ plan: CharacterModelPlan) throws {
        #expect(try SmallModels.leak(plan) < 1e-5)
        if case .gumbel = plan.boundaries {
            #expect(try SmallModels.leak(plan, noise: true) < 1e-5)
        }
    }

    /// A shift of k - 2 shows the future, and the check above would find it.
    @Test(arguments: CharacterModelPlan.Shortening.allCases)
    func aShorterShiftLeaks(_ down: CharacterModelPlan.Shortening) throws {
        var plan = CharacterModelPlan(
            .hourglass(try HierarchyPlan(Self.oneLevel), down, .repeating))
        plan.missingShift = 1
        #expect(try SmallModels.leak(plan) > 1e-2)
    }

    @Test(arguments: plans)
    func oneAtATimeIsTheSame(_ plan: CharacterModelPlan) throws {
        let graph = try SmallModels.graph(plan, length: 24)
        let symbols = SmallModels.symbols(24, seed: 2)
        let expected = SmallModels.logits(graph, symbols)
        let generator = CharacterGenerator(graph.model)
        var boundaries = 0
        for (place, symbol) in symbols.enumerated() {
            let got = generator.step(symbol)
            let worst = zip(got, expected[place]).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(worst < 1e-4, "\(plan) at \(place): \(worst)")
            boundaries += generator.isBoundary ? 1 : 0
        }
        #expect(boundaries == graph.segments?.boundaries ?? 0)
    }

    /// Segments of one sequence do not depend on those of another.
    @Test func sequencesAreApart() throws {
        let plan = CharacterModelPlan(.pooling(layers: [1, 2, 1], .whitespace))
        let alone = try SmallModels.graph(plan, length: 20)
        let symbols = SmallModels.symbols(20, seed: 4)
        let expected = SmallModels.logits(alone, symbols)
        let both = try CharacterGraph(
            alone.model, sequences: 2, length: 20, machine: SmallModels.machine.get(),
            isTraining: false)
        let other = SmallModels.symbols(20, seed: 5)
        both.load(
            [other, symbols].map { CharacterWindow(symbols: $0[...], targets: $0[...]) }, total: 1)
        both.run.forward()
        let columns = SmallModels.vocabulary.count
        for row in 0..<20 {
            for column in 0..<columns {
                let got = both.run[both.logits][(20 + row) * columns + column]
                #expect(abs(got - expected[row][column]) < 1e-5)
            }
        }
    }

    @Test func hierarchiesAreRead() throws {
        let two = try HierarchyPlan("1@1  2@2 4@4 2@2 1@1")
        #expect(two.levels == 2 && two.deepestFactor == 4 && two.step(1) == 2)
        #expect(try HierarchyPlan("6@1").levels == 0)
        let wrong = [
            "", "2@1 4@3", "4@3", "2@1 4 2@1", "1@1 2@4 3@6 2@4 1@1", "1@1 2@4 1@2 2@4 1@1",
            "1@1 4@3 1@2", "0@1", "-1@1", "1@1 0@3 1@1", "1@1 1@0 1@1", "a@1", "1@1@1",
        ]
        for text in wrong {
            #expect(throws: TrainingError.self, "\(text)") { try HierarchyPlan(text) }
        }
    }

    @Test func modelsAreRead() throws {
        #expect(Self.plans.count == 2 * 16 + 6 + 2)
        for plan in Self.plans { #expect(try CharacterModelPlan("\(plan)") == plan) }
        #expect(try CharacterModelPlan("6@1") == CharacterModelPlan(.vanilla(layers: 6, .pre)))
        #expect(try CharacterModelPlan.list("6@1; pooling(1-4-1); vanilla").count == 3)
        let wrong = [
            "", "lstm(4)", "vanilla(0)", "vanilla(6", "hourglass(2@1 4@3)", "pooling(1-4)",
            "pooling(1-4-1, boundaries=words)", "hourglass(1@1 1@2 1@1, shorten=max)",
            "vanilla(6, every=2)", "pooling(1-4-1, boundaries=gumbel, prior=2)",
        ]
        for text in wrong {
            #expect(throws: TrainingError.self, "\(text)") { try CharacterModelPlan(text) }
        }
    }

    @Test func lengthsMustDivide() throws {
        let plan = try CharacterModelPlan("1@1 1@3 1@1")
        #expect(throws: TrainingError.self) { try SmallModels.graph(plan, length: 10) }
        let settings = try CharacterSettings(
            width: 8, heads: 2, context: 16, batch: 1, learningRate: 1e-3)
        #expect(throws: TrainingError.self) { try settings.check(plan) }
    }
}
