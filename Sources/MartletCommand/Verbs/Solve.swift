/// `martlet solve`: the best answer inside a budget.

public import ArgumentParser
public import Martlet
import MartletEvaluation

struct Solve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds the best answer to a prompt inside a budget of memory and time.",
        discussion: """
            Several chains continue the prompt, share its part of the cache, and vote. The memory budget \
            is the size of the cache, never exceeded; at the deadline the best answer so far is printed. \
            The search ends early when further chains could not change the answer. Width, length and \
            cache are chosen from what steps take on this machine (measured once, in under a second) \
            unless they are given; with --model builtin the cache may then be compressed, which is said.

            The answer goes to standard output, and nothing else does. A terminal shows the votes as they \
            come.

            Example:
              martlet solve "C97:a=8,b=a*9+4,c=b*8,d=c-15,e=d*6+71,e?" --memory 32MB --deadline 5s
              martlet solve "N24:4 6 8?" --task countdown --width 16 --json
              martlet solve "Six boxes of 12 eggs, 7 broken: how many are whole?" --model MODEL --chat --sweep frontier \
            --instruction "Think step by step, and end with the answer after ####." --answer mark:#### --memory 32MB
            """)

    /// Dense, or one of the model's compressed forms.
    private static let automaticCache = "auto"

    @Argument(help: "The prompt.")
    var prompt: String?

    @Option(help: "Read the prompt from this file; - is standard input.")
    var promptFile: String?

    @Option(help: .model)
    var model = BuiltinModel.dense.name

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var programs: ProgramsArguments
    @OptionGroup var asking: AskingArguments

    @Option(
        help: ArgumentHelp(
            "The time from the start of the command to the answer, such as 5s, 800ms or 2min.",
            valueName: "duration"), transform: TimeSpan.init(parsing:))
    var deadline: TimeSpan?

    @Option(help: ArgumentHelp("Chains, or auto.", valueName: "count"), transform: CountOrAuto.init)
    var width = CountOrAuto.automatic

    @Option(
        help: ArgumentHelp("The most tokens of a chain, or auto.", valueName: "count"),
        transform: CountOrAuto.init)
    var length = CountOrAuto.automatic

    @Option(help: ArgumentHelp("A cache policy, or auto.", valueName: "policy"))
    var cache = Self.automaticCache

    @Option(
        help: ArgumentHelp(
            "How keys and values are stored. Default: f32, or with --cache auto what a sweep beside the model found to be better.",
            valueName: "kv"))
    var kv: CacheCodec?

    @Option(
        help: ArgumentHelp(
            "The folder of a sweep of this model (martlet frontier), or its frontier.json, to plan by. With --cache auto the "
                + "policies that it measured may be chosen too, which is said. Default: the sweep beside the model, if any.",
            valueName: "file"))
    var sweep: String?

    @Option(help: "How answers become one.")
    var vote = Aggregation.majority

    @Option(
        help: ArgumentHelp(
            "Where a chain's answer is: automatic, number, choice, line, whole, or mark:TEXT (what follows TEXT). "
                + "Numbers and choices are compared by value, the rest as text.",
            valueName: "place"), transform: AnswerExtraction.init(parsing:))
    var answer = AnswerExtraction.automatic

    @Option(
        help: ArgumentHelp(
            "The prompt is a problem of this task, whose answers can be checked where the task has a checker.",
            valueName: "task"))
    var task: String?

    @Option(
        help: ArgumentHelp(
            "Divides the logits. Default: 0.7, and 0 for a single chain.", valueName: "number"))
    var temperature: Float?

    @Option(
        help: "A chain ends before this text, or at the special token spelled so. May be repeated.")
    var stop: [String] = []

    @Option(
        help: ArgumentHelp("A chain ends at this token. May be repeated.", valueName: "id|text"),
        transform: StopToken.init(parsing:))
    var stopToken: [StopToken] = []

    @Option(
        help: ArgumentHelp(
            "Instead of a prompt: so many held-out problems of --task one after the other, each with the whole "
                + "budget; what they come to is printed. No checker helps.", valueName: "count"))
    var samples: Int?

    @Flag(
        help: "Print a JSON object for each chain as it ends, or for each sample, then the summary."
    )
    var json = false

    func validate() throws {
        var unused = UnusedOptions()
        unused.add("--answer", task != nil && answer != .automatic)
        try unused.refuse("--task says where an answer is.")
        guard let samples else {
            guard (prompt == nil) != (promptFile == nil) else {
                throw ValidationError("Give either a prompt or --prompt-file.")
            }
            return
        }
        guard prompt == nil, promptFile == nil, task != nil, (1...1_000_000).contains(samples)
        else {
            throw ValidationError(
                "--samples takes 1 to 1000000 problems of --task, and no prompt with them.")
        }
    }

    func run() async throws {
        if let samples { return try await run(samples: samples) }
        let start = ProcessStart.instant
        let bytes = try promptFile.map(TextFile.read) ?? Array((prompt ?? "").utf8)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MartletError(
                code: .invalidText, subject: "prompt",
                message: "the prompt is not valid UTF-8; convert it")
        }
        // Wrong options are refused before a model is loaded.
        let options = try options(prompt: text)
        let search = try await solver().solve(
            text, budget: budget, options: options, start: start)
        Interruption.onSignal { search.cancel() }
        let view = SolveView(budget: budget, isLive: !json && TerminalStyle.ofError.takesControl)
        for try await event in search {
            switch event {
            case .chain(let chain) where json: SolveReport.line(chain).print()
            case .answer(let result) where json:
                SolveReport.summary(result, adapter: options.adapter).print()
            case .answer(let result):
                view.finish(result)
                if let answer = result.answer { StandardStreams.write(answer + "\n") }
            case .planned, .chain, .progress: view.show(event)
            }
        }
        Interruption.exitIfReceived()
        ExitStatus.success.exit()
    }

    /// What may be spent on an answer.
    var budget: SolveBudget {
        SolveBudget(memory: memory.memory?.bytes, deadline: deadline?.duration)
    }

    /// What to look for and how to judge it.
    private func options(prompt: String) throws(MartletError) -> SolveOptions {
        var options = searchOptions
        options.extraction = answer
        guard let task else { return options }
        options.judge(by: try programs.task(task), prompt: prompt)
        return options
    }

    /// What does not depend on the prompt.
    var searchOptions: SolveOptions {
        var options = SolveOptions()
        options.width = width.value
        options.length = length.value
        options.temperature = temperature
        options.seed = loading.seed
        options.aggregation = vote
        options.stop = stop
        options.stopTokens = stopToken
        options.form = asking.form
        options.instruction = asking.instruction
        options.sweep = sweep
        options.adapter = loading.adapters.chosen
        options.usesCompressedForms = cache == Self.automaticCache
        options.usesMeasuredCodecs = kv == nil
        return options
    }

    /// What searches with the model.
    func solver() async throws(MartletError) -> Solver {
        var options = ModelOptions(loading)
        if let kv { options.cacheCodec = kv }
        if cache != Self.automaticCache { options.cachePolicy = cache }
        return try await Solver.load(model, options: options, costs: CostStore())
    }
}

/// A number, or the program's choice.
struct CountOrAuto: Equatable, CustomStringConvertible {
    let value: Int?

    static let automatic = CountOrAuto(value: nil)

    private init(value: Int?) { self.value = value }

    @Sendable init(_ text: String) throws {
        if text == "auto" {
            self = .automatic
            return
        }
        guard let value = Int(text), value >= 1 else { throw Expected("a whole number, or auto") }
        self.value = value
    }

    var description: String { value.map(String.init) ?? "auto" }
}

/// A length of time: `5s`, `800ms`, `2min`; a number alone is seconds.
struct TimeSpan: Equatable {
    let duration: Duration

    @Sendable init(parsing text: String) throws {
        let units: [(name: String, seconds: Double)] = [
            ("ms", 1e-3), ("min", 60), ("h", 3600), ("s", 1), ("m", 60),
        ]
        let unit = units.first { text.hasSuffix($0.name) }
        guard let number = Double(text.dropLast(unit?.name.count ?? 0)), number > 0,
            number * (unit?.seconds ?? 1) < 1e9
        else { throw Expected("a length of time, such as 5s, 800ms or 2min") }
        duration = .seconds(number * (unit?.seconds ?? 1))
    }
}

extension AnswerExtraction {
    @Sendable fileprivate init(parsing text: String) throws {
        guard let place = Self(text) else {
            throw Expected("automatic, number, choice, line, whole, or mark:TEXT")
        }
        self = place
    }
}

extension Aggregation: ExpressibleByArgument {}
