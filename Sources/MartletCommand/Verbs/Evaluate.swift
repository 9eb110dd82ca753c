/// `martlet evaluate`: how much of a task a model gets right, and what that costs.

import ArgumentParser
import Martlet
import MartletEvaluation
import MartletFormats

struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gives a model problems of a task, and measures how many it solves at what cost.",
        discussion: """
            Problems are held out: no training run sees them, whatever its seed. A chain ends at the \
            model's end token, or at what ends a solution of its task: mostly the first line break. With --width above 1 the chains of a problem \
            share its prompt, and the majority of their answers counts; that needs a --temperature. \
            --seed draws the problems too, and is 0 when not given; the same seed gives the same \
            results, whatever --parallel is.

            Costs are means over problems: tokens generated, KV reads (cached tokens attended at each \
            generated token, averaged over layers and heads), bytes moved (of cache, by decode steps: whole \
            pages and every other touch), peak tokens and bytes of cache. Ctrl-C reports the problems that were answered by then.

            Example:
              martlet evaluate --model path/to/model --task "chain(steps=4)" --samples 200 \
            --cache "dms(cr=4)"
              martlet evaluate --model path/to/model --task reasoning --samples 100 --width 8 \
            --temperature 0.7 --json
              martlet evaluate --list
            """)

    @Option(help: .model)
    var model: String?

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var programs: ProgramsArguments

    @Option(
        help: ArgumentHelp(
            "What to ask, such as addition, \"mixture(copy, chain(steps=4..8))\" or file:problems.jsonl; --list "
                + "shows all.",
            valueName: "task"))
    var task: String?

    @OptionGroup var asking: AskingArguments

    @Option(help: ArgumentHelp("Problems.", valueName: "count"))
    var samples = 100

    @Option(
        help: ArgumentHelp("Chains that answer each problem and then vote.", valueName: "count"))
    var width = 1

    @Option(
        help: ArgumentHelp(
            "Divides the logits; 0 always takes the likeliest token.", valueName: "number"))
    var temperature: Float = 0

    @Option(
        help: ArgumentHelp(
            "The most tokens of a chain. Default: the characters of the task's longest solution.",
            valueName: "count"))
    var maxTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Chains in flight, which share their steps.", valueName: "count"))
    var parallel = 32

    @Option(
        help: ArgumentHelp(
            "Write every problem and its answers to this file, a JSON object a line, as they come. What the "
                + "same evaluation wrote there before is not asked again.",
            valueName: "file"))
    var samplesFile: String?

    @Flag(help: "Print the tasks with their parameters and defaults, and do nothing else.")
    var list = false

    @Flag(help: "Print one JSON object; with --list one for each task.")
    var json = false

    func validate() throws {
        guard list || (model != nil && task != nil) else {
            throw ValidationError("Give --model and --task, or --list.")
        }
    }

    func run() async throws {
        if list {
            for entry in TaskRegistry.all { TaskListing(entry).print(json: json) }
            if !json {
                for each in TaskLocator.forms {
                    StandardStreams.write("\(each.form): \(each.summary)\n\n")
                }
            }
            return
        }
        let evaluation = try evaluation()
        var options = ModelOptions(loading, cache)
        options.maximumBatchSequences = max(options.maximumBatchSequences, parallel)
        let loaded = try await LoadedModel.load(model ?? "", options: options)
        let problems = try evaluation.problems(for: loaded)
        let budget =
            try memory.memory.map { try loaded.cacheBytes(within: $0.bytes) }
            ?? evaluation.cacheBytes(problems, loaded)
        let model = try await Model(loaded, budgetBytes: budget)
        loaded.noteWhatCounts()
        if !json { loaded.noteLossyMethods() }
        if width > 1, temperature == 0 {
            StandardStreams.note("without --temperature all chains of a problem are the same.")
        }

        let records = try records(problems, loaded)
        let earlier = records?.earlier ?? [:]
        if !earlier.isEmpty {
            StandardStreams.note("\(earlier.count) of \(problems.count) were answered before.")
        }
        let missing = problems.filter { earlier[$0.index] == nil }
        let clock = ContinuousClock()
        let start = clock.now
        let running = Task {
            var progress = EvaluationProgress(total: problems.count, earlier: earlier.values)
            let report = try await evaluation.run(missing, on: model) {
                result throws(MartletError) in
                try records?.append(result)
                progress.note(result)
            }
            let all = earlier.values + report.samples
            return EvaluationReport(samples: all.sorted { $0.index < $1.index })
        }
        Interruption.onSignal { running.cancel() }
        let summary = EvaluationSummary(
            report: try await running.value, evaluation: evaluation, loaded: loaded,
            seconds: (clock.now - start).seconds)
        if json { summary.line.print() } else { StandardStreams.write(summary.text) }
        summary.noteTrouble(budget: budget)
        Interruption.exitIfReceived()
        ExitStatus.success.exit()
    }

    /// The file of results, when one was asked for.
    private func records(
        _ problems: [TaskEvaluation.Problem], _ loaded: LoadedModel
    ) throws(MartletError) -> EvaluationRecords? {
        guard let samplesFile, let name = model else { return nil }
        let used = loading.adapters.chosen.flatMap { loading.adapters.named[$0] }
        let adapters = [loading.adapters.merged, used].compactMap(\.self)
        let header = RunHeader(
            run: "evaluation",
            models: try ([name] + adapters).map(ModelDigest.init),
            settings: [
                ("task", .string(task ?? "")),
                ("problems", try TaskLocator.digest(task ?? "").map { .string($0) } ?? .null),
                ("memory", memory.memory.map { .integer($0.bytes) } ?? .null),
                ("samples", .integer(samples)),
                ("seed", .seed(loading.seed ?? 0)), ("width", .integer(width)),
                ("temperature", .string("\(temperature)")),
                ("maxTokens", maxTokens.map { .integer($0) } ?? .null),
                ("policy", .string(loaded.policyText)),
                ("weights", .string(loaded.weightName)),
                ("cache", .string("\(loaded.storage)")),
            ] + asking.settings, command: CommandText.typed)
        return try EvaluationRecords(samplesFile, header, problems)
    }

    /// What was asked for. Refuses it before a model is loaded.
    private func evaluation() throws(MartletError) -> TaskEvaluation {
        var options = EvaluationOptions()
        options.samples = samples
        options.seed = loading.seed ?? 0
        options.width = width
        options.temperature = temperature
        options.maximumTokens = maxTokens
        options.parallel = parallel
        options.adapter = loading.adapters.chosen
        options.form = asking.form
        options.instruction = asking.instruction
        let task = try programs.task(self.task ?? "")
        return try TaskEvaluation(task, options: options)
    }
}

/// Says on a terminal how far an evaluation is.
struct EvaluationProgress {
    private let total: Int
    private var done = 0
    private var score = 0.0
    private var last = ContinuousClock.now

    init(total: Int, earlier: some Collection<SampleResult>) {
        self.total = total
        done = earlier.count
        score = earlier.reduce(0) { $0 + $1.score }
    }

    mutating func note(_ result: SampleResult) {
        done += 1
        score += result.score
        guard StandardStreams.errorIsTerminal, last.duration(to: .now) > .seconds(5) else { return }
        last = .now
        let accuracy = Columns.decimal(score / Double(done), places: 3)
        StandardStreams.note("\(done) of \(total), accuracy \(accuracy) so far.")
    }
}
