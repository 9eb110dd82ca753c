/// Text as characters, pieces of words, and training at equal cost.

import Foundation
import MartletKernels
import Testing

@testable import MartletCharacterModels
@testable import MartletTraining

@Suite struct HierarchyTrainingTests {
    static let english = String(
        repeating: """
            It is a truth universally acknowledged, that a single man in possession of a good fortune, \
            must be in want of a wife. However little known the feelings or views of such a man may be \
            on his first entering a neighbourhood, this truth is so well fixed in the minds of the \
            surrounding families, that he is considered the rightful property of some one or other of \
            their daughters.

            """, count: 12)

    static func corpus(context: Int = 24) throws -> CharacterCorpus {
        try CharacterCorpus(name: "english", bytes: Array(english.utf8), context: context)
    }

    static func settings(context: Int = 24, batch: Int = 4) throws -> CharacterSettings {
        try CharacterSettings(
            width: 16, heads: 2, context: context, batch: batch, learningRate: 4e-3)
    }

    @Test func textBecomesSymbols() throws {
        let corpus = try Self.corpus()
        #expect(corpus.vocabulary.text(Array(corpus.symbols)) == Self.english)
        #expect(corpus.trainingCount == corpus.symbols.count - corpus.symbols.count / 20)
        let rare = CharacterVocabulary(of: Array("aaabbc".unicodeScalars)[...], limit: 2)
        #expect(rare.symbols("abcd".unicodeScalars) == [0, 1, 2, 2])
        #expect(throws: TrainingError.self) {
            try CharacterCorpus(name: "short", bytes: Array("short".utf8), context: 8)
        }
        #expect(throws: TrainingError.self) {
            try CharacterCorpus(name: "latin", bytes: [0xE4, 0x20], context: 8)
        }
    }

    /// SF of fixed boundaries is their distance, SF of blanks the length of words and the blank.
    @Test func shorteningFactorsAreTheirDefinition() throws {
        let corpus = try Self.corpus()
        let settings = try Self.settings()
        for k in [2, 3, 4] {
            let model = try CharacterModel(
                CharacterModelPlan("pooling(1-1-1, boundaries=fixed, every=\(k))"),
                shape: settings.shape, vocabulary: corpus.vocabulary, seed: 1)
            let result = try CharacterEvaluation(
                model, corpus, settings, machine: TrainingMachine(threads: 1))
            #expect(result.shorteningFactor == Double(k))
        }
        let model = try CharacterModel(
            CharacterModelPlan("pooling(1-1-1)"), shape: settings.shape,
            vocabulary: corpus.vocabulary, seed: 1)
        let result = try CharacterEvaluation(
            model, corpus, settings, machine: TrainingMachine(threads: 1))
        #expect((4.5...6.5).contains(result.shorteningFactor))
        // An untrained model knows nothing: about the logarithm of the number of symbols.
        #expect(abs(result.bitsPerCharacter - log2(Double(corpus.vocabulary.count))) < 1.5)
    }

    @Test func piecesAreFrequentParts() throws {
        let text = String(
            repeating: "singing ringing bringing sing ring bring thing king ", count: 20)
        let vocabulary = CharacterVocabulary(of: Array(text.unicodeScalars)[...])
        let symbols = vocabulary.symbols(text.unicodeScalars)
        let segmenter = UnigramSegmenter(symbols[...], pieces: 12, isSpace: vocabulary.isSpace)
        #expect(segmenter.count <= 12 + vocabulary.count)
        let boundaries = segmenter.boundaries(symbols, isSpace: vocabulary.isSpace)
        // Every blank ends a segment, and so does something inside the longest word, before its end.
        for (symbol, isEnd) in zip(symbols, boundaries) where vocabulary.isSpace(symbol) {
            #expect(isEnd)
        }
        let word = Array("bringing".unicodeScalars)
        let ends = segmenter.ends(of: vocabulary.symbols(word))
        #expect(ends.last == true && ends.filter { $0 }.count <= 3)
        // The last piece of a word has no boundary of its own.
        for place in boundaries.indices.dropLast() where vocabulary.isSpace(symbols[place + 1]) {
            #expect(!boundaries[place])
        }
        let again = UnigramSegmenter(symbols[...], pieces: 12, isSpace: vocabulary.isSpace)
        #expect(again.boundaries(symbols, isSpace: vocabulary.isSpace) == boundaries)
    }

    @Test(arguments: [
        "vanilla(2)", "hourglass(1@1 1@2 1@1, shorten=attention-linear, upsample=attention-linear)",
        "pooling(1-1-1)", "pooling(1-1-1, boundaries=gumbel)", "pooling(1-1-1, boundaries=entropy)",
        "pooling(1-1-1, boundaries=unigram, pieces=40)",
    ])
    func modelsLearn(_ name: String) throws {
        let trainer = try CharacterTrainer(
            CharacterModelPlan(name), Self.corpus(), Self.settings(), budget: .steps(16), seed: 2,
            machine: TrainingMachine(threads: 2))
        try trainer.runStep()
        let first = trainer.loss
        while !trainer.isFinished { try trainer.runStep() }
        #expect(trainer.step == 16)
        #expect(trainer.loss < first - 0.3, "\(first) to \(trainer.loss)")
    }

    /// The whole gradient of a model with sampled boundaries' loss against a difference, where it has one.
    @Test(arguments: [
        "vanilla(1, norm=post)", "pooling(1-2-1, boundaries=whitespace)",
        "hourglass(1@1 1@2 1@4 1@2 1@1, shorten=attention-avg, upsample=attention)",
    ])
    func gradientsOfModelsAreDerivatives(_ name: String) throws {
        let corpus = try Self.corpus()
        let machine = try TrainingMachine(threads: 2)
        let model = try CharacterModel(
            CharacterModelPlan(name), shape: CharacterShape(width: 8, heads: 2),
            vocabulary: corpus.vocabulary, seed: 5)
        let graph = try CharacterGraph(
            model, sequences: 2, length: 16, machine: machine, isTraining: true)
        graph.load(
            (0..<2).map {
                CharacterWindow(
                    symbols: corpus.symbols[$0 * 40..<$0 * 40 + 16],
                    targets: corpus.symbols[$0 * 40 + 1..<$0 * 40 + 17])
            }, total: 4)
        graph.run.graph.clearGradients()
        // What nothing wrote must not be read: rows of segments that are not there.
        graph.run.arenaElements.update(repeating: .nan)
        graph.run.forward()
        graph.run.backward()
        #expect(graph.run.loss.isFinite)
        // Along the gradient itself, where rounding matters least.
        let squares = model.parameters.reduce(0.0) { sum, parameter in
            sum + parameter.gradient!.reduce(0) { $0 + Double($1) * Double($1) }
        }
        let length = Float(2e-2 / squares.squareRoot())
        func loss(_ factor: Float) -> Double {
            for parameter in model.parameters {
                for (place, slope) in parameter.gradient!.enumerated() {
                    parameter.values[place] += factor * slope
                }
            }
            graph.run.forward()
            return Double(graph.run.loss)
        }
        let up = loss(length)
        let down = loss(-2 * length)
        let slope = (up - down) / Double(2 * length)
        #expect(abs(slope / squares - 1) < 1e-2, "\(name): \(slope) of \(squares)")
    }

    /// Reference time counts segments as they are: fewer boundaries cost less, and budgets are kept.
    @Test func budgetsAreReferenceTime() throws {
        let corpus = try Self.corpus(context: 48)
        let settings = try Self.settings(context: 48)
        let machine = try TrainingMachine(threads: 2)
        func seconds(_ name: String) throws -> Double {
            let trainer = try CharacterTrainer(
                CharacterModelPlan(name), corpus, settings, budget: .steps(1), seed: 1,
                machine: machine)
            try trainer.runStep()
            return trainer.referenceSeconds
        }
        let plain = try seconds("vanilla(6, norm=post)")
        let (two, four) = (
            try seconds("pooling(1-4-1, boundaries=fixed, every=2)"),
            try seconds("pooling(1-4-1, boundaries=fixed, every=4)")
        )
        #expect(four < two && two < plain)
        let comparison = try CharacterComparison(
            [CharacterModelPlan("vanilla(2)"), CharacterModelPlan("1@1 1@2 1@1")],
            settings: settings, seeds: 1, machine: machine)
        let budget = try comparison.referenceSeconds(ofSteps: 3, on: corpus)
        let runs = try comparison.plans.map {
            try #require(
                try comparison.run($0, on: corpus, budget: .referenceSeconds(budget))
            ).result
        }
        #expect(runs[0].steps == 3)
        #expect(runs.allSatisfy { $0.referenceSeconds >= budget * 0.999 })
        #expect(runs.allSatisfy { $0.referenceSeconds < 1.5 * budget })
    }

    @Test func samplesAreSeeded() throws {
        let corpus = try Self.corpus()
        let model = try CharacterModel(
            CharacterModelPlan("1@1 1@3 1@1"), shape: CharacterShape(width: 8, heads: 2),
            vocabulary: corpus.vocabulary, seed: 1)
        let prompt = Array(corpus.symbols.prefix(4))
        let first = CharacterGenerator(model).sample(after: prompt, count: 9, seed: 3)
        #expect(first.count == 9)
        #expect(CharacterGenerator(model).sample(after: prompt, count: 9, seed: 3) == first)
    }
    @Test func modelsAreWrittenAndRead() throws {
        let corpus = try Self.corpus()
        let path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString).safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let model = try CharacterModel(
            CharacterModelPlan("pooling(1-2-1, boundaries=gumbel, prior=0.37)"),
            shape: CharacterShape(width: 8, heads: 2), vocabulary: corpus.vocabulary, seed: 1)
        try model.write(to: path)
        let again = try CharacterModel(reading: path)
        #expect(again.plan == model.plan && again.vocabulary == model.vocabulary)
        for (a, b) in zip(model.parameters, again.parameters) {
            #expect(a.name == b.name && Array(a.values) == Array(b.values))
        }
        try Data("no model".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.self) { try CharacterModel(reading: path) }
    }
    /// Characters by chance cannot be predicted; a model with too short a shift reads them instead.
    @Test func aLeakLooksLikeLearning() throws {
        var random = CounterRandom(seed: 8)
        let text = String((0..<4000).map { _ in "abcd".randomElement(using: &random) ?? "a" })
        let corpus = try CharacterCorpus(name: "chance", bytes: Array(text.utf8), context: 24)
        var settings = try Self.settings(batch: 8)
        settings.learningRate = 1e-2
        var losses: [Double] = []
        for missing in [0, 1] {
            var plan = try CharacterModelPlan("hourglass(0@1 1@2 1@1, upsample=linear)")
            plan.missingShift = missing
            let trainer = try CharacterTrainer(
                plan, corpus, settings, budget: .steps(100), seed: 1,
                machine: TrainingMachine(threads: 2))
            var sum = 0.0
            while !trainer.isFinished {
                try trainer.runStep()
                if trainer.step > 80 { sum += trainer.loss / 20 }
            }
            losses.append(sum)
        }
        #expect(losses[0] > log(4) - 0.05)
        #expect(losses[1] < log(4) - 0.2, "\(losses)")
    }
}
