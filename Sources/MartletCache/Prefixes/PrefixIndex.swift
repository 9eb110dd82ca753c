/// Who has which beginning of a prompt. A plain value: it owns no page and frees none.

/// Finds holders of tokens by the pages that they begin with.
///
/// A holder is whatever has tokens in the cache: a sequence that was left there, or one that still runs. It is found under
/// the key of each of its full pages. What is found is compared token by token, so that a key that two prompts share by
/// chance or by design gives nothing away.
package struct PrefixIndex<Holder: Hashable & Sendable>: Sendable {
    /// What a holder has.
    package struct Entry: Sendable {
        /// The tokens, from the first on.
        package fileprivate(set) var tokens: [Int32]
        /// The keys of their full pages.
        package fileprivate(set) var keys: [PrefixKey]
    }

    /// A holder, and how many of the tokens that were looked for are the same in it.
    package struct Match: Sendable {
        /// Who has them.
        package let holder: Holder
        /// Tokens that are the same, from the first on.
        package let count: Int
    }

    /// The most holders that one search compares tokens with.
    private static var mostCompared: Int { 16 }

    /// What each holder has.
    package private(set) var entries: [Holder: Entry] = [:]
    private var holders: [PrefixKey: [Holder]] = [:]

    /// Nobody has anything.
    package init() {}

    /// Notes what a holder has; one that is known already must be removed first.
    package mutating func insert(_ holder: Holder, tokens: [Int32], keys: [PrefixKey]) {
        precondition(entries[holder] == nil, "PrefixIndex: a holder is listed twice")
        precondition(
            keys.count == tokens.count / KVPage.tokens,
            "PrefixIndex: got \(keys.count) keys for \(tokens.count) tokens")
        entries[holder] = Entry(tokens: tokens, keys: keys)
        for key in keys { holders[key, default: []].append(holder) }
    }

    /// Forgets a holder. Does nothing when it is not known.
    package mutating func remove(_ holder: Holder) {
        guard let entry = entries.removeValue(forKey: holder) else { return }
        for key in entry.keys { forget(holder, under: key) }
    }

    /// Notes that a holder has lost the tokens from `count` on.
    package mutating func shorten(_ holder: Holder, to count: Int) {
        guard var entry = entries[holder], count < entry.tokens.count else { return }
        for key in entry.keys[(count / KVPage.tokens)...] { forget(holder, under: key) }
        entry.tokens.removeLast(entry.tokens.count - count)
        entry.keys.removeLast(entry.keys.count - count / KVPage.tokens)
        entries[holder] = entry
    }

    private mutating func forget(_ holder: Holder, under key: PrefixKey) {
        guard var list = holders[key], let place = list.firstIndex(of: holder) else { return }
        list.remove(at: place)
        holders[key] = list.isEmpty ? nil : list
    }

    /// Holders of at least the first page of `tokens`, those that share more pages first. `keys` are the keys of the
    /// pages of `tokens`.
    package func matches(_ tokens: [Int32], keys: [PrefixKey]) -> [Match] {
        var depth = 0
        while depth < keys.count, holders[keys[depth]] != nil { depth += 1 }
        var seen: Set<Holder> = []
        var found: [Match] = []
        while depth > 0, seen.count < Self.mostCompared {
            for holder in holders[keys[depth - 1]] ?? []
            where seen.count < Self.mostCompared && seen.insert(holder).inserted {
                guard let entry = entries[holder] else { continue }
                let count = Self.common(entry.tokens, tokens)
                if count >= KVPage.tokens { found.append(Match(holder: holder, count: count)) }
            }
            depth -= 1
        }
        return found
    }

    /// Holders all of whose tokens are the beginning of these.
    package func contained(in tokens: [Int32], keys: [PrefixKey]) -> [Holder] {
        var found: [Holder] = []
        for depth in keys.indices {
            guard let list = holders[keys[depth]] else { break }
            for holder in list {
                guard let entry = entries[holder], entry.keys.count == depth + 1,
                    Self.common(entry.tokens, tokens) == entry.tokens.count
                else { continue }
                found.append(holder)
            }
        }
        return found
    }

    /// Tokens at a holder's beginning that another one has too, in whole pages.
    package func sharedCount(_ holder: Holder) -> Int {
        guard let keys = entries[holder]?.keys else { return 0 }
        // Who has a page has all before it.
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high + 1) / 2
            if holders[keys[middle - 1]]?.count ?? 0 > 1 { low = middle } else { high = middle - 1 }
        }
        return low * KVPage.tokens
    }

    /// Throws `brokenIntegrity` when keys and holders disagree.
    package func checkIntegrity() throws(CacheError) {
        var listed = 0
        let keys = entries.mapValues { Set($0.keys) }
        for (key, list) in holders {
            guard !list.isEmpty, Set(list).count == list.count else {
                throw .brokenIntegrity("prefix index: key \(key.rawValue) lists a holder twice")
            }
            for holder in list where keys[holder]?.contains(key) != true {
                throw .brokenIntegrity(
                    "prefix index: \(holder) does not have a page that it is found by")
            }
            listed += list.count
        }
        var held = 0
        for (holder, entry) in entries {
            guard entry.keys.count == entry.tokens.count / KVPage.tokens else {
                throw .brokenIntegrity(
                    "prefix index: \(holder) has \(entry.keys.count) keys for "
                        + "\(entry.tokens.count) tokens")
            }
            held += entry.keys.count
        }
        guard listed == held else {
            throw .brokenIntegrity("prefix index: \(listed) pages are listed, \(held) are held")
        }
    }

    private static func common(_ first: [Int32], _ second: [Int32]) -> Int {
        let limit = min(first.count, second.count)
        return first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                var count = 0
                while count < limit, first[count] == second[count] { count += 1 }
                return count
            }
        }
    }
}
