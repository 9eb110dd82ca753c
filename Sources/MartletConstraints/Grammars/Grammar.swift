/// Context-free grammars as a tree, whatever notation they were written in.

/// What a rule of a grammar matches.
indirect enum GrammarPart {
    case literal([UInt8])
    case scalars(ScalarSet)
    case pattern(Pattern)
    case sequence([GrammarPart])
    case choice([GrammarPart])
    /// `most` is nil where there is no bound.
    case repetition(GrammarPart, least: Int, most: Int?)
    case rule(String)
}

/// Rules by name, in the order in which they were written.
struct Grammar {
    private(set) var names: [String] = []
    private(set) var rules: [String: GrammarPart] = [:]
    /// The most rules of a grammar.
    private static let maximumRules = 10_000

    mutating func add(_ name: String, _ part: GrammarPart) throws(ConstraintError) {
        guard rules[name] == nil else {
            throw ConstraintError(
                place: "rule \(name)", problem: "it is defined twice; remove one of the definitions"
            )
        }
        guard names.count < Self.maximumRules else {
            throw ConstraintError(
                place: "grammar", problem: "more than \(Self.maximumRules) rules; simplify it")
        }
        names.append(name)
        rules[name] = part
    }
}

/// Makes rules of an automaton of a grammar.
struct GrammarCompiler {
    private let automaton: Automaton
    private let grammar: Grammar
    private var patterns: PatternCompiler
    private var nullable: Set<String> = []
    private var made: [String: Expression] = [:]

    private init(_ grammar: Grammar, _ automaton: Automaton) {
        self.grammar = grammar
        self.automaton = automaton
        patterns = PatternCompiler(automaton, .plain)
    }

    /// What a grammar derives from a rule. Throws where a rule is missing, or begins with itself.
    static func compile(
        _ grammar: Grammar, start: String, in automaton: Automaton
    ) throws(ConstraintError) -> Expression {
        var compiler = GrammarCompiler(grammar, automaton)
        return try compiler.compile(start)
    }

    private mutating func compile(_ start: String) throws(ConstraintError) -> Expression {
        guard grammar.rules[start] != nil else {
            throw ConstraintError(
                place: "grammar",
                problem: "there is no rule \(start), with which a text begins; add it")
        }
        try findNullable()
        try refuseLeftRecursion()
        for name in grammar.names {
            made[name] = automaton.declareRule(isNullable: nullable.contains(name))
        }
        for name in grammar.names {
            guard let part = grammar.rules[name], let rule = made[name] else { continue }
            automaton.define(rule, as: try expression(part, name))
            if let failure = automaton.failure { throw failure }
        }
        return made[start] ?? .nothing
    }

    private mutating func expression(_ part: GrammarPart, _ name: String) throws(ConstraintError)
        -> Expression
    {
        switch part {
        case .literal(let bytes): return automaton.literal(bytes)
        case .scalars(let set): return patterns.scalars(set)
        case .pattern(let pattern): return try patterns.whole(pattern, place: "rule \(name)")
        case .sequence(let parts):
            var all: [Expression] = []
            for part in parts { all.append(try expression(part, name)) }
            return automaton.sequence(all)
        case .choice(let parts):
            var all: [Expression] = []
            for part in parts { all.append(try expression(part, name)) }
            return automaton.choice(all)
        case .repetition(let part, let least, let most):
            return automaton.repeated(
                try expression(part, name), Int32(least), most.map(Int32.init) ?? Automaton.endless)
        case .rule(let other): return made[other] ?? .nothing
        }
    }

    // MARK: What may be empty

    private mutating func findNullable() throws(ConstraintError) {
        var users: [String: [String]] = [:]
        for name in grammar.names {
            for other in references(of: name) { users[other, default: []].append(name) }
        }
        // After the first round only those that use what turned out to be nullable are looked at.
        var round = grammar.names
        while !round.isEmpty {
            var next: [String] = []
            var waiting: Set<String> = []
            for name in round where !nullable.contains(name) {
                guard let part = grammar.rules[name], try isNullable(part, name) else { continue }
                nullable.insert(name)
                for user in users[name] ?? [] where waiting.insert(user).inserted {
                    next.append(user)
                }
            }
            round = next
        }
    }

    /// The rules that a rule mentions.
    private func references(of name: String) -> Set<String> {
        var found: Set<String> = []
        func collect(_ part: GrammarPart) {
            switch part {
            case .literal, .scalars, .pattern: return
            case .rule(let other): found.insert(other)
            case .choice(let parts), .sequence(let parts): for part in parts { collect(part) }
            case .repetition(let part, _, _): collect(part)
            }
        }
        if let part = grammar.rules[name] { collect(part) }
        return found
    }

    private func isNullable(_ part: GrammarPart, _ name: String) throws(ConstraintError) -> Bool {
        switch part {
        case .literal(let bytes): return bytes.isEmpty
        case .scalars: return false
        case .pattern(let pattern): return pattern.mayBeEmpty
        case .sequence(let parts):
            var all = true
            for part in parts { if !(try isNullable(part, name)) { all = false } }
            return all
        case .choice(let parts):
            var any = false
            for part in parts { if try isNullable(part, name) { any = true } }
            return any
        case .repetition(let part, let least, _):
            let inner = try isNullable(part, name)
            return least == 0 || inner
        case .rule(let other):
            guard grammar.rules[other] != nil else {
                throw ConstraintError(
                    place: "rule \(name)",
                    problem: "there is no rule \(other); add it or correct the name")
            }
            return nullable.contains(other)
        }
    }

    // MARK: What a rule begins with

    private func refuseLeftRecursion() throws(ConstraintError) {
        var state: [String: Bool] = [:]
        for name in grammar.names where state[name] == nil {
            // Rules on the way, each with those that it may begin with.
            var path: [(name: String, next: [String])] = [(name, try beginnings(of: name))]
            state[name] = false
            while let last = path.indices.last {
                guard let next = path[last].next.popLast() else {
                    state[path[last].name] = true
                    path.removeLast()
                    continue
                }
                switch state[next] {
                case true?: continue
                case false?:
                    throw ConstraintError(
                        place: "rule \(next)",
                        problem:
                            "it begins with itself (left recursion); put the recursion last, or use * or +"
                    )
                case nil:
                    state[next] = false
                    path.append((next, try beginnings(of: next)))
                }
            }
        }
    }

    private func beginnings(of name: String) throws(ConstraintError) -> [String] {
        var found: [String] = []
        func collect(_ part: GrammarPart) throws(ConstraintError) {
            switch part {
            case .literal, .scalars, .pattern: return
            case .rule(let other): found.append(other)
            case .choice(let parts): for part in parts { try collect(part) }
            case .repetition(let part, _, _): try collect(part)
            case .sequence(let parts):
                for part in parts {
                    try collect(part)
                    guard try isNullable(part, name) else { return }
                }
            }
        }
        if let part = grammar.rules[name] { try collect(part) }
        return found
    }
}

extension Pattern {
    /// Whether it matches the empty text, or may.
    fileprivate var mayBeEmpty: Bool {
        switch self {
        case .empty, .start, .end: true
        case .scalars: false
        case .sequence(let parts): parts.allSatisfy(\.mayBeEmpty)
        case .choice(let parts): parts.contains(where: \.mayBeEmpty)
        case .repetition(let part, let least, _): least == 0 || part.mayBeEmpty
        }
    }
}
