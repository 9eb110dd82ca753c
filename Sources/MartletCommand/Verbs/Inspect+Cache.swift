/// `martlet inspect --tokens`: what a cache policy keeps of a prompt.

import Martlet
import MartletFormats

extension Inspect {
    /// What is computed: ids, or a text that becomes them.
    enum Prompt {
        case tokens([Int32])
        case text([UInt8])
    }

    func inspectCache(_ source: Prompt, _ following: [Int32]) async throws {
        let loaded = try await load(cache)
        let prompt: [Int32]
        switch source {
        case .tokens(let tokens): prompt = tokens
        case .text(let text): prompt = try loaded.text.encode(utf8: text)
        }
        let inspection = try await loaded.inspect(
            prompt: prompt, following: following, budgetBytes: memory.memory?.bytes,
            adapter: loading.adapters.chosen)
        try await trace.write(
            loaded, prompt: prompt, following: following, budgetBytes: memory.memory?.bytes,
            adapter: loading.adapters.chosen)
        if json {
            printJSON(inspection, loaded, prompt)
        } else {
            loaded.noteLossyMethods()
            printText(inspection, prompt)
        }
    }

    private func printJSON(
        _ inspection: CacheInspection, _ loaded: LoadedModel, _ prompt: [Int32]
    ) {
        var line = JSONLine()
        line.set("model", model)
        line.set("promptTokens", prompt.count)
        line.set(
            "kept",
            .array(
                inspection.kept.map { heads in
                    .array(heads.map { .array($0.map { .integer($0) }) })
                }))
        line.set("bytes", inspection.bytes)
        line.set("peakBytes", inspection.peakBytes)
        line.set("policyBytes", inspection.policyBytes)
        line.set("logprobs", .array(inspection.logprobs.map { JSONValue.logprob($0) }))
        line.set("perplexity", inspection.perplexity)
        line.set("kvReads", .array(inspection.kvReads.map { .number($0) }))
        line.set("bytesRead", .array(inspection.bytesRead.map { .integer($0) }))
        line.set("bytesMoved", .array(inspection.bytesMoved.map { .integer($0) }))
        line.set(loaded, adapter: loading.adapters.chosen)
        line.print()
    }

    /// A row for each layer: how much each head keeps, as a bar of eight steps.
    private func printText(_ inspection: CacheInspection, _ prompt: [Int32]) {
        let steps = Array(" ▁▂▃▄▅▆▇█")
        var text = Columns.pair("prompt", "\(prompt.count) tokens")
        text += Columns.pair("held", Columns.bytes(inspection.bytes))
        text += Columns.pair("peak", Columns.bytes(inspection.peakBytes))
        if let perplexity = inspection.perplexity {
            text += Columns.pair("perplexity after", Columns.decimal(perplexity, places: 4))
        }
        if let reads = inspection.kvReads.last {
            text += Columns.pair("kv reads of the last", Columns.decimal(reads, places: 1))
        }
        if let bytes = inspection.bytesMoved.last {
            text += Columns.pair("bytes moved by it", Columns.bytes(bytes))
        }
        for (layer, heads) in inspection.kept.enumerated() {
            let bars = heads.map { kept in
                String(steps[(kept.count * (steps.count - 1) + prompt.count - 1) / prompt.count])
            }
            let counts = heads.map { "\($0.count)" }.joined(separator: " ")
            text += Columns.pair("layer \(layer)", "\(bars.joined())  \(counts)")
        }
        StandardStreams.write(text)
    }
}
