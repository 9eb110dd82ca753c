/// The protocol of what acts on a cache beside the plain step: one published method, or a part of one.

/// One method at work on one cache. The thread that runs the steps owns it.
///
/// The loop over stages calls, in this order:
///
/// 1. ``begin(_:tokens:cache:)``, after which ``changesReads`` and ``replacesTables`` hold for the step;
/// 2. for each layer ``willAppend(_:layer:cache:)``, ``willAttend(_:layer:cache:)``, ``slotCount(slice:head:)``
///    where tables differ in length, and, for each unit, ``withReads(of:_:cache:_:)`` on several threads at once;
/// 3. for each slice ``count(_:slice:cache:)``, right before its tokens are committed;
/// 4. ``finishStep(cache:)``, when all are;
/// 5. for each sequence whose prompt ended ``rereading(of:cache:)``, then ``completePrompt(_:cache:)``.
///
/// A stage sees units of prompts as it sees those of generated tokens. What it remembers of a sequence is
/// its ``StageMemory``, which the cache holds.
package protocol CacheStage: AnyObject {
    /// Starts a step with these slices. `tokens` are the ids of all rows, where they are known.
    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache)
    /// Runs before one layer's keys and values are appended; may change them.
    func willAppend(_ rows: AppendedRows, layer: Int, cache: KVCache)
    /// Runs before one layer's queries attend, when its keys and values are appended.
    func willAttend(_ queries: QueryRows, layer: Int, cache: KVCache)
    /// Whether some units of the step at hand read other tables than their sequence's.
    var replacesTables: Bool { get }
    /// Slots that a unit of one token reads, its own included, where the stage replaces its table.
    func slotCount(slice: Int, head: Int) -> Int?
    /// Whether ``withReads(of:_:cache:_:)`` may change anything in the step at hand.
    var changesReads: Bool { get }
    /// Whether no unit of the step at hand may have queries in two pages, since what they read would differ.
    var dividesAtPages: Bool { get }
    /// Calls `body` with what the unit reads: `reads`, as it is or changed. Its pointers are valid inside.
    func withReads(
        of unit: StageUnit, _ reads: UnitReads, cache: KVCache, _ body: (UnitReads) -> Void)
    /// Corrects what a slice of the step reads in all layers, before it is committed.
    func count(_ reads: inout StepReads, slice: Int, cache: KVCache)
    /// Runs after the commit of a step. Throws `outOfPages`.
    func finishStep(cache: KVCache) throws(CacheError)
    /// Runs when a prompt is complete, after ``finishStep(cache:)``. Throws `outOfPages`.
    func completePrompt(_ sequence: SequenceID, cache: KVCache) throws(CacheError)
    /// Makes room between two steps, where ``CacheTraits/demotes``: seals what can be of a sequence. Returns the number of
    /// pages. Throws `outOfPages`.
    func demote(_ sequence: SequenceID, cache: KVCache) throws(CacheError) -> Int
    /// The prompt that the stage wants to be computed a second time before it is complete.
    func rereading(of sequence: SequenceID, cache: KVCache) -> Rereading?
    /// Says that forks repeat this part of a prompt in the steps that follow; nil when they no longer do.
    func repeating(_ part: RepeatedPart?)
    /// Takes a sequence that was filled for timing as one that was computed: invents what the stage would
    /// have recorded.
    func adopt(_ sequence: SequenceID, cache: KVCache, seed: UInt64)
}

extension CacheStage {
    package func begin(
        _ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache
    ) {}
    package func willAppend(_ rows: AppendedRows, layer: Int, cache: KVCache) {}
    package func willAttend(_ queries: QueryRows, layer: Int, cache: KVCache) {}
    package var replacesTables: Bool { false }
    package func slotCount(slice: Int, head: Int) -> Int? { nil }
    package var changesReads: Bool { false }
    package var dividesAtPages: Bool { false }
    package func withReads(
        of unit: StageUnit, _ reads: UnitReads, cache: KVCache, _ body: (UnitReads) -> Void
    ) { body(reads) }
    package func count(_ reads: inout StepReads, slice: Int, cache: KVCache) {}
    package func finishStep(cache: KVCache) throws(CacheError) {}
    package func completePrompt(_ sequence: SequenceID, cache: KVCache) throws(CacheError) {}
    package func demote(_ sequence: SequenceID, cache: KVCache) throws(CacheError) -> Int { 0 }
    package func rereading(of sequence: SequenceID, cache: KVCache) -> Rereading? { nil }
    package func repeating(_ part: RepeatedPart?) {}
    package func adopt(_ sequence: SequenceID, cache: KVCache, seed: UInt64) {}
}

/// A prompt that a stage wants to be computed a second time, in parts.
package struct Rereading: Sendable {
    /// The prompt.
    package var tokens: [Int32]
    /// Tokens of one part.
    package var part: Int

    /// Describes the wish.
    package init(tokens: [Int32], part: Int) {
        self.tokens = tokens
        self.part = part
    }
}

/// The part of a prompt that a fork repeats.
package struct RepeatedPart: Sendable {
    /// The sequence whose prompt it is.
    package var sequence: SequenceID
    /// The positions that are repeated.
    package var range: Range<Int>

    /// Describes the part.
    package init(sequence: SequenceID, range: Range<Int>) {
        self.sequence = sequence
        self.range = range
    }
}

/// What is said around each part of a prompt when it is repeated.
package struct RepeatInstruction: Sendable, Hashable {
    /// Tokens before the first part.
    package var first: [Int32]
    /// Tokens before a later part, ahead of the last tokens of the part before it.
    package var later: [Int32]
    /// Tokens between these and the part.
    package var suffix: [Int32]

    /// Makes an instruction; empty by default, as for models without text.
    package init(first: [Int32] = [], later: [Int32] = [], suffix: [Int32] = []) {
        self.first = first
        self.later = later
        self.suffix = suffix
    }
}
