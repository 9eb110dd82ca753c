/// What `solve --json` prints.

import Martlet
import MartletFormats

/// The JSON of a search.
enum SolveReport {
    /// A chain that has ended.
    static func line(_ chain: SolvedChain) -> JSONLine {
        var line = JSONLine()
        line.set("chain", chain.index)
        line.set("answer", chain.answer.map { .string($0) } ?? .null)
        line.set("text", chain.text)
        line.set("tokens", chain.tokens)
        line.set("meanLogprob", chain.meanLogprob)
        line.set("verified", chain.isVerified.map { .bool($0) } ?? .null)
        line.set("finishReason", chain.finishReason.rawValue)
        line.set("elapsedMs", chain.usage.duration.seconds * 1000)
        return line
    }

    /// The answer and what it took.
    static func summary(_ result: SolveResult, adapter: String?) -> JSONLine {
        var configuration = JSONLine()
        configuration.set("model", result.configuration.model)
        configuration.set("policy", result.configuration.policy)
        configuration.set("length", result.configuration.length)
        configuration.set("width", result.configuration.width)
        configuration.set("cr", result.configuration.compressionRatio)
        configuration.set("plannedBytes", result.configuration.plannedBytes)
        configuration.set("plannedMs", result.configuration.plannedSeconds.map { $0 * 1000 })
        var votes = JSONLine()
        for vote in result.votes { votes.set(vote.answer, vote.count) }
        var line = JSONLine()
        line.set("answer", result.answer.map { .string($0) } ?? .null)
        line.set("verified", result.isVerified.map { .bool($0) } ?? .null)
        line.set("votes", votes.value)
        line.set("comparedAs", result.kind.rawValue)
        line.set("chains", result.chains.count { $0.finishReason != .cancelled })
        line.set("configuration", configuration.value)
        line.set("elapsedMs", result.elapsed.seconds * 1000)
        line.set("peakCacheBytes", result.peakCacheBytes)
        line.set("kvReads", result.kvReads)
        line.set("bytesMoved", result.bytesMoved)
        line.set("finished", result.ending.rawValue)
        line.set("seed", JSONValue.seed(result.seed))
        line.set("lossy", !result.configuration.lossyMethods.isEmpty)
        line.set(used: adapter, bytes: result.adapterBytes)
        return line
    }
}
