/// The floating-point operations of answers, computed from a model's shape; measures nothing.

import Martlet
import MartletModels

/// Multiplications and additions of one model.
///
/// A token costs two for every weight of a matrix, and four for each element of a query head and cached token that it
/// attends to, in every layer: `2·P·(p + t) + 4·N·h·d·(p·(p + 1)/2 + r)` for a prompt of p tokens that is computed once,
/// t generated tokens and r KV reads, with P weights (of experts
/// those that it runs through), N layers and h heads of d. This is the Sparse Frontier's count
/// (2504.17768) with the causal half of a prompt's attention, and with what decoding really read.
struct FlopCount {
    let perToken: Double
    let perRead: Double
    /// What a step moves by the Sparse Frontier's own model of costs.
    let iso: SparseAttentionCost
    /// Tokens of each problem's prompt.
    let prompts: [Int]

    /// - Parameter parameterCount: weights that a token's logits depend on.
    init(_ shape: DecoderShape, activeParameterCount parameterCount: Int, prompts: [Int]) {
        // A separate table of embeddings is looked up, not multiplied.
        let table = shape.tiesEmbeddings ? 0 : shape.vocabularySize * shape.hiddenSize
        perToken = 2 * Double(parameterCount - table)
        perRead = 4 * Double(shape.layerCount * shape.headCount * shape.headDimension)
        iso = SparseAttentionCost(shape)
        self.prompts = prompts
    }

    /// Operations of all chains of one problem together.
    func flops(problem: Int, tokens: Double, reads: Double) -> Double {
        let prompt = prompts.indices.contains(problem) ? Double(prompts[problem]) : 0
        return Self.flops(perToken, perRead, prompt: prompt, tokens: tokens, reads: reads)
    }

    /// Operations of all chains of a problem together, from what a sweep's results keep of a shape.
    static func flops(
        _ perToken: Double, _ perRead: Double, prompt: Double, tokens: Double, reads: Double
    ) -> Double {
        perToken * (prompt + tokens) + perRead * (prompt * (prompt + 1) / 2 + reads)
    }
}
