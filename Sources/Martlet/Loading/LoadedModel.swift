/// A model in memory before it has a cache: weights, text codec, policy. What both the engine and the
/// speed measurements start from.

import Foundation
package import MartletCache
import MartletEngine
package import MartletFormats
package import MartletKernels
package import MartletModels
package import MartletPolicies

/// Weights, text codec and cache settings of a model.
package struct LoadedModel: Sendable {
    /// The name that it was loaded by.
    package let name: String
    /// Where it came from.
    package let source: ModelSource
    /// The options that it was loaded with.
    package let options: ModelOptions
    /// The weights.
    package let model: LanguageModel
    /// Text to tokens and back.
    package let text: TextCodec
    /// Which tokens stay in the cache.
    package let policy: CachePolicy
    /// The packing that keeps the checkpoint's values exactly; nil where it keeps blocks as they are stored.
    package var naturalWeights: WeightType? { model.naturalWeights }
    /// The checkpoint, unless the model is random.
    package let checkpoint: Checkpoint?
    /// How the model is talked to; nil where its files do not say.
    package let chatTemplate: ChatTemplateSource?

    /// Loads a model on a thread of its own.
    package static func load(
        _ name: String, options: ModelOptions
    ) async throws(MartletError) -> LoadedModel {
        try await onOwnThread(named: "martlet-load") { () throws(MartletError) in
            try LoadedModel(name, options: options)
        }
    }

    /// Loads a model; takes as long as reading its files does. Without its head it gives no logits.
    package init(
        _ name: String, options: ModelOptions, readsHead: Bool = true
    ) throws(MartletError) {
        self.name = name
        self.options = options
        do {
            // Cheap refusals come before gigabytes of weights.
            policy = try CachePolicy(options.cachePolicy).storing(options.cacheCodec)
            source = try ModelSource(name)
            try Self.check(options)
            let kernels = try KernelSet.selected()
            let pool = WorkerPool(threadCount: options.threads ?? WorkerPool.processorCount)
            switch source {
            case .directory, .gguf:
                let checkpoint = try Self.checkpoint(source, options)
                text = try TextCodec(source, of: checkpoint)
                model = try LanguageModel(
                    checkpoint, weights: options.weights, readsHead: readsHead,
                    adapters: try options.adapters.mapValues { try ModelSource($0).path ?? $0 },
                    kernels: kernels, pool: pool)
                self.checkpoint = checkpoint
                // A model that reads no text needs no template.
                if case .none = text {
                    chatTemplate = nil
                } else if let metadata = checkpoint.metadata {
                    chatTemplate = ChatTemplateSource(metadata: metadata)
                } else {
                    chatTemplate = try ChatTemplateSource(directory: checkpoint.directory)
                }
            case .random(let shape):
                guard options.adapter == nil, options.adapters.isEmpty else {
                    throw MartletError(
                        code: .invalidParameter, subject: "adapter",
                        message:
                            "adapter: got one for random weights, expected a model that was trained; "
                            + "remove it")
                }
                model = try LanguageModel(
                    randomShape: shape, weights: options.weights ?? .bf16, seed: options.seed,
                    kernels: kernels, pool: pool)
                text = .bytes(vocabularySize: model.shape.vocabularySize)
                checkpoint = nil
                chatTemplate = nil
            }
        } catch {
            throw MartletError(any: error)
        }
    }

    /// The files of a model, with the adapter that the options name.
    private static func checkpoint(
        _ source: ModelSource, _ options: ModelOptions
    ) throws -> Checkpoint {
        guard let checkpoint = try source.openCheckpoint() else {
            preconditionFailure("LoadedModel: \(source) has no checkpoint")
        }
        guard let adapter = options.adapter else { return checkpoint }
        return try checkpoint.adapted(by: ModelSource(adapter).path ?? adapter)
    }

    /// Refuses numbers that no machine has.
    static func check(_ options: ModelOptions) throws(MartletError) {
        func require(_ holds: Bool, _ name: String, _ got: Int, _ expected: String)
            throws(MartletError)
        {
            guard !holds else { return }
            throw MartletError(
                code: .invalidParameter, subject: name,
                message: "\(name): got \(got), expected \(expected); correct or remove it")
        }
        if let threads = options.threads {
            try require((1...1024).contains(threads), "threads", threads, "1 to 1024")
        }
        let rows = options.maximumBatchTokens
        try require((1...65_536).contains(rows), "tokens of a step", rows, "1 to 65536")
        let chains = options.maximumBatchSequences
        try require((1...4096).contains(chains), "chains at once", chains, "1 to 4096")
        if let gap = options.targetGap, gap <= .zero {
            throw MartletError(
                code: .invalidParameter, subject: "target gap",
                message: "target gap: got \(gap), expected a time above zero; correct or remove it")
        }
        if let bytes = options.memoryBudget {
            try require(bytes > 0, "memory budget", bytes, "a positive number of bytes")
        }
    }

    /// Refuses the name of an adapter that was not loaded.
    package func check(adapter: String?) throws(MartletError) {
        guard let adapter, model.adapters[adapter] == nil else { return }
        throw MartletError(
            EngineError.unknownAdapter(got: adapter, available: model.adapters.keys.sorted()))
    }

    /// The same weights under another policy, and with keys and values written in another codec where one is named. Throws as
    /// ``init(_:options:)`` does.
    package func under(
        _ policy: String, codec: CacheCodec? = nil
    ) throws(MartletError) -> LoadedModel {
        do {
            var options = options
            options.cachePolicy = policy
            if let codec { options.cacheCodec = codec }
            let policy = try CachePolicy(policy).storing(options.cacheCodec)
            return LoadedModel(self, policy: policy, options: options)
        } catch {
            throw MartletError(error)
        }
    }

    private init(_ other: LoadedModel, policy: CachePolicy, options: ModelOptions) {
        name = other.name
        self.options = options
        source = other.source
        model = other.model
        text = other.text
        checkpoint = other.checkpoint
        chatTemplate = other.chatTemplate
        self.policy = policy
    }

    // MARK: What it is

    /// What a token leaves in the cache.
    package var cacheShape: KVShape { model.cacheShape(codec: cacheCodec).under(policy.traits) }
    /// How keys and values are written: as the policy says, else as the options do. Full pages may be stored in
    /// fewer bits; see ``storage``.
    package var cacheCodec: CacheCodec { policy.codec ?? options.cacheCodec }

    /// How full pages are stored, in words: a codec or a method, and along what it scales keys.
    package var storage: String { policy.storage ?? "\(cacheCodec)" }

    /// The most tokens of a prompt that a step computes.
    package var promptChunk: Int {
        min(options.maximumBatchTokens, policy.traits.promptStep ?? .max)
    }

    /// The attention pattern of each layer under the policy.
    package var visibilities: [Visibility] {
        model.shape.layerWindows.map { policy.traits.visibility(modelWindow: $0) }
    }

    /// Positions that a sequence may use; nil when distances stay within what the model knows however
    /// long the sequence grows.
    package var positionLimit: Int? {
        let context = model.shape.contextLength
        guard !model.shape.isPositionLearned else { return context }
        let isBounded = visibilities.allSatisfy { visibility in
            visibility.window.map { $0 + visibility.sinks <= context } ?? false
        }
        return isBounded ? nil : context
    }

    /// What the model's files say in two ways, and which of them counts: sentences without a full stop.
    package var notes: [String] {
        var notes = model.notes
        if policy.traits.marks == nil {
            for (name, adapter) in model.adapters.sorted(by: { $0.key < $1.key }) {
                guard let method = adapter.evictionHead?.method.rawValue else { continue }
                notes.append(
                    "adapter \(name) marks tokens, which --cache \(method) carries out and \(policyText) does not"
                )
            }
        }
        // Pages that are sealed are written as floats.
        guard cacheCodec == .q8 || cacheCodec == .q4 else { return notes }
        let bias = model.largestKeyBias
        guard bias >= Self.outstandingBias else { return notes }
        return notes + [
            "\(name): keys have biases of up to \(Int(bias)), of which \(storage) loses much "
                + "(perplexity, accuracy); store them by channel, which is the default of --kv where --cache lets "
                + "pages be sealed, or in f16"
        ]
    }

    /// A bias of keys beside which the other channels lose much when one scale serves them all. Qwen2.5-Coder-0.5B
    /// has 211, and its perplexity rises from 15.97 to 16.47 in 8 bits and to 25.65 in 4 (docs/lab.md).
    private static let outstandingBias: Float = 32

    /// What is on that can change results against the stored weights and a full cache in f32.
    package var lossyMethods: [String] {
        var methods: [String] = []
        if let type = model.weightType, type != .f32, type != naturalWeights {
            methods.append("weights \(type)")
        }
        if cacheCodec != .f32 { methods.append("kv \(storage)") }
        if !policy.isExact { methods.append("cache \(policy)") }
        return methods
    }

    /// Tokens over cached tokens that a model's own policy aims at, where it is on; otherwise 1.
    package var compressionRatio: Double { compressionRatio(under: nil) }

    /// The same of requests under an adapter, whose heads may be what marks tokens.
    package func compressionRatio(under adapter: String?) -> Double {
        if let own = policy.traits.compression { return own }
        if let adapter, let heads = model.adapters[adapter], heads.evictionHead != nil {
            return heads.compressionRatio
        }
        if model.shape.evictionHead?.isDisabled == true { return 1 }
        guard let configuration = checkpoint?.configuration else { return 1 }
        return (try? configuration.double("dms_cr", default: 1, in: 1...1000)) ?? 1
    }

    /// Names and policies of the same model retrofitted to hold fewer tokens; none unless it is loaded with a dense
    /// cache, because another one was somebody's choice; how it is stored does not matter.
    package var compressedForms: [(name: String, policy: String)] {
        guard policy.keepsAll, options.adapter == nil, let builtin = BuiltinModel(rawValue: name)
        else { return [] }
        return builtin.compressedForms.map { ($0.name, "dms") }
    }

    /// Tokens that a completion may need: `max_new_tokens` of the model's `generation_config.json`, else 1,024.
    package var usualCompletionTokens: Int {
        let usual = 1024
        guard let advice = checkpoint?.generation else { return usual }
        return (try? advice.int("max_new_tokens", default: usual, in: 1...1 << 24)) ?? usual
    }

    /// How the weights are packed.
    package var weightName: String { model.weightName }
    /// Bytes of packed weights that a step reads.
    package var weightBytes: Int { model.weightBytes }
    /// Threads of every loop.
    package var threadCount: Int { model.pool.threadCount }
    /// The instruction set of the kernels.
    package var instructionSet: String { model.kernels.instructionSet.rawValue }
    /// Whether the policy does nothing before a prompt is complete.
    package var actsAfterPrompt: Bool { policy.traits.actsAfterPrompt }
    /// The policy with every parameter written out.
    package var policyText: String { policy.description }
}
