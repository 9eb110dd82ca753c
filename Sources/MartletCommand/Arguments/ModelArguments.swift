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

    /// The adapter that is chosen.
    var adapter: String? { loading.adapters.chosen }
    var weights: WeightType? { loading.weights }
    var threads: Int? { loading.threads }
    var seed: UInt64? { loading.seed }
}

/// How a model is loaded, whichever it is.
struct LoadingArguments: ParsableArguments {
    @Option(
        help: "How weights are packed. Default: as they are stored (random models: bf16).")
    var weights: WeightType?

    @OptionGroup var adapters: AdapterArguments

    @Option(
        help: ArgumentHelp(
            "Threads. Default: one for each processor.", valueName: "count"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Seed of a random model's weights, and of sampling.", valueName: "whole number"))
    var seed: UInt64?
}

/// How the cache is stored, and how large it may become.
struct CacheArguments: ParsableArguments {
    @Option(help: "How keys and values are stored.")
    var kv = Self.usualCodec

    @Option(
        help: ArgumentHelp(
            "Which tokens stay in the cache, such as dense or \"snapkv(budget=1024) + kv(q8)\"; "
                + "'martlet policies' lists them all.",
            valueName: "policy"))
    var cache = Self.usualPolicy

    static let usualCodec = CacheCodec.f32
    static let usualPolicy = "dense"
}

/// The cache's budget.
struct MemoryArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The most memory that the cache, and adapters beside the weights, may take, such as 64MB. Default: what the "
                + "request needs.",
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
        adapter = loading.adapters.merged
        adapters = loading.adapters.named
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
    ///
    /// - Parameter adapter: the adapter that was chosen.
    mutating func set(_ loaded: LoadedModel, adapter: String? = nil) {
        set("policy", loaded.policyText)
        set("weights", loaded.weightName)
        set("kv", loaded.storage)
        set("lossy", !loaded.lossyMethods.isEmpty)
        if let merged = loaded.options.adapter { set("adapter", merged) }
        set(used: adapter, bytes: loaded.options.adapters.isEmpty ? nil : loaded.model.adapterBytes)
    }

    /// Adds the adapter that was chosen, and the bytes of all that stand beside the weights; nothing where there are none.
    mutating func set(used adapter: String?, bytes: Int?) {
        if let adapter { set("usedAdapter", adapter) }
        if let bytes, bytes > 0 { set("adapterBytes", bytes) }
    }
}
