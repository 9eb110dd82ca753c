/// `martlet score --prompt-tokens`: what a policy does to the tokens after a prompt.

import Martlet
import MartletFormats

extension Score {
    /// Prints how likely the tokens after the first `count` are.
    func print(
        _ tokens: [Int32], _ count: Int, _ inspection: CacheInspection, _ loaded: LoadedModel
    ) {
        if json {
            var line = JSONLine()
            line.set("tokens", tokens)
            line.set("promptTokens", count)
            line.set(
                "logprobs",
                .array(
                    tokens[..<count].map { _ in .null }
                        + inspection.logprobs.map { JSONValue.logprob($0) }))
            line.set("perplexity", inspection.perplexity)
            line.set("cacheBytes", inspection.bytes)
            line.set("peakCacheBytes", inspection.peakBytes)
            line.set("kvReads", inspection.kvReads.reduce(0, +))
            line.set("bytesMoved", inspection.bytesMoved.reduce(0, +))
            line.set(loaded, adapter: model.adapter)
            line.print()
        } else {
            loaded.noteLossyMethods()
            var text = "prompt      \(count)\n"
            text += "scored      \(tokens.count - count)\n"
            text += "perplexity  "
            text += inspection.perplexity.map { Columns.decimal($0, places: 4) } ?? "-"
            text += "\ncache       \(inspection.bytes) bytes after the prompt, at most "
            text += "\(inspection.peakBytes)\n"
            StandardStreams.write(text)
        }
    }
}
