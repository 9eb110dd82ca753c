/// How few bytes complete an expression, and with that whether it can be completed at all.

extension Automaton {
    /// Whether anything matches.
    func isLive(_ expression: Expression) -> Bool { shortest(expression) < Self.endless }

    /// The fewest bytes of what matches; ``endless`` where nothing does.
    func shortest(_ expression: Expression) -> Int32 {
        var total: Int32 = 0
        var rest = expression
        // What follows is walked, as stacks may be deep.
        while true {
            let known = shortest[Int(rest.id)]
            if known >= 0 { return remember(expression, total.adding(known)) }
            let node = self[rest]
            guard node.kind == .sequence else {
                return remember(expression, total.adding(remember(rest, shortestPart(rest, node))))
            }
            total = total.adding(shortest(Expression(id: node.a)))
            rest = Expression(id: node.b)
        }
    }

    private func remember(_ expression: Expression, _ length: Int32) -> Int32 {
        shortest[Int(expression.id)] = length
        return length
    }

    private func shortestPart(_ expression: Expression, _ node: Node) -> Int32 {
        tick()
        switch node.kind {
        case .nothing: return Self.endless
        case .empty: return 0
        case .set: return 1
        case .literal: return node.b
        case .sequence: return shortest(expression)
        case .choice:
            return (0..<Int(node.b)).reduce(Self.endless) { min($0, shortest(child(node, $1))) }
        case .repetition:
            return node.b == 0 ? 0 : shortest(Expression(id: node.a)).multiplied(by: node.b)
        case .rule: return rules[Int(node.a)].shortest
        case .members, .items: return shortestList(node)
        case .both, .complement, .multiple: return search(expression)
        }
    }

    /// Finds the rules' shortest texts, once all are defined: the least solution of how they use each other.
    func settleRules() {
        guard !isSettled else { return }
        isSettled = true
        while true {
            var changed = false
            forgetLengths()
            for index in rules.indices.reversed() {
                guard failure == nil else { return }
                let length = shortest(rules[index].body)
                if length < rules[index].shortest {
                    setShortest(length, ofRule: index)
                    changed = true
                }
            }
            if !changed { break }
        }
        forgetLengths()
        expansions = [:]
        rows.removeAll(classCount: classes.count)
    }

    /// Forgets lengths that may depend on rules.
    private func forgetLengths() {
        for id in shortest.indices {
            switch nodes[id].kind {
            case .both, .complement, .multiple: break
            default: shortest[id] = -1
            }
        }
    }

    // MARK: Intersections

    /// No more than the shortest text of a part without rules.
    private func lowerBound(_ expression: Expression) -> Int32 {
        if lower[Int(expression.id)] >= 0 { return lower[Int(expression.id)] }
        let node = self[expression]
        let bound: Int32
        switch node.kind {
        case .nothing: bound = Self.endless
        case .set: bound = 1
        case .literal: bound = node.b
        case .sequence:
            // From the last element, as there may be many.
            var heads: [Expression] = [expression]
            var rest = Expression(id: node.b)
            while self[rest].kind == .sequence, lower[Int(rest.id)] < 0 {
                heads.append(rest)
                rest = Expression(id: self[rest].b)
            }
            var total = lowerBound(rest)
            while let head = heads.popLast() {
                total = total.adding(lowerBound(Expression(id: self[head].a)))
                lower[Int(head.id)] = total
            }
            bound = total
        case .choice:
            bound = (0..<Int(node.b)).reduce(Self.endless) { min($0, lowerBound(child(node, $1))) }
        case .both:
            bound = (0..<Int(node.b)).reduce(0) { max($0, lowerBound(child(node, $1))) }
        case .repetition:
            bound = node.b == 0 ? 0 : lowerBound(Expression(id: node.a)).multiplied(by: node.b)
        case .empty, .complement, .multiple, .rule, .members, .items: bound = 0
        }
        lower[Int(expression.id)] = bound
        return bound
    }

    /// The most expressions that one search looks at, and that all searches for one set of tokens do.
    private static let searchLimit = 20_000
    private static let searchTotal = 100_000

    /// Looks for the shortest text of an intersection: the nearest expressions first, by what they take at least.
    private func search(_ start: Expression) -> Int32 {
        var best: [Expression: Int32] = [start: 0]
        var parents: [Expression: Expression] = [:]
        var queues: [Int32: [Expression]] = [lowerBound(start): [start]]
        var estimate = lowerBound(start)
        var done: Set<Expression> = []
        guard estimate < Self.endless else { return Self.endless }
        while !queues.isEmpty {
            guard var queue = queues[estimate] else {
                estimate = queues.keys.min() ?? estimate
                continue
            }
            guard let next = queue.popLast() else {
                queues[estimate] = nil
                continue
            }
            queues[estimate] = queue
            guard done.insert(next).inserted, let length = best[next] else { continue }
            if isNullable(next)
                || shortest[Int(next.id)] >= 0 && shortest[Int(next.id)] < Self.endless
            {
                let rest = isNullable(next) ? 0 : shortest[Int(next.id)]
                // A known length may be longer than what other ways promise.
                if rest > 0, length.adding(rest) > estimate,
                    queues.values.contains(where: { !$0.isEmpty })
                {
                    done.remove(next)
                    queues[length.adding(rest), default: []].append(next)
                    continue
                }
                let total = length.adding(rest)
                var step: Expression? = next
                while let place = step, let way = best[place] {
                    shortest[Int(place.id)] = total - way
                    step = parents[place]
                }
                return total
            }
            searchedNodes += 1
            tick()
            guard failure == nil else { return Self.endless }
            guard done.count <= Self.searchLimit, searchedNodes <= Self.searchTotal else {
                fail("an intersection in it has more than \(Self.searchLimit) states; simplify it")
                return Self.endless
            }
            let row = row(next)
            var last = Expression.nothing
            for index in 0..<classes.count where row[index] != .nothing && row[index] != last {
                last = row[index]
                let bound = lowerBound(last)
                guard bound < Self.endless, shortest[Int(last.id)] != Self.endless,
                    length + 1 < best[last] ?? Self.endless
                else { continue }
                best[last] = length + 1
                parents[last] = next
                done.remove(last)
                queues[(length + 1).adding(bound), default: []].append(last)
            }
        }
        for dead in done { shortest[Int(dead.id)] = Self.endless }
        return Self.endless
    }
}
