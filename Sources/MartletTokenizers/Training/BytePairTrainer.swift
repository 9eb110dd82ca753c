// Byte pairs from texts: the pair that is there most often becomes a token, again and again.

/// Learns merges from words and how often each occurs.
///
/// The order is that of the reference implementation (`tokenizers`): the greatest count, and among equals the pair
/// whose tokens have the lowest ids.
struct BytePairTrainer {
    /// A merge that may be next; its count may have changed since.
    private struct Candidate {
        var count: Int
        var pair: UInt64

        func comes(before other: Candidate) -> Bool {
            count != other.count ? count > other.count : pair < other.pair
        }
    }

    private struct Pair {
        var count = 0
        var words: [Int32] = []
    }

    private var words: [[Int32]] = []
    private var counts: [Int] = []
    private var pairs: [UInt64: Pair] = [:]
    private var heap: [Candidate] = []

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Learns until there are `size` tokens or no pair occurs `least` times.
    ///
    /// - Parameters:
    ///   - words: Tokens of each word and how often it occurs.
    ///   - texts: The bytes of the tokens that there are already, by id; those of new ones are appended.
    /// - Returns: The merges, in order.
    mutating func train(
        words given: [(tokens: [Int32], count: Int)], texts: inout [[UInt8]], size: Int,
        least: Int = 2
    ) -> [(left: Int32, right: Int32)] {
        words = given.map(\.tokens)
        counts = given.map(\.count)
        var ids: [[UInt8]: Int32] = [:]
        for (id, text) in texts.enumerated() { ids[text] = Int32(id) }
        for (index, word) in words.enumerated() {
            for (left, right) in zip(word, word.dropFirst()) {
                pairs[Self.key(left, right), default: Pair()].count += counts[index]
                add(Int32(index), to: Self.key(left, right))
            }
        }
        for (key, pair) in pairs { push(Candidate(count: pair.count, pair: key)) }

        var merges: [(left: Int32, right: Int32)] = []
        while texts.count < size, let top = pop() {
            let pair = pairs[top.pair] ?? Pair()
            guard pair.count == top.count else {
                if pair.count > 0 { push(Candidate(count: pair.count, pair: top.pair)) }
                continue
            }
            guard top.count >= max(least, 1) else { break }
            let left = Int32(bitPattern: UInt32(top.pair >> 32))
            let right = Int32(bitPattern: UInt32(truncatingIfNeeded: top.pair))
            let text = texts[Int(left)] + texts[Int(right)]
            let merged = ids[text] ?? Int32(texts.count)
            if merged == texts.count {
                texts.append(text)
                ids[text] = merged
            }
            merges.append((left, right))
            apply(top.pair, left, right, merged, pair.words)
        }
        return merges
    }

    private mutating func add(_ word: Int32, to key: UInt64) {
        // Words come in order while the first pairs are counted, and may come again later.
        if pairs[key]?.words.last != word { pairs[key, default: Pair()].words.append(word) }
    }

    private mutating func apply(
        _ key: UInt64, _ left: Int32, _ right: Int32, _ merged: Int32, _ places: [Int32]
    ) {
        var changed: Set<UInt64> = []
        func change(_ left: Int32, _ right: Int32, _ by: Int, _ word: Int32) {
            let key = Self.key(left, right)
            pairs[key, default: Pair()].count += by
            guard by > 0 else { return }
            add(word, to: key)
            changed.insert(key)
        }
        for place in Set(places).sorted() {
            let word = words[Int(place)]
            let count = counts[Int(place)]
            var result: [Int32] = []
            result.reserveCapacity(word.count)
            var index = 0
            while index < word.count {
                guard word[index] == left, index + 1 < word.count, word[index + 1] == right else {
                    result.append(word[index])
                    index += 1
                    continue
                }
                if let before = result.last {
                    change(before, left, -count, place)
                    change(before, merged, count, place)
                }
                if index + 2 < word.count {
                    change(right, word[index + 2], -count, place)
                    change(merged, word[index + 2], count, place)
                }
                result.append(merged)
                index += 2
            }
            words[Int(place)] = result
        }
        pairs[key]?.words = []
        for key in changed {
            if let count = pairs[key]?.count, count > 0 {
                push(Candidate(count: count, pair: key))
            }
        }
    }

    private mutating func push(_ candidate: Candidate) {
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard candidate.comes(before: heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = candidate
    }

    private mutating func pop() -> Candidate? {
        guard let top = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return top }
        var hole = 0
        while 2 * hole + 1 < heap.count {
            var child = 2 * hole + 1
            if child + 1 < heap.count, heap[child + 1].comes(before: heap[child]) { child += 1 }
            guard heap[child].comes(before: last) else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = last
        return top
    }
}
