/// `martlet bench`: how fast a model runs, at depths of context and with several sequences.

import ArgumentParser
import Martlet
import MartletFormats

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measures speed at depths of context (speed), cache policies (cache), or serving (serve).",
        discussion: """
            Without a subcommand speed is measured.

            Example:
              martlet bench --model random:qwen2.5-0.5b --weights q4 --kv f16
              martlet bench cache --model random:tiny --depth 1024 --policies "dms(cr=8)"
            """,
        subcommands: [BenchSpeed.self, BenchCache.self, BenchServe.self],
        defaultSubcommand: BenchSpeed.self)
}

struct BenchSpeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "speed",
        abstract: "Measures prefill and decode speed at depths of context.",
        discussion: """
            Every depth is combined with every batch. Figures are the median of the runs; a decode run's \
            is that of its median step. Loading is not included. Bytes per token are weights and cache \
            read by a step, divided by its tokens; the fraction is of the bandwidth that doctor \
            measures. A prefill's arithmetic is what its multiplications take at the most that this \
            machine multiplies, divided by what the prefill took. Deep caches are filled with random keys and values.

            Example:
              martlet bench --model random:qwen2.5-0.5b --weights q4 --kv f16
              martlet bench --model random:tiny --prompt "" --depth 0,8192 --batch 1,4
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var cache: CacheArguments

    @Option(
        help: ArgumentHelp("Prompt lengths to prefill; \"\" skips prefill.", valueName: "counts"),
        transform: NumberList.init(parsing:))
    var prompt = NumberList([512])

    @Option(help: "Steps of a decode run; 0 skips decode.")
    var generate = 32

    @Option(
        help: ArgumentHelp(
            "Tokens in the cache before decoding; \"\" skips decode. Default: 0,2048.",
            valueName: "counts"),
        transform: NumberList.init(parsing:))
    var depth: NumberList?

    /// The depths without ``sharedPrompt``.
    private var depths: [Int] { depth?.values ?? [0, 2048] }

    @Option(
        help: ArgumentHelp("Sequences decoded together; \"\" skips decode.", valueName: "counts"),
        transform: NumberList.init(parsing:))
    var batch = NumberList([1])

    @Option(help: "Instead of depths of their own, all sequences share a prompt of this length.")
    var sharedPrompt: Int?

    @Option(help: "Runs of each case, at least 3.")
    var runs = 3

    @Flag(help: "Print one JSON object for each case, then the summary.")
    var json = false

    func validate() throws {
        try model.loading.adapters.refuseNamed("bench")
        let largest = 1 << 24
        guard prompt.values.allSatisfy({ (1...largest).contains($0) }) else {
            throw ValidationError("--prompt has a length outside 1 to \(largest).")
        }
        guard depths.allSatisfy({ $0 <= largest }) else {
            throw ValidationError("--depth has a value above \(largest).")
        }
        guard batch.values.allSatisfy({ (1...4096).contains($0) }) else {
            throw ValidationError("--batch has a value outside 1 to 4096.")
        }
        guard (0...largest).contains(generate) else {
            throw ValidationError("--generate is \(generate), expected 0 to \(largest).")
        }
        guard (3...1000).contains(runs) else {
            throw ValidationError("--runs is \(runs), expected 3 to 1000.")
        }
        var unused = UnusedOptions()
        unused.add("--depth", depth != nil && sharedPrompt != nil)
        try unused.refuse("--shared-prompt says what is in the cache.")
        if let sharedPrompt, !(1...largest).contains(sharedPrompt) {
            throw ValidationError("--shared-prompt is \(sharedPrompt), expected 1 to \(largest).")
        }
    }

    func run() async throws {
        let loaded = try await LoadedModel.load(model, cache)
        let plan = SpeedPlan(
            prompts: prompt.values, steps: generate, depths: depths, batches: batch.values,
            sharedPrompt: sharedPrompt, runs: runs)
        let json = json
        if !json { StandardStreams.write(SpeedTable.header) }
        let machine = try await onOwnThread(named: "martlet-bench") { () throws(MartletError) in
            let measurement = try SpeedMeasurement(loaded, plan: plan)
            try measurement.run { outcome in
                if json {
                    SpeedTable.json(outcome).print()
                } else {
                    StandardStreams.write(SpeedTable.row(outcome))
                }
            }
            return (bandwidth: measurement.bandwidth, multiplications: measurement.multiplications)
        }
        if json {
            var line = JSONLine()
            line.set("kind", "summary")
            line.set("model", model.model)
            line.set("threads", loaded.threadCount)
            line.set("instructionSet", loaded.instructionSet)
            line.set("bandwidth", machine.bandwidth)
            line.set("multiplications", machine.multiplications.json)
            line.set("weightBytes", loaded.weightBytes)
            line.set("cases", plan.cases.count)
            line.set("runs", plan.runs)
            line.set(loaded)
            line.print()
        } else {
            StandardStreams.write(
                "read bandwidth \(Columns.decimal(machine.bandwidth / 1e9, places: 1)) GB/s, "
                    + "multiplications \(machine.multiplications.text), weights "
                    + "\(loaded.weightName), cache \(loaded.storage), "
                    + "\(loaded.threadCount) threads\n")
        }
    }
}

/// The figures of a case, for people and for scripts.
enum SpeedTable {
    private static let names = [
        "kind", "prompt", "depth", "batch", "tokens/s", "minimum", "maximum", "bytes/token",
        "bandwidth", "arithmetic",
    ]
    private static let widths = [7, 7, 7, 6, 10, 10, 10, 12, 10, 11]

    static var header: String { Columns.row(names, widths: widths) }

    static func row(_ outcome: SpeedOutcome) -> String {
        switch outcome {
        case .measured(let result):
            return Columns.row(
                cells(result.speedCase) + [
                    Columns.decimal(result.tokensPerSecond, places: 2),
                    Columns.decimal(result.minimum, places: 2),
                    Columns.decimal(result.maximum, places: 2),
                    Columns.decimal(result.bytesPerToken, places: 0),
                    Columns.decimal(result.bandwidthFraction * 100, places: 1) + " %",
                    result.arithmeticFraction.map {
                        Columns.decimal($0 * 100, places: 1) + " %"
                    } ?? "",
                ], widths: widths)
        case .skipped(let speedCase, let needed, let available):
            return Columns.row(
                cells(speedCase) + [
                    "skipped: the cache needs \(Columns.bytes(needed)), free are "
                        + Columns.bytes(available)
                ], widths: widths)
        }
    }

    private static func cells(_ speedCase: SpeedCase) -> [String] {
        [
            speedCase.kind.rawValue, "\(speedCase.prompt)", "\(speedCase.depth)",
            "\(speedCase.batch)",
        ]
    }

    static func json(_ outcome: SpeedOutcome) -> JSONLine {
        var line = JSONLine()
        switch outcome {
        case .measured(let result):
            set(result.speedCase, in: &line)
            line.set("tokensPerSecond", result.tokensPerSecond)
            line.set("minimum", result.minimum)
            line.set("maximum", result.maximum)
            line.set("bytesPerToken", result.bytesPerToken)
            line.set("bandwidthFraction", result.bandwidthFraction)
            line.set("arithmeticFraction", result.arithmeticFraction)
            line.set("workspaceBytes", result.workspaceBytes)
        case .skipped(let speedCase, let needed, let available):
            set(speedCase, in: &line)
            line.set(
                "skipped",
                "the cache needs \(needed) bytes, \(available) are available; use fewer sequences, a "
                    + "smaller depth or a smaller --kv")
        }
        return line
    }

    private static func set(_ speedCase: SpeedCase, in line: inout JSONLine) {
        line.set("kind", speedCase.kind.rawValue)
        line.set("prompt", speedCase.prompt)
        line.set("depth", speedCase.depth)
        line.set("batch", speedCase.batch)
    }
}
