/// From a state to the tokens that may come next.

/// Computes which tokens a state allows, and remembers that.
///
/// Inside of a JSON string nearly every token is allowed, so those that are plain text are looked up as a whole where
/// every plain text is allowed, and only the others are walked.
struct TokenMasks {
    private let automaton: Automaton
    private let vocabulary: TokenVocabulary
    private var known: [Expression: TokenSet] = [:]
    private var runs: [Expression: PlainRun] = [:]
    /// Whether expressions take every plain character.
    private var complete: [Expression: Bool] = [:]
    private var states: [Expression]
    /// The most sets that are remembered: 512 of a vocabulary of 150,000 tokens take 10 MB.
    private static let maximumKnown = 512

    init(_ automaton: Automaton, _ vocabulary: TokenVocabulary) {
        self.automaton = automaton
        self.vocabulary = vocabulary
        states = Array(
            repeating: .nothing,
            count: max(
                vocabulary.plain.maximumDepth, vocabulary.long.maximumDepth,
                vocabulary.other.maximumDepth) + 1)
    }

    /// About how many bytes the sets take.
    var byteCount: Int { known.count * vocabulary.wordCount * MemoryLayout<UInt64>.stride }

    /// The tokens that a state allows.
    mutating func tokens(_ state: Expression) -> TokenSet {
        if let known = known[state] { return known }
        var words = [UInt64](repeating: 0, count: vocabulary.wordCount)
        let run = plainRun(state)
        words.withUnsafeMutableBufferPointer { words in
            let isLong = run.length > TokenVocabulary.longestPlain
            if run.isWhole || isLong {
                // Beyond the longest there are few tokens, which are walked unless all are allowed.
                let isAll = run.isWhole && isLong
                let all = vocabulary.plainUpTo[
                    isAll
                        ? TokenVocabulary.longestPlain + 1
                        : min(run.length, TokenVocabulary.longestPlain)]
                for index in words.indices { words[index] = all[index] }
                if isLong && !isAll { walk(vocabulary.long, state, words) }
            } else {
                walk(vocabulary.plain, state, words)
                walk(vocabulary.long, state, words)
            }
            walk(vocabulary.other, state, words)
            if automaton.isNullable(state) {
                for token in vocabulary.endTokens {
                    words[Int(token) >> 6] |= 1 << UInt64(token & 63)
                }
            }
        }
        let set = TokenSet(words: words)
        if known.count >= Self.maximumKnown { known.removeAll(keepingCapacity: true) }
        known[state] = set
        return set
    }

    /// Adds the tokens of a tree that a state allows.
    private mutating func walk(
        _ trie: TokenTrie, _ start: Expression, _ words: UnsafeMutableBufferPointer<UInt64>
    ) {
        let automaton = automaton
        let rows = automaton.rows
        states[0] = start
        states.withUnsafeMutableBufferPointer { states in
            trie.bytes.withUnsafeBufferPointer { bytes in
                trie.depths.withUnsafeBufferPointer { depths in
                    automaton.classes.ofByte.withUnsafeBufferPointer { classes in
                        let count = bytes.count
                        var live = rows.live
                        var node = 0
                        while node < count {
                            let depth = Int(depths[node])
                            let state = states[depth]
                            let row: RowStorage.Row
                            if let known = live[Int(state.id)] {
                                row = known
                            } else {
                                row = automaton.liveRow(state)
                                live = rows.live
                            }
                            let next = row[Int(classes[Int(bytes[node])])]
                            if next == .nothing {
                                node = Int(trie.ends[node])
                                continue
                            }
                            states[depth + 1] = next
                            var token = trie.tokens[node]
                            while token >= 0 {
                                words[Int(token) >> 6] |= 1 << UInt64(token & 63)
                                token = trie.twins.isEmpty ? -1 : trie.twins[token] ?? -1
                            }
                            node += 1
                        }
                    }
                }
            }
        }
    }

    /// Whether some token begins with these bytes and goes on as a state allows.
    func hasToken(beginningWith bytes: ArraySlice<UInt8>, goingOnFrom state: Expression) -> Bool {
        [vocabulary.plain, vocabulary.long, vocabulary.other].contains { trie in
            guard let range = trie.nodes(below: bytes) else { return false }
            var node = range.lowerBound
            var states = [state]
            while node < range.upperBound {
                let depth = Int(trie.depths[node]) - bytes.count
                let next = automaton.next(states[depth], trie.bytes[node])
                guard next != .nothing else {
                    node = Int(trie.ends[node])
                    continue
                }
                if trie.tokens[node] >= 0 { return true }
                states.removeSubrange((depth + 1)...)
                states.append(next)
                node += 1
            }
            return false
        }
    }

    // MARK: Plain text

    /// How many plain characters may follow a state, whatever they are.
    struct PlainRun {
        /// So many may follow; more than ``TokenVocabulary/longestPlain`` is any number.
        var length: Int
        /// Whether nothing longer may follow. Otherwise some longer texts may, and some may not.
        var isWhole: Bool
    }

    /// The most states that are looked at.
    private static let runLimit = 600

    /// Follows all plain characters at once, level by level, until one of them is not allowed.
    private mutating func plainRun(_ start: Expression) -> PlainRun {
        if let run = runs[start] { return run }
        if let run = countedRun(start) { return run }
        var seen: Set<Expression> = [start]
        var level = [start]
        var length = 0
        var run: PlainRun?
        var returns = false
        while run == nil {
            var next = Level()
            for state in level { addSuccessors(state, &next, &seen) }
            returns = returns || next.returns
            if next.refused {
                // Where a state comes back, longer texts are allowed on its way.
                run = PlainRun(
                    length: length,
                    isWhole: !next.allowed && !returns && length <= TokenVocabulary.longestPlain)
            } else if next.states.isEmpty || length > TokenVocabulary.longestPlain {
                run = PlainRun(length: .max, isWhole: next.states.isEmpty)
            } else if seen.count > Self.runLimit {
                run = PlainRun(length: 0, isWhole: false)
            }
            level = next.states
            length += 1
        }
        let result = run ?? PlainRun(length: 0, isWhole: false)
        if runs.count > 1 << 16 { runs.removeAll(keepingCapacity: true) }
        runs[start] = result
        return result
    }

    /// UTF-8 of several bytes: the first, the second, and how many follow that.
    private static let wide: [(first: ClosedRange<UInt8>, second: ClosedRange<UInt8>, more: Int)] =
        [
            (0xC2...0xDF, 0x80...0xBF, 0), (0xE0...0xE0, 0xA0...0xBF, 1),
            (0xE1...0xEC, 0x80...0xBF, 1),
            (0xED...0xED, 0x80...0x9F, 1), (0xEE...0xEF, 0x80...0xBF, 1),
            (0xF0...0xF0, 0x90...0xBF, 2),
            (0xF1...0xF3, 0x80...0xBF, 2), (0xF4...0xF4, 0x80...0x8F, 2),
        ]

    /// The run of a state that begins with a number of characters, whatever they are: most states inside of strings.
    private mutating func countedRun(_ state: Expression) -> PlainRun? {
        let node = automaton[state]
        guard node.kind == .sequence else { return nil }
        let (head, rest) = (automaton[Expression(id: node.a)], Expression(id: node.b))
        guard head.kind == .repetition, takesAll(Expression(id: head.a)) else { return nil }
        let isEndless = head.c == Automaton.endless
        if isEndless || Int(head.c) > TokenVocabulary.longestPlain {
            return PlainRun(length: .max, isWhole: isEndless)
        }
        // What follows the characters may be more of them.
        var seen: Set<Expression> = []
        var level = Level()
        addSuccessors(rest, &level, &seen)
        guard !level.allowed, !automaton.isNullable(Expression(id: head.a)) else { return nil }
        return PlainRun(length: Int(head.c), isWhole: true)
    }

    /// Whether every plain character by itself is all that an expression matches from there.
    private mutating func takesAll(_ part: Expression) -> Bool {
        if let known = complete[part] { return known }
        var seen: Set<Expression> = []
        var level = Level()
        addSuccessors(part, &level, &seen)
        let takes = !level.refused && level.states == [.empty]
        complete[part] = takes
        return takes
    }

    /// The states that are one character further.
    private struct Level {
        var states: [Expression] = []
        var allowed = false
        var refused = false
        /// Whether a state was reached with fewer characters before.
        var returns = false
    }

    /// Adds the states after one plain character.
    private func addSuccessors(
        _ state: Expression, _ level: inout Level, _ seen: inout Set<Expression>
    ) {
        func note(_ target: Expression, _ level: inout Level) {
            if target == .nothing {
                level.refused = true
                return
            }
            level.allowed = true
            if seen.insert(target).inserted {
                level.states.append(target)
            } else if !level.states.contains(target) {
                level.returns = true
            }
        }
        for target in targets(state, 0x20...0x7F, isText: true) { note(target, &level) }
        for group in Self.wide {
            for first in targets(state, group.first) {
                guard first != .nothing else {
                    level.refused = true
                    continue
                }
                var ends = targets(first, group.second)
                for _ in 0..<group.more {
                    ends = ends.flatMap { $0 == .nothing ? [$0] : targets($0, 0x80...0xBF) }
                }
                for target in ends { note(target, &level) }
            }
        }
    }

    /// Where the bytes of a range lead, each state once as a rule.
    private func targets(
        _ state: Expression, _ range: ClosedRange<UInt8>, isText: Bool = false
    ) -> [Expression] {
        let row = automaton.liveRow(state)
        var result: [Expression] = []
        var lastClass = -1
        for byte in range where !isText || byte != 0x22 && byte != 0x5C {
            let index = Int(automaton.classes.ofByte[Int(byte)])
            guard index != lastClass else { continue }
            lastClass = index
            if !result.contains(row[index]) { result.append(row[index]) }
        }
        return result
    }
}
