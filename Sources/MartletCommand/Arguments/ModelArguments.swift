/// Options that several verbs share.

import ArgumentParser
import Martlet

extension ArgumentHelp {
    /// What names a model.
    static let model = ArgumentHelp(
        "builtin, a directory in the Hugging Face layout, a GGUF file, owner/name that was pulled, or "
            + "random:SHAPE.")
}

/// Which model, and how it is loaded.
struct ModelArguments: ParsableArguments {
    @Option(help: .model)
    var model: String

    @OptionGroup var loading: LoadingArguments

    var weights: WeightType? { loading.weights }
    var threads: Int? { loading.threads }
    var seed: UInt64? { loading.seed }
}

/// How a model is loaded, whichever it is.
struct LoadingArguments: ParsableArguments {
    @Option(
        help: "How weights are packed. Default: as they are stored (random models: bf16).")
    var weights: WeightType?

    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp(
            "A low-rank adapter (PEFT), a directory or owner/name that was pulled: merged into the weights, or, as "
                + "NAME=DIRECTORY, kept beside them for --use-adapter. The latter may be repeated.",
            valueName: "adapter"), transform: AdapterArgument.init(parsing:))
    private var adapterArguments: [AdapterArgument] = []

    /// The adapter that is merged.
    var adapter: String? { adapterArguments.first { $0.name == nil }?.path }
    /// The others, by name.
    var adapters: [String: String] {
        Dictionary(
            adapterArguments.compactMap { argument in argument.name.map { ($0, argument.path) } },
            uniquingKeysWith: { first, _ in first })
    }

    func validate() throws {
        let names = adapterArguments.map { $0.name ?? "" }
        guard Set(names).count == names.count else {
            throw ValidationError(
                "--adapter is given twice under one name, or twice without; give each another NAME=."
            )
        }
    }

    @Option(
        help: ArgumentHelp(
            "Threads. Default: one for each processor.", valueName: "count"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Seed of a random model's weights, and of sampling.", valueName: "whole number"))
    var seed: UInt64?
}

/// An adapter: a directory, with a name where requests choose it.
struct AdapterArgument: Sendable {
    let name: String?
    let path: String

    init(parsing text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].contains("/") else {
            (name, path) = (nil, text)
            return
        }
        guard !parts[0].isEmpty, !parts[1].isEmpty else {
            throw ValidationError("--adapter \(text): expected NAME=DIRECTORY.")
        }
        (name, path) = (String(parts[0]), String(parts[1]))
    }
}

/// How the cache is stored, and how large it may become.
struct CacheArguments: ParsableArguments {
    @Option(help: "How keys and values are stored.")
    var kv: CacheCodec = .f32

    @Option(
        help: ArgumentHelp(
            "Which tokens stay in the cache, such as dense or \"snapkv(budget=1024) + kv(q8)\"; "
                + "'martlet policies' lists them all.",
            valueName: "policy"))
    var cache = "dense"
}

/// The cache's budget.
struct MemoryArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The most memory that the cache may take, such as 64MB. Default: what the request needs.",
            valueName: "bytes"), transform: ByteCount.init(parsing:))
    var memory: ByteCount?
}

extension ModelOptions {
    /// The options that the arguments say.
    init(_ model: ModelArguments, _ cache: CacheArguments? = nil, chunk: Int? = nil) {
        self.init(model.loading, cache, chunk: chunk)
    }

    /// The options that the arguments say.
    init(_ loading: LoadingArguments, _ cache: CacheArguments? = nil, chunk: Int? = nil) {
        self.init()
        weights = loading.weights
        adapter = loading.adapter
        adapters = loading.adapters
        threads = loading.threads
        seed = loading.seed ?? 0
        if let cache {
            cacheCodec = cache.kv
            cachePolicy = cache.cache
        }
        if let chunk { maximumBatchTokens = chunk }
    }
}

extension LoadedModel {
    /// Loads the model that the arguments name.
    static func load(
        _ model: ModelArguments, _ cache: CacheArguments? = nil, chunk: Int? = nil
    ) async throws(MartletError) -> LoadedModel {
        let loaded = try await load(model.model, options: ModelOptions(model, cache, chunk: chunk))
        loaded.noteWhatCounts()
        return loaded
    }

    /// Says on standard error what the model's files say in two ways, and which of them counts.
    func noteWhatCounts() {
        for note in notes { StandardStreams.note("\(note).") }
    }

    /// Says on standard error what is on that can change results.
    func noteLossyMethods() {
        guard !lossyMethods.isEmpty else { return }
        StandardStreams.note("lossy: \(lossyMethods.joined(separator: ", ")).")
    }
}

extension JSONLine {
    /// Adds how weights and cache were stored.
    mutating func set(_ loaded: LoadedModel) {
        set("policy", loaded.policyText)
        set("weights", loaded.weightName)
        set("kv", loaded.storage)
        set("lossy", !loaded.lossyMethods.isEmpty)
        if let adapter = loaded.options.adapter { set("adapter", adapter) }
    }
}
