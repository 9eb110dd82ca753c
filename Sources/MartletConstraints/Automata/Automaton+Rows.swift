/// Transitions: for every class of bytes what may follow it.

extension Automaton {
    typealias Row = RowStorage.Row

    /// What follows each class of bytes, as far as it can be completed.
    func liveRow(_ expression: Expression) -> Row {
        if let row = rows.live[Int(expression.id)] { return row }
        let row = row(expression)
        var last = (from: Expression.nothing, to: Expression.nothing)
        for index in 0..<classes.count where row[index] != .nothing {
            if row[index] != last.from {
                last = (row[index], isLive(row[index]) ? row[index] : .nothing)
            }
            row[index] = last.to
        }
        rows.set(live: row, of: expression)
        return row
    }

    /// Bounds what the next set of tokens may take. Transitions are forgotten when there are many, and made again where
    /// they are needed.
    func beginToken() {
        if rows.bytes > Self.keptRowBytes { rows.removeAll(classCount: classes.count) }
        allowance = nodes.count + Self.nodesOfAToken
        childAllowance = children.count + Self.childrenOfAToken
        searchedNodes = 0
    }

    /// What follows a byte, or ``Expression/nothing``.
    func next(_ expression: Expression, _ byte: UInt8) -> Expression {
        liveRow(expression)[Int(classes.ofByte[Int(byte)])]
    }

    /// What follows each class of bytes; some of it may match nothing.
    func row(_ expression: Expression) -> Row {
        if let row = rows.raw[Int(expression.id)] { return row }
        tick()
        guard failure == nil, rows.bytes < Self.maximumRowBytes else {
            fail("its states take more than \(Self.maximumRowBytes) bytes; simplify it")
            return emptyRow
        }
        guard rowDepth < Self.maximumRowDepth else {
            fail(
                "its parts begin with each other more than \(Self.maximumRowDepth) deep; simplify it"
            )
            return emptyRow
        }
        rowDepth += 1
        defer { rowDepth -= 1 }
        let row = makeRow(expression, self[expression])
        rows.set(raw: row, of: expression)
        return row
    }

    private var emptyRow: Row {
        let row = rows.raw[0] ?? rows.makeRow()
        rows.set(raw: row, of: .nothing)
        return row
    }

    private func makeRow(_ expression: Expression, _ node: Node) -> Row {
        switch node.kind {
        case .nothing, .empty: return emptyRow
        case .set:
            let row = rows.makeRow()
            let set = sets[Int(node.a)]
            for index in 0..<classes.count where set.contains(classes.representatives[index]) {
                row[index] = .empty
            }
            return row
        case .literal:
            let row = rows.makeRow()
            row[Int(classes.ofByte[Int(pool[Int(node.a)])])] = literal(
                at: node.a + 1, count: node.b - 1)
            return row
        case .sequence: return sequenceRow(node)
        case .choice: return combinedRow(node, skipping: .nothing) { self.choice($0) }
        case .both: return combinedRow(node, skipping: nil) { self.both($0) }
        case .complement:
            let part = self.row(Expression(id: node.a))
            let row = rows.makeRow()
            for index in 0..<classes.count { row[index] = complement(part[index]) }
            return row
        case .repetition:
            let part = self.row(Expression(id: node.a))
            let rest = repeated(
                Expression(id: node.a), max(node.b - 1, 0),
                node.c == Self.endless ? node.c : node.c - 1)
            return appending(part, rest, nil)
        case .rule:
            guard open(node.a) else { return emptyRow }
            defer { close(node.a) }
            return self.row(rules[Int(node.a)].body)
        case .members, .items: return self.row(expansion(expression))
        case .multiple: return multipleRow(node)
        }
    }

    private func sequenceRow(_ node: Node) -> Row {
        // Of parts that may be left out there may be any number: they are walked from the last one.
        var waiting: [Expression] = []
        var last = node
        while isNullable(Expression(id: last.a)) {
            let rest = Expression(id: last.b)
            guard self[rest].kind == .sequence, rows.raw[Int(rest.id)] == nil else { break }
            waiting.append(rest)
            last = self[rest]
        }
        while let next = waiting.popLast() {
            guard failure == nil, rows.bytes < Self.maximumRowBytes else { break }
            rows.set(raw: shortSequenceRow(self[next]), of: next)
        }
        return shortSequenceRow(node)
    }

    private func shortSequenceRow(_ node: Node) -> Row {
        let (first, second) = (Expression(id: node.a), Expression(id: node.b))
        let head = row(first)
        guard isNullable(first) else { return appending(head, second, nil) }
        return appending(head, second, row(second))
    }

    /// Each transition followed by `rest`, or else that of the other row.
    private func appending(_ head: Row, _ rest: Expression, _ other: Row?) -> Row {
        let made = rows.makeRow()
        var last = (head: Expression.nothing, other: Expression.nothing, to: Expression.nothing)
        for index in 0..<classes.count {
            let skipped = other?[index] ?? .nothing
            if head[index] != last.head || skipped != last.other {
                last = (
                    head[index], skipped, choice([sequence(head[index], rest), skipped])
                )
            }
            made[index] = last.to
        }
        return made
    }

    /// For each class what all children lead to, as one expression.
    ///
    /// - Parameter skipping: what changes nothing.
    private func combinedRow(
        _ node: Node, skipping: Expression?, _ combine: ([Expression]) -> Expression
    ) -> Row {
        let parts = (0..<Int(node.b)).map { row(child(node, $0)) }
        let made = rows.makeRow()
        var gathered: [Expression] = []
        var last: [Expression] = []
        var result = Expression.nothing
        for index in 0..<classes.count {
            gathered.removeAll(keepingCapacity: true)
            for part in parts where part[index] != skipping { gathered.append(part[index]) }
            if gathered != last {
                result = combine(gathered)
                swap(&last, &gathered)
            }
            made[index] = result
        }
        return made
    }

    private func multipleRow(_ node: Node) -> Row {
        let made = rows.makeRow()
        let rule = multiples[Int(node.a)]
        if node.c < 0 {
            made[Int(classes.ofByte[Int(UInt8(ascii: "."))])] = multiple(
                node.a, remainder: node.b, fraction: 0)
        }
        for digit in Int32(0)...9 {
            let slot = Int(classes.ofByte[Int(UInt8(ascii: "0")) + Int(digit)])
            let remainder = (node.b * 10 + digit) % rule.factor
            if node.c < 0 {
                made[slot] = multiple(node.a, remainder: remainder, fraction: -1)
            } else if node.c < rule.scale {
                made[slot] = multiple(node.a, remainder: remainder, fraction: node.c + 1)
            } else if digit == 0, node.b == 0 {
                made[slot] = multiple(node.a, remainder: 0, fraction: node.c)
            }
        }
        return made
    }
}
