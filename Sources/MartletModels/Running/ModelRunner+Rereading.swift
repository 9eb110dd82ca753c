// Runs a prompt a second time where a cache policy asks for it (KVzip, 2505.23416).

import MartletAttention
import MartletCache

extension ModelRunner {
    /// Tokens of the part before that a later chunk's repetition starts from.
    private static var overlap: Int { 8 }

    /// Lets forks of a sequence repeat its prompt chunk by chunk, if its policy wants that; they are
    /// released again. Costs about as much as the prompt did. Throws `outOfPages` when a chunk does not
    /// fit beside the prompt, and `contextExceeded` when positions run out.
    func reread(_ sequence: SequenceID, adapter: String?, cache: KVCache) throws {
        guard let wish = step.attention.rereading(of: sequence, cache: cache) else { return }
        let tokens = wish.tokens
        for first in stride(from: 0, to: tokens.count, by: wish.part) {
            let range = first..<min(tokens.count, first + wish.part)
            let fork = cache.fork(sequence)
            defer { cache.release(fork) }
            let words = cache.repeatInstruction
            let lead =
                first == 0
                ? words.first : words.later + tokens[max(0, first - Self.overlap)..<first]
            try run(
                lead + words.suffix + tokens[range], range, of: sequence, fork, adapter, cache)
        }
    }

    private func run(
        _ tokens: [Int32], _ range: Range<Int>, of sequence: SequenceID, _ fork: SequenceID,
        _ adapter: String?, _ cache: KVCache
    ) throws {
        for start in stride(from: 0, to: tokens.count, by: maximumBatchTokens) {
            let part = Array(tokens[start..<min(tokens.count, start + maximumBatchTokens)])
            try cache.reserve([(fork, part.count)])
            try step.attention.repeating(range, of: sequence) {
                _ = try forward(
                    ForwardBatch(slices: [
                        SequenceSlice(
                            sequence: fork, tokens: part, logits: .none, adapter: adapter)
                    ]), cache: cache)
            }
        }
    }
}
