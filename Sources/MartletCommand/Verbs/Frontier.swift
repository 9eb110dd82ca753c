/// `martlet frontier`: accuracy within a budget, for every method, length, width and compression.

import ArgumentParser
import Foundation
import Martlet
import MartletEvaluation
import MartletFormats

struct Frontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Sweeps length, width and compression under cache methods, and reports the frontiers.",
        discussion: """
            Every configuration answers the same held-out problems; its chains vote. The folder receives \
            records.jsonl (every answer, appended as it comes), frontier.json, frontier.csv and \
            frontier.html, a page that needs no network. A sweep that was stopped or killed goes on where \
            it was when the same command is given again.

            A compression is a share of the longest prompt and the completion's length; for snapkv of the \
            prompt alone. dms needs a model for each compression: builtin has builtin-cr4 and builtin-cr8; \
            others are given with --compressed.

            Example:
              martlet frontier --task reasoning --policies dense,tova,h2o,snapkv,window,quest,dms \
            --lengths 128,256,512 --widths 1,2,4,8 --ratios 4,8 --samples 100 --out frontier
            """)

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

    @Option(
        help: ArgumentHelp(
            "Methods with commas between them: dense, dms, tova, h2o, window, quest, snapkv, or a policy with "
                + "{budget} where its tokens go (after prompt: a share of the prompt, after steps: a method of steps).",
            valueName: "list"))
    var policies = "dense,tova,h2o,snapkv,window,quest,dms"

    @Option(
        help: ArgumentHelp("Compressions with commas between them.", valueName: "list"),
        transform: NumberList.init(parsing:))
    var ratios = NumberList([2, 4, 8])

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
            "A retrofitted model of a compression, such as 4=build/cr4. May be repeated.",
            valueName: "CR=model"), transform: CompressedModel.init(parsing:))
    var compressed: [CompressedModel] = []

    @Option(help: ArgumentHelp("Problems.", valueName: "count"))
    var samples = 100

    @Option(help: ArgumentHelp("Divides the logits.", valueName: "number"))
    var temperature: Float = 0.7

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
    }

    func run() async throws {
        let plan = try plan()
        let sweep = try FrontierSweep(plan)
        programs.note(plan.task)
        do { try AtomicDirectory.ensure(out) } catch { throw MartletError(any: error) }
        let options = ModelOptions(loading, nil)
        let (path, header) = (out + "/records.jsonl", try header(plan))
        let total = sweep.configurations.count
        let running = Task {
            let records = try FrontierRecords(path: path, header: header)
            let points = try await sweep.run(options, records: records) { configuration, place in
                StandardStreams.note(
                    "\(place + 1) of \(total): \(configuration.method) \(configuration.label)")
            }
            let report = FrontierReport(points, seed: plan.seed)
            return (report, records.transcripts(of: report))
        }
        Interruption.onSignal { running.cancel() }
        let (report, transcripts) = try await running.value
        Interruption.exitIfReceived()
        try write(report, plan, transcripts)
        if let note = report.missingNote { StandardStreams.note("left out: \(note)") }
        if json {
            StandardStreams.write(report.json.serialized() + [UInt8(ascii: "\n")])
        } else {
            StandardStreams.write(Self.text(report))
        }
        ExitStatus.success.exit()
    }

    private func plan() throws(MartletError) -> FrontierPlan {
        var plan = FrontierPlan()
        plan.task = task
        plan.allowsPrograms = programs.allowPrograms
        plan.model = model.first ?? BuiltinModel.dense.name
        plan.others = Array(model.dropFirst())
        if plan.model != BuiltinModel.dense.name { plan.compressed = [:] }
        for each in compressed { plan.compressed[each.ratio] = each.model }
        plan.methods = []
        for name in Self.list(policies) { plan.methods.append(try FrontierMethod(name)) }
        guard compressed.isEmpty || plan.methods.contains(where: \.hasOwnModels) else {
            throw MartletError(
                code: .invalidParameter, subject: "compressed",
                message: "--compressed: got models for \(FrontierMethod.learned), expected "
                    + "\(FrontierMethod.learned) in --policies; add it, or leave them out")
        }
        plan.ratios = ratios.values.map(Double.init)
        plan.lengths = lengths.values
        plan.widths = widths.values
        plan.samples = samples
        plan.seed = loading.seed ?? 0
        plan.temperature = temperature
        return plan
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
                ("seed", .seed(plan.seed)), ("temperature", .string("\(plan.temperature)")),
                ("weights", .string(loading.weights?.rawValue ?? "as stored")),
            ], command: CommandText.typed)
    }

    private func write(
        _ report: FrontierReport, _ plan: FrontierPlan,
        _ transcripts: [FrontierPage.Transcript]
    ) throws(MartletError) {
        var maps: [(title: String, svg: String)] = []
        for (ratio, name) in plan.compressed.sorted(by: { $0.key < $1.key })
        where report.series.contains(where: { $0.method == FrontierMethod.learned }) {
            guard let folder = try ModelSource(name).path,
                let data = FileManager.default.contents(atPath: folder + "/ratios.svg")
            else { continue }
            maps.append(("\(name), CR \(ratio.formatted())", String(decoding: data, as: UTF8.self)))
        }
        let page = FrontierPage(
            report: report, task: plan.task,
            facts: [
                ("command", CommandText.typed),
                ("Martlet", MartletVersion.current),
                ("model", ([plan.model] + plan.others).joined(separator: ", ")),
                ("problems", "\(plan.samples), held out, seed \(plan.seed)"),
                ("temperature", "\(plan.temperature)"),
                ("machine", MachineReport.name),
            ], heatMaps: maps, transcripts: transcripts)
        do {
            try AtomicFile.write(
                report.json.serialized(indentation: 2), to: out + "/frontier.json")
            try AtomicFile.write([UInt8](report.csv.utf8), to: out + "/frontier.csv")
            try AtomicFile.write([UInt8](page.html.utf8), to: out + "/frontier.html")
        } catch { throw MartletError(any: error) }
    }

    private static func text(_ report: FrontierReport) -> String {
        let widths = [10, 10] + report.costs.map { _ in 24 }
        var text = Columns.row(
            ["method", "over"] + report.costs.map(\.title),
            widths: widths)
        for (method, over) in report.pairs {
            let cells = report.costs.map { cost in
                guard let result = report.comparison(of: method, over: over, cost) else {
                    return "–"
                }
                func points(_ value: Double) -> String { String(format: "%+.1f", 100 * value) }
                return
                    "\(points(result.improvement)) [\(points(result.interval.lowerBound)), \(points(result.interval.upperBound))]"
            }
            text += Columns.row([method, over] + cells, widths: widths)
        }
        return text
    }
}

/// `4=build/cr4`.
struct CompressedModel: Equatable {
    let ratio: Double
    let model: String

    @Sendable init(parsing text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let ratio = Double(parts[0]), ratio > 1 else {
            throw Expected("a compression and a model, such as 4=build/cr4")
        }
        self.ratio = ratio
        model = String(parts[1])
    }
}
