/// `martlet doctor`: what this machine offers.

import ArgumentParser
import Martlet
import MartletFormats

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Shows this machine: processor, instruction sets, read bandwidth, arithmetic, memory.",
        discussion: """
            The environment variable MARTLET_ISA chooses another instruction set for every verb.

            Example:
              martlet doctor --json
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let report = try await onOwnThread(named: "martlet-doctor") { () throws(MartletError) in
            try MachineReport()
        }
        if json { printJSON(report) } else { printText(report) }
    }

    private func printJSON(_ report: MachineReport) {
        var line = JSONLine()
        line.set("version", MartletVersion.current)
        line.set("system", report.system)
        line.set("processor", report.processor)
        line.set("processorCount", report.processorCount)
        line.set("instructionSets", .array(report.availableSets.map { .string($0) }))
        line.set("instructionSet", report.chosenSet)
        line.set("bandwidthOneThread", report.bandwidthOfOne)
        line.set("bandwidth", report.bandwidthOfAll)
        line.set("multiplications", report.multiplications.json)
        line.set("hugePages", report.hugePages.map { .string($0) } ?? .null)
        line.set("memoryBytes", report.memoryBytes)
        line.set("availableBytes", report.availableBytes.map { .integer($0) } ?? .null)
        line.print()
    }

    private func printText(_ report: MachineReport) {
        var text = Columns.pair("martlet", MartletVersion.current)
        text += Columns.pair("system", report.system)
        text += Columns.pair("processor", report.processor)
        text += Columns.pair("processors", "\(report.processorCount)")
        text += Columns.pair(
            "instruction sets",
            report.availableSets.joined(separator: ", ")
                + "; chosen: \(report.chosenSet)")
        text += Columns.pair("bandwidth, 1 thread", rate(report.bandwidthOfOne))
        text += Columns.pair("bandwidth, all", rate(report.bandwidthOfAll))
        text += Columns.pair("multiplications, all", report.multiplications.text)
        text += Columns.pair("huge pages", report.hugePages ?? "unknown")
        text += Columns.pair(
            "memory",
            Columns.bytes(report.memoryBytes)
                + (report.availableBytes.map { ", \(Columns.bytes($0)) available" } ?? ""))
        StandardStreams.write(text)
    }

    private func rate(_ bytes: Double) -> String {
        "\(Columns.decimal(bytes / 1e9, places: 1)) GB/s"
    }
}
