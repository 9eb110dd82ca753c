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

    /// What tells the tokens before each segment of a prompt. The second hash has the storage's key the other way round.
    private func chains(
        _ tokens: [Int32], _ root: PrefixKey, _ keys: [PrefixKey], _ storage: any PrefixStorage
    ) -> [PrefixSegment.Chain] {
        let (low, high) = storage.hashKey
        let checks = PrefixKeys(KeyedHash(key: high, low)).keys(of: tokens, under: root)
        return stride(from: 0, to: keys.count, by: segmentTokens / KVPage.tokens).map { page in
            page == 0
                ? PrefixSegment.Chain(key: root, check: root)
                : PrefixSegment.Chain(key: keys[page - 1], check: checks[page - 1])
        }
    }

    /// Writes what the storage does not have of a sequence.
    func store(_ sequence: SequenceID, tokens: [Int32], root: PrefixKey, keys: [PrefixKey]) {
        guard let storage else { return }
        let missing = segmentNames(keys).enumerated().filter { !storage.contains($0.element) }
        guard !missing.isEmpty else { return }
        let chains = chains(tokens, root, keys, storage)
        for (index, name) in missing {
            let first = index * segmentTokens
            let bytes = PrefixSegment.bytes(
                of: sequence, tokens: tokens[first..<first + segmentTokens], first: first,
                after: chains[index], origin: origin(root), cache: cache)
            if storage.write(name, bytes) { counters.prefixes.storedTokens += segmentTokens }
        }
    }

    /// Tokens that could be brought back of a chain if it gave way now: those that are written when it does.
    func storedTokens(of state: SequenceState) -> Int {
        guard storage != nil, canPark(state) else { return 0 }
        return min(state.computed / segmentTokens, mostSegments) * segmentTokens
    }

    /// Whether nothing can be done before something is read.
    var awaitsStorage: Bool {
        scheduler.running.isEmpty && paused == nil
            && fetches.values.contains { $0.segments == nil }
    }

    /// Takes what was read.
    func fetched(_ name: String, _ segments: FetchedSegments) {
        fetches[name]?.segments = segments
    }

    /// Forgets what was read for chains that wait no more.
    func dropFetches() {
        guard !fetches.isEmpty else { return }
        let waiting = Set(scheduler.waiting.map(\.id))
        for (name, fetch) in fetches where fetch.chains.isDisjoint(with: waiting) {
            fetches[name] = nil
        }
    }

    /// What is read from a name on; nil as long as it is not there.
    private func fetch(
        _ names: [String], _ root: PrefixKey, _ storage: any PrefixStorage, for chain: ChainID
    ) -> FetchedSegments? {
        let origin = origin(root)
        guard let beginFetch else {
            return FetchedSegments(names, origin: origin, from: storage)
        }
        if fetches[names[0]] == nil {
            // Of what is longer than may be read at once the beginning is brought back.
            let row = footprint.bytesPerPage * cache.shape.tableCount
            let each = max(1, row * (segmentTokens / KVPage.tokens))
            let names = Array(names.prefix(max(1, PrefixFetch.mostBytes / each)))
            guard makeSlot(names.count * each) else { return nil }
            fetches[names[0]] = PrefixFetch(chains: [], bytes: names.count * each)
            beginFetch(names[0]) { FetchedSegments(names, origin: origin, from: storage) }
        }
        fetches[names[0]]?.chains.insert(chain)
        guard let segments = fetches[names[0]]?.segments else { return nil }
        fetches[names[0]] = nil
        return segments
    }

    /// Whether so many bytes may be read now. What was read for chains that had no room since gives way, and is read again when
    /// they have; what is being read does not.
    private func makeSlot(_ bytes: Int) -> Bool {
        while fetches.count >= PrefixFetch.most
            || !fetches.isEmpty
                && fetches.values.reduce(bytes, { $0 + $1.bytes }) > PrefixFetch.mostBytes
        {
            guard let name = fetches.filter({ $0.value.segments != nil }).keys.min() else {
                return false
            }
            fetches[name] = nil
        }
        return true
    }

    /// Brings back what the storage has of a chain's tokens beyond the `count` tokens that `sequence` shares with it; the
    /// result is kept, for whoever looks next.
    func restore(
        _ state: SequenceState, _ lane: RequestPrefix.Lane, beyond count: Int,
        of sequence: SequenceID?
    ) -> Restoring {
        guard let storage else { return .nothing }
        let tokens = state.tokens
        let names = segmentNames(lane.keys)
        let first = count / segmentTokens
        var last = first
        while last < min(names.count, mostSegments), storage.contains(names[last]) { last += 1 }
        guard last > first else { return .nothing }
        guard
            let read = fetch(Array(names[first..<last]), lane.root, storage, for: state.id)
        else { return .coming }
        if let damaged = read.damaged {
            // It is computed again by whoever needs it.
            counters.prefixes.damagedSegments += 1
            storage.remove(damaged)
        }
        let begun = first > 0 ? sequence.flatMap { cache.fork($0, to: first * segmentTokens) } : nil
        let restored = begun ?? cache.makeSequence()
        var end = cache.count(restored)
        let chains = chains(tokens, lane.root, lane.keys, storage)
        for segment in read.segments.drop(while: { $0.first < end }) {
            guard segment.first == end, segment.before == chains[end / segmentTokens],
                segment.tokens == Array(tokens[end..<end + segmentTokens]),
                makeRoom(restored, segmentTokens)
            else { break }
            segment.append(to: restored, cache: cache)
            end = cache.count(restored)
            counters.prefixes.restoredTokens += segmentTokens
        }
        guard end > count else {
            cache.release(restored)
            return .nothing
        }
        kept.keep(
            restored, tokens: Array(tokens[..<end]), root: lane.root,
            keys: Array(lane.keys[..<(end / KVPage.tokens)])
        ) {
            $0.priority = state.key.priority
            $0.lastUse = configuration.clock.now()
        }
        stayWithinBounds()
        return .done
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
