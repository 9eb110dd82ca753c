/// `martlet frontier run`, or without `run`: measures a sweep and reports it.

public import ArgumentParser
import Foundation
import Martlet
public import MartletEvaluation
import MartletFormats

struct FrontierRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measures a sweep and reports it.")

    @Option(
        help: ArgumentHelp(
            "builtin (the default), a directory in the Hugging Face layout, a GGUF file, or random:SHAPE. Further ones, of other "
                + "sizes, are measured beside the first; FLOPs make them comparable.",
            valueName: "model"))
    var model: [String] = []

    @OptionGroup var loading: LoadingArguments

    @Option(
        help: ArgumentHelp("What to ask; 'martlet evaluate --list' shows all.", valueName: "task"))
    var task = "reasoning"

    @OptionGroup var asking: AskingArguments

    @Option(
        help: ArgumentHelp(
            "Methods with commas between them: "
                + FrontierMethod.known.map(\.name).joined(separator: ", ")
                + ", or a policy with {budget} where its tokens go (after prompt: a share of the prompt, after steps: a method of "
                + "steps). Default: all of these that have models.",
            valueName: "list"))
    var policies: String?

    @Option(
        help: ArgumentHelp(
            "Compressions with commas between them, fractions allowed; 1 is the dense cache.",
            valueName: "list"),
        transform: DecimalList.init(parsing:))
    var ratios = DecimalList(FrontierPlan().ratios)

    @Option(
        help: ArgumentHelp(
            "How keys and values are stored, with commas between them: f32, f16, bf16, q8, q4. q8 and q4 scale keys by channel, "
                + "or by token under methods that write to full pages, which is said.",
            valueName: "list"))
    var codecs = FrontierPlan().codecs.joined(separator: ",")

    @Option(
        help: ArgumentHelp("The most tokens of a chain.", valueName: "list"),
        transform: NumberList.init(parsing:))
    var lengths = NumberList([128, 256, 512])

    @Option(
        help: ArgumentHelp("Chains that vote.", valueName: "list"),
        transform: NumberList.init(parsing:))
    var widths = NumberList([1, 2, 4, 8])

    @Option(
        help: ArgumentHelp(
            "Retrofitted models of a compression, such as 4=build/cr4 or dmc:4=build/dmc4, or adapters for the first --model. "
                + "Several with commas between them, retrofitted with different seeds, are reported as one. May be repeated.",
            valueName: "CR=models"), transform: CompressedModel.init(parsing:))
    var compressed: [CompressedModel] = []

    @Option(
        help: ArgumentHelp(
            "A model that was trained as the retrofits were and compresses nothing: what training alone gives.",
            valueName: "model"))
    var control: String?

    @Option(help: ArgumentHelp("Problems of each seed.", valueName: "count"))
    var samples = 100

    @Option(
        help: ArgumentHelp(
            "Seeds instead of --seed's one, each with problems and sampling of its own.",
            valueName: "list"), transform: NumberList.init(parsing:))
    var seeds: NumberList?

    @Option(
        help: ArgumentHelp(
            "How chains become one score: vote, or any (right when one of them is: pass@N, where tests choose).",
            valueName: "how"))
    var score = ChainScoring.vote

    @Option(help: ArgumentHelp("Divides the logits.", valueName: "number"))
    var temperature: Float = 0.7

    @OptionGroup var budgets: BudgetArguments

    @Option(
        help: ArgumentHelp(
            "Measure only this part of the sweep, into a folder of its own.", valueName: "I/N"),
        transform: ShardArgument.init(parsing:))
    var shard: ShardArgument?

    @Option(help: ArgumentHelp("The folder of the sweep.", valueName: "folder"))
    var out: String

    @OptionGroup var programs: ProgramsArguments

    @Flag(help: "Print one JSON object: the points and the improvements.")
    var json = false

    func validate() throws {
        try OutputFolder.check(out)
        guard loading.adapters.merged == nil, loading.adapters.named.isEmpty else {
            throw ValidationError(
                "--adapter changes one model, and a sweep may have several: merge it, and give that model."
            )
        }
        guard (1...1_000_000).contains(samples) else {
            throw ValidationError("--samples is \(samples), expected 1 to 1000000.")
        }
        guard temperature > 0, temperature.isFinite else {
            throw ValidationError(
                "--temperature is \(temperature), expected more than 0: chains that vote must differ."
            )
        }
        guard loading.seed == nil || seeds == nil else {
            throw ValidationError("Give either --seed or --seeds.")
        }
    }

    func run() async throws {
        let sweep = try FrontierSweep(try plan(), shard: shard?.shard)
        let plan = sweep.measuredPlan
        programs.note(plan.task)
        do { try AtomicDirectory.ensure(out) } catch { throw MartletError(any: error) }
        let options = ModelOptions(loading, nil)
        let (path, header) = (out + "/" + FrontierFiles.records, try header(plan))
        let running = Task {
            let records = try FrontierRecords(path: path, header: header)
            var notes: Set<String> = []
            return try await sweep.run(options, records: records) { progress in
                for note in progress.notes where notes.insert(note).inserted {
                    StandardStreams.note("\(note).")
                }
                StandardStreams.note(Self.sentence(progress))
            }
        }
        Interruption.onSignal { running.cancel() }
        let results = try await running.value
        Interruption.exitIfReceived()
        let files = FrontierFiles(folder: out)
        try files.write(results)
        let report = results.report()
        try files.write(report, of: results, records: [out])
        FrontierFiles.print(report, json: json)
        ExitStatus.success.exit()
    }

    private static func sentence(_ progress: FrontierProgress) -> String {
        var text =
            "\(progress.number) of \(progress.count): \(progress.configuration.name); \(Int(100 * progress.doneShare)) % done"
        if let seconds = progress.secondsLeft {
            text += ", about \(duration(seconds)) left"
        }
        return text
    }

    private static func duration(_ seconds: Double) -> String {
        guard seconds >= 90 else { return "\(Int(seconds.rounded(.up))) s" }
        guard seconds >= 5400 else { return "\(Int((seconds / 60).rounded())) min" }
        return "\(Columns.decimal(seconds / 3600, places: 1)) h"
    }

    /// The grid that the options ask for.
    func plan() throws(MartletError) -> FrontierPlan {
        var plan = FrontierPlan()
        plan.task = task
        plan.allowsPrograms = programs.allowPrograms
        plan.model = model.first ?? BuiltinModel.dense.name
        plan.others = Array(model.dropFirst())
        plan.control = control
        if plan.model != BuiltinModel.dense.name { plan.compressed = [] }
        for each in compressed {
            // What is given replaces what the package has.
            plan.compressed.removeAll { $0.method == each.method && $0.ratio == each.ratio }
        }
        plan.compressed += compressed.map {
            FrontierPlan.Retrofit(method: $0.method, ratio: $0.ratio, models: $0.models)
        }
        plan.ratios = ratios.values
        plan.codecs = Self.list(codecs)
        plan.lengths = lengths.values
        plan.widths = widths.values
        plan.samples = samples
        plan.seeds = seeds?.values.map(UInt64.init) ?? [loading.seed ?? 0]
        plan.temperature = temperature
        plan.scoring = score
        plan.form = asking.form
        plan.instruction = asking.instruction
        plan.budgets = budgets.byCost
        if let policies {
            plan.methods = []
            for name in Self.list(policies) { plan.methods.append(try FrontierMethod(name)) }
        } else {
            let without = plan.methodsWithoutModels.map(\.name)
            plan.methods.removeAll { without.contains($0.name) }
            if !without.isEmpty {
                StandardStreams.note(
                    "left out: \(without.joined(separator: ", ")), which need models of their own (--compressed)."
                )
            }
        }
        for each in compressed { try check(each, plan) }
        return plan
    }

    /// Refuses models that would not be measured.
    private func check(_ given: CompressedModel, _ plan: FrontierPlan) throws(MartletError) {
        let isAsked = plan.methods.contains { $0.hasOwnModels && $0.name == given.method }
        guard isAsked, plan.ratios.contains(given.ratio) else {
            let what = isAsked ? "\(given.ratio) in --ratios" : "\(given.method) in --policies"
            throw MartletError(
                code: .invalidParameter, subject: "compressed",
                message:
                    "--compressed: got models for \(given.method) at \(given.ratio), expected \(what); add it, or leave them out"
            )
        }
    }

    /// Commas inside parentheses belong to a policy.
    private static func list(_ text: String) -> [String] {
        var (parts, depth) = ([""], 0)
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// What a resumed sweep must agree with: whatever changes an answer or a figure.
    private func header(_ plan: FrontierPlan) throws(MartletError) -> RunHeader {
        var models: [ModelDigest] = []
        for name in plan.models { models.append(try ModelDigest(of: name)) }
        return RunHeader(
            run: "frontier", models: models,
            settings: [
                ("task", .string(plan.task)),
                ("problems", try TaskLocator.digest(plan.task).map { .string($0) } ?? .null),
                ("samples", .integer(plan.samples)),
                // One seed is written as it always was, so that older files go on.
                plan.seeds.count == 1
                    ? ("seed", .seed(plan.seeds[0]))
                    : ("seeds", .array(plan.seeds.map { .seed($0) })),
                ("temperature", .string("\(plan.temperature)")),
                ("weights", .string(loading.weights?.rawValue ?? "as stored")),
            ] + (plan.scoring == .vote ? [] : [("score", .string(plan.scoring.rawValue))])
                + asking.settings, command: CommandText.typed)
    }
}

extension ChainScoring: ExpressibleByArgument {}
