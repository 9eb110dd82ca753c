// What an engine sees of a model: a ragged batch goes in, rows of logits come out.
// This file knows nothing of layers, requests, time or text.

package import MartletCache

/// Which rows of logits one slice of a batch asks for.
package enum LogitsWanted: Sendable, Hashable {
    /// No row: a prompt chunk that is not the last one.
    case none
    /// One row, after the slice's last token: what sampling needs.
    case last
    /// One row after every token of the slice: what scoring needs.
    case all

    /// The number of rows that a slice of `tokenCount` tokens yields.
    @inlinable
    package func rowCount(tokenCount: Int) -> Int {
        switch self {
        case .none: 0
        case .last: tokenCount > 0 ? 1 : 0
        case .all: tokenCount
        }
    }
}

/// The tokens that one step appends to one sequence.
package struct SequenceSlice: Sendable {
    /// The sequence in the cache that the tokens are appended to.
    package var sequence: SequenceID
    /// The tokens appended now; the first one stands at position `cache.count(sequence)`.
    package var tokens: [Int32]
    /// The rows of logits wanted for this slice.
    package var logits: LogitsWanted
    /// Whether the tokens were generated, so that what they attend to counts as KV reads.
    package var isDecode: Bool
    /// Whether the last of the tokens ends the prompt: then a compressing policy chooses which of the
    /// prompt's tokens stay, after the step.
    package var completesPrompt: Bool
    /// The name of the adapter that the sequence is computed under; nil for the model's own weights.
    package var adapter: String?

    /// Describes one slice.
    package init(
        sequence: SequenceID, tokens: [Int32], logits: LogitsWanted, isDecode: Bool = false,
        completesPrompt: Bool = false, adapter: String? = nil
    ) {
        self.sequence = sequence
        self.tokens = tokens
        self.logits = logits
        self.isDecode = isDecode
        self.completesPrompt = completesPrompt
        self.adapter = adapter
    }
}

/// One step's work: slices of different lengths, at most one for each sequence.
package struct ForwardBatch: Sendable {
    /// The slices, whose token counts sum to at most `ForwardPass.maximumBatchTokens`.
    package var slices: [SequenceSlice]

    /// Describes one step's work.
    package init(slices: [SequenceSlice]) {
        self.slices = slices
    }
}

/// A model that runs a ragged batch once against the paged cache.
///
/// One thread owns a forward pass, so it is not `Sendable`.
package protocol ForwardPass: AnyObject {
    /// The length of a row of logits.
    var vocabularySize: Int { get }
    /// The most tokens in one batch, over all its slices.
    var maximumBatchTokens: Int { get }
    /// The most tokens of one sequence; `Int.max` when positions are relative and the cache policy bounds them.
    var contextLength: Int { get }

    /// The names of the adapters that slices may ask for.
    var adapterNames: [String] { get }

    /// Runs the batch once and commits its tokens to the cache.
    ///
    /// The pages must have been reserved with `cache.reserve`. Positions start at `cache.count(sequence)`.
    ///
    /// - Returns: rows of `vocabularySize` logits in slice order (see ``LogitsWanted``), valid until the next call.
    func forward(_ batch: ForwardBatch, cache: KVCache) throws -> UnsafeBufferPointer<Float>

    /// Seals what can be of a sequence between two steps, where the cache's plan allows that; returns the number of pages.
    func demote(_ sequence: SequenceID, cache: KVCache) throws -> Int

    /// The threads of ``run(_:_:)``; 1 where a forward pass has none of its own.
    var threadCount: Int { get }

    /// Runs a loop on the threads that compute the batches, which are idle between two of them: the rows of logits
    /// are many numbers too. `worker` is below ``threadCount``; two iterations of one worker never overlap.
    func run(_ count: Int, _ body: (_ iteration: Int, _ worker: Int) -> Void)
}

extension ForwardPass {
    /// None.
    package var adapterNames: [String] { [] }

    /// Nothing.
    package func demote(_ sequence: SequenceID, cache: KVCache) throws -> Int { 0 }

    /// One: the caller's.
    package var threadCount: Int { 1 }

    /// Runs the iterations on the caller's thread.
    package func run(_ count: Int, _ body: (_ iteration: Int, _ worker: Int) -> Void) {
        for iteration in 0..<count { body(iteration, 0) }
    }
}

/// A forward pass that can stop between two layers, run other batches, and go on.
package protocol PausingForwardPass: ForwardPass {
    /// Whether it can stop when it runs against this cache.
    func canPause(_ cache: KVCache) -> Bool

    /// Runs a batch as ``ForwardPass/forward(_:cache:)`` does, unless `pauses` says after some layer that it is to stop:
    /// then nil. What was computed is kept until ``resume(cache:pausing:)`` or ``abandon()``; nothing is committed, and the
    /// reservations of the batch must last.
    func forward(
        _ batch: ForwardBatch, cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>?

    /// Goes on with the batch that stopped. The rows are the same bits as if it had not. Nil when it stops again.
    func resume(
        cache: KVCache, pausing pauses: () -> Bool
    ) throws -> UnsafeBufferPointer<Float>?

    /// Forgets the batch that stopped. Does nothing when there is none.
    func abandon()
}
