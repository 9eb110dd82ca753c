/// The page of a sweep's results.

import Foundation
import Martlet
import MartletFormats

extension FrontierResults {
    /// The page; what it says of how it was measured comes from the results, so that it can be made again.
    package func page(
        _ report: FrontierReport, heatMaps: [(title: String, svg: String)] = [],
        transcripts: [FrontierPage.Transcript] = []
    ) -> FrontierPage {
        func fact(_ key: String) -> String { facts[key]?.stringValue ?? "not said" }
        var models = [plan.model] + plan.others
        if let control = plan.control { models.append("\(control) (control)") }
        models += plan.compressed.map { "\($0.models.joined(separator: ", ")) (\($0.method))" }
        let seeds = plan.seeds.map { "\($0)" }.joined(separator: ", ")
        let storages = Set(rows.map { "\($0.configuration.codec): \($0.storage)" }).sorted()
        var asked = "as a text to go on from"
        if case .message(let system) = plan.form {
            asked = "as a message" + (system.map { ", told \"\($0)\"" } ?? "")
            asked += plan.instruction.map { ", with \"\($0)\" after it" } ?? ""
        }
        return FrontierPage(
            report: report, task: plan.task,
            facts: [
                ("command", fact("command")), ("Martlet", fact("martlet")),
                ("models", models.joined(separator: "; ")), ("weights", fact("weights")),
                ("stored as", storages.joined(separator: "; ")),
                (
                    "problems",
                    "\(plan.samples) of each seed, held out"
                        + (sharesProblems ? ", the same of each" : "")
                ),
                ("asked", asked), ("seeds", seeds), ("temperature", "\(plan.temperature)"),
                ("machine", fact("machine")),
                ("digest of \(Self.fileName)", FileDigest.sha256(text)),
            ], heatMaps: heatMaps, transcripts: transcripts)
    }
}
