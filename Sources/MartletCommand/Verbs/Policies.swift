/// `martlet policies`: which cache policies there are, and what they take.

import ArgumentParser
import Martlet
import MartletFormats
import MartletPolicies

struct Policies: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the cache policies with their parameters, defaults and sources.",
        discussion: """
            A policy is written as name(parameter=value, ...), policies are joined with +, and a \
            wrapper takes a policy first: "adakv(snapkv(budget=1024)) + kv(q8)". It is given to \
            --cache, and means the same in the library and in reports.

            Example:
              martlet policies
              martlet policies --json
            """)

    @Flag(help: "Print one JSON object for each policy.")
    var json = false

    func run() async throws {
        for entry in CachePolicyRegistry.entries {
            if json { printJSON(entry) } else { printText(entry) }
        }
    }

    private func phases(_ entry: CachePolicyEntry) -> [String] {
        CachePolicyEntry.Phase.allCases.filter(entry.phases.contains).map(\.rawValue)
    }

    private func printJSON(_ entry: CachePolicyEntry) {
        var line = JSONLine()
        line.set("name", entry.name)
        line.set("summary", entry.summary)
        line.set("bounds", .array(phases(entry).map { .string($0) }))
        line.set("exact", entry.isExact)
        line.set("sharesPrefix", entry.sharesPrefix)
        line.set("undo", "\(entry.undo)")
        line.set("signals", entry.signals)
        line.set("state", entry.state)
        line.set("source", entry.source)
        line.set("examples", .array(entry.examples.map { .string($0) }))
        line.set(
            "parameters",
            .array(
                entry.parameters.map { parameter in
                    var line = JSONLine()
                    line.set("name", parameter.name)
                    line.set("accepts", parameter.domain.description)
                    line.set(
                        "default", parameter.defaultValue.map { .string("\($0)") } ?? .null)
                    line.set("share", parameter.share.map { .string("\($0)") } ?? .null)
                    line.set("required", parameter.isRequired && parameter.defaultValue == nil)
                    line.set("summary", parameter.summary)
                    return line.value
                }))
        line.print()
    }

    private func printText(_ entry: CachePolicyEntry) {
        let bounds = phases(entry).joined(separator: " and ")
        var text = "\(entry.name): \(entry.summary)\n"
        text += "  \(entry.isExact ? "exact" : "lossy")"
        text += bounds.isEmpty ? "" : ", bounds \(bounds)"
        text += ", \(entry.sharesPrefix ? "prefix can be shared" : "prefix is its request's own")"
        text += ", generated tokens can be taken back: \(entry.undo)"
        text += ", \(entry.source)\n"
        if entry.signals != "none" { text += "  needs \(entry.signals)\n" }
        if entry.state != "none" { text += "  remembers \(entry.state)\n" }
        for parameter in entry.parameters {
            var value = "optional"
            if let given = parameter.defaultValue {
                value = "default \(given)" + (parameter.share.map { ", \($0)" } ?? "")
            } else if parameter.isRequired {
                value = "required"
            }
            text += "  \(parameter.name)="
            text += "\(parameter.domain) (\(value)): \(parameter.summary)\n"
        }
        StandardStreams.write(text + "\n")
    }
}
