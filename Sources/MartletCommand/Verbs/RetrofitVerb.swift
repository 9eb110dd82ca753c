/// `martlet retrofit`: makes a trained model forget or merge tokens by itself.

public import ArgumentParser
import Martlet
import MartletFormats
public import MartletTraining

struct RetrofitVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrofit",
        abstract: "Trains a model to compress its own cache.",
        discussion: """
            The result is a model directory whose policy is on with --cache dms (or dmc) and off without. \
            A stopped or killed retrofit goes on with --resume.

            Example:
              martlet retrofit dms --model build/builtin --target-cr 8 --window 16 --steps 400 \
            --data recipes/builtin.yaml --out build/builtin-dms
            """,
        subcommands: [RetrofitDMS.self, RetrofitDMC.self])
}

/// What both methods take.
struct RetrofitArguments: ParsableArguments {
    @Option(help: "The trained model: its folder, builtin, or with --write-adapter a GGUF file.")
    var model: String

    @Option(help: "The folder of the retrofit, which receives the model.")
    var out: String

    @Option(name: .customLong("target-cr"), help: "Compression to reach, in tokens for each slot.")
    var targetCR = 8.0

    @Option(
        help:
            "Go on from this adapter of an earlier retrofit of the same model; compression grows from what it has."
    )
    var beginWith: String?

    @Option(help: "Steps in which compression grows and settles.")
    var steps = 400

    @Option(name: .customLong("ramp"), help: "The part of the steps in which compression grows.")
    var rampShare = 0.75

    @Option(help: "Learning rate of the heads that mark; falls over the part after the ramp.")
    var learningRate = 1e-3

    @Option(
        help:
            "Learning rate of the model's own weights or of low-rank parts, where they are trained."
    )
    var baseLearningRate = 3e-4

    @Option(help: "What a share of one too few marks costs, in nats; 1 as published.")
    var budgetWeight = 1.0

    @Option(help: "Sequences of a batch.")
    var sequences = 8

    @Option(help: "Tokens of a sequence.")
    var length = 512

    @Option(
        help: ArgumentHelp(
            "Parts of a batch that are computed one after another, for less memory; the fewest of at most 2,048 tokens, or of one sequence, when "
                + "not given."))
    var accumulation: Int?

    @Option(
        help:
            "What the factors of products are rounded to, f32 or bf16; what the processor is quickest at when not given."
    )
    var products: TrainingMachine.Products?

    @Option(help: "Held-out tokens of the report at the end, at most.")
    var reportTokens = 16_384

    @Option(help: "Steps from one line of the log to the next.")
    var logEvery = 10

    @Option(
        help: ArgumentHelp(
            "Take the data of this recipe, or of a file with nothing but its data; may be given instead of --task and "
                + "--text."))
    var data: String?

    @Option(help: "Train on this task; may be given several times.")
    var task: [String] = []

    @Option(help: "Train on this text file; may be given several times.")
    var text: [String] = []

    @Option(
        help:
            "Train on this file of conversations, a JSON object with messages a line; may be given several times."
    )
    var messages: [String] = []

    @Option(
        help:
            "Train on this file of answers, a JSON object with prompt and completion a line, or the samples of an evaluation; may be given several times."
    )
    var answers: [String] = []

    @Option(
        help:
            "Steps in which a borrowed channel fades out of attention first; 200 when not given, none with --begin-with, whose channel has faded."
    )
    var fadeSteps: Int?

    @Option(help: "Multiplies the marks' logits.")
    var scale: Double?

    @Option(
        name: .customLong("rank"),
        help:
            "Train low-rank parts of this rank of attention's projections too, beside frozen weights."
    )
    var lowRank = 0

    @Flag(
        help:
            "Write what was trained beside the frozen weights as an adapter, for --adapter, instead of a model."
    )
    var writeAdapter = false

    @Option(help: "How the finished model's matrices are stored: f32, bf16 or q8.")
    var stored = StoredWeights.f32

    @Option(help: "Decides noise and data.")
    var seed: UInt64 = 0

    @Option(help: "Threads; all processors when not given.")
    var threads: Int?

    @Flag(help: "Go on with what is in the folder, or begin when there is nothing.")
    var resume = false

    @Flag(help: "Print a JSON object for each logged step, and a summary.")
    var json = false

    func validate() throws {
        try OutputFolder.check(out)
        guard logEvery > 0 else {
            throw ValidationError("--log-every: got \(logEvery), expected 1 step or more")
        }
    }

    /// The plan but for what only one method has.
    func plan(_ method: RetrofitPlan.Method) throws(TrainingError) -> RetrofitPlan {
        var plan = RetrofitPlan()
        plan.method = method
        plan.target = targetCR
        plan.budgetWeight = budgetWeight
        plan.steps = steps
        plan.rampShare = rampShare
        plan.sequences = sequences
        plan.length = length
        plan.accumulation = accumulation
        plan.products = products
        plan.reportTokens = reportTokens
        plan.logEvery = logEvery
        plan.beginning = beginWith
        plan.fadeSteps = fadeSteps ?? (beginWith == nil ? Self.usualFadeSteps : 0)
        plan.seed = seed
        plan.weights = stored
        plan.lowRank = lowRank
        plan.writesAdapter = writeAdapter
        plan.learningRate = learningRate
        plan.baseLearningRate = baseLearningRate
        guard rampShare > 0, rampShare <= 1 else {
            throw .invalid(
                subject: "--ramp", got: "\(rampShare)", expected: "above 0 and at most 1")
        }
        var entries: [Recipe.DataEntry] = []
        if let data {
            let bytes: [UInt8]
            do { bytes = try TextFile.read(data) } catch {
                throw .data(source: data, reason: error.message)
            }
            (entries, plan.promptWeight) = try Recipe.finalData(
                String(decoding: bytes, as: UTF8.self), file: data)
        }
        entries +=
            task.map { Recipe.DataEntry(.task($0)) } + text.map { Recipe.DataEntry(.text($0)) }
            + messages.map { Recipe.DataEntry(.messages($0)) }
            + answers.map { Recipe.DataEntry(.answers($0)) }
        plan.data = entries
        return plan
    }

    /// Refuses what decides about parts that a plan does not train or write.
    func refuseUnused(_ plan: RetrofitPlan) throws {
        let usual = RetrofitPlan()
        var unused = UnusedOptions()
        unused.add(
            "--base-learning-rate",
            baseLearningRate != usual.baseLearningRate && !plan.trainsBase && lowRank == 0)
        try unused.refuse("the model's own weights are frozen; give --train-base or --rank.")
        unused.add("--fade-steps", fadeSteps != nil && plan.source == .adapter)
        try unused.refuse("heads of their own mark, and no channel fades; see --adapter-free.")
        unused.add("--stored", stored != .f32 && writeAdapter)
        try unused.refuse("--write-adapter writes no model, and its file in f32.")
    }

    private static let usualFadeSteps = 200

    /// The model that `model` names, open.
    private func base() throws -> RetrofitBase {
        let source = try ModelSource(model)
        guard case .gguf = source, let checkpoint = try source.openCheckpoint() else {
            return try RetrofitBase(directory: source.path ?? model)
        }
        return try RetrofitBase(
            gguf: checkpoint, tokenizer: try TextCodec(source, of: checkpoint).requireTokenizer(),
            chatTemplate: checkpoint.metadata.flatMap { ChatTemplateSource(metadata: $0) })
    }

    func run(_ plan: RetrofitPlan) throws {
        do {
            if let threads, !(1...1024).contains(threads) {
                throw TrainingError.invalid(
                    subject: "--threads", got: "\(threads)", expected: "1 to 1024")
            }
            let retrofit = try Retrofit(
                base: try base(), plan: plan, directory: out, resumes: resume,
                machine: try TrainingMachine(threads: threads))
            try TrainingConsole(json: json).follow(retrofit.run) {
                let report = try retrofit.report()
                if plan.writesAdapter { try retrofit.writeAdapter(report) }
                try AtomicFile.write([UInt8](report.picture.utf8), to: out + "/ratios.svg")
                RetrofitConsole(json: json, directory: out).show(report)
            }
        } catch let error as TrainingError {
            throw MartletError(error)
        } catch {
            throw MartletError(any: error)
        }
    }
}

struct RetrofitDMS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dms",
        abstract:
            "Dynamic Memory Sparsification: tokens are marked, seen for a window, then freed.",
        discussion: """
            The model learns from its own dense predictions. With --write-adapter the result is a small file beside the \
            model's own: "--adapter NAME=OUT --use-adapter NAME --cache dms" applies it. With --adapter-free the marks are a channel \
            of the queries, which needs --train-base or --rank.
            """)

    @OptionGroup var arguments: RetrofitArguments

    @Option(help: "Tokens for which a marked one is still seen.")
    var window = 16

    @Option(help: "Divides the noisy logits: near 0 decisions are hard.")
    var temperature = 0.1

    @Flag(help: "Train the model's own weights too; otherwise only the heads that mark.")
    var trainBase = false

    @Flag(help: "Read marks from a channel of the queries instead of an adapter.")
    var adapterFree = false

    @Flag(help: "One decision for all heads of a layer.")
    var perLayer = false

    @Option(help: "When verdicts fall: delayed (the method), or immediate or late (its ablations).")
    var timing = VerdictTiming.delayed

    func run() async throws { try arguments.run(try plan()) }

    /// What the arguments say.
    func plan() throws -> RetrofitPlan {
        var plan = RetrofitPlan()
        do throws(TrainingError) { plan = try arguments.plan(.dms) } catch {
            throw MartletError(error)
        }
        plan.source = adapterFree ? .channel : .adapter
        plan.trainsBase = trainBase
        try arguments.refuseUnused(plan)
        plan.decisions.window = window
        plan.decisions.temperature = Float(temperature)
        plan.decisions.timing = timing
        plan.decisions.isPerLayer = perLayer
        if let scale = arguments.scale { plan.decisions.scale = Float(scale) }
        return plan
    }
}

struct RetrofitDMC: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dmc",
        abstract: "Dynamic Memory Compression: tokens are appended, or merged into the last slot.",
        discussion: """
            All weights, or with --rank low-rank parts beside them, are trained on the next token; marks are channels of keys and queries that first \
            fade out of attention.
            """)

    @OptionGroup var arguments: RetrofitArguments

    @Option(help: "Tokens that one mean covers at most.")
    var window = 12

    func run() async throws {
        var plan = RetrofitPlan()
        do throws(TrainingError) { plan = try arguments.plan(.dmc) } catch {
            throw MartletError(error)
        }
        plan.source = .channel
        plan.trainsBase = arguments.lowRank == 0
        try arguments.refuseUnused(plan)
        plan.decisions.window = window
        plan.decisions.scale = Float(arguments.scale ?? 1)
        try arguments.run(plan)
    }
}

extension VerdictTiming: ExpressibleByArgument {}

extension StoredWeights: ExpressibleByArgument {}

extension TrainingMachine.Products: ExpressibleByArgument {}

/// Prints the report of a retrofit.
struct RetrofitConsole {
    let json: Bool
    let directory: String

    func show(_ report: RetrofitReport) {
        if json {
            var line = JSONLine()
            line.set("denseLoss", report.denseLoss)
            line.set("compressedLoss", report.loss)
            line.set("ratio", report.ratio)
            line.set("decisionRatio", report.decisionRatio)
            line.set("readShare", report.readShare)
            line.set("ratios", Self.table(report.ratios))
            line.set("decisionRatios", Self.table(report.decisionRatios))
            line.set("model", directory)
            line.print()
            return
        }
        var text = Columns.pair("loss, dense", Columns.decimal(report.denseLoss, places: 4))
        text += Columns.pair("loss, compressed", Columns.decimal(report.loss, places: 4))
        text += Columns.pair(
            "tokens a slot",
            "\(Columns.decimal(report.ratio, places: 2)) at the end of a document, "
                + "\(Columns.decimal(report.decisionRatio, places: 2)) by decisions alone")
        text += Columns.pair(
            "reads", "\(Columns.decimal(100 * report.readShare, places: 1)) % of dense")
        text += "\ndecisions, tokens a slot by layer and KV head\n"
        for (layer, heads) in report.decisionRatios.enumerated() {
            text += Columns.row(
                ["\(layer)"] + heads.map { Columns.decimal($0, places: 2) },
                widths: [5] + heads.map { _ in 8 })
        }
        StandardStreams.write(text)
    }

    private static func table(_ ratios: [[Double]]) -> JSONValue {
        .array(ratios.map { .array($0.map { .finite($0) }) })
    }
}
