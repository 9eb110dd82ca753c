/// Selecting the likeliest tokens without sorting a vocabulary.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A token that may be chosen. Likelier ones come first; equal logits are ordered by id.
struct Candidate {
    var logit: Float
    var id: Int32
    /// Proportional to the probability; 1 for the likeliest token of the row.
    var weight: Double = 0

    @inline(__always)
    static func precedes(_ first: Candidate, _ second: Candidate) -> Bool {
        first.logit != second.logit ? first.logit > second.logit : first.id < second.id
    }
}

extension LogitRow {
    /// Fills `selected` with the `limit` likeliest tokens, in no particular order. Logits of minus
    /// infinity are never selected, so there may be fewer.
    ///
    /// A bounded heap holds the best so far, the worst of them on top; a block of sixteen logits that
    /// are all no better than that is skipped with one comparison.
    func selectLargest(_ limit: Int, into selected: inout [Candidate]) {
        selected.removeAll(keepingCapacity: true)
        guard limit > 0 else { return }
        var threshold = -Float.infinity
        var start = 0
        while start < count {
            let values = block(start)
            if any(values .> threshold) {
                for lane in 0..<min(Self.lanes, count &- start)
                where base[start &+ lane] > threshold {
                    let candidate = Candidate(
                        logit: base[start &+ lane], id: Int32(start &+ lane))
                    if selected.count < limit {
                        selected.append(candidate)
                        if selected.count == limit {
                            selected.makeWorstFirstHeap()
                            threshold = selected[0].logit
                        }
                    } else {
                        selected[0] = candidate
                        selected.siftDown(0)
                        threshold = selected[0].logit
                    }
                }
            }
            start &+= Self.lanes
        }
    }

    /// Fills `selected` with the tokens whose logit is at least `threshold` and finite, by id, each
    /// with its weight exp((logit - maximum) * scale).
    func select(
        atLeast threshold: Float, maximum: Float, scale: Float, into selected: inout [Candidate]
    ) {
        selected.removeAll(keepingCapacity: true)
        let threshold = max(threshold, -Float.greatestFiniteMagnitude)
        var start = 0
        while start < count {
            let values = block(start)
            if any(values .>= threshold) {
                let weights = Self.exponential((values - maximum) * scale)
                for lane in 0..<min(Self.lanes, count &- start)
                where base[start &+ lane] >= threshold {
                    selected.append(
                        Candidate(
                            logit: base[start &+ lane], id: Int32(start &+ lane),
                            weight: Double(weights[lane])))
                }
            }
            start &+= Self.lanes
        }
    }
}

extension Array where Element == Candidate {
    fileprivate mutating func makeWorstFirstHeap() {
        for index in stride(from: count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    fileprivate mutating func siftDown(_ start: Int) {
        withUnsafeMutableBufferPointer { heap in
            var parent = start
            let moved = heap[start]
            while true {
                var child = 2 &* parent &+ 1
                guard child < heap.count else { break }
                if child &+ 1 < heap.count, Candidate.precedes(heap[child], heap[child &+ 1]) {
                    child &+= 1
                }
                guard Candidate.precedes(moved, heap[child]) else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = moved
        }
    }

    /// Sets each weight to exp((logit - maximum) * scale).
    mutating func weigh(maximum: Float, scale: Float) {
        withUnsafeMutableBufferPointer { candidates in
            for index in candidates.indices {
                candidates[index].weight = exp(
                    Double((candidates[index].logit - maximum) * scale))
            }
        }
    }

    /// The total of the weights, in order.
    var totalWeight: Double { reduce(0) { $0 + $1.weight } }

    /// Keeps the fewest likeliest candidates whose weights reach `needed`, at least one.
    ///
    /// Partitions like quickselect, descending only into the part where the mass is reached, so the
    /// candidates that are surely in or surely out are never sorted. The order of the result is a
    /// function of the candidates alone.
    mutating func keepNucleus(reaching needed: Double) {
        guard count > 1 else { return }
        let kept = withUnsafeMutableBufferPointer { candidates -> Int in
            var needed = needed
            var low = 0
            var high = candidates.count
            var rounds = 0
            while high &- low > 24, rounds < 64 {
                rounds &+= 1
                let (pivot, mass) = Self.partition(&candidates, low, high)
                let including = mass + candidates[pivot].weight
                if mass >= needed {
                    high = pivot
                } else if including >= needed {
                    return pivot &+ 1
                } else {
                    needed -= including
                    low = pivot &+ 1
                }
            }
            // 64 rounds without an end is a pattern that defeats the pivot: sort what is left.
            candidates[low..<high].sort(by: Candidate.precedes)
            var mass = 0.0
            for index in low..<high {
                mass += candidates[index].weight
                if mass >= needed { return index &+ 1 }
            }
            return high
        }
        removeLast(count - Swift.max(kept, 1))
    }

    /// Moves what precedes a median-of-three pivot before it. Returns the pivot's place and the total
    /// weight before it.
    private static func partition(
        _ candidates: inout UnsafeMutableBufferPointer<Candidate>, _ low: Int, _ high: Int
    ) -> (pivot: Int, mass: Double) {
        let last = high &- 1
        let middle = low &+ (high &- low) / 2
        if Candidate.precedes(candidates[middle], candidates[low]) {
            candidates.swapAt(low, middle)
        }
        if Candidate.precedes(candidates[last], candidates[low]) { candidates.swapAt(low, last) }
        if Candidate.precedes(candidates[last], candidates[middle]) {
            candidates.swapAt(middle, last)
        }
        candidates.swapAt(middle, last)
        let pivot = candidates[last]
        var place = low
        var mass = 0.0
        var index = low
        while index < last {
            if Candidate.precedes(candidates[index], pivot) {
                mass += candidates[index].weight
                candidates.swapAt(index, place)
                place &+= 1
            }
            index &+= 1
        }
        candidates.swapAt(place, last)
        return (place, mass)
    }
}
