/// `martlet train charlm`: character models with and without shortening, at equal cost.

import ArgumentParser
import Foundation
import Martlet
import MartletCharacterModels
import MartletFormats
import MartletTraining

struct TrainCharLM: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "charlm",
        abstract: "Trains character models, plain, hourglass or with pooled segments.",
        discussion: """
            A model is a hierarchy such as "2@1 4@3 2@1" (4 layers on vectors of 3 characters between 2 \
            and 2 on single ones), hourglass(HIERARCHY, shorten=avg|linear|attention-avg|\
            attention-linear, upsample=repeat|linear|attention|attention-linear), pooling(1-4-1, \
            boundaries=fixed|whitespace|unigram|entropy|gumbel, every=…, pieces=…, prior=…) or \
            vanilla(6, norm=pre|post).

            With --compare all --models train on each text for the same reference-system seconds, and \
            the learning rate has decayed at the end of each. The last twentieth of a text is held out; \
            figures are bits per character of up to 32768 of its characters.

            Example:
              martlet train charlm --compare --corpus book.txt --steps 500 --json
              martlet train charlm --corpus book.txt --model "pooling(1-4-1)" --steps 500 --out build/words
              martlet train charlm --from build/words/model.safetensors --prompt "It was" --sample 200
            """)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Texts in UTF-8; each is trained on by itself.", valueName: "file"))
    var corpus: [String] = []

    @Flag(help: "Train all --models with equal cost, and print a table.")
    var compare = false

    @Option(help: "The model to train without --compare.")
    var model = Self.usualModel

    @Option(help: ArgumentHelp("Models to compare, separated by semicolons.", valueName: "list"))
    var models = Self.usualModels

    @Option(
        help: "Steps; with --compare the budget is what they take the first model. Default: 300.")
    var steps: Int?

    @Option(
        help: ArgumentHelp(
            "Reference-system seconds instead of --steps; several, separated by commas, train anew for "
                + "each.", valueName: "list"))
    var budgetSeconds: String?

    @Option(help: "Seeds of each model; the table shows means and the spread.")
    var seeds = 1

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Channels of a vector.")
    var width = 96

    @Option(help: "Heads of each attention.")
    var heads = 4

    @Option(help: "Characters of a window.")
    var context = 384

    @Option(help: "Windows of a step.")
    var batch = 8

    @Option(help: "The peak of the learning rate.")
    var learningRate = 2e-3

    @Option(help: "Read at most so many characters of each text.")
    var characters: Int?

    @Option(help: "Without --compare: draw so many characters from the trained model.")
    var sample: Int?

    @Option(
        help: "The text that --sample goes on from. Default: the first characters of the corpus.")
    var prompt: String?

    @Option(
        help: ArgumentHelp(
            "Train nothing: draw --sample characters after --prompt from a model that --out received.",
            valueName: "file"))
    var from: String?

    @Option(
        help:
            "A folder for the results, results.jsonl, and without --compare for model.safetensors.")
    var out: String?

    @Option(help: "Threads; all processors when not given.")
    var threads: Int?

    @Flag(help: "Print a JSON object for each run, and a summary.")
    var json = false

    func validate() throws {
        if let out { try OutputFolder.check(out) }
        if from != nil {
            guard sample != nil, prompt?.isEmpty == false, corpus.isEmpty, !compare else {
                throw ValidationError(
                    "--from: needs --sample and --prompt, and takes neither --corpus nor --compare."
                )
            }
            var unused = UnusedOptions()
            for (name, wasGiven) in trainingOptions where wasGiven { unused.add(name, true) }
            try unused.refuse("--from trains nothing.")
            return
        }
        var unused = UnusedOptions()
        unused.add("--prompt", prompt != nil && sample == nil)
        try unused.refuse("nothing is drawn; give --sample.")
        unused.add("--model", compare && model != Self.usualModel)
        try unused.refuse("--compare trains --models.")
        unused.add("--models", !compare && models != Self.usualModels)
        try unused.refuse("--model is trained; give --compare.")
        if corpus.isEmpty { throw ValidationError("--corpus: give at least one text file.") }
        for (name, value) in [
            ("steps", steps), ("seeds", seeds), ("characters", characters),
            ("sample", sample),
        ] {
            if let value, value < 1 {
                throw ValidationError("--\(name): got \(value), expected at least 1.")
            }
        }
        if steps != nil, budgetSeconds != nil {
            throw ValidationError("--steps and --budget-seconds exclude each other; give one.")
        }
        if compare, sample != nil {
            throw ValidationError("--sample: needs a single model; leave out --compare.")
        }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads: got \(threads), expected 1 to 1024.")
        }
        _ = try budgets()
    }

    /// What decides about a training, and whether it says anything else than is usual.
    private var trainingOptions: [(name: String, wasGiven: Bool)] {
        [
            ("--model", model != Self.usualModel), ("--models", models != Self.usualModels),
            ("--steps", steps != nil), ("--budget-seconds", budgetSeconds != nil),
            ("--seeds", seeds != 1), ("--width", width != 96), ("--heads", heads != 4),
            ("--context", context != 384), ("--batch", batch != 8),
            ("--learning-rate", learningRate != 2e-3), ("--characters", characters != nil),
            ("--out", out != nil),
        ]
    }

    private static let usualModel = "hourglass(1@1 4@3 1@1)"
    private static let usualModels = """
        vanilla(6); vanilla(6, norm=post); hourglass(1@1 4@3 1@1); \
        hourglass(1@1 4@3 1@1, shorten=attention-avg, upsample=attention-linear); \
        pooling(1-4-1, boundaries=fixed, every=4); pooling(1-4-1, boundaries=whitespace)
        """

    /// Reference seconds, as given.
    private func budgets() throws -> [Double] {
        try (budgetSeconds ?? "").split(separator: ",").map { word in
            let text = String(word.filter { $0 != " " })
            guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
                throw ValidationError(
                    "--budget-seconds: got '\(text)', expected seconds above 0, separated by commas."
                )
            }
            return seconds
        }
    }

    func run() async throws {
        do {
            if let from, let sample, let prompt {
                let model = try CharacterModel(reading: from)
                Self.show(model, after: prompt, count: sample, seed: seed, json: json)
                ExitStatus.success.exit()
            }
            let flag = StopFlag()
            Interruption.onSignal { flag.raise() }
            try train { flag.isRaised }
        } catch let error as TrainingError {
            throw MartletError(error)
        } catch let error as FormatError {
            throw MartletError(error)
        }
        ExitStatus.success.exit()
    }

    /// Draws characters and prints them.
    static func show(
        _ model: CharacterModel, after prompt: String, count: Int, seed: UInt64, json: Bool
    ) {
        let drawn = CharacterGenerator(model).sample(
            after: model.vocabulary.symbols(prompt.unicodeScalars), count: count, seed: seed)
        let text = model.vocabulary.text(drawn)
        guard json else { return StandardStreams.write(text + "\n") }
        var line = JSONLine()
        line.set("sample", text)
        line.print()
    }

    private func train(_ isStopped: @escaping () -> Bool) throws {
        var settings = try CharacterSettings(
            width: width, heads: heads, context: context, batch: batch, learningRate: learningRate)
        settings.seed = seed
        let plans = compare ? try CharacterModelPlan.list(models) : [try CharacterModelPlan(model)]
        let comparison = try CharacterComparison(
            plans, settings: settings, seeds: seeds, machine: try TrainingMachine(threads: threads))
        let texts = try corpus.map { path in
            try CharacterCorpus(
                name: path, bytes: TextFile.read(path), limit: characters, context: context)
        }
        if let out {
            // A model of a run before comes with its results; any other is somebody's, and would be lost.
            let names = AtomicDirectory.names(in: out)
            let isForeign =
                names.contains(Checkpoint.configurationName)
                || names.contains("model.safetensors") && !names.contains("results.jsonl")
            guard compare || !isForeign else { throw TrainingError.foreign(directory: out) }
            try AtomicDirectory.ensure(out)
        }
        let log = try out.map { try JSONLinesFile($0 + "/results.jsonl", continuing: false) }
        var runs = CharLMRuns(self, comparison: comparison, log: log)
        for text in texts {
            for budget in try budgetsOnText(comparison, text) {
                for plan in plans {
                    for number in 0..<seeds {
                        guard
                            try runs.run(
                                plan, text, budget: budget, number: number, isStopped: isStopped)
                        else {
                            StandardStreams.note("stopped; the runs that were complete are shown")
                            runs.finish()
                            Interruption.exitIfReceived()
                            return
                        }
                    }
                }
            }
        }
        runs.finish()
    }

    private func budgetsOnText(
        _ comparison: CharacterComparison, _ text: CharacterCorpus
    ) throws -> [CharacterBudget] {
        let seconds = try budgets()
        guard seconds.isEmpty else { return seconds.map { .referenceSeconds($0) } }
        let steps = steps ?? 300
        guard compare else { return [.steps(steps)] }
        return [.referenceSeconds(try comparison.referenceSeconds(ofSteps: steps, on: text))]
    }
}
