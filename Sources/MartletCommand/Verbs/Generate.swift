/// `martlet generate`: continues a prompt.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats

struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continues a prompt.",
        discussion: """
            Text goes to standard output as it is generated, and nothing else does. Several chains are \
            printed one after another with a line "---" between them. Ctrl-C ends generation within one \
            step; what was printed stays, and --json still prints the summary.

            With --chat what the model thinks is told apart from what it says: only the latter is printed, a \
            terminal shows on standard error how long it thinks, and --json has both. With --tools the model may \
            call tools: calls are lines on standard error, and toolCalls in the JSON.

            A random model has no tokenizer: each byte of the prompt is a token, and a generated token \
            prints as its number, such as <123>.

            Example:
              martlet generate --model path/to/model "Once upon a time" --max-tokens 64
              martlet generate --model path/to/model "Once" --cache "h2o(budget=64, recent=16)" \
            --trace-cache map.html --beside "dense; snapkv(ratio=0.5)"
              martlet generate --model path/to/model "Once" --cache "window(recent=256)"
              martlet generate --model path/to/model --chat "What is a martlet?" --system "Be brief."
              martlet generate --model path/to/model --chat "Name a bird." --json-schema schema.json
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var sampling: SamplingArguments
    @OptionGroup var constraint: ConstraintArguments
    @OptionGroup var trace: TraceArguments

    @Argument(help: "The prompt.")
    var prompt: String?

    @Option(help: "Read the prompt from this file; - is standard input.")
    var promptFile: String?

    @OptionGroup var message: MessageArguments
    @OptionGroup var toolFile: ToolArguments

    @Option(help: "Continuations of the prompt, which share its part of the cache.")
    var chains = 1

    @Option(help: "The most tokens computed in one step; results do not depend on it.")
    var chunk: Int?

    @Flag(help: "Print one JSON object for each chain when there are several, then the summary.")
    var json = false

    func validate() throws {
        guard (prompt == nil) != (promptFile == nil) else {
            throw ValidationError("Give either a prompt or --prompt-file.")
        }
        guard message.chat || toolFile.tools == nil else {
            throw ValidationError("--tools needs --chat.")
        }
        guard json || sampling.logprobs == nil else {
            throw ValidationError("--logprobs needs --json.")
        }
        guard chains >= 1, chains <= 4096 else {
            throw ValidationError("--chains is \(chains), expected 1 to 4096.")
        }
    }

    func run() async throws {
        let text = try promptFile.map(TextFile.read) ?? Array((prompt ?? "").utf8)
        var options = sampling.options(seed: model.seed)
        options.adapter = model.adapter
        options.constraint = try constraint.constraint()
        let generation = try await PromptGeneration.start(
            model.model, loading: ModelOptions(model, cache, chunk: chunk), prompt: text,
            form: message.form, tools: try toolFile.definitions(), options: options,
            chainCount: chains,
            budgetBytes: memory.memory?.bytes)
        Interruption.onSignal { generation.cancel() }
        let loaded = generation.loaded
        loaded.noteWhatCounts()
        if !json { loaded.noteLossyMethods() }

        var thoughts = json ? nil : ThoughtFold(style: .ofError)
        let finished = try await generation.responses { piece in
            // Only the first chain can be printed as it comes.
            guard !json && piece.chain == 0 else { return }
            let columns = TerminalStyle.columns(of: STDERR_FILENO)
            if let row = thoughts?.add(piece.part, columns: columns), !row.isEmpty {
                StandardStreams.writeError(row)
            }
            StandardStreams.write(piece.part.text)
            for call in piece.part.toolCalls {
                StandardStreams.note("calls \(call.name) \(call.arguments)")
            }
        }
        if let row = thoughts?.end(), !row.isEmpty { StandardStreams.writeError(row) }
        if json {
            let report = GenerationReport(
                generation: generation, responses: finished,
                reportsLogprobs: options.logprobs != nil, adapter: model.adapter,
                isMessage: message.chat)
            if chains > 1 { for chain in finished.indices { report.chain(chain).print() } }
            report.summary.print()
        } else {
            for response in finished.dropFirst() {
                StandardStreams.write("\n---\n" + response.text)
            }
            if StandardStreams.outputIsTerminal { StandardStreams.write("\n") }
        }
        if finished.contains(where: { $0.finishReason == .outOfMemory }) {
            StandardStreams.note(
                "the cache's budget of \(generation.budgetBytes) bytes is full; raise --memory, or use a smaller --kv "
                    + "or a bounded --cache.")
        }
        Interruption.exitIfReceived()
        // The first chain once more, token by token: the same tokens leave the same cache.
        if let first = finished.first {
            try await trace.write(
                loaded, prompt: generation.promptTokens, following: Array(first.tokens.dropLast()),
                budgetBytes: nil, adapter: model.adapter)
        }
        ExitStatus.success.exit()
    }
}

/// The JSON of a generation.
struct GenerationReport {
    let generation: PromptGeneration
    let responses: [Response]
    let reportsLogprobs: Bool
    /// The adapter that was chosen.
    let adapter: String?
    /// Whether the prompt was a message.
    let isMessage: Bool

    /// One chain of several.
    func chain(_ index: Int) -> JSONLine {
        var line = JSONLine()
        line.set("chain", index)
        set(responses[index], in: &line)
        line.set("kvReads", responses[index].usage.kvReads)
        line.set("bytesMoved", responses[index].usage.bytesMoved)
        return line
    }

    /// The first chain's text and tokens, with figures of all.
    var summary: JSONLine {
        var line = JSONLine()
        if let first = responses.first { set(first, in: &line) }
        line.set("promptTokens", generation.promptTokens.count)
        line.set(
            "timeToFirstTokenMs",
            responses.compactMap(\.usage.timeToFirstToken).min().map { $0.seconds * 1000 })
        line.set("tokensPerSecond", responses.tokensPerSecond)
        line.set("cacheBytes", responses.map(\.usage.cacheBytes).max() ?? 0)
        line.set("peakCacheBytes", responses.map(\.usage.peakCacheBytes).max() ?? 0)
        line.set("demotedTokens", responses.map(\.usage.demotedTokens).max() ?? 0)
        line.set("kvReads", responses.reduce(0) { $0 + $1.usage.kvReads })
        line.set("bytesMoved", responses.reduce(0) { $0 + $1.usage.bytesMoved })
        line.set("chains", responses.count)
        line.set("seed", JSONValue.seed(generation.seed))
        line.set(generation.loaded, adapter: adapter)
        return line
    }

    private func set(_ response: Response, in line: inout JSONLine) {
        line.set("text", response.text)
        if isMessage {
            line.set("reasoning", response.reasoning)
            line.set("toolCalls", response.toolCalls.json)
        }
        line.set("tokens", response.tokens)
        line.set("finishReason", response.finishReason.rawValue)
        guard reportsLogprobs else { return }
        line.set("logprobs", .array(response.logprobs.map(JSONValue.logprob)))
        line.set("top", .top(response.top))
    }
}
