/// What a model's files say of how vectors of tokens become the vector of a text.

import Foundation
import MartletFormats
import MartletModels

/// From vectors of tokens to the vector of a text.
struct EmbeddingRecipe: Sendable {
    /// What is done to a pooled vector.
    enum Step: Sendable {
        case project(EmbeddingProjection)
        case normalize
    }

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

    /// Whether vectors are scaled to a length of 1.
    var normalizes: Bool {
        steps.contains { if case .normalize = $0 { true } else { false } }
    }
}

extension EmbeddingRecipe {
    /// Reads what a model's files say; nil where they say nothing of pooling.
    static func read(_ checkpoint: Checkpoint) throws -> EmbeddingRecipe? {
        if let file = checkpoint.metadata { return try read(file) }
        return try EmbeddingFolder(checkpoint.directory).recipe()
    }

    /// The usual one of a family.
    static func usual(_ pooling: Pooling, of family: String) -> EmbeddingRecipe {
        EmbeddingRecipe(
            poolings: [pooling], poolingSource: "usual for \(family)", steps: [.normalize])
    }

    private static func read(_ file: GGUFFile) throws -> EmbeddingRecipe? {
        guard let architecture = file["general.architecture"]?.text else { return nil }
        let key = architecture + ".pooling_type"
        guard let kind = file[key]?.int, kind != 0 else { return nil }
        let known: [Int: Pooling] = [1: .mean, 2: .cls, 3: .last]
        guard let pooling = known[kind] else {
            throw ModelError.unsupported(
                file: file.file.path, key: key, got: kind == 4 ? "4, a reranker" : "\(kind)",
                expected: "1 (mean), 2 (cls) or 3 (last)")
        }
        return EmbeddingRecipe(poolings: [pooling], poolingSource: key, steps: [.normalize])
    }
}
