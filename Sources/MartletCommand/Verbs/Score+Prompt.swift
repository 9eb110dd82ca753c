/// `martlet score --prompt-tokens`: what a policy does to the tokens after a prompt.

import Martlet
import MartletFormats

extension Score {
    func scoreAfter(
        _ count: Int, _ tokens: [Int32], _ loaded: LoadedModel, budgetBytes: Int
    ) async throws {
        guard count >= 1, count < tokens.count else {
            throw MartletError(
                code: .invalidParameter, subject: "prompt tokens",
                message: "prompt tokens: got \(count), expected 1 to \(tokens.count - 1), so that "
                    + "a token is left to score; correct it or give a longer text")
        }
        let (prompt, following) = (Array(tokens[..<count]), Array(tokens[count...]))
        let inspection = try await onOwnThread(named: "martlet-score") {
            () throws(MartletError) in
            try CacheInspection(
                loaded, prompt: prompt, following: following, budgetBytes: budgetBytes)
        }
        if json {
            var line = JSONLine()
            line.set("tokens", tokens)
            line.set("promptTokens", count)
            line.set(
                "logprobs",
                .array(
                    prompt.map { _ in .null } + inspection.logprobs.map { JSONValue.logprob($0) }))
            line.set("perplexity", inspection.perplexity)
            line.set("cacheBytes", inspection.bytes)
            line.set("peakCacheBytes", inspection.peakBytes)
            line.set("kvReads", inspection.kvReads.reduce(0, +))
            line.set(loaded)
            line.print()
        } else {
            loaded.noteLossyMethods()
            var text = "prompt      \(count)\n"
            text += "scored      \(following.count)\n"
            text += "perplexity  "
            text += inspection.perplexity.map { Columns.decimal($0, places: 4) } ?? "-"
            text += "\ncache       \(inspection.bytes) bytes after the prompt, at most "
            text += "\(inspection.peakBytes)\n"
            StandardStreams.write(text)
        }
    }
}
