// Working memory of one encoding: a bounded cache of words and the arrays of the merge loop.

import Synchronization

/// Memory that one encoding at a time works in.
///
/// Unchecked because it is plain memory: `ScratchPool` hands each instance to one encoding.
final class EncoderScratch: @unchecked Sendable {
    /// Words up to this many bytes are merged in small arrays, longer ones with a queue.
    static let smallWord = 64
    /// A cached word is at most this long, and has at most `cachedTokens` tokens: one cache line.
    static let cachedBytes = 23
    static let cachedTokens = 9
    static let slotBits = 15
    static let slotBytes = 64

    /// 2^15 lines of 64 bytes: 23 bytes of word, its length, the number of tokens, three bytes
    /// unused, nine tokens. Zeroed pages are only touched as words arrive.
    let cache: UnsafeMutableRawPointer
    let ids: UnsafeMutablePointer<Int32>
    let ranks: UnsafeMutablePointer<UInt32>

    init() {
        let bytes = EncoderScratch.slotBytes << EncoderScratch.slotBits
        cache = .allocate(byteCount: bytes, alignment: EncoderScratch.slotBytes)
        cache.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        ids = .allocate(capacity: EncoderScratch.smallWord)
        ids.initialize(repeating: 0, count: EncoderScratch.smallWord)
        ranks = .allocate(capacity: EncoderScratch.smallWord)
        ranks.initialize(repeating: 0, count: EncoderScratch.smallWord)
    }

    deinit {
        cache.deallocate()
        ids.deallocate()
        ranks.deallocate()
    }
}

/// Idle scratch memory of a tokenizer, at most four pieces of 2 MiB.
final class ScratchPool: Sendable {
    private let idle = Mutex<[EncoderScratch]>([])

    func take() -> EncoderScratch {
        idle.withLock { $0.popLast() } ?? EncoderScratch()
    }

    func give(_ scratch: EncoderScratch) {
        idle.withLock { idle in
            if idle.count < 4 { idle.append(scratch) }
        }
    }
}
