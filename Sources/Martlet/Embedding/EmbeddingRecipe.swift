/// What a model's files say of how vectors of tokens become the vector of a text.

import Foundation
import MartletFormats
import MartletModels

/// What is done to a pooled vector.
enum EmbeddingStep<Projection: Sendable>: Sendable {
    case project(Projection)
    case normalize

    /// Whether it scales a vector to a length of 1.
    var isScaling: Bool { if case .normalize = self { true } else { false } }

    /// The same step of another kind of product.
    func map<Other>(_ change: (Projection) throws -> Other) rethrows -> EmbeddingStep<Other> {
        switch self {
        case .project(let projection): .project(try change(projection))
        case .normalize: .normalize
        }
    }
}

/// From vectors of tokens to the vector of a text.
struct EmbeddingRecipe: Sendable {
    /// What is done to a pooled vector.
    typealias Step = EmbeddingStep<EmbeddingProjection>

    /// The vectors that are put one after another.
    var poolings: [Pooling]
    /// Where ``poolings`` was found, for output.
    var poolingSource: String
    var steps: [Step] = []
    /// Tokens that texts were cut to in training; nil where files do not say.
    var maximumTokens: Int?
    /// Whether texts are written small first.
    var lowercases = false
    /// What models were trained to see before texts of a kind.
    var prompts: [String: String] = [:]
    /// The name of the prompt where none is asked for.
    var defaultPrompt: String?
    /// Whether the tokens of a prompt are pooled, too.
    var poolsPrompt = true

    /// The products after pooling, in their order.
    var projections: [EmbeddingProjection] {
        steps.compactMap { if case .project(let projection) = $0 { projection } else { nil } }
    }

    /// Whether vectors are scaled to a length of 1.
    var normalizes: Bool { steps.contains(where: \.isScaling) }
}

extension EmbeddingRecipe {
    /// Reads what a model's files say; nil where they say nothing of pooling.
    static func read(_ checkpoint: Checkpoint) throws -> EmbeddingRecipe? {
        guard let file = checkpoint.metadata else {
            return try EmbeddingFolder(checkpoint.directory).recipe()
        }
        guard let architecture = file["general.architecture"]?.text else { return nil }
        let key = architecture + ".pooling_type"
        guard let kind = file[key]?.int, kind != 0 else { return nil }
        guard let pooling = poolingTypes.first(where: { $0.number == kind })?.pooling else {
            throw ModelError.unsupported(
                file: file.file.path, key: key, got: kind == 4 ? "4, a reranker" : "\(kind)",
                expected: "1 (mean), 2 (cls) or 3 (last)")
        }
        return EmbeddingRecipe(
            poolings: [pooling], poolingSource: key, steps: try steps(of: checkpoint))
    }

    /// Reads what an encoder's files say; where they say nothing of pooling, it is the usual one of its family.
    static func read(_ checkpoint: Checkpoint, of plan: EncoderPlan) throws -> EmbeddingRecipe {
        var recipe =
            try read(checkpoint) ?? .usual(plan.usualPooling, of: plan.family)
        if checkpoint.metadata != nil { recipe.steps = try steps(of: checkpoint) }
        return recipe
    }

    /// The usual one of a family.
    static func usual(_ pooling: Pooling, of family: String) -> EmbeddingRecipe {
        EmbeddingRecipe(
            poolings: [pooling], poolingSource: "usual for \(family)", steps: [.normalize])
    }

    /// What follows pooling in a GGUF file: its products, then a scaling that readers do by themselves.
    private static func steps(of checkpoint: Checkpoint) throws -> [Step] {
        try checkpoint.products.map { .project(try EmbeddingProjection($0)) } + [.normalize]
    }

    /// The values of GGUF's `pooling_type` that make a vector of a text.
    private static let poolingTypes: [(number: Int, pooling: Pooling)] = [
        (1, .mean), (2, .cls), (3, .last),
    ]

    /// The number of the pooling in GGUF; nil where it has none.
    var poolingType: Int? {
        poolings.count == 1
            ? Self.poolingTypes.first { $0.pooling == poolings[0] }?.number : nil
    }

    /// What a GGUF file has no keys for, in sentences without a full stop.
    ///
    /// - Parameters:
    ///   - context: the tokens that the model has positions for.
    ///   - keepsProducts: whether ``denseTensors()`` are written.
    func lostInGGUF(context: Int, keepsProducts: Bool) -> [String] {
        var notes: [String] = []
        if poolingType == nil {
            notes.append(
                "GGUF has no key for the pooling \(poolings.map(\.rawValue).joined(separator: "+")): "
                    + "give --pooling where the file is used")
        }
        if !normalizes {
            notes.append(
                "GGUF has no key for vectors of their own length: readers scale them to a length of 1"
            )
        } else if steps.dropLast().contains(where: \.isScaling) {
            notes.append(
                "GGUF has no key for the order of modules: readers scale vectors to a length of 1 after the last one "
                    + "alone")
        }
        if !poolsPrompt {
            notes.append(
                "GGUF has no key for include_prompt: readers pool the tokens of a prompt, too")
        }
        if !prompts.isEmpty {
            notes.append(
                "GGUF has no keys for prompts: give --prompt where the file is used, of "
                    + prompts.keys.sorted().joined(separator: ", "))
        }
        if let maximumTokens, maximumTokens < context {
            notes.append(
                "GGUF has no key for the length that texts are cut to (\(maximumTokens) tokens): readers cut where "
                    + "the model's positions end")
        }
        if lowercases {
            notes.append("GGUF has no key for do_lower_case: texts keep their capitals")
        }
        if !projections.isEmpty, !keepsProducts {
            notes.append(
                "GGUF has no names for the Dense modules of this family: vectors lack them")
        }
        return notes
    }

    /// The products as GGUF has names for them; none where they are others.
    func denseTensors() throws -> [GGUFTensorToWrite] {
        let products = projections
        guard products.count <= GGUFDense.names.count, try products.allSatisfy({ try $0.isPlain() })
        else { return [] }
        return zip(GGUFDense.names, products).map { name, product in product.tensor(name) }
    }
}
