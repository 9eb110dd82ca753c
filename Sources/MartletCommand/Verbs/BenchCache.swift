/// `martlet bench cache`: what each cache policy costs and saves at depth.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats

struct BenchCache: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract:
            "Measures cache policies at depth: memory, reads, time, and perplexity on a text.",
        discussion: """
            Every policy decodes in turn with a dense cache of the same depth. Caches are filled with random \
            keys and values, so that only time and bytes mean anything; dms and dmc mark by chance. The \
            attention ratio compares what a step takes beyond one without cached tokens. With \
            --text-file the tokens after --prompt-tokens are scored under each policy.

            Example:
              martlet bench cache --model random:qwen2.5-0.5b --weights q4 --kv f16 --depth 8192
              martlet bench cache --model random:tiny --depth 1024 --policies "dms(cr=8); quest(ratio=0.875)"
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: "How keys and values are stored, where the policy does not say.")
    var kv: CacheCodec = .f16

    @Option(
        help: ArgumentHelp("Tokens in the cache before decoding.", valueName: "counts"),
        transform: NumberList.init(parsing:))
    var depth = NumberList([8192])

    @Option(
        help: ArgumentHelp(
            "Policies separated by semicolons, or all: each method with an eighth of the depth.",
            valueName: "policies"))
    var policies = "all"

    @Option(help: "Sequences decoded together.")
    var batch = 1

    @Option(help: "Steps of a block; blocks of the policy and of the dense cache alternate.")
    var steps = 8

    @Option(help: "Blocks of each.")
    var rounds = 3

    @Option(help: "A text whose tokens are scored under each policy; - is standard input.")
    var textFile: String?

    @Option(help: "Tokens of that text that are the prompt. Default: half of it.")
    var promptTokens: Int?

    @Flag(help: "Print one JSON object for each policy, then the summary.")
    var json = false

    func validate() throws {
        try model.loading.adapters.refuseNamed("bench cache")
        guard depth.values.allSatisfy({ (1...1 << 24).contains($0) }), !depth.values.isEmpty else {
            throw ValidationError("--depth has a value outside 1 to \(1 << 24).")
        }
        guard textFile != nil || promptTokens == nil else {
            throw ValidationError("--prompt-tokens needs --text-file.")
        }
        guard (1...4096).contains(batch) else {
            throw ValidationError("--batch is \(batch), expected 1 to 4096.")
        }
        guard (1...10_000).contains(steps), (1...1000).contains(rounds) else {
            throw ValidationError("--steps and --rounds are at least 1, at most 10000 and 1000.")
        }
    }

    func run() async throws {
        let text = try textFile.map(TextFile.read)
        var arguments = CacheArguments()
        arguments.kv = kv
        arguments.cache = "dense"
        let loaded = try await LoadedModel.load(model, arguments)
        var plan = CacheMeasurement.Plan(
            policies: policies == "all"
                ? []
                : policies.split(separator: ";").map {
                    $0.trimmingCharacters(in: .whitespaces)
                }, depths: depth.values)
        plan.batch = batch
        plan.steps = steps
        plan.rounds = rounds
        if let text {
            let tokens = try loaded.text.encode(utf8: text)
            let prompt = promptTokens ?? tokens.count / 2
            guard prompt >= 1, prompt < tokens.count else {
                throw MartletError(
                    code: .invalidParameter, subject: "prompt tokens",
                    message: "prompt tokens: got \(prompt), expected 1 to \(tokens.count - 1); "
                        + "correct it or give a longer text")
            }
            plan.text = (tokens, prompt)
        }
        // A policy that is misspelt is refused before minutes of measuring.
        for policy in plan.policies { _ = try loaded.under(policy) }
        let (work, json) = (plan, json)
        let outcomes = try await onOwnThread(named: "martlet-bench") {
            () throws(MartletError) -> [CacheOutcome] in
            var outcomes: [CacheOutcome] = []
            try CacheMeasurement(loaded, plan: work).run { outcome in
                outcomes.append(outcome)
                if json {
                    CacheTable.json(outcome).print()
                } else if case .measured(let result) = outcome {
                    StandardStreams.note("measured \(result.policy) at \(result.depth)")
                }
            }
            return outcomes
        }
        if json {
            var line = JSONLine()
            line.set("kind", "summary")
            line.set("model", model.model)
            line.set("threads", loaded.threadCount)
            line.set("instructionSet", loaded.instructionSet)
            line.set("measured", outcomes.filter(\.isMeasured).count)
            line.set("refused", outcomes.count { !$0.isMeasured })
            line.set(loaded)
            line.print()
        } else {
            StandardStreams.write(CacheTable.text(outcomes))
        }
    }
}

extension CacheOutcome {
    fileprivate var isMeasured: Bool { if case .measured = self { true } else { false } }
}

/// The figures, for people and for scripts.
enum CacheTable {
    private static let names = [
        "depth", "live", "held", "peak", "KV reads", "moved", "ms/step", "ratio", "attention",
        "choose ms",
        "perplexity",
    ]
    private static let widths = [7, 9, 10, 10, 10, 10, 9, 6, 9, 10, 10]

    static func json(_ outcome: CacheOutcome) -> JSONLine {
        var line = JSONLine()
        switch outcome {
        case .refused(let policy, let depth, let reason):
            line.set("policy", policy)
            line.set("depth", depth)
            line.set("refused", reason)
        case .measured(let result):
            line.set("policy", result.policy)
            line.set("depth", result.depth)
            line.set("batch", result.batch)
            line.set("peakBytes", result.peakBytes)
            line.set("bytes", result.bytes)
            line.set("policyBytes", result.policyBytes)
            line.set("liveTokens", result.liveTokens)
            line.set("bytesPerStep", result.bytesPerStep)
            line.set("kvReads", result.kvReads)
            line.set("bytesMoved", result.bytesMoved)
            line.set("stepMs", result.stepSeconds * 1000)
            line.set("denseStepMs", result.denseSeconds * 1000)
            line.set("emptyStepMs", result.emptySeconds * 1000)
            line.set("ratio", result.ratio)
            line.set("attentionRatio", result.attentionRatio)
            line.set("chooseMs", result.chooseSeconds * 1000)
            line.set("perplexityChange", result.perplexityChange)
        }
        return line
    }

    /// Sorted by depth and then by time, the fastest first, each with a bar of its ratio to dense.
    static func text(_ outcomes: [CacheOutcome]) -> String {
        var text = Columns.row(names, widths: widths)
        var results: [CacheResult] = []
        for case .measured(let result) in outcomes { results.append(result) }
        results.sort { ($0.depth, $0.ratio) < ($1.depth, $1.ratio) }
        for result in results {
            let row = Columns.row(
                [
                    "\(result.depth)", Columns.decimal(result.liveTokens, places: 1),
                    Columns.bytes(result.bytes), Columns.bytes(result.peakBytes),
                    Columns.decimal(result.kvReads, places: 1),
                    Columns.bytes(Int(result.bytesMoved.rounded())),
                    Columns.decimal(result.stepSeconds * 1000, places: 2),
                    Columns.decimal(result.ratio, places: 2),
                    Columns.decimal(result.attentionRatio, places: 2),
                    Columns.decimal(result.chooseSeconds * 1000, places: 1),
                    result.perplexityChange.map {
                        ($0 < 0 ? "" : "+") + Columns.decimal($0, places: 3)
                    } ?? "-",
                ], widths: widths)
            text += row.dropLast() + "  " + bar(result.ratio) + " " + result.policy + "\n"
        }
        for case .refused(let policy, let depth, let reason) in outcomes {
            text += "not measured at \(depth): \(policy): \(reason)\n"
        }
        return text
    }

    /// Ten cells are the dense cache's time.
    private static func bar(_ ratio: Double) -> String {
        let eighths = min(12 * 8, Int((ratio * 80).rounded()))
        let parts = Array(" ▏▎▍▌▋▊▉")
        var bar = String(repeating: "█", count: eighths / 8)
        if eighths % 8 > 0 { bar.append(parts[eighths % 8]) }
        return bar + String(repeating: " ", count: 12 - bar.count)
    }
}
