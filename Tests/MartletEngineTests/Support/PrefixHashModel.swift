// A model whose logits are a hash of every token that the last one can see, read back from the
// cache's own pages: any slip in bookkeeping, page tables or copy-on-write changes the output.

import MartletCache
import MartletPolicies
import MartletKernels
import MartletModels
import Testing

@testable import MartletEngine

final class PrefixHashModel: ForwardPass {
    static let vocabulary = 61
    let vocabularySize = PrefixHashModel.vocabulary
    let maximumBatchTokens: Int
    let contextLength: Int
    var beforeForward: (ForwardBatch) throws -> Void = { _ in }
    private(set) var largestBatch = (tokens: 0, sequences: 0)
    private var rows: [Float] = []
    private var pinned: UnsafeMutableBufferPointer<Float>

    private let pool: WorkerPool
    /// Loops that were run on the threads of the model.
    private(set) var loops = 0

    init(maximumBatchTokens: Int = 4096, contextLength: Int = 4096, threads: Int = 1) {
        pool = WorkerPool(threadCount: threads)
        self.maximumBatchTokens = maximumBatchTokens
        self.contextLength = contextLength
        pinned = .allocate(capacity: maximumBatchTokens * Self.vocabulary)
    }

    var threadCount: Int { pool.threadCount }

    func run(_ count: Int, _ body: (Int, Int) -> Void) {
        loops += 1
        pool.run(count, body)
    }

    deinit { pinned.deallocate() }

    func forward(_ batch: ForwardBatch, cache: KVCache) throws -> UnsafeBufferPointer<Float> {
        try beforeForward(batch)
        let tokens = batch.slices.reduce(0) { $0 + $1.tokens.count }
        precondition(tokens <= maximumBatchTokens)
        largestBatch = (
            max(largestBatch.tokens, tokens), max(largestBatch.sequences, batch.slices.count)
        )
        for slice in batch.slices { write(slice, cache) }
        rows = []
        for slice in batch.slices {
            let start = cache.count(slice.sequence)
            let count = slice.tokens.count
            let wanted =
                switch slice.logits {
                case .none: 0..<0
                case .last: (count - 1)..<count
                case .all: 0..<count
                }
            for row in wanted {
                rows += Self.logits(after: visible(slice.sequence, start + row, cache))
            }
        }
        for slice in batch.slices {
            cache.commit(
                slice.sequence, tokens: slice.tokens.count, isDecode: slice.isDecode)
        }
        _ = pinned.update(fromContentsOf: rows)
        return UnsafeBufferPointer(rebasing: pinned[..<rows.count])
    }

    /// Logits in -6 ..< 6 from a hash of the tokens.
    static func logits(after tokens: [(position: Int, token: Int32)]) -> [Float] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for (position, token) in tokens {
            hash = mix(hash ^ UInt64(position) << 32 ^ UInt64(UInt32(bitPattern: token)))
        }
        return (0..<vocabulary).map { Float(mix(hash ^ UInt64($0)) >> 40) / 0x1p24 * 12 - 6 }
    }

    static func logits(after tokens: [Int32]) -> [Float] {
        logits(after: tokens.enumerated().map { ($0.offset, $0.element) })
    }

    private static func mix(_ x: UInt64) -> UInt64 {
        var z = x &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private func write(_ slice: SequenceSlice, _ cache: KVCache) {
        let start = cache.count(slice.sequence)
        for layer in 0..<cache.shape.layerCount {
            for head in 0..<cache.shape.keyValueHeadCount {
                let table = cache.table(slice.sequence, layer: layer, head: head)
                for (offset, token) in slice.tokens.enumerated() {
                    slot(start + offset, table, cache).pointee = token
                }
            }
        }
    }

    /// What the row at `position` sees, the same in every layer and head.
    private func visible(
        _ sequence: SequenceID, _ position: Int, _ cache: KVCache
    ) -> [(position: Int, token: Int32)] {
        let visibility = cache.visibility(layer: 0)
        let first = cache.table(sequence, layer: 0, head: 0)
        let last = cache.table(
            sequence, layer: cache.shape.layerCount - 1, head: cache.shape.keyValueHeadCount - 1)
        return (0...position).filter { visibility.sees($0, from: position) }.map {
            let token = slot($0, first, cache).pointee
            precondition(token == slot($0, last, cache).pointee)
            return ($0, token)
        }
    }

    private func slot(
        _ position: Int, _ table: PageTableView, _ cache: KVCache
    ) -> UnsafeMutablePointer<Int32> {
        let page = table[position / KVPage.tokens]
        precondition(page >= 0, "position \(position) was evicted but is visible")
        return cache.pagePointer(page).assumingMemoryBound(to: Int32.self)
            + position % KVPage.tokens
    }
}

extension KVCache {
    /// A cache of two layers and two heads with room for this many tokens in full pages.
    static func tiny(tokens: Int, policy: CachePolicy = .dense) throws -> KVCache {
        let shape = KVShape(
            layerCount: 2, keyValueHeadCount: 2, headDimension: 8, codec: .f32, pageBytes: 1024)
        return try KVCache(
            shape: shape,
            budgetBytes: (tokens + 15) / 16 * shape.tableCount * shape.heldBytesPerPage,
            policy: policy)
    }
}
