/// A constraint over one vocabulary: what may come next, at every point of a text.

import Synchronization

/// A compiled constraint. States are made while they are needed and shared by everyone who uses the constraint; it may be
/// used from any number of threads.
public final class TokenConstraint: Sendable {
    /// A point in a text. A state is a number: keeping one is how to go back to it.
    public struct State: Hashable, Sendable {
        let expression: Expression

        /// The number, for those that keep numbers.
        public var rawValue: Int32 { expression.id }

        init(expression: Expression) { self.expression = expression }

        /// The state with a number that this constraint has given.
        public init(rawValue: Int32) { expression = Expression(id: rawValue) }
    }

    /// What the lock guards.
    ///
    /// The automaton is a class, and no lock of its own guards its states. It is made in `init`, which hands it to nobody but the machine's
    /// masks; from then on it is reached through the lock alone, as nothing that the methods return refers to it. So one
    /// thread at a time uses it, whichever that is.
    private struct Machine: @unchecked Sendable {
        let automaton: Automaton
        var masks: TokenMasks
        /// How shortest completions begin, by the states that they were looked for in.
        var ways: [Expression: (byte: UInt8, next: Expression)] = [:]

        /// The byte that a shortest completion begins with, and the state after it; nil where the text may end.
        mutating func shortestWay(_ expression: Expression) -> (byte: UInt8, next: Expression)? {
            if let known = ways[expression] { return known }
            let way = automaton.shortestWay(expression)
            ways[expression] = way
            return way
        }
    }

    /// The most bytes of a completion in tokens. One is looked for at every token of an answer that may have to end soon.
    private static let longestCompletion = 1 << 14

    /// The vocabulary that sets of tokens are over.
    public let vocabulary: TokenVocabulary
    /// The state before any text.
    public let start: State
    private let machine: Mutex<Machine>

    /// Compiles a constraint.
    ///
    /// - Parameter limit: how long that may take; nil for as long as the constraint's own bounds let it.
    /// - Throws: ``ConstraintError`` where the constraint is wrong, asks for what cannot be enforced exactly, or takes longer.
    public init(
        _ constraint: Constraint, vocabulary: TokenVocabulary, limit: CompileLimit? = nil
    ) throws(ConstraintError) {
        let automaton = Automaton(limit)
        let root = try ConstraintCompiler.compile(constraint, in: automaton)
        if let failure = automaton.failure { throw failure }
        automaton.settleRules()
        // What cannot even begin is refused here, and not at the first token.
        _ = automaton.liveRow(root)
        automaton.stopWatch()
        guard automaton.isLive(root), automaton.failure == nil else {
            throw automaton.failure
                ?? ConstraintError(place: "the beginning", problem: "no text matches; correct it")
        }
        self.vocabulary = vocabulary
        start = State(expression: root)
        machine = Mutex(Machine(automaton: automaton, masks: TokenMasks(automaton, vocabulary)))
    }

    // MARK: Tokens

    /// The tokens that may come next. End tokens are among them where the text may end.
    ///
    /// - Throws: ``ConstraintError`` when the text has led to more states than are made for one constraint.
    public func tokens(after state: State) throws(ConstraintError) -> TokenSet {
        let (set, failure) = machine.withLock { machine in
            machine.automaton.beginToken()
            let set = machine.masks.tokens(state.expression)
            return (set, machine.automaton.failure)
        }
        if let failure { throw failure }
        return set
    }

    /// The state after one more token; nil where it may not come there, or is an end token.
    public func state(_ state: State, after token: Int32) -> State? {
        let bytes = vocabulary.bytes(of: token)
        guard !bytes.isEmpty else { return nil }
        return self.state(state, afterBytes: bytes)
    }

    /// The state after some bytes; nil where they may not come there.
    public func state(_ state: State, afterBytes bytes: some Sequence<UInt8>) -> State? {
        machine.withLock { machine in
            var expression = state.expression
            for (index, byte) in bytes.enumerated() {
                machine.automaton.beginByte(index)
                expression = machine.automaton.next(expression, byte)
                if expression == .nothing { return nil }
            }
            return State(expression: expression)
        }
    }

    /// Whether the text may end here.
    public func isComplete(_ state: State) -> Bool {
        machine.withLock { $0.automaton.isNullable(state.expression) }
    }

    /// Whether the text must end here.
    public func isFinished(_ state: State) -> Bool {
        machine.withLock { machine in
            machine.automaton.beginByte(0)
            let row = machine.automaton.liveRow(state.expression)
            return machine.automaton.isNullable(state.expression)
                && (0..<machine.automaton.classes.count).allSatisfy { row[$0] == .nothing }
        }
    }

    /// Whether a whole text matches.
    public func matches(_ bytes: some Sequence<UInt8>) -> Bool {
        state(start, afterBytes: bytes).map { isComplete($0) } ?? false
    }

    // MARK: Bytes

    /// The bytes that must come next, as far as there is no choice, and no more than `limit`.
    public func forcedBytes(after state: State, limit: Int = 256) -> [UInt8] {
        machine.withLock { machine in
            var bytes: [UInt8] = []
            var expression = state.expression
            machine.automaton.beginByte(0)
            while bytes.count < limit, let (byte, next) = machine.automaton.onlyWay(expression) {
                bytes.append(byte)
                expression = next
                machine.automaton.beginByte(bytes.count)
            }
            return bytes
        }
    }

    /// The fewest bytes that complete the text.
    public func shortestLength(_ state: State) -> Int {
        machine.withLock { machine in
            machine.automaton.beginByte(0)
            return Int(machine.automaton.shortest(state.expression))
        }
    }

    /// A shortest text that completes this one, or as much of it as `limit` allows.
    public func shortestCompletion(_ state: State, limit: Int = 1 << 16) -> [UInt8] {
        machine.withLock { machine in
            var bytes: [UInt8] = []
            var expression = state.expression
            machine.automaton.beginByte(0)
            while bytes.count < limit, let (byte, next) = machine.shortestWay(expression) {
                bytes.append(byte)
                expression = next
                machine.automaton.beginByte(bytes.count)
            }
            return bytes
        }
    }

    /// The tokens of a shortest completion, each the longest that fits; none where it has more than 16 KiB.
    public func completionTokens(_ state: State) -> [Int32] {
        guard shortestLength(state) <= Self.longestCompletion else { return [] }
        let bytes = shortestCompletion(state)
        var tokens: [Int32] = []
        var rest = bytes[...]
        while !rest.isEmpty, let (token, length) = vocabulary.longestToken(of: rest) {
            tokens.append(token)
            rest = rest.dropFirst(length)
        }
        return rest.isEmpty ? tokens : []
    }

    /// Tokens that must come after `token`, as a tokenizer writes them. What a longer token than the last ones could
    /// still begin is left out.
    ///
    /// - Parameter encode: the tokens of a text without special ones; nil where it is none.
    public func forcedTokens(
        after token: Int32, in state: State, encode: ([UInt8]) -> [Int32]?
    ) -> [Int32] {
        let forced = forcedBytes(after: state)
        guard !forced.isEmpty,
            let tokens = encode(Array(vocabulary.bytes(of: token)) + forced),
            tokens.first == token
        else { return [] }
        var kept: [Int32] = []
        var rest = forced[...]
        for next in tokens.dropFirst() {
            let bytes = vocabulary.bytes(of: next)
            guard !bytes.isEmpty, rest.starts(with: bytes), !isBeginning(rest, of: state, forced)
            else { break }
            kept.append(next)
            rest = rest.dropFirst(bytes.count)
        }
        return kept
    }

    /// Whether some token begins with all of these last bytes and goes on in a way that is allowed.
    private func isBeginning(_ last: ArraySlice<UInt8>, of state: State, _ forced: [UInt8]) -> Bool
    {
        guard let after = self.state(state, afterBytes: forced) else { return true }
        return machine.withLock { machine in
            machine.automaton.beginByte(0)
            return machine.masks.hasToken(beginningWith: last, goingOnFrom: after.expression)
        }
    }

    /// Whether the constraint has come to its bounds: no text goes on with it.
    public var hasFailed: Bool { machine.withLock { $0.automaton.failure != nil } }

    /// How many states were made.
    var stateCount: Int { machine.withLock { $0.automaton.nodes.count } }

    /// About how many bytes the constraint holds: states, transitions, and the sets of tokens that are remembered.
    public var byteCount: Int {
        machine.withLock { machine in
            let way = MemoryLayout<(Expression, UInt8, Expression)>.stride * 2
            return machine.automaton.byteCount + machine.masks.byteCount
                + machine.ways.capacity * way
        }
    }
}

extension Automaton {
    /// Gives each kilobyte of a walk what a token may take: what others took before does not count.
    fileprivate func beginByte(_ index: Int) {
        if index.isMultiple(of: 1024) { beginToken() }
    }

    /// The one byte that may follow, where there is one and the text may not end.
    fileprivate func onlyWay(_ expression: Expression) -> (UInt8, Expression)? {
        guard !isNullable(expression) else { return nil }
        let row = liveRow(expression)
        var found: (UInt8, Expression)?
        for index in 0..<classes.count where row[index] != .nothing {
            guard found == nil, classes.sizes[index] == 1 else { return nil }
            found = (classes.representatives[index], row[index])
        }
        return found
    }

    /// A byte that a shortest completion begins with.
    fileprivate func shortestWay(_ expression: Expression) -> (byte: UInt8, next: Expression)? {
        guard !isNullable(expression) else { return nil }
        let row = liveRow(expression)
        var best: (byte: UInt8, next: Expression)?
        var length = Self.endless
        for index in 0..<classes.count where row[index] != .nothing {
            let own = shortest(row[index])
            if own < length {
                length = own
                best = (classes.representatives[index], row[index])
            }
        }
        return best
    }
}
