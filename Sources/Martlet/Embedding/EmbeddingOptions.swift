/// What is asked of an embedding, and what comes back.

import Foundation

/// How texts are embedded.
public struct EmbeddingOptions: Sendable, Hashable {
    /// What becomes of a text of more tokens than the model takes.
    public enum LongTexts: Sendable, Hashable {
        /// Its first tokens count. ``EmbeddingResult/truncated`` names such texts.
        case truncate
        /// It is refused with `promptTooLong`.
        case refuse
    }

    /// What stands before every text; see ``EmbeddingModel/prompts``.
    public var prompt = ""
    /// The first channels that are kept, and scaled to a length of 1 again: for models that were trained so (Matryoshka).
    public var dimensions: Int?
    /// Whether vectors are scaled to a length of 1; nil as the model's files say.
    public var normalizes: Bool?
    /// What becomes of long texts.
    public var longTexts = LongTexts.truncate
    /// Which of ``ModelOptions/adapters`` of a decoder the texts are computed under; nil for the model's own weights.
    public var adapter: String?

    /// The default settings.
    public init() {}
}

/// The vectors of several texts.
public struct EmbeddingResult: Sendable, Hashable {
    /// One for each text, in their order.
    public let vectors: [[Float]]
    /// How many tokens of each text were read, those that the model wants around it included.
    public let tokenCounts: [Int]
    /// The texts that were longer, by their places.
    public let truncated: [Int]

    /// The cosines of the vectors with another one.
    public func similarities(to query: [Float]) -> [Float] {
        vectors.map { cosineSimilarity($0, query) }
    }
}

/// The cosine of the angle between two vectors of equal lengths; 0 where one has none.
public func cosineSimilarity(_ a: [Float], _ b: [Float]) -> Float {
    precondition(
        a.count == b.count,
        "cosineSimilarity: got \(a.count) and \(b.count) channels, expected equal numbers")
    var (dot, first, second) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
        dot += Double(x) * Double(y)
        first += Double(x) * Double(x)
        second += Double(y) * Double(y)
    }
    let norm = (first * second).squareRoot()
    return norm > 0 ? Float(dot / norm) : 0
}
