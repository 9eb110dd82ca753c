/// `martlet train compare`: methods of training at equal cost.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats
import MartletTraining

struct TrainCompare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Trains a recipe's model by several methods, each for the same reference time.",
        discussion: """
            Reference time is what a step costs on a fixed reference system, so that neither a busy \
            machine nor a cheaper step is an advantage; whatever a method does beside its steps is \
            charged. Every learning rate is fully decayed when the budget is spent. AdamW is the \
            baseline. Losses are held-out nats a token at a quarter, a half and the end of the budget, \
            means over seeds with their standard deviation.

            Methods: \(EqualBudgetComparison.methods.joined(separator: ", ")).

            Example:
              martlet train compare --recipe recipes/compare.yaml --methods adamw,muon,stacking --seeds 3
            """)

    @Option(help: "The recipe, a YAML file; its last phase gives the size of a step.")
    var recipe: String

    @Option(help: "Methods with commas between them; name=RATE sets an optimiser's learning rate.")
    var methods = "adamw,lion,muon,stacking,layer-dropping,selective,rho"

    @Option(help: "Seeds for each method.")
    var seeds = 3

    @Option(help: "Reference seconds; what the recipe's steps cost when not given.")
    var budgetSeconds: Double?

    @Option(help: "Threads; all processors when not given.")
    var threads: Int?

    @Flag(help: "Print a JSON object for each method.")
    var json = false

    func validate() throws {
        if seeds < 1 { throw ValidationError("--seeds: got \(seeds), expected at least 1.") }
        guard seeds <= 1_000_000 else {
            throw ValidationError("--seeds: got \(seeds), expected at most 1000000.")
        }
        if let budgetSeconds, !(budgetSeconds > 0 && budgetSeconds < 1e12) {
            throw ValidationError("--budget-seconds: got \(budgetSeconds), expected more than 0.")
        }
        for method in methods.split(separator: ",") {
            let parts = method.split(separator: "=", omittingEmptySubsequences: false)
            let rate = parts.count == 2 ? Double(parts[1]) : 1
            guard parts.count <= 2, !parts[0].isEmpty, let rate, rate > 0, rate.isFinite else {
                throw ValidationError(
                    "--methods: got '\(method)', expected a method, or method=RATE with a rate above 0."
                )
            }
        }
    }

    func run() async throws {
        let text = String(decoding: try TextFile.read(recipe), as: UTF8.self)
        do throws(TrainingError) {
            let comparison = EqualBudgetComparison(
                recipe: text, file: recipe, machine: try TrainingMachine(threads: threads))
            if !json { StandardStreams.write(Self.heading) }
            for method in methods.split(separator: ",") {
                let parts = method.split(separator: "=")
                let name = String(parts[0])
                let rate = parts.count > 1 ? Double(parts[1]) : nil
                var outcomes: [EqualBudgetComparison.Outcome] = []
                for seed in 0..<UInt64(seeds) {
                    outcomes.append(
                        try comparison.run(
                            method: name, seed: seed, budget: budgetSeconds, learningRate: rate))
                }
                show(String(method), outcomes)
            }
        } catch {
            throw MartletError(error)
        }
        ExitStatus.success.exit()
    }

    private static let widths = [16, 17, 17, 17, 8, 10, 9]
    private static var heading: String {
        Columns.row(
            ["method", "loss at 25 %", "at 50 %", "at 100 %", "steps", "reference", "seconds"],
            widths: widths)
    }

    private func show(_ method: String, _ outcomes: [EqualBudgetComparison.Outcome]) {
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        func deviation(_ values: [Double]) -> Double {
            guard values.count > 1 else { return 0 }
            let centre = mean(values)
            let squares = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
            return (squares / Double(values.count - 1)).squareRoot()
        }
        let losses = EqualBudgetComparison.marks.indices.map { mark in
            outcomes.compactMap { mark < $0.losses.count ? $0.losses[mark] : nil }
        }
        let steps = mean(outcomes.map { Double($0.steps) })
        let (reference, seconds) = (
            mean(outcomes.map(\.referenceSeconds)), mean(outcomes.map(\.seconds))
        )
        if json {
            var line = JSONLine()
            line.set("method", method)
            line.set("seeds", outcomes.count)
            line.set("marks", .array(EqualBudgetComparison.marks.map { .number($0) }))
            line.set("loss", .array(losses.map { .finite($0.isEmpty ? nil : mean($0)) }))
            line.set("deviation", .array(losses.map { .finite(deviation($0)) }))
            line.set("steps", steps)
            line.set("referenceSeconds", reference)
            line.set("seconds", seconds)
            line.print()
            return
        }
        let cells = losses.map {
            "\(Columns.decimal(mean($0), places: 4)) ± \(Columns.decimal(deviation($0), places: 4))"
        }
        StandardStreams.write(
            Columns.row(
                [method] + cells + [
                    Columns.decimal(steps, places: 0), Columns.decimal(reference, places: 1),
                    Columns.decimal(seconds, places: 1),
                ], widths: Self.widths))
    }
}
