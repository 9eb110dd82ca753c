/// `martlet frontier report` and `merge`: figures from results, without a model.

import ArgumentParser
import Martlet
import MartletEvaluation

struct FrontierReportVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Computes a sweep's report from its results.jsonl.",
        discussion: """
            Everything in frontier.json, frontier.csv and frontier.html is computed from results.jsonl alone; no \
            model runs. Answers stand side by side where records.jsonl is beside it.

            Example:
              martlet frontier report frontier --budgets bytes=1e5..2e6
            """)

    @Argument(help: ArgumentHelp("The folder of a finished sweep.", valueName: "folder"))
    var folder: String

    @OptionGroup var budgets: BudgetArguments

    @Flag(help: "Print one JSON object: the points and the improvements.")
    var json = false

    func run() throws {
        let results = try FrontierResults(folder: folder)
        let report = results.report(budgets: budgets.byCost)
        try FrontierFiles(folder: folder).write(report, of: results, records: [folder])
        FrontierFiles.print(report, json: json)
    }
}

struct FrontierMergeVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Puts the parts of a divided sweep together.",
        discussion: """
            The parts were measured with --shard and the same options otherwise. The merged results are those of a \
            sweep in one piece, but for the seconds, which are each machine's own. Parts of different sweeps are \
            refused, and so are configurations that two parts have or none.

            Example:
              martlet frontier merge frontier part-1 part-2 part-3
            """)

    @Argument(help: ArgumentHelp("The folder of the whole sweep.", valueName: "out"))
    var out: String

    @Argument(help: ArgumentHelp("The folders of its parts.", valueName: "parts"))
    var parts: [String]

    @Flag(help: "Print one JSON object: the points and the improvements.")
    var json = false

    func validate() throws {
        try OutputFolder.check(out)
        guard !parts.contains(out) else {
            throw ValidationError("\(out) is named as a part and as the whole: name another.")
        }
    }

    func run() throws {
        var read: [(name: String, results: FrontierResults)] = []
        for part in parts { read.append((part, try FrontierResults(folder: part))) }
        let results = try FrontierResults.merged(read)
        let files = FrontierFiles(folder: out)
        try files.write(results)
        let report = results.report()
        try files.write(report, of: results, records: parts)
        FrontierFiles.print(report, json: json)
    }
}
