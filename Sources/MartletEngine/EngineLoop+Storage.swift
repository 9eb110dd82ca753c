/// How prompts are brought back that an earlier engine computed, or that had to give way.

import MartletCache

extension EngineLoop {
    private var storage: (any PrefixStorage)? {
        cache.hasPlainPages ? configuration.prefixReuse?.storage : nil
    }

    /// Tokens of a segment of the storage, in whole pages.
    private var segmentTokens: Int {
        max(1, (configuration.prefixReuse?.segmentTokens ?? 256) / KVPage.tokens) * KVPage.tokens
    }

    /// Segments of one prompt that what is kept may hold.
    private var mostSegments: Int {
        guard let bytes = configuration.prefixReuse?.maximumBytes else { return .max }
        let row = footprint.bytesPerPage * cache.shape.tableCount
        return bytes / row * KVPage.tokens / segmentTokens
    }

    private func origin(_ root: PrefixKey) -> PrefixSegment.Origin {
        PrefixSegment.Origin(model: configuration.modelName, root: root, shape: cache.shape)
    }

    /// A segment is named by the key of its last page, which follows from all tokens up to there.
    private func name(_ key: PrefixKey) -> String {
        let digits = String(key.rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private func segmentNames(_ keys: [PrefixKey]) -> [String] {
        let pages = segmentTokens / KVPage.tokens
        return stride(from: pages - 1, to: keys.count, by: pages).map { name(keys[$0]) }
    }

    /// Writes what the storage does not have of a sequence.
    func store(_ sequence: SequenceID, tokens: [Int32], root: PrefixKey, keys: [PrefixKey]) {
        guard let storage else { return }
        for (index, name) in segmentNames(keys).enumerated() where !storage.contains(name) {
            let end = (index + 1) * segmentTokens
            let bytes = PrefixSegment.bytes(
                of: sequence, tokens: Array(tokens[..<end]), first: end - segmentTokens,
                origin: origin(root), cache: cache)
            if storage.write(name, bytes) { counters.prefixes.storedTokens += segmentTokens }
        }
    }

    /// Brings back what the storage has of a prompt beyond the `count` tokens that `sequence` shares with it; the result
    /// is kept, for whoever looks next. Returns whether there is more now.
    func restore(
        _ tokens: [Int32], _ lane: RequestPrefix.Lane, beyond count: Int, of sequence: SequenceID?,
        priority: Int
    ) -> Bool {
        guard let storage else { return false }
        let names = segmentNames(lane.keys)
        let first = count / segmentTokens
        var last = first
        while last < min(names.count, mostSegments), storage.contains(names[last]) { last += 1 }
        guard last > first else { return false }
        let begun = first > 0 ? sequence.flatMap { cache.fork($0, to: first * segmentTokens) } : nil
        let restored = begun ?? cache.makeSequence()
        var end = cache.count(restored)
        for name in names[(end / segmentTokens)..<last] {
            guard let segment = read(name, lane.root, storage),
                segment.first == end, segment.tokens.count == end + segmentTokens,
                tokens.starts(with: segment.tokens), makeRoom(restored, segmentTokens)
            else { break }
            segment.append(to: restored, cache: cache)
            end = cache.count(restored)
            counters.prefixes.restoredTokens += segmentTokens
        }
        guard end > count else {
            cache.release(restored)
            return false
        }
        kept.keep(
            restored, tokens: Array(tokens[..<end]), root: lane.root,
            keys: Array(lane.keys[..<(end / KVPage.tokens)])
        ) {
            $0.priority = priority
            $0.lastUse = configuration.clock.now()
        }
        stayWithinBounds()
        return true
    }

    /// Reads a segment; one that is damaged is forgotten, and computed again by whoever needs it.
    private func read(
        _ name: String, _ root: PrefixKey, _ storage: any PrefixStorage
    ) -> PrefixSegment? {
        guard let bytes = storage.read(name) else { return nil }
        do throws(CacheError) {
            return try PrefixSegment(bytes, origin: origin(root))
        } catch {
            counters.prefixes.damagedSegments += 1
            storage.remove(name)
            return nil
        }
    }

    /// Reserves pages for tokens that are brought back: free ones, and those of what is kept. Chains that run give way to
    /// no such thing.
    private func makeRoom(_ sequence: SequenceID, _ tokens: Int) -> Bool {
        while true {
            do throws(CacheError) {
                try cache.reserve([(sequence, tokens)])
                return true
            } catch {
                guard case .outOfPages(let needed, let free, _) = error,
                    needed <= free + keptPages, giveUp(pages: needed - free)
                else { return false }
            }
        }
    }
}
