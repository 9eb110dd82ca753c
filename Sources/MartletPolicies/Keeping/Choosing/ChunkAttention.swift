/// How a prompt is cut for attention within chunks, in both directions.

/// Chunks of a prompt, and the tokens at its ends that belong to none.
struct ChunkAttention: Sendable, Hashable {
    /// Tokens of a chunk; the last one may have fewer.
    let chunk: Int
    /// First and last tokens of the prompt, which take no part.
    let first: Int
    let last: Int

    /// A chunk waits until its last token is known not to be among the prompt's last.
    var heldQueries: Int { chunk + last }

    /// Tokens of the chunks that are complete when `count` have come.
    func whole(of count: Int) -> Int { max(0, count - first - last) / chunk * chunk }

    /// The chunk that is complete when `count` tokens have come, and not before; nil for none.
    func chunk(completeAt count: Int) -> Range<Int>? {
        let end = whole(of: count)
        guard end > whole(of: count - 1) else { return nil }
        return first + end - chunk..<first + end
    }

    /// Tokens that will have come when the next chunk is complete, `count` having come.
    func next(after count: Int) -> Int { first + last + whole(of: count) + chunk }
}
