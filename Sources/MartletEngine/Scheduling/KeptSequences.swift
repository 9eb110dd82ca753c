/// What requests leave in the cache for those after them. A plain value; it frees nothing itself.

import MartletCache

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sequences of requests that ended, in the order in which they were left, and where their beginnings are found.
struct KeptSequences: Sendable {
    /// A sequence, and the tokens that are computed in it.
    struct Kept: Sendable {
        let id: Int
        let sequence: SequenceID
        var tokens: [Int32]
        /// The namespace: what was computed with, and for whom.
        let root: PrefixKey
        /// The conversation that it belongs to.
        var conversation: ConversationID?
        /// The priority of the request that left it.
        var priority = 0
        /// The tenants that pinned it: it stays until the last of them lets go.
        var pinners: Set<String> = []
        var isPinned: Bool { !pinners.isEmpty }
        /// Whether nobody waited for the request that left it.
        var isBackground = false
        var lastUse = Duration.zero
    }

    /// A chain that runs.
    struct Running: Sendable {
        let sequence: SequenceID
        let priority: Int
    }

    /// Who has tokens that a request may go on with.
    enum Holder: Hashable, Sendable {
        case kept(Int)
        case running(ChainID)
    }

    /// Conversations that may have another request.
    private(set) var conversations: Set<ConversationID> = []
    /// The one that was left longest ago first.
    private(set) var all: [Kept] = []
    /// Where beginnings are found; empty where none are reused.
    private(set) var index = PrefixIndex<Holder>()
    /// Running chains whose prompt is in the index.
    private(set) var running: [ChainID: Running] = [:]
    /// Grows with every change.
    private(set) var version = 0
    private var nextID = 0

    /// Notes that a conversation is under way. One that has ended never comes again.
    mutating func begin(_ id: ConversationID) { conversations.insert(id) }

    /// Ends a conversation, and takes out what it left where nobody else would find that.
    mutating func end(_ id: ConversationID) -> Kept? {
        conversations.remove(id)
        guard let place = all.firstIndex(where: { $0.conversation == id }) else { return nil }
        all[place].conversation = nil
        return index.entries[.kept(all[place].id)] == nil ? take(all[place].id) : nil
    }

    /// The place of a kept sequence in ``all``.
    subscript(id: Int) -> Kept? { all.first { $0.id == id } }

    /// What a conversation left.
    subscript(conversation: ConversationID) -> Kept? {
        all.first { $0.conversation == conversation }
    }

    // MARK: Leaving

    /// Keeps a sequence. `keys` are the keys of its pages; nil where nobody but its conversation is to find it.
    mutating func keep(
        _ sequence: SequenceID, tokens: [Int32], root: PrefixKey, keys: [PrefixKey]?,
        change: (inout Kept) -> Void = { _ in }
    ) {
        version += 1
        var kept = Kept(id: nextID, sequence: sequence, tokens: tokens, root: root)
        nextID += 1
        change(&kept)
        if let conversation = kept.conversation {
            for place in all.indices where all[place].conversation == conversation {
                all[place].conversation = nil
            }
        }
        all.append(kept)
        if let keys { index.insert(.kept(kept.id), tokens: tokens, keys: keys) }
    }

    /// Takes a sequence out.
    mutating func take(_ id: Int) -> Kept? {
        guard let place = all.firstIndex(where: { $0.id == id }) else { return nil }
        version += 1
        index.remove(.kept(id))
        return all.remove(at: place)
    }

    /// Notes that a sequence was cut.
    mutating func shorten(_ id: Int, to count: Int) {
        guard let place = all.firstIndex(where: { $0.id == id }) else { return }
        version += 1
        all[place].tokens.removeLast(all[place].tokens.count - count)
        index.shorten(.kept(id), to: count)
    }

    /// Notes that a sequence was of use, and what it serves at least.
    mutating func touch(_ id: Int, at now: Duration, priority: Int = .min) {
        guard let place = all.firstIndex(where: { $0.id == id }) else { return }
        all[place].lastUse = now
        all[place].priority = max(all[place].priority, priority)
    }

    /// Notes that a tenant pins what is kept already.
    mutating func pin(_ id: Int, by tenant: String) {
        guard let place = all.firstIndex(where: { $0.id == id }) else { return }
        all[place].pinners.insert(tenant)
    }

    /// Lets everything that a tenant alone pinned be given up like anything else.
    mutating func unpin(_ tenant: String) {
        for place in all.indices { all[place].pinners.remove(tenant) }
    }

    // MARK: Running chains

    /// Notes that a chain runs whose prompt others may share as far as it is computed.
    mutating func register(
        _ chain: ChainID, _ state: Running, tokens: [Int32], keys: [PrefixKey]
    ) {
        running[chain] = state
        index.insert(.running(chain), tokens: tokens, keys: keys)
    }

    /// Notes that a chain does not run any more.
    mutating func unregister(_ chain: ChainID) {
        guard running.removeValue(forKey: chain) != nil else { return }
        index.remove(.running(chain))
    }

    // MARK: Giving up

    /// What is worth least, and how many of its tokens nobody else has; nil when nothing is kept. What frees pages comes
    /// before what others hold too, what nobody waited for before all else, and what is pinned comes last.
    func leastWorth(cost: StepCost, halfLife: Duration, now: Duration) -> (kept: Kept, own: Int)? {
        var least: (kept: Kept, own: Int, rank: Int, worth: Double)?
        for kept in all {
            let own = kept.tokens.count - index.sharedCount(.kept(kept.id))
            let isFirst = kept.isBackground && !kept.isPinned && own > 0
            let rank = isFirst ? -1 : (kept.isPinned ? 2 : 0) + (own > 0 ? 0 : 1)
            let worth =
                isFirst
                ? kept.lastUse / .seconds(1)
                : Self.worth(kept, own: own, cost: cost, halfLife: halfLife, now: now)
            if let least, (least.rank, least.worth) <= (rank, worth) { continue }
            least = (kept, own, rank, worth)
        }
        return least.map { ($0.kept, $0.own) }
    }

    /// Seconds that computing a token of its own again takes, half as much for each half-life that it was not used, twice as
    /// much for each step of priority; as a logarithm, which never vanishes.
    private static func worth(
        _ kept: Kept, own: Int, cost: StepCost, halfLife: Duration, now: Duration
    ) -> Double {
        let before = Double(kept.tokens.count) - Double(own) / 2
        let seconds = cost.perToken + cost.perRead * before
        let age = max(0, (now - kept.lastUse) / halfLife)
        let importance = Double(min(max(kept.priority, -8), 8))
        return log2(max(seconds, .leastNormalMagnitude)) + importance - age
    }

    /// Throws when the index and what is kept disagree.
    func checkIntegrity() throws(CacheError) {
        try index.checkIntegrity()
        for (holder, entry) in index.entries {
            switch holder {
            case .kept(let id):
                guard self[id]?.tokens == entry.tokens else {
                    throw .brokenIntegrity("prefix index: kept sequence \(id) has other tokens")
                }
            case .running(let chain):
                guard running[chain] != nil else {
                    throw .brokenIntegrity("prefix index: \(chain) does not run")
                }
            }
        }
        guard Set(all.map(\.sequence)).count == all.count else {
            throw .brokenIntegrity("a sequence is kept twice")
        }
    }
}
