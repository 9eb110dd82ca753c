// Merging words too long to search for the best pair again and again.

/// Byte-pair merging of long words, in time that grows like their length.
///
/// The symbols form a linked list. Which pair is next comes from buckets, one for each rank, where
/// ranks only ascend along a chain of merges, as in every trained vocabulary; else, and for words
/// that do not repay the buckets, from a priority queue.
enum LongWord {
    /// Symbols from which on the buckets, one for each rank, are worth being cleared.
    static let bucketThreshold = 4096

    /// A symbol, in one quarter of a cache line; `rank` is that of the pair it opens.
    struct Link {
        var id: Int32
        var next: Int32
        var previous: Int32
        var rank: UInt32
    }

    /// Merges in place: the lowest rank first, the leftmost among equals.
    ///
    /// - Parameter rankLimit: One more than the highest rank when ranks ascend, else 0.
    /// - Returns: How many tokens are left at the start of `ids`.
    static func merge(
        _ ids: UnsafeMutablePointer<Int32>, _ symbols: Int, _ pairs: PairTableView, rankLimit: Int
    ) -> Int {
        guard symbols > 1 else { return symbols }
        let links = UnsafeMutablePointer<Link>.allocate(capacity: symbols)
        defer { links.deallocate() }
        for index in 0..<symbols {
            let rank =
                index &+ 1 < symbols
                ? WordEncoder.rank(pairs.merge(ids[index], ids[index &+ 1])) : UInt32.max
            links[index] = Link(
                id: ids[index], next: Int32(truncatingIfNeeded: index &+ 1),
                previous: Int32(truncatingIfNeeded: index &- 1), rank: rank)
        }
        if symbols >= bucketThreshold, rankLimit > 0 {
            mergeByBuckets(links, symbols, pairs, rankLimit: rankLimit)
        } else {
            mergeByQueue(links, symbols, pairs)
        }
        var count = 0
        var at = 0
        while at < symbols {
            ids[count] = links[at].id
            count &+= 1
            at = Int(links[at].next)
        }
        return count
    }

    /// Merges the symbol at `at` with the next and reports the pairs that come of it.
    @inline(__always)
    private static func mergePair(
        _ links: UnsafeMutablePointer<Link>, at: Int, _ symbols: Int, _ pairs: PairTableView,
        report: (UInt32, Int) -> Void
    ) {
        let second = Int(links[at].next)
        let third = Int(links[second].next)
        let merged = WordEncoder.merged(pairs.merge(links[at].id, links[second].id))
        links[at].id = merged
        links[at].next = Int32(truncatingIfNeeded: third)
        links[at].rank = UInt32.max
        links[second].rank = UInt32.max
        if third < symbols {
            links[third].previous = Int32(truncatingIfNeeded: at)
            let rank = WordEncoder.rank(pairs.merge(merged, links[third].id))
            links[at].rank = rank
            if rank != UInt32.max { report(rank, at) }
        }
        let before = Int(links[at].previous)
        if before >= 0 {
            let rank = WordEncoder.rank(pairs.merge(links[before].id, merged))
            links[before].rank = rank
            if rank != UInt32.max { report(rank, before) }
        }
    }

    private static func mergeByQueue(
        _ links: UnsafeMutablePointer<Link>, _ symbols: Int, _ pairs: PairTableView
    ) {
        // A merge takes one entry out and puts at most two in, and there are fewer than n merges.
        var queue = MergeQueue(capacity: symbols &* 2)
        defer { queue.deallocate() }
        for index in 0..<symbols where links[index].rank != UInt32.max {
            queue.append(rank: links[index].rank, place: index)
        }
        queue.order()
        while let (rank, at) = queue.pop() {
            // The pair at this place may have changed since it was put in the queue.
            guard links[at].rank == rank else { continue }
            mergePair(links, at: at, symbols, pairs) { queue.push(rank: $0, place: $1) }
        }
    }

    /// A place waiting in the bucket of its rank.
    private struct Entry {
        var place: Int32
        var next: Int32
    }

    /// Rank after rank, each bucket from left to right: a merge reports higher ranks only, so no
    /// bucket grows once it is open.
    private static func mergeByBuckets(
        _ links: UnsafeMutablePointer<Link>, _ symbols: Int, _ pairs: PairTableView, rankLimit: Int
    ) {
        let heads = UnsafeMutablePointer<Int32>.allocate(capacity: rankLimit)
        heads.initialize(repeating: -1, count: rankLimit)
        // At first one entry for each pair, then at most two for each merge.
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: symbols &* 3)
        defer {
            heads.deallocate()
            entries.deallocate()
        }
        var count = 0
        func add(_ rank: UInt32, _ place: Int) {
            entries[count] = Entry(
                place: Int32(truncatingIfNeeded: place), next: heads[Int(rank)])
            heads[Int(rank)] = Int32(truncatingIfNeeded: count)
            count &+= 1
        }
        for index in 0..<symbols where links[index].rank != UInt32.max {
            add(links[index].rank, index)
        }
        var places: [Int32] = []
        for rank in 0..<rankLimit where heads[rank] >= 0 {
            places.removeAll(keepingCapacity: true)
            var entry = heads[rank]
            var descends = true
            while entry >= 0 {
                let place = entries[Int(entry)].place
                if let last = places.last, last < place { descends = false }
                places.append(place)
                entry = entries[Int(entry)].next
            }
            // The list has the last reported first, and reports mostly come from left to right.
            if descends { places.reverse() } else { places.sort() }
            places.withUnsafeBufferPointer { places in
                for place in places where links[Int(place)].rank == UInt32(rank) {
                    mergePair(links, at: Int(place), symbols, pairs, report: add)
                }
            }
        }
    }
}
