/// `martlet score`: log-probabilities and perplexity of a text.

import ArgumentParser
import Martlet
import MartletFormats

struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Computes the log-probability of each token of a text, and its perplexity.",
        discussion: """
            A text is encoded with the tokens that the model wants around it (its beginning-of-text \
            token); --tokens are taken as they are.

            Example:
              martlet score --model path/to/model --text-file story.txt --json
              martlet score --model random:tiny --tokens 1,2,3 --top 5 --json
              martlet score --model path/to/model --text-file story.txt --prompt-tokens 512 \
            --cache "snapkv(budget=256)"

            A policy that chooses which tokens of a prompt stay needs --prompt-tokens: it chooses \
            there, and the tokens after it are computed one by one and scored.

            A text longer than the model's context needs --stride: windows of the context slide over it \
            by so many tokens, and each gives the tokens that no earlier one reached.
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments

    @Option(help: "Score the text in this file; - is standard input.")
    var textFile: String?

    @Option(
        help: "Score these token ids, with commas between them.",
        transform: TokenList.init(parsing:))
    var tokens: TokenList?

    @Option(help: "Report this many of the likeliest tokens at each place.")
    var top = 0

    @Option(
        help: ArgumentHelp(
            "Take so many tokens as a prompt, and score those after it as if they were generated.",
            valueName: "count"))
    var promptTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Score a text longer than the context in windows that slide by so many tokens.",
            valueName: "count"))
    var stride: Int?

    @Option(help: "The most tokens computed in one step; results do not depend on it.")
    var chunk = 64

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (textFile == nil) != (tokens == nil) else {
            throw ValidationError("Give either --text-file or --tokens.")
        }
        if promptTokens != nil, top > 0 {
            throw ValidationError("--top is not available with --prompt-tokens.")
        }
        if promptTokens != nil, stride != nil {
            throw ValidationError("--stride is not available with --prompt-tokens.")
        }
    }

    func run() async throws {
        let text = try textFile.map(TextFile.read)
        let loaded = try await LoadedModel.load(model, cache, chunk: chunk)
        let tokens = try text.map { try loaded.text.encode(utf8: $0) } ?? tokens?.tokens ?? []
        if let promptTokens {
            return print(
                tokens, promptTokens,
                try await loaded.score(
                    tokens, afterPromptOf: promptTokens, budgetBytes: memory.memory?.bytes,
                    adapter: model.adapter),
                loaded)
        }
        let result: ScoringResult
        if let stride {
            result = try await loaded.score(
                tokens, stride: stride, topCount: top, budgetBytes: memory.memory?.bytes,
                adapter: model.adapter)
        } else {
            result = try await loaded.score(
                tokens, topCount: top, budgetBytes: memory.memory?.bytes, adapter: model.adapter)
        }
        if json {
            printJSON(tokens, result, loaded)
        } else {
            loaded.noteLossyMethods()
            printText(tokens, result)
        }
        ExitStatus.success.exit()
    }

    private func printJSON(_ tokens: [Int32], _ result: ScoringResult, _ loaded: LoadedModel) {
        var line = JSONLine()
        line.set("tokens", tokens)
        line.set("logprobs", .array(result.logprobs.map(JSONValue.logprob)))
        if top > 0 { line.set("top", .top(result.top)) }
        line.set("perplexity", result.perplexity)
        line.set("cacheBytes", result.usage.cacheBytes)
        line.set("peakCacheBytes", result.usage.peakCacheBytes)
        line.set("seconds", result.usage.duration.seconds)
        if let stride {
            line.set("stride", stride)
            line.set("window", loaded.scoringWindow(of: tokens.count))
        }
        line.set(loaded, adapter: model.adapter)
        line.print()
    }

    private func printText(_ tokens: [Int32], _ result: ScoringResult) {
        var text = ""
        if top > 0 {
            for (index, token) in tokens.enumerated() {
                let likeliest = result.top[index].map { "\($0.token) \(rounded($0.logprob))" }
                text +=
                    "\(index)\t\(token)\t\(result.logprobs[index].map(rounded) ?? "-")\t"
                    + likeliest.joined(separator: ", ") + "\n"
            }
        }
        text += "tokens      \(tokens.count)\n"
        text += "perplexity  \(result.perplexity.map { rounded(Float($0)) } ?? "-")\n"
        text += "cache       \(result.usage.peakCacheBytes) bytes\n"
        StandardStreams.write(text)
    }

    private func rounded(_ value: Float) -> String {
        value.isFinite && abs(value) < 1e12 ? Columns.decimal(Double(value), places: 4) : "\(value)"
    }
}
