/// Runs of character models, one after the other: their lines, their table, and where a model goes.

import Foundation
import Martlet
import MartletCharacterModels
import MartletFormats

/// The runs of a command, one after the other, and what is shown of them.
struct CharLMRuns {
    let comparison: CharacterComparison
    let log: JSONLinesFile?
    let json: Bool
    let sample: Int?
    let prompt: String?
    /// Where the model goes.
    let folder: String?
    private var rows: [(budget: CharacterBudget, results: [CharacterResult])] = []

    init(_ command: TrainCharLM, comparison: CharacterComparison, log: JSONLinesFile?) {
        self.comparison = comparison
        self.log = log
        json = command.json
        sample = command.sample
        prompt = command.prompt
        folder = command.compare ? nil : command.out
    }

    /// One run; false when it was stopped.
    mutating func run(
        _ plan: CharacterModelPlan, _ text: CharacterCorpus, budget: CharacterBudget, number: Int,
        isStopped: () -> Bool
    ) throws -> Bool {
        var clock = ContinuousClock.now
        let done = try comparison.run(
            plan, on: text, budget: budget, number: number, shouldStop: isStopped
        ) { trainer in
            guard !json, clock.duration(to: .now) > .seconds(5) else { return }
            clock = .now
            StandardStreams.note(
                "\(plan): step \(trainer.step), \(Int(100 * trainer.progress)) %, loss "
                    + Columns.decimal(trainer.loss, places: 3))
        }
        guard let (model, result) = done else { return false }
        if rows.last.map({
            $0.budget == budget && $0.results[0].corpus == text.name
                && $0.results[0].plan == plan
        }) == true {
            rows[rows.count - 1].results.append(result)
        } else {
            rows.append((budget, [result]))
        }
        var line = JSONLine()
        for member in result.json.objectValue?.members ?? [] { line.set(member.key, member.value) }
        try log?.append(line.value)
        if json { line.print() }
        if let folder { try model.write(to: folder + "/model.safetensors") }
        if let sample {
            let prompt = prompt ?? text.vocabulary.text(Array(text.symbols.prefix(64)))
            TrainCharLM.show(model, after: prompt, count: sample, seed: result.seed, json: json)
        }
        return true
    }

    /// The table, or the object that ends `--json`.
    func finish() {
        guard !json else {
            var line = JSONLine()
            line.set("finished", true)
            line.set("rows", .array(rows.map { Self.summary($0.results) }))
            line.print()
            return
        }
        let names = rows.map { "\($0.results[0].plan)" }
        let texts = rows.map {
            $0.results[0].corpus.split(separator: "/").last.map(String.init) ?? ""
        }
        let widths = [
            texts.map(\.count).max() ?? 0, names.map(\.count).max() ?? 0, 10, 6, 9, 7, 8, 7,
        ].map { max($0, 5) }
        StandardStreams.write(
            Columns.row(
                ["text", "model", "parameters", "SF", "ref. s", "steps", "bits/c", "spread"],
                widths: widths))
        for (index, row) in rows.enumerated() {
            let bits = row.results.map(\.evaluation.bitsPerCharacter)
            let first = row.results[0]
            StandardStreams.write(
                Columns.row(
                    [
                        texts[index], names[index], "\(first.parameters)",
                        Columns.decimal(
                            Self.mean(row.results.map(\.evaluation.shorteningFactor)), places: 2),
                        Columns.decimal(Self.mean(row.results.map(\.referenceSeconds)), places: 1),
                        "\(Int(Self.mean(row.results.map { Double($0.steps) })))",
                        Columns.decimal(Self.mean(bits), places: 4),
                        Columns.decimal((bits.max() ?? 0) - (bits.min() ?? 0), places: 4),
                    ], widths: widths))
        }
    }

    private static func mean(_ values: [Double]) -> Double {
        values.reduce(0, +) / Double(max(1, values.count))
    }

    private static func summary(_ results: [CharacterResult]) -> JSONValue {
        let bits = results.map(\.evaluation.bitsPerCharacter)
        var line = JSONLine()
        line.set("corpus", results[0].corpus)
        line.set("model", "\(results[0].plan)")
        line.set("parameters", results[0].parameters)
        line.set("seeds", results.count)
        line.set("steps", mean(results.map { Double($0.steps) }))
        line.set("referenceSeconds", mean(results.map(\.referenceSeconds)))
        line.set("shorteningFactor", mean(results.map(\.evaluation.shorteningFactor)))
        line.set("bitsPerCharacter", mean(bits))
        line.set("spread", (bits.max() ?? 0) - (bits.min() ?? 0))
        return line.value
    }
}
