/// Choosing the largest of many values.

/// Choosing the largest of many.
enum Ranking {
    /// Indices of the `count` largest values, ascending; the later one wins a tie, and a value that is
    /// not a number loses to every other.
    static func largest(_ count: Int, of values: [Float]) -> [Int32] {
        guard count > 0 else { return [] }
        guard count < values.count else { return (0..<Int32(values.count)).map(\.self) }
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * values.count) { room in
            guard let keys = room.baseAddress else { return [] }
            let scratch = keys + values.count
            // One integer orders by value and then by place, so that no two are alike.
            values.withUnsafeBufferPointer { values in
                for index in 0..<values.count {
                    keys[index] =
                        UInt64(orderedBits(values[index])) << 32 | UInt64(UInt32(index))
                }
            }
            scratch.initialize(from: keys, count: values.count)
            let least = smallest(ofLargest: count, scratch, values.count)
            return [Int32](unsafeUninitializedCapacity: count) { result, written in
                for index in 0..<values.count where keys[index] >= least {
                    result[written] = Int32(truncatingIfNeeded: index)
                    written += 1
                }
            }
        }
    }

    /// The `count`-th largest of different numbers, by narrowing the range around it. Moves them.
    private static func smallest(
        ofLargest count: Int, _ keys: UnsafeMutablePointer<UInt64>, _ all: Int
    ) -> UInt64 {
        var (low, high) = (0, all - 1)
        let wanted = all - count
        while low < high {
            // The middle of three guards against ranges in order.
            let (a, b, c) = (keys[low], keys[(low + high) / 2], keys[high])
            let pivot = max(min(a, b), min(max(a, b), c))
            var (left, right) = (low, high)
            while left <= right {
                while keys[left] < pivot { left += 1 }
                while keys[right] > pivot { right -= 1 }
                guard left <= right else { break }
                let kept = keys[left]
                keys[left] = keys[right]
                keys[right] = kept
                left += 1
                right -= 1
            }
            if wanted <= right {
                high = right
            } else if wanted >= left {
                low = left
            } else {
                break
            }
        }
        return keys[wanted]
    }

    /// An integer that is larger for a larger float.
    private static func orderedBits(_ value: Float) -> UInt32 {
        guard !value.isNaN else { return 0 }
        // Both zeros are alike.
        let bits = (value == 0 ? 0 : value).bitPattern
        return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    }
}
