/// `martlet train`: trains a model from a recipe.

import ArgumentParser
import Martlet
import MartletFormats
import MartletTraining
import Synchronization
import Foundation

struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a model as a recipe says.",
        discussion: """
            A recipe is a YAML file with the model's shape, the data, the optimiser and the length of \
            the run; recipes/ has ours. The folder receives checkpoints, a log (metrics.jsonl) and, at \
            the end, a model directory that every other verb can load. A run that was stopped or killed \
            goes on with --resume, to the same weights bit for bit.

            Example:
              martlet train --recipe recipes/builtin.yaml --out build/builtin
              martlet train --recipe recipes/builtin.yaml --out build/builtin --resume
            """,
        subcommands: [TrainRecipe.self, TrainCompare.self, TrainCharLM.self, TrainTokenizer.self],
        defaultSubcommand: TrainRecipe.self)
}

struct TrainRecipe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Trains a model as a recipe says.")

    @Option(help: "The recipe, a YAML file.")
    var recipe: String

    @Option(help: "The folder of the run.")
    var out: String

    @Flag(help: "Go on with what is in the folder, or begin when there is nothing.")
    var resume = false

    @Option(help: "Train for so many steps instead of the recipe's.")
    var steps: Int?

    @Option(help: "Use this seed instead of the recipe's.")
    var seed: UInt64?

    @Option(help: "Threads; all processors when not given.")
    var threads: Int?

    @Flag(help: "Print a JSON object for each logged step, and a summary.")
    var json = false

    func validate() throws {
        try OutputFolder.check(out)
        if let steps, !(1...1_000_000_000).contains(steps) {
            throw ValidationError("--steps: got \(steps), expected 1 to 1000000000.")
        }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads: got \(threads), expected 1 to 1024.")
        }
    }

    func run() async throws {
        do {
            let text = try String(decoding: TextFile.read(recipe), as: UTF8.self)
            let recipe = try Recipe(text, file: recipe, steps: steps, seed: seed)
            let run = try TrainingRun(
                recipe, directory: out, resumes: resume,
                machine: try TrainingMachine(threads: threads))
            try TrainingConsole(json: json).follow(run)
        } catch let error as TrainingError {
            throw MartletError(error)
        }
    }
}

/// Shows a run as it goes, and stops it in good order at a signal.
struct TrainingConsole {
    let json: Bool

    /// Runs to the end and shows the way; `summary` is shown last, instead of a line for the model.
    func follow(_ run: TrainingRun, summary: (() throws -> Void)? = nil) throws {
        let flag = StopFlag()
        Interruption.onSignal { flag.raise() }
        if run.stepsDone > 0 {
            StandardStreams.note("resuming after step \(run.stepsDone)")
        }
        var last: TrainingProgress?
        let isComplete = try run.run(shouldStop: { flag.isRaised }) { progress in
            last = progress
            if json {
                StandardStreams.write(progress.json.serialized() + [UInt8(ascii: "\n")])
            } else {
                StandardStreams.note(Self.line(progress))
            }
        }
        guard isComplete else {
            StandardStreams.note("stopped; \(run.directory) has a checkpoint, go on with --resume")
            Interruption.exitIfReceived()
            return
        }
        if let summary {
            try summary()
        } else if json {
            var line = JSONLine()
            line.set("finished", true)
            line.set("steps", run.stepsDone)
            line.set("loss", last?.report.loss)
            line.set("heldOutLoss", try heldOutLoss(run))
            line.set("referenceSeconds", last?.report.referenceSeconds)
            line.set("parameters", run.model.parameters.count)
            line.set("model", run.directory)
            line.print()
        } else {
            if let loss = try heldOutLoss(run) {
                StandardStreams.note("held-out loss \(Columns.decimal(loss, places: 4))")
            }
            StandardStreams.write("\(run.directory)\n")
        }
        ExitStatus.success.exit()
    }

    private func heldOutLoss(_ run: TrainingRun) throws -> Double? {
        do { return try run.heldOutLoss() } catch { throw MartletError(error) }
    }

    private static func line(_ progress: TrainingProgress) -> String {
        let report = progress.report
        var text =
            "step \(report.step)/\(progress.steps)  loss "
            + Columns.decimal(report.loss, places: 4)
        for metric in report.metrics {
            text += "  \(metric.name) \(Columns.decimal(metric.value, places: 3))"
        }
        text +=
            "  \(Int(progress.tokensPerSecond)) tokens/s  \(duration(progress.secondsLeft)) left"
        return text
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 1e8))
        if whole >= 3600 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
        return whole >= 60 ? "\(whole / 60) min \(whole % 60) s" : "\(whole) s"
    }
}

/// Raised by a signal, read between steps.
final class StopFlag: Sendable {
    private let raised = Atomic<Bool>(false)

    var isRaised: Bool { raised.load(ordering: .relaxed) }
    func raise() { raised.store(true, ordering: .relaxed) }
}

extension MartletError {
    /// From training.
    init(_ error: TrainingError) {
        switch error {
        case .kernel(let error): self.init(error)
        case .model(let error): self.init(error)
        case .format(let error): self.init(error)
        case .recipe(let file, _, _, _), .malformedRecipe(let file, _):
            self.init(code: .malformedFile, subject: file, message: error.description)
        case .notFinite(_, let tensor, _, _):
            self.init(code: .badLogits, subject: tensor, message: error.description)
        case .diverged:
            self.init(code: .badLogits, subject: "the loss", message: error.description)
        case .resume(let directory, _):
            self.init(code: .malformedFile, subject: directory, message: error.description)
        case .occupied(let directory), .foreign(let directory), .busy(let directory):
            self.init(code: .alreadyExists, subject: directory, message: error.description)
        case .data(let source, _):
            self.init(code: .malformedFile, subject: source, message: error.description)
        case .invalid(let subject, _, _):
            self.init(code: .invalidParameter, subject: subject, message: error.description)
        }
    }
}
