/// The vectors of tokens that a decoder has after its last norm.

import MartletCache
import MartletModels

/// Runs texts through a decoder, several at a time, in a cache that holds those at hand.
struct DecoderStates {
    let loaded: LoadedModel
    let texts: [[Int32]]
    let adapter: String?
    /// Texts in one step: each takes at least a page of every head.
    private static let textsOfStep = 32

    init(_ loaded: LoadedModel, texts: [[Int32]], adapter: String? = nil) {
        self.adapter = adapter
        self.loaded = loaded
        self.texts = texts
    }

    /// - Parameters:
    ///   - onlyLast: whether the last token of each text is wanted alone.
    ///   - read: takes the vectors of one text, valid until it returns.
    func run(
        onlyLast: Bool, shouldStop: () -> Bool,
        read: (_ text: Int, _ vectors: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        guard let longest = texts.map(\.count).max() else { return }
        let rows = loaded.options.maximumBatchTokens
        let cache = try loaded.makeCache(budgetBytes: cacheBytes(longest: longest, rows: rows))
        let runner = try ModelRunner(loaded.model, maximumBatchTokens: rows, cache: cache)
        let width = loaded.model.shape.hiddenSize
        /// Of the text that a step ends inside of.
        var open: (sequence: SequenceID, done: Int, vectors: [Float])?
        var next = 0
        while next < texts.count, !shouldStop() {
            var slices: [SequenceSlice] = []
            var starts: [Int] = []
            var (room, index) = (rows, next)
            while index < texts.count, room > 0, slices.count < Self.textsOfStep {
                let done = slices.isEmpty ? open?.done ?? 0 : 0
                let sequence = slices.isEmpty ? open?.sequence : nil
                let count = min(room, texts[index].count - done)
                let isComplete = done + count == texts[index].count
                slices.append(
                    SequenceSlice(
                        sequence: sequence ?? cache.makeSequence(),
                        tokens: Array(texts[index][done..<done + count]),
                        logits: onlyLast ? (isComplete ? .last : .none) : .all, adapter: adapter))
                starts.append(done)
                room -= count
                guard isComplete else { break }
                index += 1
            }
            try cache.reserve(slices.map { ($0.sequence, $0.tokens.count) })
            let states = try runner.states(ForwardBatch(slices: slices), cache: cache)
            var first = 0
            for (place, slice) in slices.enumerated() {
                let count = slice.logits.rowCount(tokenCount: slice.tokens.count) * width
                let part = UnsafeBufferPointer(rebasing: states[first..<first + count])
                first += count
                let done = starts[place] + slice.tokens.count
                let before = place == 0 ? open?.vectors ?? [] : []
                guard done == texts[next + place].count else {
                    open = (slice.sequence, done, before + part)
                    continue
                }
                if before.isEmpty {
                    read(next + place, part)
                } else {
                    (before + part).withUnsafeBufferPointer { read(next + place, $0) }
                }
                cache.release(slice.sequence)
                if place == 0 { open = nil }
            }
            next = index
        }
    }

    /// Bytes for the pages of the longest text and of those of a step.
    private func cacheBytes(longest: Int, rows: Int) -> Int {
        let slots = 2 * longest + rows + Self.textsOfStep * KVPage.tokens
        let shape = loaded.cacheShape
        return (slots / KVPage.tokens + Self.textsOfStep) * shape.layerCount
            * shape.keyValueHeadCount * shape.pageBytes
    }
}
