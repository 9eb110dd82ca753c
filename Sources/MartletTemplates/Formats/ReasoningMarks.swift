/// Where what a model thinks begins and ends in its answers.

/// Marks around what a model thinks.
public struct ReasoningMarks: Sendable, Hashable {
    /// The text or the special token that begins it.
    public let open: String
    /// The text or the special token that ends it.
    public let close: String
    /// Whether the answer begins inside: the prompt ends with the first mark.
    public let isOpen: Bool
}

extension ChatFormat {
    /// The marks around what the model thinks in the answer to a prompt; nil for a model whose thoughts have none.
    public func reasoning(answering prompt: RenderedPrompt) -> ReasoningMarks? {
        guard let marks = syntax.reasoning else { return nil }
        let tail = prompt.segments.last.flatMap { $0.fromInput ? nil : $0.text } ?? ""
        return ReasoningMarks(
            open: marks.open, close: marks.close, isOpen: syntax.isReasoning(after: tail))
    }
}
