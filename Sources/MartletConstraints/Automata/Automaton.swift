/// The states of a constraint: expressions over bytes, each stored once, whose derivatives are computed on demand.
///
/// The derivative of a language by a byte is what may follow that byte. A state is an expression, so a constraint's state
/// is one number, a checkpoint is a copy of it, and a stack of open brackets is what an expression still holds after its
/// first part (Brzozowski 1964, "Derivatives of regular expressions"; Might, Darais and Spiewak 2011 for grammars).

/// An expression of one automaton, by its number.
struct Expression: Hashable, Sendable {
    let id: Int32

    /// Matches nothing.
    static let nothing = Expression(id: 0)
    /// Matches the empty text.
    static let empty = Expression(id: 1)
}

/// The expressions of one constraint and their transitions. Not safe for use from several threads at once.
final class Automaton {
    enum Kind: UInt8 {
        case nothing, empty
        /// One byte of the set `a`.
        case set
        /// The bytes `a ..< a + b` of the pool.
        case literal
        /// `a`, then `b`.
        case sequence
        /// Any of the `b` children at `a`.
        case choice
        /// All of the `b` children at `a` at once.
        case both
        /// Whatever `a` does not match.
        case complement
        /// `a`, from `b` to `c` times.
        case repetition
        /// The rule `a`.
        case rule
        /// What follows in the object `a` from its property `b` on, after `c` properties.
        case members
        /// What follows in the array `a` after `b` elements.
        case items
        /// Digits that make a multiple `a` with the remainder `b` so far, after `c` digits of a fraction.
        case multiple
    }

    struct Node {
        var kind: Kind
        var isNullable: Bool
        /// Objects and arrays that are open in what follows.
        var depth: UInt8 = 0
        var a: Int32 = 0
        var b: Int32 = 0
        var c: Int32 = 0
    }

    struct Rule {
        var isNullable: Bool
        var body = Expression.nothing
        /// The fewest bytes that it matches; as long as rules are being defined the best that is known.
        var shortest = Automaton.endless
        var isOpen = false
    }

    /// More repetitions than anybody counts to; also the length of what matches nothing.
    static let endless = Int32.max
    /// How deep objects and arrays may nest in what is generated.
    static let maximumDepth: UInt8 = 64
    /// The most expressions of one automaton.
    static let maximumNodes = 2_000_000
    /// The most expressions that are made for one set of tokens.
    static let nodesOfAToken = 300_000
    /// The same for the parts of alternatives.
    static let maximumChildren = 16_000_000
    static let childrenOfAToken = 8_000_000
    /// Bytes of transitions that are kept, and the most that are made in between.
    static let keptRowBytes = 48 << 20
    static let maximumRowBytes = 256 << 20

    private(set) var nodes: ContiguousArray<Node> = []
    private(set) var children: ContiguousArray<Expression> = []
    private(set) var pool: [UInt8] = []
    private(set) var sets: [ByteSet] = []
    private var setIDs: [ByteSet: Int32] = [:]
    private(set) var rules: [Rule] = []
    var objects: [ObjectLayout] = []
    var arrays: [ArrayLayout] = []
    var multiples: [DecimalMultiple] = []
    /// An open-addressing table of expressions by content, -1 where free.
    private var slots: ContiguousArray<Int32> = ContiguousArray(repeating: -1, count: 1 << 10)
    /// Why no more states can be made. Everything matches nothing from then on, so whoever walks must look.
    private(set) var failure: ConstraintError?

    /// Bytes that no expression tells apart have one class.
    private(set) var classes = ByteClasses()
    let rows = RowStorage()
    /// The fewest bytes that complete an expression; -1 where unknown.
    var shortest: ContiguousArray<Int32> = []
    /// No more than the fewest bytes that complete an expression; -1 where unknown.
    var lower: ContiguousArray<Int32> = []
    /// What members and items stand for.
    var expansions: [Expression: Expression] = [:]
    /// Expressions that searches have looked at, since the compilation or the last token began.
    var searchedNodes = 0
    /// How many rows are being made, each for another.
    var rowDepth = 0
    /// The most of them: a thread's stack must do.
    static let maximumRowDepth = 200
    /// How many expressions there may be before the next token: one that takes longer would keep everybody waiting.
    var allowance = Automaton.maximumNodes
    var childAllowance = Automaton.maximumChildren
    /// Keeps a compilation to its time; nil outside of one.
    private var watch: CompileWatch?
    /// Whether the lengths of all rules are known.
    var isSettled = true

    init(_ limit: CompileLimit? = nil) {
        watch = limit.map(CompileWatch.init)
        _ = intern(Node(kind: .nothing, isNullable: false))
        _ = intern(Node(kind: .empty, isNullable: true))
    }

    subscript(expression: Expression) -> Node { nodes[Int(expression.id)] }

    func child(_ node: Node, _ index: Int) -> Expression { children[Int(node.a) + index] }

    func isNullable(_ expression: Expression) -> Bool { nodes[Int(expression.id)].isNullable }

    /// About how many bytes it holds.
    var byteCount: Int {
        nodes.count * (MemoryLayout<Node>.stride + 4 * MemoryLayout<Int32>.stride)
            + nodes.count * 2 * MemoryLayout<RowStorage.Row?>.stride
            + (children.count + slots.count) * MemoryLayout<Expression>.stride + pool.count
            + sets.count * 2 * MemoryLayout<ByteSet>.stride + rows.bytes
    }

    func fail(_ problem: String) {
        failure = failure ?? ConstraintError(place: "automaton", problem: problem)
    }

    /// Counts a piece of work of a compilation, which fails when it takes too long.
    func tick() {
        if let problem = watch?.tick() { failure = failure ?? problem }
    }

    /// The compilation is over.
    func stopWatch() {
        if let problem = watch?.look() { failure = failure ?? problem }
        watch = nil
    }

    // MARK: Interning

    private func hash(_ node: Node) -> Int {
        var hash = UInt64(node.kind.rawValue) &+ 0x9E37_79B9_7F4A_7C15
        func mix(_ value: Int32) {
            hash = (hash ^ UInt64(UInt32(bitPattern: value))) &* 0xBF58_476D_1CE4_E5B9
            hash ^= hash >> 29
        }
        if node.kind == .choice || node.kind == .both {
            for index in 0..<Int(node.b) { mix(children[Int(node.a) + index].id) }
        } else {
            mix(node.a)
            mix(node.b)
            mix(node.c)
        }
        return Int(truncatingIfNeeded: hash >> 1)
    }

    private func same(_ left: Node, _ right: Node) -> Bool {
        guard left.kind == right.kind, left.b == right.b else { return false }
        guard left.kind == .choice || left.kind == .both else {
            return left.a == right.a && left.c == right.c
        }
        for index in 0..<Int(left.b) where child(left, index) != child(right, index) {
            return false
        }
        return true
    }

    /// The expression of a node, which is made unless there is one with the same content.
    func intern(_ node: Node) -> Expression {
        tick()
        if nodes.count * 2 > slots.count { grow() }
        let mask = slots.count - 1
        var slot = hash(node) & mask
        while slots[slot] >= 0 {
            if same(nodes[Int(slots[slot])], node) { return Expression(id: slots[slot]) }
            slot = (slot + 1) & mask
        }
        // What comes after a failure is of no use to anybody.
        guard failure == nil || nodes.count < 2 else { return .nothing }
        guard nodes.count < min(Self.maximumNodes, allowance) else {
            fail(
                "it needs more than \(Self.maximumNodes) states, or \(Self.nodesOfAToken) for one token; simplify it"
            )
            return .nothing
        }
        let expression = Expression(id: Int32(nodes.count))
        slots[slot] = expression.id
        nodes.append(node)
        shortest.append(-1)
        lower.append(-1)
        rows.addExpression()
        return expression
    }

    private func grow() {
        slots = ContiguousArray(repeating: -1, count: slots.count * 2)
        let mask = slots.count - 1
        for id in nodes.indices {
            var slot = hash(nodes[id]) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(id)
        }
    }

    /// The expression of a node with these children.
    func intern(_ kind: Kind, _ parts: [Expression], isNullable: Bool, depth: UInt8) -> Expression {
        let start = children.count
        guard start + parts.count <= min(Self.maximumChildren, childAllowance) else {
            fail(
                "its alternatives have more than \(Self.maximumChildren) parts, or \(Self.childrenOfAToken) for one token; simplify it"
            )
            return .nothing
        }
        children.append(contentsOf: parts)
        let count = nodes.count
        let made = intern(
            Node(
                kind: kind, isNullable: isNullable, depth: depth, a: Int32(start),
                b: Int32(parts.count)))
        if nodes.count == count { children.removeLast(parts.count) }
        return made
    }

    /// The number of a set of bytes, which the classes then tell from all others.
    func number(of set: ByteSet) -> Int32 {
        if let id = setIDs[set] { return id }
        if classes.refine(set) { rows.removeAll(classCount: classes.count) }
        sets.append(set)
        setIDs[set] = Int32(sets.count - 1)
        return Int32(sets.count - 1)
    }

    /// The place of bytes in the pool; each of them gets a class of its own.
    func store(_ bytes: some Collection<UInt8>) -> Int32 {
        for byte in Set(bytes) { _ = number(of: ByteSet([byte])) }
        pool.append(contentsOf: bytes)
        return Int32(pool.count - bytes.count)
    }

    // MARK: Rules

    /// Makes a rule that is defined later.
    func declareRule(isNullable: Bool) -> Expression {
        rules.append(Rule(isNullable: isNullable))
        isSettled = false
        return intern(Node(kind: .rule, isNullable: isNullable, a: Int32(rules.count - 1)))
    }

    /// Says what a rule matches.
    func define(_ rule: Expression, as body: Expression) {
        rules[Int(self[rule].a)].body = body
        isSettled = false
    }

    func open(_ rule: Int32) -> Bool {
        guard !rules[Int(rule)].isOpen else {
            fail("a rule begins with itself, which never comes to a byte; rewrite it")
            return false
        }
        rules[Int(rule)].isOpen = true
        return true
    }

    func close(_ rule: Int32) { rules[Int(rule)].isOpen = false }

    func setShortest(_ length: Int32, ofRule rule: Int) { rules[rule].shortest = length }
}
