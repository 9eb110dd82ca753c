/// What `martlet inspect` prints of an adapter.

import Martlet
import MartletFormats

extension Inspect {
    func printAdapter(_ report: AdapterReport) {
        guard !json else { return printJSON(report) }
        var text = Columns.pair("adapter", report.method)
        if let card = report.card {
            text += Columns.pair(
                "for", "\(printable(card.baseName)), weights \(printable(card.baseDigest))")
            for member in card.eviction.root.members where member.key != "method" {
                text += Columns.pair(printable(member.key), Self.word(member.value))
            }
            text += Columns.pair(
                "tokens a slot",
                "\(Columns.decimal(card.ratio.asked, places: 2)) asked, "
                    + "\(Columns.decimal(card.ratio.measured, places: 2)) measured")
            for member in (try? card.file.optionalObject("training"))??.root.members ?? [] {
                text += Columns.pair(printable(member.key), Self.word(member.value))
            }
        }
        if let rank = report.rank { text += Columns.pair("low-rank parts", "rank \(rank)") }
        text += Columns.pair("parameters", "\(report.parameters) in \(report.tensors) tensors")
        text += Columns.pair("file", "\(report.path), \(Columns.bytes(report.bytes))")
        StandardStreams.write(text)
    }

    private static func word(_ value: JSONValue) -> String {
        value.stringValue.map { excerpt($0) }
            ?? printable(String(decoding: value.serialized(), as: UTF8.self))
    }

    private func printJSON(_ report: AdapterReport) {
        var line = JSONLine()
        line.set("adapter", model)
        line.set("method", report.method)
        line.set("rank", report.rank.map { .integer($0) } ?? .null)
        line.set("tensors", report.tensors)
        line.set("parameters", report.parameters)
        line.set("bytes", report.bytes)
        line.set("card", report.card.map { .object($0.file.root) } ?? .null)
        line.print()
    }
}
