/// How expressions are made. What is equal by an obvious law is made once.

extension Automaton {
    /// One byte of a set.
    func set(_ set: ByteSet) -> Expression {
        guard !set.isEmpty else { return .nothing }
        return intern(Node(kind: .set, isNullable: false, a: number(of: set)))
    }

    /// One byte of a range.
    func range(_ range: ClosedRange<UInt8>) -> Expression { set(ByteSet(range)) }

    /// These bytes.
    func literal(_ bytes: some Collection<UInt8>) -> Expression {
        guard !bytes.isEmpty else { return .empty }
        return literal(at: store(bytes), count: Int32(bytes.count))
    }

    /// The bytes of a text.
    func literal(_ text: String) -> Expression { literal(Array(text.utf8)) }

    func literal(at start: Int32, count: Int32) -> Expression {
        count == 0
            ? .empty : intern(Node(kind: .literal, isNullable: false, a: start, b: count))
    }

    /// One expression after another.
    func sequence(_ first: Expression, _ second: Expression) -> Expression {
        if first == .nothing || second == .nothing { return .nothing }
        if first == .empty { return second }
        if second == .empty { return first }
        // A first part may be as long as a text: its elements are walked.
        var heads: [Expression] = []
        var last = first
        while self[last].kind == .sequence {
            heads.append(Expression(id: self[last].a))
            last = Expression(id: self[last].b)
        }
        var made = pair(last, second)
        while made != .nothing, let head = heads.popLast() { made = pair(head, made) }
        return made
    }

    /// One expression that is no sequence before another.
    private func pair(_ first: Expression, _ second: Expression) -> Expression {
        let head = self[first]
        let depth = min(UInt8.max - 1, head.depth) + self[second].depth.clamped
        guard depth <= Self.maximumDepth else { return .nothing }
        return intern(
            Node(
                kind: .sequence, isNullable: head.isNullable && isNullable(second),
                depth: depth, a: first.id, b: second.id))
    }

    /// Expressions one after another.
    func sequence(_ parts: [Expression]) -> Expression {
        parts.reversed().reduce(.empty) { sequence($1, $0) }
    }

    /// Any of the expressions.
    func choice(_ parts: [Expression]) -> Expression {
        if parts.count == 2 {
            if parts[0] == .nothing || parts[0] == parts[1] { return parts[1] }
            if parts[1] == .nothing { return parts[0] }
        }
        var flat: [Expression] = []
        var bytes = ByteSet()
        var depth: UInt8 = 0
        func add(_ part: Expression) {
            let node = self[part]
            switch node.kind {
            case .nothing: break
            case .choice: for index in 0..<Int(node.b) { add(child(node, index)) }
            case .set: bytes = bytes.union(sets[Int(node.a)])
            default:
                flat.append(part)
                depth = max(depth, node.depth)
            }
        }
        for part in parts { add(part) }
        if !bytes.isEmpty { flat.append(set(bytes)) }
        sortUnique(&flat)
        if flat.count < 2 { return flat.first ?? .nothing }
        return intern(
            .choice, flat, isNullable: flat.contains { isNullable($0) }, depth: depth)
    }

    /// What all of the expressions match. They must hold no rules, objects or arrays.
    func both(_ parts: [Expression]) -> Expression {
        var flat: [Expression] = []
        for part in parts {
            let node = self[part]
            if node.kind == .nothing { return .nothing }
            if node.kind == .both {
                for index in 0..<Int(node.b) { flat.append(child(node, index)) }
            } else if !(node.kind == .complement && node.a == Expression.nothing.id) {
                flat.append(part)
            }
        }
        sortUnique(&flat)
        if flat.isEmpty { return complement(.nothing) }
        if flat.count == 1 { return flat[0] }
        let nullable = flat.allSatisfy { isNullable($0) }
        if flat.contains(.empty) { return nullable ? .empty : .nothing }
        return intern(.both, flat, isNullable: nullable, depth: 0)
    }

    /// Whatever the expression does not match.
    func complement(_ part: Expression) -> Expression {
        let node = self[part]
        if node.kind == .complement { return Expression(id: node.a) }
        return intern(Node(kind: .complement, isNullable: !node.isNullable, a: part.id))
    }

    /// An expression, so many times.
    func repeated(_ part: Expression, _ least: Int32, _ most: Int32 = endless) -> Expression {
        if most < least { return .nothing }
        if part == .nothing { return least == 0 ? .empty : .nothing }
        if part == .empty || most == 0 { return .empty }
        if least == 1 && most == 1 { return part }
        // What may be empty may be left out.
        let least = isNullable(part) ? 0 : least
        return intern(
            Node(
                kind: .repetition, isNullable: least == 0, depth: self[part].depth, a: part.id,
                b: least, c: most))
    }

    /// An expression, or nothing.
    func optional(_ part: Expression) -> Expression { choice([part, .empty]) }

    /// Any of the texts. Texts that begin alike share what they begin with.
    func literals(_ texts: [[UInt8]]) -> Expression {
        var sorted = texts.sorted { $0.lexicographicallyPrecedes($1) }
        sorted = sorted.enumerated().filter {
            $0.offset == 0 || sorted[$0.offset - 1] != $0.element
        }
        .map(\.element)
        return literals(sorted[...], from: 0)
    }

    /// The parts from `start` on of sorted texts that are equal before it.
    private func literals(_ texts: ArraySlice<[UInt8]>, from start: Int) -> Expression {
        guard let first = texts.first, let last = texts.last else { return .nothing }
        if texts.count == 1 { return literal(first[start...]) }
        var common = start
        while common < first.count, common < last.count, first[common] == last[common] {
            common += 1
        }
        guard common == start else {
            return sequence(literal(first[start..<common]), literals(texts, from: common))
        }
        var parts: [Expression] = []
        var rest = texts
        if first.count == start {
            parts.append(.empty)
            rest = rest.dropFirst()
        }
        while let head = rest.first {
            let end = rest.firstIndex { $0[start] != head[start] } ?? rest.endIndex
            let group = rest[rest.startIndex..<end]
            parts.append(
                group.count == 1
                    ? literal(head[start...])
                    : sequence(literal([head[start]]), literals(group, from: start + 1)))
            rest = rest[end...]
        }
        return choice(parts)
    }

    private func sortUnique(_ parts: inout [Expression]) {
        guard parts.count > 1 else { return }
        if parts.count == 2 {
            if parts[0] == parts[1] {
                parts.removeLast()
            } else if parts[0].id > parts[1].id {
                parts.swapAt(0, 1)
            }
            return
        }
        parts.sort { $0.id < $1.id }
        var last: Expression?
        parts.removeAll { part in
            defer { last = part }
            return part == last
        }
    }
}

extension UInt8 {
    /// Small enough to be added to another one.
    fileprivate var clamped: UInt8 { Swift.min(self, 127) }
}
