// Runs: they learn, they stop and go on to the same bits, and they refuse what cannot be.

import Foundation
import MartletFormats
import Testing

@testable import MartletTraining

@Suite struct TrainingRunTests {
    static func recipe(
        steps: Int = 12, method: String = "adamw", rate: String = "3.0e-3", more: String = ""
    ) -> String {
        """
        model:
          model_type: llama
          hidden_size: 16
          intermediate_size: 24
          num_hidden_layers: 2
          num_attention_heads: 2
          num_key_value_heads: 1
          max_position_embeddings: 256
          tie_word_embeddings: true
        tokenizer: bytes
        data:
          - {task: "copy(length=8..12)", share: 2}
          - {task: "addition(digits=2)", from: 0.5}
        optimiser: {method: \(method), learningRate: \(rate), weightDecay: 0.1}
        schedule: {shape: cosine, warmUp: 2, minimum: 0.1}
        training:
          steps: \(steps)
          noise: 0.001
          phases:
            - {until: 0.5, sequences: 2, length: 48, accumulation: 2}
            - {until: 1, sequences: 1, length: 96}
        checkpoints: {every: 5, keep: 1}
        log: {every: 2}
        \(more)
        """
    }

    static func run(
        _ text: String, _ folder: String, resumes: Bool = false, threads: Int = 1
    ) throws -> TrainingRun {
        try TrainingRun(
            try Recipe(text, file: "test.yaml"), directory: folder, resumes: resumes,
            machine: try TrainingMachine(threads: threads))
    }

    static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "training-\(UInt64.random(in: 0...UInt64.max))").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    static func bits(_ run: TrainingRun) -> [[UInt32]] {
        run.model.parameters.all.map { $0.values.map(\.bitPattern) }
    }

    /// Stopped after any step, on other threads, with lines in the log that are done again: the same weights,
    /// the same log.
    @Test(arguments: ["adamw", "muon", "sophia", "adafactor", "lion", "adamw-rms"])
    func resumingChangesNoBit(method: String) throws {
        try Self.withFolder { folder in
            let text = Self.recipe(method: method)
            let whole = try Self.run(text, folder + "/whole")
            try whole.run()
            var steps = 0
            let first = try Self.run(text, folder + "/parts", threads: 2)
            let isComplete = try first.run(shouldStop: {
                steps += 1
                return steps == 7
            })
            #expect(!isComplete)
            // As a killed process would leave it: a step logged after the last checkpoint, and half a line.
            let log = folder + "/parts/metrics.jsonl"
            let lines = try String(contentsOfFile: log, encoding: .utf8)
            try (lines + "{\"step\":8,\"loss\":1}\n{\"step\":1").write(
                toFile: log, atomically: false, encoding: .utf8)
            let second = try Self.run(text, folder + "/parts", resumes: true)
            #expect(second.stepsDone == 7)
            try second.run()
            #expect(Self.bits(whole) == Self.bits(second))
            func losses(_ name: String) throws -> [String] {
                try String(contentsOfFile: "\(folder)/\(name)/metrics.jsonl", encoding: .utf8)
                    .split(separator: "\n").map { line in
                        let value = try JSONValue.parse(Array(line.utf8)).objectValue
                        let text = value?["loss"].map {
                            String(decoding: $0.serialized(), as: UTF8.self)
                        }
                        return "\(value?["step"]?.intValue ?? -1) \(text ?? "")"
                    }
            }
            #expect(try losses("whole") == losses("parts"))
            #expect(AtomicDirectory.names(in: folder + "/parts/checkpoints").count == 1)
            let written = try Checkpoint(directory: folder + "/parts")
            let reread = try TrainableModel(written)
            #expect(reread.parameters.all.map { $0.values.map(\.bitPattern) } == Self.bits(whole))
        }
    }

    @Test func learns() throws {
        try Self.withFolder { folder in
            let run = try Self.run(Self.recipe(steps: 60, rate: "1.0e-2"), folder)
            var losses: [Double] = []
            try run.run(report: { losses.append($0.report.loss) })
            let (first, last) = (losses[0], losses.suffix(5).reduce(0, +) / 5)
            #expect(first > 5 && last < 4.2, "\(first) to \(last)")
        }
    }

    /// A rate that breaks the model ends the run with a sentence and the last good checkpoint.
    @Test func brokenNumbersStopTheRun() throws {
        try Self.withFolder { folder in
            let run = try Self.run(Self.recipe(steps: 40, rate: "100"), folder)
            run.model.parameters.all[0].values[3] = .nan
            let error = #expect(throws: TrainingError.self) { try run.run() }
            guard case .notFinite(let step, let tensor, _, _) = try #require(error) else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(step == 1 && tensor == "the loss")
        }
    }

    @Test func refusesOtherPlansAndOccupiedFolders() throws {
        try Self.withFolder { folder in
            try Self.run(Self.recipe(), folder).run()
            #expect(throws: TrainingError.self) { try Self.run(Self.recipe(), folder) }
            let error = #expect(throws: TrainingError.self) {
                try Self.run(Self.recipe(rate: "4.0e-3"), folder, resumes: true)
            }
            let sentence = "\(try #require(error))"
            #expect(sentence.contains("'optimiser'"))
            let checkpoint = try #require(AtomicDirectory.names(in: folder + "/checkpoints").last)
            let weights = "\(folder)/checkpoints/\(checkpoint)/optimiser.safetensors"
            try Data([1, 2, 3]).write(to: URL(filePath: weights))
            #expect(throws: TrainingError.self) {
                try Self.run(Self.recipe(), folder, resumes: true)
            }
        }
    }

    /// Each says which key, what it found and what it wants.
    @Test(arguments: [
        ("", "empty"), ("- 1", "mapping"), ("model: [", "YAML"), ("a: &x 1\nb: *x", "known are"),
        ("modle: {}", "modle"),
        ("model: {}\ntraining: {steps: 0, sequences: 1, length: 8}", "steps"),
        ("model: {}\ntraining: {steps: 1, sequences: 1, length: 8}\ndata: []", "data"),
        (
            "model: {}\ntraining: {steps: 1, sequences: 1, length: 8}\ndata: [{task: x, text: y}]",
            "task"
        ),
        (
            "model: {}\ntraining: {steps: 1, sequences: 1, length: 8}\ndata: [{task: copy}]\n"
                + "optimiser: {method: sgd}", "sgd"
        ),
        (
            "model: {}\ntraining: {steps: 1, sequences: 1, length: 8}\ndata: [{task: copy}]\n"
                + "optimiser: {method: lion, epsilon: 1}", "epsilon"
        ),
        (
            "model: {}\ntraining: {steps: 1, sequences: 1, length: 8}\ndata: [{task: copy}]\n"
                + "schedule: {shape: wavy}", "shape"
        ),
        (
            "model: {}\ntraining: {steps: 1, phases: [{until: 0.5, sequences: 1, length: 8}]}\n"
                + "data: [{task: copy}]", "phases"
        ),
    ])
    func wrongRecipes(text: String, word: String) throws {
        let error = #expect(throws: TrainingError.self) { try Recipe(text, file: "test.yaml") }
        let sentence = "\(try #require(error))"
        #expect(sentence.contains("test.yaml") && sentence.contains(word), "\(sentence)")
    }

    /// Aliases of aliases are few lines and billions of values.
    @Test(arguments: ["values", "keys"])
    func aliasesAreBounded(place: String) throws {
        var text = "a0: &a0 [1, 1]\n"
        for level in 1..<40 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        if place == "keys" { text += "? *a39\n: 1\n" }
        let error = #expect(throws: TrainingError.self) { try Recipe(text, file: "test.yaml") }
        #expect("\(try #require(error))".contains("aliases"))
    }

    /// What the error of numbers that are not finite advises can be followed.
    @Test func aLowerRateResumes() throws {
        try Self.withFolder { folder in
            var steps = 0
            try Self.run(Self.recipe(), folder).run(shouldStop: {
                steps += 1
                return steps == 3
            })
            let lower = Self.recipe(rate: "1.0e-3")
                .replacingOccurrences(of: "noise: 0.001", with: "noise: 0.001\n  clip: 0.5")
            let run = try Self.run(lower, folder, resumes: true)
            #expect(run.stepsDone == 3)
            #expect(try run.run())
            let higher = #expect(throws: TrainingError.self) {
                try Self.run(Self.recipe(rate: "1.0e-3"), folder, resumes: true)
            }
            #expect("\(try #require(higher))".contains("'training'"))
        }
    }

    @Test func twoRunsDoNotShareAFolder() throws {
        try Self.withFolder { folder in
            let first = try Self.run(Self.recipe(), folder)
            let error = #expect(throws: TrainingError.self) {
                try Self.run(Self.recipe(), folder, resumes: true)
            }
            #expect("\(try #require(error))".contains("another training"))
            try first.run()
            _ = try Self.run(Self.recipe(), folder, resumes: true)
        }
    }

    /// Whatever is changed in a checkpoint is named; nothing of it is believed.
    @Test func aChangedCheckpointIsRefused() throws {
        try Self.withFolder { folder in
            try Self.run(Self.recipe(), folder + "/run").run()
            let checkpoints = folder + "/run/checkpoints"
            let name = try #require(AtomicDirectory.names(in: checkpoints).last)
            func sentence() throws -> String {
                let error = #expect(throws: TrainingError.self) {
                    try Self.run(Self.recipe(), folder + "/run", resumes: true)
                }
                return "\(try #require(error))"
            }
            for file in AtomicDirectory.names(in: "\(checkpoints)/\(name)") {
                let path = "\(checkpoints)/\(name)/\(file)"
                let whole = try Data(contentsOf: URL(filePath: path))
                var changed = whole
                // A digit of the state, a byte of a tensor.
                let place =
                    file == "training.json"
                    ? try #require(changed.firstIndex(of: UInt8(ascii: "5"))) : changed.count - 2
                changed[place] ^= 1
                try changed.write(to: URL(filePath: path))
                let text = try sentence()
                #expect(text.contains(file), "\(text)")
                try whole.write(to: URL(filePath: path))
            }
            try Data([1]).write(to: URL(filePath: "\(checkpoints)/\(name)/other.safetensors"))
            #expect(try sentence().contains("other.safetensors"))
            try FileManager.default.removeItem(
                atPath: "\(checkpoints)/\(name)/other.safetensors")
            _ = try Self.run(Self.recipe(), folder + "/run", resumes: true)
            try FileManager.default.moveItem(
                atPath: "\(checkpoints)/\(name)", toPath: "\(checkpoints)/step-000000099")
            #expect(try sentence().contains("of step 12"))
        }
    }

    /// A folder that holds a model is no folder for a run, with --resume or without.
    @Test(arguments: [false, true]) func aModelIsNotOverwritten(resumes: Bool) throws {
        try Self.withFolder { folder in
            try Self.run(Self.recipe(steps: 1), folder + "/run").run()
            try FileManager.default.createDirectory(
                atPath: folder + "/model", withIntermediateDirectories: true)
            func files() -> [String: Data] {
                var files: [String: Data] = [:]
                let paths = FileManager.default.enumerator(atPath: folder + "/model")
                for case let name as String in paths ?? .init() {
                    files[name] = FileManager.default.contents(atPath: folder + "/model/" + name)
                }
                return files
            }
            for name in AtomicDirectory.names(in: folder + "/run") where name != "checkpoints" {
                try FileManager.default.copyItem(
                    atPath: "\(folder)/run/\(name)", toPath: "\(folder)/model/\(name)")
            }
            let before = files()
            #expect(throws: TrainingError.self) {
                try Self.run(Self.recipe(), folder + "/model", resumes: resumes)
            }
            try FileManager.default.removeItem(atPath: folder + "/model/metrics.jsonl")
            let error = #expect(throws: TrainingError.self) {
                try Self.run(Self.recipe(), folder + "/model", resumes: resumes)
            }
            #expect("\(try #require(error))".contains("did not make"))
            // A retrofit into its own model, by another name of the folder.
            var plan = RetrofitPlan()
            plan.data = [Recipe.DataEntry(.task("copy"))]
            #expect(throws: TrainingError.self) {
                try Retrofit(
                    model: folder + "/run", plan: plan, directory: folder + "/run/../run/",
                    resumes: resumes, machine: try TrainingMachine(threads: 1))
            }
            #expect(files().keys.sorted() == before.keys.filter { $0 != "metrics.jsonl" }.sorted())
            for (name, content) in files() { #expect(before[name] == content) }
        }
    }

    @Test func anEmptyFolderNameIsRefused() {
        let error = #expect(throws: TrainingError.self) { try Self.run(Self.recipe(), "") }
        #expect(error.map { "\($0)" }?.contains("empty name") == true)
    }

    @Test func missingTextIsNamed() throws {
        try Self.withFolder { folder in
            let text = Self.recipe().replacingOccurrences(
                of: "{task: \"copy(length=8..12)\", share: 2}", with: "{text: /nowhere.txt}")
            let error = #expect(throws: TrainingError.self) { try Self.run(text, folder) }
            let sentence = "\(try #require(error))"
            #expect(sentence.contains("/nowhere.txt"))
        }
    }
}
