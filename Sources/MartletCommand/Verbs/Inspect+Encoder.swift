/// What `martlet inspect` prints of an encoder, and of the pooling of any embedding model.

import Martlet
import MartletFormats

extension Inspect {
    func printText(_ report: EncoderReport) {
        var text = Columns.pair("architecture", "\(report.family), an encoder: use martlet embed")
        text += Columns.pair("parameters", "\(report.parameterCount)")
        text += Columns.pair(
            "shape",
            "\(report.layerCount) layers, hidden \(report.hiddenSize), intermediate "
                + "\(report.intermediateSize)")
        text += Columns.pair(
            "heads",
            "\(report.headCount), \(report.keyValueHeadCount) for keys and values, dimension \(report.headDimension)"
        )
        text += Columns.pair("vocabulary", "\(report.vocabularySize)")
        text += Columns.pair(
            "context",
            "\(report.contextLength) tokens, \(report.isPositionLearned ? "learned" : "rotary") positions"
        )
        text += words(report.pooling)
        text += Columns.pair(
            "stored as", report.storedBytes.map(\.type).joined(separator: "+"))
        text += Columns.pair("tokenizer", report.tokenizer)
        for file in report.files {
            text += Columns.pair("file", "\(file.path), \(Columns.bytes(file.bytes))")
        }
        StandardStreams.write(text)
    }

    func printJSON(_ report: EncoderReport) {
        var line = JSONLine()
        line.set("model", model)
        line.set("architecture", report.family)
        line.set("encoder", true)
        line.set("parameters", report.parameterCount)
        line.set("layerCount", report.layerCount)
        line.set("hiddenSize", report.hiddenSize)
        line.set("intermediateSize", report.intermediateSize)
        line.set("headCount", report.headCount)
        line.set("keyValueHeadCount", report.keyValueHeadCount)
        line.set("headDimension", report.headDimension)
        line.set("vocabularySize", report.vocabularySize)
        line.set("contextLength", report.contextLength)
        line.set("positions", report.isPositionLearned ? "learned" : "rotary")
        line.set("tokenizer", report.tokenizer)
        line.set("storedBytes", object(report.storedBytes.map { ($0.type, $0.bytes) }))
        line.set("files", object(report.files.map { ($0.path, $0.bytes) }))
        set(report.pooling, &line)
        line.print()
    }

    /// The rows about pooling.
    func words(_ report: PoolingReport) -> String {
        let projections = report.projections.map { ", then \($0.inputs) to \($0.outputs) channels" }
        var text = Columns.pair(
            "pooling",
            report.poolings.joined(separator: "+") + " (\(report.source))"
                + projections.joined() + (report.normalizes ? ", scaled to a length of 1" : ""))
        text += Columns.pair("longest text", "\(report.maximumTokens) tokens")
        for prompt in report.prompts {
            let isUsual = prompt.name == report.defaultPrompt
            text += Columns.pair(
                "prompt \(printable(prompt.name))",
                "'\(printable(prompt.text))'" + (isUsual ? ", unless another is asked for" : ""))
        }
        return text
    }

    /// The keys about pooling, as `embed` calls them.
    func set(_ report: PoolingReport, _ line: inout JSONLine) {
        line.set("pooling", report.poolings.joined(separator: "+"))
        line.set("poolingSource", report.source)
        line.set(
            "projections",
            .array(
                report.projections.map { .array([.integer($0.inputs), .integer($0.outputs)]) }))
        line.set("normalized", report.normalizes)
        line.set("maximumTokens", report.maximumTokens)
        var prompts = JSONLine()
        for prompt in report.prompts { prompts.set(prompt.name, prompt.text) }
        line.set("prompts", prompts.value)
        line.set("defaultPrompt", report.defaultPrompt.map { .string($0) } ?? .null)
    }
}
